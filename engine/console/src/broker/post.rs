//! What goes to boxes, one after the other: commands first, then letters, each until somebody got it twice.

use super::commands::{Commands, Sending, ToSend, Unanswered};
use crate::clock;
use crate::store::{Letter, Store, StoreError};
use crate::vitals::Vitals;
use rumqttc::v5::AsyncClient;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{PubAck, PubAckReason, PublishProperties};
use std::time::Duration;
use tokio::sync::mpsc;

/// Letters that are read at once.
const READ_MAX: u32 = 64;
/// For letters is looked at least so often.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// The trouble of a broker that does not take verdicts.
const REFUSED: &str = "letters_refused";
/// The trouble of a broker that does not take commands.
const COMMANDS_REFUSED: &str = "commands_refused";

/// What is needed to send letters and commands.
pub(super) struct Post<'a> {
    pub(super) store: Store,
    pub(super) vitals: Vitals,
    pub(super) client: AsyncClient,
    pub(super) commands: Commands,
    pub(super) to_send: &'a mut ToSend,
}

impl Post<'_> {
    /// Sends what waits, and what comes; `answers` are those of the broker, in order. To a box that is away
    /// no letter is sent: it begins anew when it comes, for it hears nothing meanwhile.
    pub(super) async fn run(
        mut self,
        mut answers: mpsc::Receiver<PubAck>,
    ) -> Result<(), StoreError> {
        let mut woken = self.store.letters_changed();
        loop {
            woken.borrow_and_update();
            let mut after = 0;
            loop {
                let letters = self.store.letters(after, READ_MAX).await?;
                let Some(last) = letters.last() else { break };
                after = last.no;
                for letter in letters {
                    // Somebody waits for the answer.
                    if self.command_all(&mut answers).await.is_none() {
                        return Ok(());
                    }
                    if self.send(letter, &mut answers).await?.is_none() {
                        return Ok(());
                    }
                }
            }
            if self.command_all(&mut answers).await.is_none() {
                return Ok(());
            }
            tokio::select! {
                // The sender is the store, which goes last. A letter whose writer was cut off wakes nobody.
                _ = tokio::time::timeout(LOOK_AGAIN, woken.changed()) => {}
                () = self.to_send.ready() => {}
            }
        }
    }

    /// Sends the commands that wait. None when the connection is over: the one that was being sent goes again then.
    async fn command_all(&mut self, answers: &mut mpsc::Receiver<PubAck>) -> Option<()> {
        while let Some(sending) = self.to_send.next() {
            self.command(sending, answers).await?;
            self.to_send.is_gone();
        }
        Some(())
    }

    async fn command(&self, sending: Sending, answers: &mut mpsc::Receiver<PubAck>) -> Option<()> {
        let Sending { id, topic, payload, expires, again } = sending;
        let expires = u32::try_from(expires.as_secs()).unwrap_or(u32::MAX);
        let properties =
            PublishProperties { message_expiry_interval: Some(expires), ..Default::default() };
        let (to, qos) = (topic.clone(), QoS::AtLeastOnce);
        let sent = self.client.publish_with_properties(to, qos, false, payload, properties).await;
        sent.ok()?;
        match answers.recv().await?.reason {
            PubAckReason::Success => self.vitals.end(COMMANDS_REFUSED),
            // A box that got it before may yet come back and answer.
            PubAckReason::NoMatchingSubscribers if again => {}
            PubAckReason::NoMatchingSubscribers => {
                self.commands.failed(&id, Unanswered::NobodyListens);
            }
            reason => {
                self.commands.failed(&id, Unanswered::BrokerRefuses);
                let text = format!(
                    "the broker refuses a command on {topic} ({}); let the console write there",
                    reason as u8
                );
                self.vitals.raise(COMMANDS_REFUSED, &text);
            }
        }
        Some(())
    }

    /// None when the connection is over.
    async fn send(
        &self,
        letter: Letter,
        answers: &mut mpsc::Receiver<PubAck>,
    ) -> Result<Option<()>, StoreError> {
        let Letter { no, topic, payload } = letter;
        let sent = self.client.publish(topic.clone(), QoS::AtLeastOnce, false, payload).await;
        if sent.is_err() {
            return Ok(None);
        }
        let Some(answer) = answers.recv().await else { return Ok(None) };
        match answer.reason {
            PubAckReason::Success => {
                let twice = self.store.delivered(no, clock::now()).await?;
                self.vitals.count("letters", if twice { "delivered_again" } else { "delivered" });
                self.vitals.end(REFUSED);
            }
            PubAckReason::NoMatchingSubscribers => self.vitals.count("letters", "nobody_listens"),
            reason => {
                self.vitals.count("letters", "refused");
                let text = format!(
                    "the broker refuses a verdict on {topic} ({}); let the console write there",
                    reason as u8
                );
                self.vitals.raise(REFUSED, &text);
            }
        }
        Ok(Some(()))
    }
}
