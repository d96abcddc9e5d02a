//! Whose look takes place first, when there are more than can be made at once.
//!
//! The graver, and of equals the one that can wait least. What is less grave waits until twice what is borne has
//! passed, and no longer: then it comes before all that may still wait. At twice the load and more all are alike.

use std::cmp::Reverse;
use std::time::{Duration, Instant};
use viahe_contract::message::Severity;

/// No gap becomes longer than so many times what is borne for the sake of what is graver.
const STRETCH: u32 = 2;

/// What is smaller goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// It has waited for others as long as it may, until then.
    Stretched(Instant),
    /// It may wait for what is graver.
    Waits {
        severity: Reverse<Severity>,
        /// By then it is due, with as long a gap as is borne.
        until: Instant,
    },
}

impl Turn {
    /// Of a look that was due at `since`, a `period` after the one before.
    pub(super) fn of(
        since: Instant,
        period: Duration,
        gap_max: Duration,
        severity: Severity,
        now: Instant,
    ) -> Self {
        // Since the look before, as far as that was in time.
        let last = since + (gap_max * STRETCH).saturating_sub(period);
        if now >= last {
            return Self::Stretched(last);
        }
        Self::Waits { severity: Reverse(severity), until: since + gap_max }
    }
}
