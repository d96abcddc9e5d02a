//! Letters to boxes, one after the other, each until somebody got it twice.

use crate::clock;
use crate::store::{Letter, Store, StoreError};
use crate::vitals::Vitals;
use rumqttc::v5::AsyncClient;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{PubAck, PubAckReason};
use std::time::Duration;
use tokio::sync::mpsc;

/// Letters that are read at once.
const READ_MAX: u32 = 64;
/// For letters is looked at least so often.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// The trouble of a broker that does not take verdicts.
const REFUSED: &str = "letters_refused";

/// What is needed to send letters.
pub(super) struct Post {
    pub(super) store: Store,
    pub(super) vitals: Vitals,
    pub(super) client: AsyncClient,
}

impl Post {
    /// Sends what waits, and what comes; `answers` are those of the broker, in order. Of a box that is away
    /// nothing is sent: it begins anew when it comes, for it hears nothing meanwhile.
    pub(super) async fn run(self, mut answers: mpsc::Receiver<PubAck>) -> Result<(), StoreError> {
        let mut woken = self.store.letters_changed();
        loop {
            woken.borrow_and_update();
            let mut after = 0;
            loop {
                let letters = self.store.letters(after, READ_MAX).await?;
                let Some(last) = letters.last() else { break };
                after = last.no;
                for letter in letters {
                    if self.send(letter, &mut answers).await?.is_none() {
                        return Ok(());
                    }
                }
            }
            // The sender is the store, which goes last. A letter whose writer was cut off wakes nobody.
            let _ = tokio::time::timeout(LOOK_AGAIN, woken.changed()).await;
        }
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
