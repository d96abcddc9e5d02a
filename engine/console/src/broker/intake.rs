//! Messages into the store, as many at once as wait; acknowledged afterwards.

use super::commands::Commands;
use super::reading::{Said, read};
use super::room::Waiting;
use crate::clock;
use crate::store::{Crowd, Heard, StateHeard, Store, StoreError, Taken, is_ahead};
use crate::vitals::Vitals;
use rumqttc::v5::AsyncClient;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Publish;
use std::time::Duration;
use tokio::sync::mpsc;
use viahe_contract::id::{IncidentId, Name};
use viahe_contract::message::{self, Ack};
use viahe_contract::time::Timestamp;
use viahe_contract::topic::{About, Topic};

/// Messages in one commit.
const BATCH_MAX: usize = 500;
/// Of what cannot be read, so many are passed over in the log before one is shown again.
const SHOWN_EVERY: u64 = 1_000;

/// The trouble of a site that speaks of another's incidents.
const FOREIGN: &str = "foreign_incidents";
/// It is over when nobody has done so for as long: what is not acknowledged is said again each minute or so.
const FOREIGN_FOR: Duration = Duration::from_mins(10);

/// The trouble of a site that tells of more than is kept, and how long it goes on after the last time: a camera that
/// stands still says little.
const CROWD: &str = "too_much_told";
const CROWD_FOR: Duration = Duration::from_hours(24);

/// The trouble of a site whose clock is ahead of ours. It is over when nobody has told of the future for as long: a box
/// says each minute how it is.
const AHEAD: &str = "clock_ahead";
const AHEAD_FOR: Duration = Duration::from_mins(10);

/// What is needed to take messages in.
pub(super) struct Intake {
    pub(super) store: Store,
    pub(super) vitals: Vitals,
    pub(super) client: AsyncClient,
    commands: Commands,
    unread: u64,
    /// How often a site told of more than is kept.
    crowds: u64,
}

/// What a batch says.
#[derive(Default)]
struct Batch {
    heard: Vec<Heard>,
    states: Vec<StateHeard>,
}

impl Intake {
    pub(super) fn new(
        store: Store,
        vitals: Vitals,
        client: AsyncClient,
        commands: Commands,
    ) -> Self {
        Self { store, vitals, client, commands, unread: 0, crowds: 0 }
    }

    /// Takes what comes until nothing comes any more; ends early when something was not kept: what was not
    /// acknowledged comes again on the next connection.
    pub(super) async fn run(mut self, mut came: mpsc::Receiver<Waiting>) -> Result<(), StoreError> {
        let mut waiting = Vec::new();
        while came.recv_many(&mut waiting, BATCH_MAX).await > 0 {
            // Before they are acknowledged: the broker sends others then.
            let publishes: Vec<Publish> = waiting.drain(..).map(Waiting::taken).collect();
            self.take(&publishes).await?;
        }
        Ok(())
    }

    async fn take(&mut self, publishes: &[Publish]) -> Result<(), StoreError> {
        let now = clock::now();
        let mut batch = Batch::default();
        for publish in publishes {
            self.vitals.count("messages", "came");
            let said = read(&publish.topic, &publish.payload, now);
            if let Ok(said) = &said {
                self.look_at_clock(said, now);
            }
            match said {
                Ok(Said::Incident(heard)) => batch.heard.push(*heard),
                Ok(Said::State(state)) => {
                    batch.states.push(StateHeard { state, retained: publish.retain });
                }
                // Somebody waits for it; nothing of it is kept.
                Ok(Said::Reply(site, reply)) => self.commands.answered(&site, *reply),
                Err((reason, why)) => self.cannot_read(publish, reason, &why),
            }
        }
        let acks: Vec<(Name, IncidentId, u32)> = batch.heard.iter().map(ack_of).collect();
        let taken = self.keep(batch, now).await?;
        for (taken, (site, incident, revision)) in taken.into_iter().zip(acks) {
            self.vitals.count("revisions", label(taken));
            if taken == Taken::Foreign {
                tracing::warn!(%site, %incident, "says a word on an incident of another site");
                let text = format!(
                    "{site} speaks of incidents of another site: they are never acknowledged, so it says them again \
                     and again; give the site the name that it had"
                );
                self.vitals.raise_until(FOREIGN, &text, clock::monotonic() + FOREIGN_FOR);
                continue;
            }
            if let Taken::Crowded(crowd) = taken {
                self.is_crowded(&site, crowd);
                continue;
            }
            let topic = Topic::new(&site, About::Ack).to_string();
            let payload = message::to_bytes(&Ack { incident, revision });
            // What is not said now is said when the box says it again.
            let _ = self.client.publish(topic, QoS::AtMostOnce, false, payload).await;
        }
        for publish in publishes {
            // The connection may be over: then they come again.
            let _ = self.client.ack(publish).await;
        }
        Ok(())
    }

    async fn keep(&mut self, batch: Batch, now: Timestamp) -> Result<Vec<Taken>, StoreError> {
        let Batch { heard, states } = batch;
        if !states.is_empty() {
            for (site, crowd) in self.store.keep_states(states, now).await? {
                self.is_crowded(&site, crowd);
            }
        }
        if heard.is_empty() {
            return Ok(Vec::new());
        }
        self.store.take(heard).await
    }

    /// Does it tell of the future?
    fn look_at_clock(&self, said: &Said, now: Timestamp) {
        let Some((site, _)) = said.told().filter(|(_, told)| is_ahead(*told, now)) else { return };
        self.vitals.count("clocks", "ahead");
        let text = format!(
            "{site} tells of times that have not come: its incidents are told as of when they come; set the clock of \
             the box, or of this machine"
        );
        self.vitals.raise_until(AHEAD, &text, clock::monotonic() + AHEAD_FOR);
    }

    /// Nothing was kept of what a site told.
    fn is_crowded(&mut self, site: &Name, crowd: Crowd) {
        self.vitals.count("crowds", crowd.label());
        let told = crowd.told();
        if self.crowds.is_multiple_of(SHOWN_EVERY) {
            tracing::warn!(%site, told, "tells of more than is kept");
        }
        self.crowds += 1;
        let text = format!(
            "{site} tells of something new, and {told}: it is not kept, nor is an incident there acknowledged; look \
             who invents it, and let each box write below its own site alone at the broker"
        );
        self.vitals.raise_until(CROWD, &text, clock::monotonic() + CROWD_FOR);
    }

    fn cannot_read(&mut self, publish: &Publish, reason: &'static str, why: &str) {
        self.vitals.count("unread", reason);
        if self.unread.is_multiple_of(SHOWN_EVERY) {
            let topic = String::from_utf8_lossy(&publish.topic).into_owned();
            tracing::warn!(topic, why, "a message cannot be read");
        }
        self.unread += 1;
    }
}

fn ack_of(heard: &Heard) -> (Name, IncidentId, u32) {
    let incident = &heard.event.incident;
    (heard.event.site.clone(), incident.incident.clone(), incident.revision)
}

fn label(taken: Taken) -> &'static str {
    match taken {
        Taken::New => "new",
        Taken::Later => "later",
        Taken::Earlier => "earlier",
        Taken::Repeat => "repeat",
        Taken::Foreign => "foreign",
        Taken::Crowded(_) => "crowded",
    }
}
