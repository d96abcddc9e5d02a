//! Who gives way when decoding does not keep up: what is less grave, and first.
//!
//! The cameras of a process share its cores, so when there are too few of them all are decoded late at once. What is less grave
//! gives way while the rest can still wait, so that for these it does not come so far; what is equally grave gives way together. To give way
//! is to be decoded as sparsely as twice the gaps allow that the rules bear ([`Demand::choose`](super::Demand)); where that changes nothing and something graver is behind, half of each group is left out.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use viahe_contract::message::Severity;

/// Decoding of what is gravest of all that is further behind than this goes on at the next key frame.
pub(super) const BEHIND_MAX: Duration = Duration::from_secs(1);
/// Of what is less grave, so many tenths of that for each severity above it: once it has given way the others catch up.
const SOONER: u32 = 7;
/// After decoding fell behind somebody gives way for so long.
const STRAINED_FOR: Duration = Duration::from_secs(30);
/// A severity counts for so long after a picture for it came.
const PRESENT_FOR: Duration = Duration::from_secs(10);

const SEVERITIES: [Severity; 4] = [Severity::Info, Severity::Low, Severity::Medium, Severity::High];

/// What a camera does for the sake of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GivesWay {
    /// Nothing.
    #[default]
    No,
    /// Gaps of twice what is borne count as borne.
    Stretched,
    /// That, and where it makes no difference half of each group is left out: something graver is behind.
    Halved,
}

/// What the cameras of a process know of each other's decoding.
#[derive(Debug, Default)]
pub struct Strain(Mutex<[Level; SEVERITIES.len()]>);

/// Cameras that are looked at for what is equally grave.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// The newest picture.
    seen: Option<Duration>,
    /// Until then gaps are stretched.
    stretched: Option<Duration>,
    /// Until then groups are halved.
    halved: Option<Duration>,
}

impl Strain {
    /// A picture came for looks at what is so grave, `now` on the clock of all. What does it do for others?
    pub(super) fn gives_way(&self, severity: Option<Severity>, now: Duration) -> GivesWay {
        let Some(severity) = severity else { return GivesWay::No };
        let level = &mut self.levels()[severity as usize];
        level.seen = level.seen.max(Some(now));
        match () {
            () if level.halved > Some(now) => GivesWay::Halved,
            () if level.stretched > Some(now) => GivesWay::Stretched,
            () => GivesWay::No,
        }
    }

    /// Decoding for what is so grave is so far behind: how far it may be. Beyond that it gives way; and whoever is no
    /// graver does, where that is more than he may be behind.
    pub(super) fn behind(
        &self,
        severity: Option<Severity>,
        behind: Duration,
        now: Duration,
    ) -> Duration {
        let mut levels = self.levels();
        let (mut limit, mut own) = (BEHIND_MAX, BEHIND_MAX);
        for of in SEVERITIES.into_iter().rev() {
            let level = &mut levels[of as usize];
            let until = (behind > limit).then_some(now + STRAINED_FOR);
            if severity == Some(of) {
                own = limit;
            }
            if severity >= Some(of) {
                level.stretched = level.stretched.max(until);
            }
            if severity > Some(of) {
                level.halved = level.halved.max(until);
            }
            if level.seen.is_some_and(|seen| now < seen + PRESENT_FOR) {
                limit = limit * SOONER / 10;
            }
        }
        own
    }

    fn levels(&self) -> MutexGuard<'_, [Level; SEVERITIES.len()]> {
        // Each change is a single step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
