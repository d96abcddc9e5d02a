//! When something happened, by the clock of the console where that of the box is ahead of it.
//!
//! What a box says of the future cannot be so. Taken at its word it would stand first in every list until then, and be
//! found under a day that has not come. So an incident whose box is ahead opened when the first word of it came, and all
//! its times are earlier by as much: how long it lasted stays right. What is late may well be true: a box that was away
//! tells of days ago.

use super::codes::ms;
use std::time::Duration;
use viahe_contract::message::Incident;
use viahe_contract::time::Timestamp;

/// Clocks may differ by so much. (Judgement: with a time server they agree within a second, and nobody minds a minute.)
const TOLERANCE: Duration = Duration::from_mins(5);

/// Is what a box tells later than can be, by a clock that says `now`?
pub fn is_ahead(told: Timestamp, now: Timestamp) -> bool {
    told > now.plus(TOLERANCE)
}

/// Times of an incident, in ms, as they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) opened: i64,
    pub(super) updated: i64,
    pub(super) closed: Option<i64>,
    /// By so much they are earlier than the box says.
    pub(super) ahead: i64,
}

impl Times {
    /// Of a revision that came at `received`; `ahead` is that of the one before, or 0.
    pub(super) fn of(incident: &Incident, received: Timestamp, ahead: i64) -> Self {
        let opened = ms(incident.opened.at());
        let ahead = match ahead {
            0 if is_ahead(incident.opened.at(), received) => opened.saturating_sub(ms(received)),
            known => known,
        };
        let opened = opened.saturating_sub(ahead);
        // A clock may be set between two revisions, forward or back.
        let latest = ms(received.plus(TOLERANCE)).max(opened);
        let later = |told: Timestamp| ms(told).saturating_sub(ahead).clamp(opened, latest);
        Self {
            opened,
            updated: later(incident.updated.at()),
            closed: incident.closed.map(|closed| later(closed.at())),
            ahead,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use viahe_contract::message::{IncidentEvent, to_bytes};
    use viahe_testing::incident::event;

    const DAY_MS: i64 = 86_400_000;
    /// 2026-11-30, 07:00 at Hue.
    const OPENED_MS: i64 = 1_795_996_800_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp(ms.unsigned_abs() * 1_000_000)
    }

    /// Of the revision, after one with this `ahead`: opened, updated, closed, ahead; beside when it came.
    fn times(revision: u32, came: i64, ahead: i64) -> [i64; 4] {
        let said: IncidentEvent =
            serde_json::from_slice(&to_bytes(&event("hue", 60, revision))).unwrap();
        let Times { opened, updated, closed, ahead } = Times::of(&said.incident, at(came), ahead);
        [opened - came, updated - came, closed.map_or(0, |closed| closed - came), ahead]
    }

    #[test]
    fn what_is_late_or_hardly_early_is_as_the_box_says() {
        for late in [-300_000, 0, 1, DAY_MS, 365 * DAY_MS] {
            let told = times(3, OPENED_MS + late, 0);
            let closed = 180_000.min(late + 300_000) - late;
            assert_eq!(told, [-late, closed, closed, 0], "{late}");
        }
    }

    #[test]
    fn what_cannot_be_yet_opened_when_it_came_and_lasts_as_long() {
        let early = 365 * DAY_MS;
        let came = OPENED_MS - early;
        assert_eq!(times(1, came, 0), [0, 60_000, 0, early]);
        // Three minutes later.
        assert_eq!(times(3, came + 180_000, early), [-180_000, 0, 0, early]);
    }

    #[test]
    fn a_clock_that_is_set_between_two_words_turns_nothing_round() {
        // It was ahead by an hour, and is right now.
        let [opened, updated, closed, _] = times(3, OPENED_MS, 3_600_000);
        assert_eq!(
            [opened, updated, closed],
            [-3_600_000, 180_000 - 3_600_000, 180_000 - 3_600_000]
        );
        // It was right, and is ahead now: the last word is not later than can be.
        let [opened, updated, closed, ahead] = times(3, OPENED_MS - 240_000, 0);
        assert_eq!([opened, updated, closed, ahead], [240_000, 300_000, 300_000, 0]);
    }
}
