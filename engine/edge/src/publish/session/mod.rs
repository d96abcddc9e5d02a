//! The publisher's thread: connect, hand rows over, take acknowledgements, come back.

mod leave;
mod memory;
mod notes;
mod rows;
mod tell;

use super::dialect::{Dialect, Soon};
use super::flow::{Death, Flow, FlowOptions, Item, Mismatch};
use super::link::{Connection, Event, Failure, NoRoom, Offer, Outgoing, RetainFlag, Terms};
use super::options::{LASTING, PublishOptions};
use super::reason::{self, Blame, Fate};
use super::shared::Shared;
use super::subscriptions::Subscriptions;
use super::told;
use crate::backoff::{Backoff, Growth};
use crate::clock;
use crate::store::{Outbox, StoreError};
use memory::{Farewell, Notes, Told};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use viahe_contract::message::{self, BoxStatus, Offline};
use viahe_contract::time::LocalTime;
use viahe_contract::topic::About;
use viahe_core::plan::Ack as AckMode;

/// Looks at timeouts and at the outbox this often, woken or not.
const TICK: Duration = Duration::from_millis(500);

/// Largest message that the box takes; acknowledgements are small.
const INCOMING_BYTES_MAX: u32 = 64 << 10;

/// Requests that may wait for the wire: more than may be handed over at once, so that handing over
/// never waits.
const REQUESTS_MAX: usize = 1_024;

/// The shortest keep-alive that the library takes. With QoS 0 it is what confirms.
const KEEP_ALIVE_MIN: Duration = Duration::from_secs(5);

/// Why a connection is over.
#[derive(Debug)]
enum End {
    /// Stopped as asked.
    Shutdown,
    /// The broker or the link.
    Failed(Failure),
    /// Something of our own; to be made again.
    Broken(String),
}

impl From<Mismatch> for End {
    fn from(mismatch: Mismatch) -> Self {
        Self::Broken(mismatch.to_string())
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Cannot be, while the window is smaller than the library's queue; then a new connection helps.
impl From<NoRoom> for End {
    fn from(_: NoRoom) -> Self {
        Self::Broken("the MQTT client takes no more messages".into())
    }
}

/// Everything the thread owns.
pub(super) struct Worker {
    options: PublishOptions,
    outbox: Outbox,
    shared: Arc<Shared>,
    flow: Flow,
    backoff: Backoff,
    dialect: Dialect,
    /// Of the centre's acknowledgements.
    acks: Subscriptions,
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
    notes: Notes,
    told: Told,
    deadline: Option<Duration>,
    farewell: Option<Farewell>,
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
        let centre = options.mqtt.ack == AckMode::Centre;
        let flow = Flow::new(FlowOptions {
            window: usize::from(tuning.window.clamp(1, 1_000)),
            centre,
            resend_after: tuning.resend_after,
            retry_after: tuning.retry_after,
            seed: tuning.seed,
        });
        let acks = centre.then(|| told::topic(&options.site, About::Ack));
        Self {
            backoff: Backoff::new(Growth::between(tuning.reconnect_after), tuning.seed),
            dialect: Dialect::new(options.mqtt.version, &options.client_id),
            acks: Subscriptions::new(acks),
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
            notes: Notes::default(),
            told: Told::default(),
            deadline: None,
            farewell: None,
        }
    }

    fn now(&self) -> Duration {
        clock::monotonic().saturating_duration_since(self.started)
    }

    fn local_time(&self) -> LocalTime {
        clock::now().local(&self.options.zone)
    }

    async fn run(&mut self) {
        loop {
            let end = self.connection().await;
            self.shared.count(|c| c.connected = false);
            let wait = match end {
                End::Shutdown => return,
                End::Failed(failure) => self.after_failure(&failure),
                End::Broken(why) => self.after_loss(Death::Innocent, why),
            };
            if self.wait_or_stop(wait).await {
                return;
            }
        }
    }

    /// Learns from a failure; returns the wait before the next connection.
    fn after_failure(&mut self, failure: &Failure) -> Duration {
        let (now, up, version) = (self.now(), self.connected_at.is_some(), self.dialect.version());
        let why = failure.describe(&self.options.mqtt, version, up);
        if let Failure::UnknownSubscription(code) = failure {
            self.acks.died(*code, now);
        }
        let death = match failure.blame(up) {
            // A broker may hang up on what tells of box and cameras: then not on an incident.
            Blame::Rights if self.flow.has_open_notes() => {
                self.notes.hush(&why, now);
                Death::Innocent
            }
            Blame::Message => Death::Blamed,
            Blame::Rights => Death::Refused,
            Blame::Unknown => Death::Unexplained,
            Blame::Nobody => Death::Innocent,
        };
        let why = self.suspect(failure, up, why);
        let usual = self.after_loss(death, why);
        let soon = self.dialect.failed(failure, up);
        self.tell_failure(failure);
        match soon {
            Soon::AtOnce => self.backoff.least(),
            Soon::Usual => usual,
            Soon::Slowly => self.backoff.next_slow(),
        }
    }

    fn after_loss(&mut self, death: Death, why: String) -> Duration {
        tracing::debug!(blame = death.word(), why, "mqtt connection lost");
        let now = self.now();
        let lasted = self.connected_at.take().map(|at| now.saturating_sub(at));
        // Short ones are of a link or a broker that flaps, however much got through.
        if lasted.is_some_and(|lasted| lasted >= self.told.steady_after(LASTING)) {
            self.backoff.reset();
            self.dialect.lost(now);
        }
        if let Some(row) = self.flow.lost(death, now) {
            self.set_aside(row, &format!("the connection dies on it: {why}"));
        }
        if let Err(error) = self.delete_acknowledged() {
            self.note_error(error.to_string());
        }
        let wait = self.backoff.next();
        self.tell_no_broker(&why);
        self.note_error(why);
        wait
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

    fn terms(&self) -> Terms {
        let wanted = self.dialect.wanted();
        let tuning = self.options.tuning;
        let (version, connected) = (self.options.version.clone(), self.local_time());
        let lost = BoxStatus::Offline(Offline::Lost { version, connected });
        let will = (told::topic(&self.options.site, About::Status), message::to_bytes(&lost));
        let keep_alive = tuning.keep_alive.max(KEEP_ALIVE_MIN);
        Terms {
            version: wanted.version,
            client_id: wanted.client_id,
            will: wanted.will.then_some(will),
            retain: wanted.retain,
            at_least_once: wanted.at_least_once,
            keep_alive: if wanted.at_least_once { keep_alive } else { KEEP_ALIVE_MIN },
            // One id more than the window, for the farewell.
            inflight: tuning.window.clamp(1, 1_000) + 1,
            requests: REQUESTS_MAX,
            incoming_bytes_max: INCOMING_BYTES_MAX,
        }
    }

    /// One connection from start to end, with a client of its own.
    async fn connection(&mut self) -> End {
        let connection = match Connection::open(&self.options.mqtt, &self.terms()) {
            Ok(connection) => connection,
            Err(error) => return End::Broken(error.to_string()),
        };
        self.farewell = None;
        let mut link = Link {
            connection,
            is_up: false,
            packet_bytes_max: u32::MAX,
            retain: false,
            at_least_once: false,
        };
        loop {
            let woken = self.shared.woken.notified();
            let first = tokio::select! {
                event = link.connection.next() => Some(event),
                () = woken => None,
                () = tokio::time::sleep(TICK) => None,
            };
            let mut next = first;
            while let Some(event) = next {
                let end = match event {
                    Ok(event) => self.on_event(&mut link, event).err(),
                    Err(_) if self.farewell.is_some() => Some(End::Shutdown),
                    Err(failure) => Some(End::Failed(failure)),
                };
                if let Some(end) = end {
                    return end;
                }
                next = link.connection.events.try_recv().ok();
            }
            if let Err(end) = self.work(&mut link) {
                return end;
            }
        }
    }

    fn on_event(&mut self, link: &mut Link, event: Event) -> Result<(), End> {
        let now = self.now();
        match event {
            Event::Connected(offer) => self.on_connected(link, &offer),
            Event::Sent(pkid) => self.flow.sent(pkid).map_err(End::from),
            // Never, by our window.
            Event::Held(pkid) => Err(Mismatch(pkid).into()),
            Event::Answered { pkid, code } => {
                self.heard = now;
                let consequence = self.flow.answered(pkid, reason::puback(code), now)?;
                self.follow(consequence, code)
            }
            Event::Subscribed { pkid, code } => {
                self.heard = now;
                self.flow.answered(pkid, Fate::Taken, now)?;
                self.acks.answered(code, now);
                Ok(())
            }
            Event::Pinged => {
                self.flow.pinged();
                Ok(())
            }
            Event::Ponged => {
                self.heard = now;
                let consequences = self.flow.ponged(now);
                consequences.into_iter().try_for_each(|consequence| self.follow(consequence, 0))
            }
            Event::Came(message) => self.on_centre_ack(&message.payload),
        }
    }

    fn on_connected(&mut self, link: &mut Link, offer: &Offer) -> Result<(), End> {
        let now = self.now();
        self.dialect.connected(offer, now);
        let wanted = self.dialect.wanted();
        let broker_max = offer.packet_bytes_max.unwrap_or(u32::MAX);
        self.packet_bytes_max = self.options.tuning.packet_bytes_max.min(broker_max);
        self.flow.connected(offer.receive_max, now);
        self.acks.connected();
        self.delete_acknowledged()?;
        link.packet_bytes_max = self.packet_bytes_max;
        (link.is_up, link.retain, link.at_least_once) = (true, wanted.retain, wanted.at_least_once);
        self.heard = now;
        self.connected_at = Some(now);
        self.status_due = Duration::ZERO;
        let mut inbox = self.shared.inbox();
        inbox.cameras.values_mut().for_each(|camera| camera.sent = false);
        drop(inbox);
        self.shared.count(|c| {
            c.connected = true;
            c.connections += 1;
            c.version = wanted.version.label();
        });
        let broker = format!("{}:{}", self.options.mqtt.host, self.options.mqtt.port);
        let version = wanted.version.label();
        tracing::info!(broker, version, packet_bytes_max = self.packet_bytes_max, "mqtt connected");
        self.tell_fall_back();
        Ok(())
    }

    /// All that is to be done after events, or after a while without.
    fn work(&mut self, link: &mut Link) -> Result<(), End> {
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
            return Err(End::Broken("the broker acknowledged nothing for too long".into()));
        }
        self.tell();
        if self.farewell.is_none() {
            self.subscribe(link, now)?;
            self.send_notes(link, now)?;
            self.send_rows(link, now)?;
        }
        self.leave_if_asked(link, now)
    }

    fn subscribe(&mut self, link: &Link, now: Duration) -> Result<(), End> {
        if self.flow.room() > 0
            && let Some(topic) = self.acks.next(now)
        {
            link.connection.subscribe(topic, RetainFlag::Kept)?;
            self.flow.submitted(Item::Subscription);
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
    connection: Connection,
    is_up: bool,
    packet_bytes_max: u32,
    retain: bool,
    at_least_once: bool,
}

impl Link {
    /// Tells something whose newest value counts; the broker keeps it, if it keeps anything. Says
    /// whether it fits.
    fn retain(&self, topic: String, payload: Vec<u8>) -> Result<bool, End> {
        let message = Outgoing {
            topic,
            payload,
            retain: self.retain,
            at_least_once: self.at_least_once,
            content_type: "application/json",
            correlation: None,
        };
        // The library ends the connection over one that does not.
        if self.connection.size(&message) > self.packet_bytes_max as usize {
            return Ok(false);
        }
        self.connection.publish(message)?;
        Ok(true)
    }
}
