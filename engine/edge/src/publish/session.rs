//! The publisher's thread: connect, hand rows over, take acknowledgements, come back.

use super::backoff::Backoff;
use super::flow::{Answer, Death, Flow, FlowOptions, Item, Mismatch, RowRef, Verdict};
use super::{PublishOptions, Shared, link, topics};
use crate::clock;
use crate::store::{Outbox, Pending, StoreError};
use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnAck, Packet, Publish, PublishProperties};
use rumqttc::v5::{AsyncClient, ConnectionError, Event};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use viahe_core::config::plan::Ack as AckMode;

/// Looks at timeouts and at the outbox this often, woken or not.
const TICK: Duration = Duration::from_millis(500);

/// Acknowledged rows that could not be deleted; above this nothing new is sent.
const UNDELETED_MAX: usize = 1_000;

/// For the broker to take the farewell.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection of this length was of use even if no row was answered.
const LASTING: Duration = Duration::from_secs(10);

/// Events that may wait between the polling task and this one.
const EVENTS_MAX: usize = 1_024;

/// Why a connection is over.
#[derive(Debug)]
enum End {
    /// Stopped as asked.
    Shutdown,
    /// To be made again.
    Lost { death: Death, why: String },
}

impl From<Mismatch> for End {
    fn from(mismatch: Mismatch) -> Self {
        Self::Lost { death: Death::Innocent, why: mismatch.to_string() }
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Lost { death: Death::Innocent, why: error.to_string() }
    }
}

/// Everything the thread owns.
pub(super) struct Worker {
    options: PublishOptions,
    outbox: Outbox,
    shared: Arc<Shared>,
    flow: Flow,
    backoff: Backoff,
    started: Instant,
    /// Acknowledged, to be deleted in one transaction.
    acknowledged: Vec<i64>,
    /// Highest row ever sent.
    newest_row: i64,
    /// Largest packet that both sides allow.
    packet_bytes_max: u32,
    /// Last acknowledgement, or the last time that nothing was waited for.
    heard: Duration,
    connected_at: Option<Duration>,
    status_due: Duration,
    /// [`Troubles::revision`](crate::trouble::Troubles::revision) as last told.
    troubles_told: u64,
    deadline: Option<Duration>,
    farewell: Option<Farewell>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Farewell {
    /// Sent; give up then.
    Sent { until: Duration },
    /// The broker has it.
    Taken,
    /// The connection is being closed.
    Leaving { until: Duration },
}

/// The thread. Returns rows left in the outbox.
pub(super) fn run(runtime: &tokio::runtime::Runtime, mut worker: Worker) -> usize {
    loop {
        // The client library has unwraps on its paths; incidents must still go out after one.
        let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(worker.run())));
        if ended.is_ok() {
            break;
        }
        tracing::error!("the publisher panicked; it starts again");
        worker.note_error("the publisher panicked and was started again".into());
        let now = worker.now();
        worker.flow.lost(Death::Unexplained, now);
        let wait = worker.backoff.next();
        runtime.block_on(tokio::time::sleep(wait));
    }
    worker.outbox.depth().map_or(0, |depth| depth.rows as usize)
}

impl Worker {
    pub(super) fn new(options: PublishOptions, outbox: Outbox, shared: Arc<Shared>) -> Self {
        let tuning = options.tuning;
        let flow = Flow::new(FlowOptions {
            window: usize::from(tuning.window.clamp(1, 1_000)),
            centre: options.mqtt.ack == AckMode::Centre,
            resend_after: tuning.resend_after,
            retry_after: tuning.retry_after,
        });
        Self {
            backoff: Backoff::new(tuning.reconnect_after, tuning.seed),
            packet_bytes_max: tuning.packet_bytes_max,
            options,
            outbox,
            shared,
            flow,
            started: clock::monotonic(),
            acknowledged: Vec::new(),
            newest_row: 0,
            heard: Duration::ZERO,
            connected_at: None,
            status_due: Duration::ZERO,
            troubles_told: 0,
            deadline: None,
            farewell: None,
        }
    }

    fn now(&self) -> Duration {
        clock::monotonic().saturating_duration_since(self.started)
    }

    fn time_text(&self) -> String {
        clock::now().rfc3339(&self.options.zone)
    }

    async fn run(&mut self) {
        loop {
            let end = self.connection().await;
            self.shared.count(|c| c.connected = false);
            match end {
                End::Shutdown => return,
                End::Lost { death, why } => self.after_loss(death, why),
            }
            let wait = self.backoff.next();
            if self.wait_or_stop(wait).await {
                return;
            }
        }
    }

    fn after_loss(&mut self, death: Death, why: String) {
        tracing::debug!(?death, why, "mqtt connection lost");
        let lasted = self.connected_at.take().map(|at| self.now().saturating_sub(at));
        if self.flow.has_progressed() || lasted.is_some_and(|lasted| lasted >= LASTING) {
            self.backoff.reset();
        }
        if let Some(row) = self.flow.lost(death, self.now()) {
            self.set_aside(row, &format!("the connection dies on it: {why}"));
        }
        self.note_error(why);
        if let Err(error) = self.delete_acknowledged() {
            self.note_error(error.to_string());
        }
    }

    /// Waits before the next connection; says whether to stop instead.
    async fn wait_or_stop(&mut self, wait: Duration) -> bool {
        let until = self.now() + wait;
        loop {
            let nothing_left = self.outbox.depth().is_ok_and(|depth| depth.rows == 0);
            if self.stop_asked() && (nothing_left || self.is_past_deadline()) {
                return true;
            }
            let left = until.saturating_sub(self.now());
            if left.is_zero() {
                return false;
            }
            let woken = self.shared.woken.notified();
            let _ = tokio::time::timeout(left.min(TICK), woken).await;
        }
    }

    fn stop_asked(&mut self) -> bool {
        if self.deadline.is_none() {
            let asked = self.shared.inbox().shutdown;
            self.deadline = asked.map(|within| self.now() + within);
        }
        self.deadline.is_some()
    }

    fn is_past_deadline(&self) -> bool {
        self.deadline.is_some_and(|deadline| self.now() >= deadline)
    }

    /// One connection from start to end, with a client of its own.
    async fn connection(&mut self) -> End {
        let options = match link::options(&self.options, &self.time_text()) {
            Ok(options) => options,
            Err(error) => return End::Lost { death: Death::Innocent, why: error.to_string() },
        };
        // Room for all that may be handed over at once, so that handing over never waits.
        let (client, events) = AsyncClient::new(options, EVENTS_MAX);
        let (to, mut from) = mpsc::channel(EVENTS_MAX);
        let mut poller = tokio::task::JoinSet::new();
        poller.spawn(link::poll(events, to));
        self.farewell = None;
        let mut link = Link { client, is_up: false };
        loop {
            let woken = self.shared.woken.notified();
            let first = tokio::select! {
                event = from.recv() => Some(event),
                () = woken => None,
                () = tokio::time::sleep(TICK) => None,
            };
            let mut next = first;
            while let Some(event) = next {
                let end = match event {
                    Some(Ok(event)) => self.on_event(&mut link, event).err(),
                    Some(Err(error)) => Some(self.on_error(&error)),
                    None => Some(End::Lost {
                        death: Death::Unexplained,
                        why: "the polling task ended".into(),
                    }),
                };
                if let Some(end) = end {
                    return end;
                }
                next = from.try_recv().ok().map(Some);
            }
            if let Err(end) = self.work(&link) {
                return end;
            }
        }
    }

    fn on_error(&self, error: &ConnectionError) -> End {
        if self.farewell.is_some() {
            return End::Shutdown;
        }
        End::Lost { death: link::death(error), why: link::describe(error, &self.options.mqtt) }
    }

    fn on_event(&mut self, link: &mut Link, event: Event) -> Result<(), End> {
        let now = self.now();
        match event {
            Event::Incoming(Packet::ConnAck(ack)) => self.on_connected(link, &ack),
            Event::Outgoing(Outgoing::Publish(pkid) | Outgoing::Subscribe(pkid)) => {
                self.flow.sent(pkid).map_err(End::from)
            }
            // The library holds a packet back because its id is taken: never, by our window.
            Event::Outgoing(Outgoing::AwaitAck(pkid)) => Err(Mismatch(pkid).into()),
            Event::Incoming(Packet::PubAck(ack)) => {
                let answer = link::answer(ack.reason);
                self.heard = now;
                let verdict = self.flow.answered(ack.pkid, answer, now)?;
                self.on_verdict(&verdict, &format!("the broker answered {:?}", ack.reason))
            }
            Event::Incoming(Packet::SubAck(ack)) => {
                self.heard = now;
                self.flow.answered(ack.pkid, Answer::Accepted, now)?;
                self.on_subscribed(&ack.return_codes)
            }
            Event::Incoming(Packet::Publish(message)) => self.on_centre_ack(&message.payload),
            _ => Ok(()),
        }
    }

    fn on_connected(&mut self, link: &mut Link, ack: &ConnAck) -> Result<(), End> {
        let limits = ack.properties.as_ref();
        let broker_max = limits.and_then(|p| p.max_packet_size).unwrap_or(u32::MAX);
        self.packet_bytes_max = self.options.tuning.packet_bytes_max.min(broker_max);
        self.flow.connected(limits.and_then(|p| p.receive_max));
        self.delete_acknowledged()?;
        link.is_up = true;
        self.heard = self.now();
        self.connected_at = Some(self.heard);
        self.status_due = Duration::ZERO;
        let mut inbox = self.shared.inbox();
        inbox.cameras.values_mut().for_each(|camera| camera.sent = false);
        drop(inbox);
        self.shared.count(|c| {
            c.connected = true;
            c.connections += 1;
        });
        let broker = (&self.options.mqtt.host, self.options.mqtt.port);
        tracing::info!(?broker, packet_bytes_max = self.packet_bytes_max, "mqtt connected");
        if self.options.mqtt.ack == AckMode::Centre {
            let topic = topics::site_topic(&self.options.site, "ack");
            if link.client.try_subscribe(topic, QoS::AtLeastOnce).is_ok() {
                self.flow.submitted(Item::Subscription);
            }
        }
        Ok(())
    }

    fn on_subscribed(
        &self,
        codes: &[rumqttc::v5::mqttbytes::v5::SubscribeReasonCode],
    ) -> Result<(), End> {
        use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode as Code;
        match codes.iter().find(|code| !matches!(code, Code::Success(_))) {
            None => Ok(()),
            Some(code) => {
                let topic = topics::site_topic(&self.options.site, "ack");
                let why = format!(
                    "the broker refused the subscription to {topic} ({code:?}); allow it, or set \
                     ack = \"broker\" in [mqtt]"
                );
                Err(End::Lost { death: Death::Innocent, why })
            }
        }
    }

    fn on_verdict(&mut self, verdict: &Verdict, why: &str) -> Result<(), End> {
        match *verdict {
            Verdict::Delete(row) => self.acknowledged.push(row),
            Verdict::Quarantine(row) => self.set_aside(row, why),
            Verdict::Retry(row) => {
                self.shared.count(|c| c.refused += 1);
                self.note_error(format!("row {row}: {why}; check the box's rights at the broker"));
                self.outbox.refused(row)?;
            }
            Verdict::Farewell => self.farewell = Some(Farewell::Taken),
            Verdict::Nothing => {}
        }
        Ok(())
    }

    fn on_centre_ack(&mut self, payload: &[u8]) -> Result<(), End> {
        let Ok(ack) = serde_json::from_slice::<topics::Ack>(payload) else {
            self.shared.count(|c| c.bad_acks += 1);
            tracing::warn!(bytes = payload.len(), "a message on …/ack is not an acknowledgement");
            return Ok(());
        };
        if self.options.mqtt.ack == AckMode::Centre
            && let Some(row) = self.outbox.find(&ack.incident, ack.revision)?
        {
            self.flow.forget(row);
            self.acknowledged.push(row);
        }
        Ok(())
    }

    /// All that is to be done after events, or after a while without.
    fn work(&mut self, link: &Link) -> Result<(), End> {
        let deleted = self.delete_acknowledged();
        if let Err(error) = deleted {
            self.note_error(error.to_string());
        }
        if !link.is_up {
            return if self.stop_asked() && self.is_past_deadline() {
                Err(End::Shutdown)
            } else {
                Ok(())
            };
        }
        let now = self.now();
        if self.flow.is_idle() {
            self.heard = now;
        } else if now.saturating_sub(self.heard) > self.options.tuning.ack_timeout {
            let why = "the broker acknowledged nothing for too long".into();
            return Err(End::Lost { death: Death::Innocent, why });
        }
        if self.farewell.is_none() {
            self.send_notes(link, now)?;
            self.send_rows(link, now)?;
        }
        self.leave_if_asked(link, now)
    }

    fn leave_if_asked(&mut self, link: &Link, now: Duration) -> Result<(), End> {
        if !self.stop_asked() {
            return Ok(());
        }
        match self.farewell {
            None => {
                let drained = self.flow.is_idle() && self.outbox.depth()?.rows == 0;
                if drained || self.is_past_deadline() {
                    let time = self.time_text();
                    let reason = topics::Offline::Shutdown { time: &time };
                    let offline = topics::offline(&self.options.version, reason);
                    let topic = topics::site_topic(&self.options.site, "status");
                    link.retain(topic, offline)?;
                    self.flow.submitted(Item::Farewell);
                    self.farewell = Some(Farewell::Sent { until: now + FAREWELL_TIMEOUT });
                }
            }
            Some(Farewell::Sent { until } | Farewell::Leaving { until }) if now < until => {}
            Some(Farewell::Sent { .. } | Farewell::Taken) => {
                // A clean goodbye: the broker forgets the last will.
                if link.client.try_disconnect().is_err() {
                    return Err(End::Shutdown);
                }
                self.farewell = Some(Farewell::Leaving { until: now + FAREWELL_TIMEOUT });
            }
            Some(Farewell::Leaving { .. }) => return Err(End::Shutdown),
        }
        Ok(())
    }

    fn send_notes(&mut self, link: &Link, now: Duration) -> Result<(), End> {
        let troubles = self.options.troubles.revision();
        let (models, due) = {
            let mut inbox = self.shared.inbox();
            let changed = inbox.status_changed || troubles != self.troubles_told;
            let due = now >= self.status_due || changed;
            if due && self.flow.room() > 0 {
                inbox.status_changed = false;
                (inbox.models.clone(), true)
            } else {
                (Vec::new(), false)
            }
        };
        if due {
            let depth = self.outbox.depth()?;
            let PublishOptions { version, zone, .. } = &self.options;
            let lasting = self.options.troubles.lasting();
            let status = topics::online(version, &models, depth, &lasting, clock::now(), zone);
            link.retain(topics::site_topic(&self.options.site, "status"), status)?;
            self.flow.submitted(Item::Note);
            self.troubles_told = troubles;
            self.status_due = now + self.options.tuning.status_every;
        }
        let mut inbox = self.shared.inbox();
        for (camera, state) in inbox.cameras.iter_mut().filter(|(_, state)| !state.sent) {
            if self.flow.room() == 0 {
                break;
            }
            let topic = topics::site_topic(&self.options.site, &format!("cam/{camera}/state"));
            link.retain(topic, state.payload.clone())?;
            self.flow.submitted(Item::Note);
            state.sent = true;
        }
        Ok(())
    }

    fn send_rows(&mut self, link: &Link, now: Duration) -> Result<(), End> {
        if self.acknowledged.len() >= UNDELETED_MAX {
            return Ok(());
        }
        for number in self.flow.take_due(now) {
            match self.outbox.row(number)? {
                Some(row) => self.send(link, row)?,
                None => self.flow.forget(number),
            }
        }
        loop {
            let room = self.flow.row_room();
            if room == 0 {
                return Ok(());
            }
            let rows = self.outbox.pending(room, self.flow.cursor())?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let of = RowRef { row: row.row, incident: row.incident.clone() };
                if !self.acknowledged.contains(&row.row) && self.flow.offer(&of, now) {
                    self.send(link, row)?;
                }
            }
        }
    }

    fn send(&mut self, link: &Link, row: Pending) -> Result<(), End> {
        let Pending { row: number, incident, topic, payload, .. } = row;
        if !topics::is_publishable(&topic) {
            self.set_aside(number, "its topic cannot be published to");
            return Ok(());
        }
        let properties = PublishProperties {
            payload_format_indicator: Some(1),
            content_type: Some("application/cloudevents+json; charset=utf-8".into()),
            ..PublishProperties::default()
        };
        let publish = Publish::new(&topic, QoS::AtLeastOnce, payload, Some(properties.clone()));
        // The packet id, 2 bytes, is not in it yet.
        let bytes = publish.size() + 2;
        if bytes > self.packet_bytes_max as usize {
            let most = self.packet_bytes_max;
            self.set_aside(number, &format!("{bytes} bytes, the broker and we take {most}"));
            return Ok(());
        }
        link.client
            .try_publish_with_properties(
                topic,
                QoS::AtLeastOnce,
                false,
                publish.payload,
                properties,
            )
            .map_err(|_| no_room())?;
        self.flow.submitted(Item::Row(RowRef { row: number, incident }));
        let first = number > self.newest_row;
        self.newest_row = self.newest_row.max(number);
        self.shared.count(|c| if first { c.published += 1 } else { c.resent += 1 });
        Ok(())
    }

    fn set_aside(&mut self, row: i64, why: &str) {
        tracing::error!(row, why, "an incident cannot be delivered; it is set aside");
        match self.outbox.quarantine(row, why) {
            Ok(dropped) => {
                if dropped > 0 {
                    tracing::error!(dropped, "too many rows set aside; the oldest are lost");
                }
                self.shared.count(|c| {
                    c.quarantined += 1;
                    c.quarantine_dropped += dropped;
                });
            }
            Err(error) => self.note_error(error.to_string()),
        }
    }

    fn delete_acknowledged(&mut self) -> Result<(), StoreError> {
        if !self.acknowledged.is_empty() {
            let deleted = self.outbox.acknowledge(&self.acknowledged)?;
            self.acknowledged.clear();
            self.shared.count(|c| c.acknowledged += deleted as u64);
        }
        Ok(())
    }

    /// Tells an error once, not at each try.
    fn note_error(&self, why: String) {
        self.shared.count(|c| {
            if c.last_error != why {
                tracing::warn!(why, "mqtt");
                c.last_error = why;
            }
        });
    }
}

struct Link {
    client: AsyncClient,
    is_up: bool,
}

impl Link {
    fn retain(&self, topic: String, payload: Vec<u8>) -> Result<(), End> {
        let properties = PublishProperties {
            payload_format_indicator: Some(1),
            content_type: Some("application/json".into()),
            ..PublishProperties::default()
        };
        self.client
            .try_publish_with_properties(topic, QoS::AtLeastOnce, true, payload, properties)
            .map_err(|_| no_room())
    }
}

/// Cannot be, while the window is smaller than the library's queue; then a new connection helps.
fn no_room() -> End {
    let why = "the MQTT client takes no more messages".into();
    End::Lost { death: Death::Innocent, why }
}
