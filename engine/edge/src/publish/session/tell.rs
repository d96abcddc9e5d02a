//! What people are told of delivery: faults that last, each with its remedy.

use super::Worker;
use super::memory::{SHORT_ONES, SOON};
use crate::publish::flow::Shut;
use crate::publish::link::Failure;
use crate::publish::options::{CLIENT_ID_TAKEN, STEADY};
use crate::publish::reason;
use crate::trouble::Trouble;
use std::time::Duration;
use viahe_core::plan::Ack as AckMode;

/// Who has had the line for so long shares its client id with nobody: two boxes that slow down
/// for each other take turns faster.
const ALONE: Duration = Duration::from_mins(10);

impl Worker {
    /// Brings the troubles in line with what is known; while connected.
    pub(super) fn tell(&mut self) {
        let troubles = &self.options.troubles;
        let topics = |shut: Option<(&str, usize)>| {
            shut.map(|(topic, n)| format!("{topic}{}", if n > 1 { " and others" } else { "" }))
        };
        let unheard = topics(self.flow.shut(Shut::Unheard)).map(|topics| {
            format!(
                "nobody listens for incidents at the broker on {topics}; they wait here and are \
                 tried again: let the centre subscribe, and look at its topics and rights"
            )
        });
        troubles.set(Trouble::NobodyListens, unheard);
        let code = reason::told(self.told.refusal.unwrap_or(0x80));
        let refused = match topics(self.flow.shut(Shut::Denied)) {
            Some(topics) => Some(format!(
                "the broker refuses incidents on {topics}: {code}; they wait here and are tried \
                 again: allow this client to write there"
            )),
            None if self.flow.refused() > 0 => Some(format!(
                "the broker refuses incidents: {code}; they wait here and are tried again: look \
                 into its log, and at the quotas of this client"
            )),
            None => None,
        };
        troubles.set(Trouble::IncidentsRefused, refused);
        troubles.set(Trouble::StatesRefused, self.notes.refused());
        let deaf = self.acks.refused().map(|why| {
            format!("the centre's acknowledgements are not heard, so incidents repeat: {why}")
        });
        troubles.set(Trouble::AcksUnheard, deaf);
        let misses = self.dialect.misses(self.options.mqtt.ack == AckMode::Centre);
        troubles.set(Trouble::BrokerOffersLess, misses);
        let lasted = self.connected_at.map_or(Duration::ZERO, |at| self.now().saturating_sub(at));
        if lasted >= self.told.steady_after(STEADY) {
            troubles.end(Trouble::NoBroker);
        }
        if lasted >= ALONE {
            troubles.end(Trouble::ClientIdTaken);
        }
    }

    /// There is no connection, not for the first time.
    pub(super) fn tell_no_broker(&self, why: &str) {
        if self.backoff.failures() > 1 {
            self.options.troubles.raise(Trouble::NoBroker, why);
        }
    }

    pub(super) fn tell_failure(&self, failure: &Failure) {
        if matches!(failure, Failure::Told { code: reason::TAKEN_OVER, .. }) {
            self.options.troubles.raise(Trouble::ClientIdTaken, CLIENT_ID_TAKEN);
        }
    }

    /// MQTT 3.1.1 has no word for a session that was taken over: only the pattern shows it.
    pub(super) fn suspect(&mut self, failure: &Failure, up: bool, why: String) -> String {
        let lasted = self.connected_at.map(|at| self.now().saturating_sub(at));
        match lasted {
            Some(lasted) if lasted >= SOON => self.told.short_ones = 0,
            Some(_) if matches!(failure, Failure::Dropped(_)) => self.told.short_ones += 1,
            _ => {}
        }
        if up && self.told.short_ones >= SHORT_ONES {
            return format!(
                "{why}, soon after it was made, again and again: a second box with the same \
                 [site] id does this, and so does a broker that dislikes a message; look into its \
                 log"
            );
        }
        why
    }

    /// Says once that an older MQTT is spoken, and what is lost with it.
    pub(super) fn tell_fall_back(&mut self) {
        if self.dialect.fallen_back() && !std::mem::replace(&mut self.told.fall_back, true) {
            tracing::warn!(
                broker = %self.options.mqtt.host,
                "the broker does not speak MQTT 5; MQTT 3.1.1 is used. Lost with it: reasons (why \
                 an incident is refused, that nobody listens), response topics (give `reply_to` in \
                 the command instead), message expiry and limits that are told. If that is meant, \
                 set version = \"3.1.1\" in [mqtt]"
            );
        }
    }
}
