//! The thread of a [`super::Wire`]: connect, subscribe, hear and say, come back.

use super::shared::{Heard, Said, WireOptions, WireShared};
use crate::backoff::{Backoff, Growth};
use crate::clock;
use crate::publish::dialect::{Dialect, Soon};
use crate::publish::link::{Connection, Event, Failure, Incoming, Outgoing, RetainFlag, Terms};
use crate::publish::options::{CLIENT_ID_TAKEN, LASTING, STEADY};
use crate::publish::reason::{self, Blame, Fate};
use crate::publish::subscriptions::Subscriptions;
use crate::publish::told;
use crate::trouble::Trouble;
use crossbeam_channel::{Sender, TrySendError};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use viahe_contract::topic::{self, About, Topic};
use viahe_core::sensor::topic::matches;

/// Largest message taken; readings and commands are small.
const INCOMING_BYTES_MAX: u32 = 64 << 10;
/// Unanswered messages.
const INFLIGHT_MAX: u16 = 1_000;
/// A sign of life is sent this often.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long the last words may take: a broker that answers at all answers in less.
const FAREWELL: Duration = Duration::from_secs(1);
/// Subscriptions that were refused are looked at this often.
const TICK: Duration = Duration::from_millis(500);
/// The code for a filter that is none.
const FILTER_INVALID: u8 = 0x8F;
/// Messages that cannot be used are logged once in so long.
const COMPLAIN_EVERY: Duration = Duration::from_mins(1);

struct Worker<'a> {
    options: WireOptions,
    to: Sender<Heard>,
    shared: &'a WireShared,
    dialect: Dialect,
    backoff: Backoff,
    subscriptions: Subscriptions,
    started: Instant,
    connected_at: Option<Duration>,
    told_subscribed: bool,
    /// Handed over and not yet on the wire, in order; none is a subscription.
    queued: VecDeque<Option<String>>,
    /// On the wire and unanswered.
    open: BTreeMap<u16, String>,
    /// The last message that the broker refused.
    refused: Option<(String, u8)>,
    packet_bytes_max: u32,
    complained: Option<Duration>,
    last_error: String,
}

/// Runs until stopped.
pub(super) async fn run(
    options: WireOptions,
    to: Sender<Heard>,
    mut queue: mpsc::Receiver<Said>,
    shared: &WireShared,
) {
    let bounds = [Duration::from_millis(200), Duration::from_secs(10)];
    // Not in step with the publisher, nor with other boxes.
    let seed = options
        .client_id
        .bytes()
        .fold(2, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut worker = Worker {
        dialect: Dialect::new(options.mqtt.version, &options.client_id),
        backoff: Backoff::new(Growth::between(bounds), seed),
        subscriptions: Subscriptions::new(options.filters.iter().cloned()),
        options,
        to,
        shared,
        started: clock::monotonic(),
        connected_at: None,
        told_subscribed: false,
        queued: VecDeque::new(),
        open: BTreeMap::new(),
        refused: None,
        packet_bytes_max: u32::MAX,
        complained: None,
        last_error: String::new(),
    };
    let end = async {
        shared.stopped.notified().await;
        shared.leaving.notify_one();
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::pin!(end);
    loop {
        let failure = tokio::select! {
            failure = worker.connection(&mut queue) => failure,
            () = &mut end => return,
        };
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        let wait = worker.after_failure(&failure);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shared.leaving.notified() => return,
            () = &mut end => return,
        }
    }
}

impl Worker<'_> {
    fn now(&self) -> Duration {
        clock::monotonic().saturating_duration_since(self.started)
    }

    fn terms(&self) -> Terms {
        let wanted = self.dialect.wanted();
        Terms {
            version: wanted.version,
            client_id: wanted.client_id,
            will: None,
            retain: wanted.retain,
            at_least_once: wanted.at_least_once,
            keep_alive: KEEP_ALIVE,
            inflight: INFLIGHT_MAX,
            // Room for subscriptions, so that asking never waits.
            requests: usize::from(INFLIGHT_MAX) + 64,
            incoming_bytes_max: INCOMING_BYTES_MAX,
        }
    }

    /// Reads and writes until the connection is lost.
    async fn connection(&mut self, queue: &mut mpsc::Receiver<Said>) -> Failure {
        let mut link = match Connection::open(&self.options.mqtt, &self.terms()) {
            Ok(link) => link,
            Err(error) => return Failure::Other(error.to_string()),
        };
        self.queued.clear();
        self.open.clear();
        loop {
            let is_up = self.connected_at.is_some();
            let all_said = queue.is_empty() && self.queued.is_empty() && self.open.is_empty();
            if self.shared.stop.load(Ordering::Relaxed) && (all_said || !is_up) {
                return Failure::Other("stopped".to_owned());
            }
            let room = self.queued.len() + self.open.len() < usize::from(INFLIGHT_MAX);
            let done = tokio::select! {
                event = link.next() => event.and_then(|event| self.on_event(event)),
                message = queue.recv(), if is_up && room => match message {
                    Some(message) => self.say(&link, message),
                    // The handle is gone: stop comes with it.
                    None => std::future::pending().await,
                },
                () = self.shared.leaving.notified() => Ok(()),
                () = tokio::time::sleep(TICK) => Ok(()),
            };
            if let Err(failure) = done {
                return failure;
            }
            self.subscribe(&link);
            self.tell();
        }
    }

    fn on_event(&mut self, event: Event) -> Result<(), Failure> {
        let now = self.now();
        let lost_count = || Failure::Other("the MQTT client and we count packets apart".into());
        match event {
            Event::Connected(offer) => {
                self.dialect.connected(&offer, now);
                self.connected_at = Some(now);
                self.packet_bytes_max = offer.packet_bytes_max.unwrap_or(u32::MAX);
                self.subscriptions.connected();
                self.told_subscribed = false;
            }
            Event::Sent(pkid) => {
                let of = self.queued.pop_front().ok_or_else(lost_count)?;
                if let Some(topic) = of.filter(|_| pkid != 0) {
                    self.open.insert(pkid, topic);
                }
            }
            Event::Held(_) => {
                return Err(Failure::Other("the broker answers out of order, too late".into()));
            }
            Event::Answered { pkid, code } => {
                if let Some(topic) = self.open.remove(&pkid) {
                    self.on_answer(topic, code);
                }
            }
            Event::Subscribed { code, .. } => {
                self.subscriptions.answered(code, now);
                if self.subscriptions.all_granted() && !self.told_subscribed {
                    self.told_subscribed = true;
                    tracing::info!("commands and readings are heard");
                    self.shared.subscribed.fetch_add(1, Ordering::Relaxed);
                }
            }
            Event::Came(message) => self.hear(message),
            Event::Pinged | Event::Ponged => {}
        }
        Ok(())
    }

    /// That nobody hears an answer or a result is no fault.
    fn on_answer(&mut self, topic: String, code: u8) {
        match reason::puback(code) {
            Fate::Taken | Fate::Unheard => self.refused = None,
            Fate::Denied | Fate::Later | Fate::Never => self.refused = Some((topic, code)),
        }
    }

    fn subscribe(&mut self, link: &Connection) {
        if self.connected_at.is_none() {
            return;
        }
        let now = self.now();
        while let Some(filter) = self.subscriptions.next(now) {
            // A command that is kept is refused at once, not only when it comes again. Sensors that
            // let the broker keep each reading are heard all the same.
            let commands = *filter == *Topic::commands(&self.options.site);
            let flag = if commands { RetainFlag::AsPublished } else { RetainFlag::Kept };
            // Room there is, as they are asked for one by one: the library takes no such filter.
            match link.subscribe(filter, flag) {
                Ok(()) => self.queued.push_back(None),
                Err(_) => drop(self.subscriptions.answered(FILTER_INVALID, now)),
            }
        }
    }

    fn hear(&mut self, incoming: Incoming) {
        let Incoming { topic, payload, retained, answer_to } = incoming;
        if !self.options.filters.iter().any(|filter| matches(filter, &topic)) {
            let came: String = topic.chars().take(120).collect();
            self.complain(|| {
                tracing::warn!(
                    topic = came,
                    "a message came on a topic that nobody asked for, and is left out; some brokers \
                    (RabbitMQ) write \".\" as \"/\": name the sensor's topic as it comes"
                );
            });
            return;
        }
        let mine = |(to, _): &(String, _)| topic::is_reply_topic(&self.options.site, to);
        let strange = answer_to.as_ref().filter(|to| !mine(to)).map(|(to, _)| to.clone());
        let answer_to = answer_to.filter(mine);
        if let Some(strange) = strange {
            let strange: String = strange.chars().take(80).collect();
            let usual = told::topic(&self.options.site, About::Reply("{id}".into()));
            self.complain(|| {
                tracing::warn!(
                    topic,
                    response_topic = strange,
                    "an answer is wanted on a topic that is not \
                    below this box's reply/; it goes to {usual}"
                );
            });
        }
        let message = Heard { topic, payload, at: clock::event_time(), retained, answer_to };
        if let Err(TrySendError::Full(_)) = self.to.try_send(message) {
            self.shared.heard_dropped.fetch_add(1, Ordering::Relaxed);
            self.complain(|| {
                tracing::warn!("messages come faster than they are read; some are lost");
            });
        }
    }

    fn say(&mut self, link: &Connection, message: Said) -> Result<(), Failure> {
        let wanted = self.dialect.wanted();
        let Said { topic, payload, retained, correlation } = message;
        let outgoing = Outgoing {
            topic: topic.clone(),
            payload,
            retain: retained && wanted.retain,
            at_least_once: wanted.at_least_once,
            content_type: "application/json",
            correlation,
        };
        let fits = link.size(&outgoing) <= self.packet_bytes_max as usize;
        if !told::is_publishable(&topic) || !fits {
            self.shared.said_dropped.fetch_add(1, Ordering::Relaxed);
            self.complain(|| {
                tracing::warn!(topic, "the broker would not take a message; it is lost");
            });
            return Ok(());
        }
        if link.publish(outgoing).is_err() {
            self.shared.said_dropped.fetch_add(1, Ordering::Relaxed);
            return Err(Failure::Other("the MQTT client takes no more messages".into()));
        }
        self.queued.push_back(Some(topic));
        Ok(())
    }

    fn complain(&mut self, say: impl FnOnce()) {
        let now = self.now();
        if self.complained.is_none_or(|at| now.saturating_sub(at) >= COMPLAIN_EVERY) {
            self.complained = Some(now);
            say();
        }
    }

    /// Learns from a failure and tells it; returns the wait before the next connection.
    fn after_failure(&mut self, failure: &Failure) -> Duration {
        let (now, up, version) = (self.now(), self.connected_at.is_some(), self.dialect.version());
        let why = failure.describe(&self.options.mqtt, version, up);
        match failure {
            Failure::UnknownSubscription(code) => self.subscriptions.died(*code, now),
            // A broker may hang up on who asks for what it may not hear.
            Failure::Told { code, .. } if failure.blame(up) != Blame::Nobody => {
                self.subscriptions.died(*code, now);
            }
            _ => {}
        }
        let lasted = self.connected_at.take().map(|at| now.saturating_sub(at));
        if lasted.is_some_and(|lasted| lasted >= LASTING) {
            self.backoff.reset();
            self.dialect.lost(now);
            self.last_error.clear();
        }
        let wait = match self.dialect.failed(failure, up) {
            Soon::AtOnce => self.backoff.least(),
            Soon::Usual => self.backoff.next(),
            Soon::Slowly => self.backoff.next_slow(),
        };
        if self.last_error != why {
            tracing::warn!(why, "commands and readings: no connection");
        }
        if self.backoff.failures() > 1 {
            let text = format!("commands and readings do not come: {why}");
            self.options.troubles.raise(Trouble::CommandLink, text);
        }
        if matches!(failure, Failure::Told { code: reason::TAKEN_OVER, .. }) {
            self.options.troubles.raise(Trouble::ClientIdTaken, CLIENT_ID_TAKEN);
        }
        self.last_error = why;
        wait
    }

    /// Brings the trouble in line with what is known; while connected.
    fn tell(&self) {
        let Some(at) = self.connected_at else { return };
        let troubles = &self.options.troubles;
        let unanswered = self.refused.as_ref().map(|(topic, code)| {
            let code = reason::told(*code);
            format!(
                "the broker refuses what is said on {topic}: {code}; allow this client to write it"
            )
        });
        match self.subscriptions.refused().or(unanswered) {
            Some(text) => troubles.raise(Trouble::CommandLink, text),
            None if self.now().saturating_sub(at) >= STEADY => troubles.end(Trouble::CommandLink),
            None => {}
        }
    }
}
