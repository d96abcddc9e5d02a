//! What the thread remembers of a broker, and of its own leaving.

use crate::publish::reason::{self, Fate};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Farewell {
    /// Sent; give up then.
    Sent { until: Duration },
    /// The broker has it.
    Taken,
    /// The connection is being closed.
    Leaving { until: Duration },
}

/// After the broker hung up on what is told of box and cameras, nothing is told for so long.
pub(super) const HUSHED: Duration = Duration::from_mins(10);

/// What the broker thinks of them.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Topics that it refused, and with which code. At most one for each camera and the box.
    refused: BTreeMap<String, u8>,
    /// It hung up on them, for this reason: they wait until then.
    pub(super) hushed: Option<(String, Duration)>,
}

impl Notes {
    pub(super) fn hush(&mut self, why: &str, now: Duration) {
        self.hushed = Some((why.to_owned(), now + HUSHED));
    }

    pub(super) fn answered(&mut self, topic: String, code: u8) {
        match reason::puback(code) {
            // Who connects later is told what is kept.
            Fate::Taken | Fate::Unheard => drop(self.refused.remove(&topic)),
            _ => drop(self.refused.insert(topic, code)),
        }
    }

    /// What is not taken, for people.
    pub(super) fn refused(&self) -> Option<String> {
        if let Some((why, _)) = &self.hushed {
            return Some(format!(
                "the broker hangs up when it is told of box and cameras, so it is not told: {why}"
            ));
        }
        let (topic, code) = self.refused.first_key_value()?;
        let code = reason::told(*code);
        Some(format!(
            "the broker refuses the state on {topic}: {code}; allow this client to write it"
        ))
    }
}

/// So many connections in a row that the broker closed soon, without a word, are a pattern.
pub(super) const SHORT_ONES: u32 = 5;

/// And shorter than this is soon; a connection of this length breaks the pattern.
pub(super) const SOON: Duration = Duration::from_mins(1);

/// What was told already, or is to be.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) fall_back: bool,
    /// How the broker last refused an incident.
    pub(super) refusal: Option<u8>,
    /// Connections in a row that were closed soon, without a word.
    pub(super) short_ones: u32,
}

impl Told {
    /// How long a connection must last to be trusted: longer where there is a pattern of short ones.
    pub(super) fn steady_after(&self, usual: Duration) -> Duration {
        if self.short_ones >= SHORT_ONES { SOON } else { usual }
    }
}
