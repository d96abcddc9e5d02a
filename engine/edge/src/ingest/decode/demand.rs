//! What pictures are needed for, and the sparsest mode of decoding that gives them.

use super::gop::{Gop, KEYS_MAX};
use std::time::Duration;
use viahe_contract::message::{DecodeMode, DecodeReason, Severity};

/// While no rule needs looks a key frame is decoded so often: a lens that is covered is news then as well.
pub(super) const GLANCE: Duration = Duration::from_secs(5);

/// A rate is never kept to the millisecond: this much more than the longest bearable gap passes.
const TOLERANCE: u32 = 10;

/// While the box is short looks are stretched by so much at most.
const STRETCH: u32 = 2;

/// What pictures are needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Looks; none when no rule needs any.
    pub looks: Option<Looks>,
    /// A picture now and then without any, which shows whether the lens is covered.
    pub glances: bool,
}

/// How often a camera is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// Between two looks.
    pub period: Duration,
    /// The longest gap between two that the rules bear.
    pub gap_max: Duration,
    /// Of the gravest rule that asks: when the box is short, what is less grave is decoded more sparsely first.
    pub severity: Severity,
}

/// How a camera's stream is decoded, and why not more sparsely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) mode: DecodeMode,
    pub(super) reason: DecodeReason,
}

/// What passes for a gap of at most this.
pub(super) fn longest(gap_max: Duration) -> Duration {
    gap_max + gap_max / TOLERANCE
}

impl Demand {
    /// Every picture.
    pub const ALL: Self = Self::looks(Looks {
        period: Duration::ZERO,
        gap_max: Duration::ZERO,
        severity: Severity::Medium,
    });
    /// No looks.
    pub const GLANCES: Self = Self { looks: None, glances: true };
    /// Its first picture, which shows that it can be decoded; then none.
    pub const KEPT: Self = Self { looks: None, glances: false };

    /// These looks.
    pub const fn looks(looks: Looks) -> Self {
        Self { looks: Some(looks), glances: true }
    }

    /// How grave it is what its looks are for; none without looks.
    pub(super) fn severity(self) -> Option<Severity> {
        self.looks.map(|looks| looks.severity)
    }

    /// The sparsest mode that meets it; while it gives way to others, the sparsest that meets it by half.
    /// `fields`: pictures may be coded as two.
    pub(super) fn choose(self, gop: &Gop, fields: bool, strained: bool) -> Choice {
        if self == Self::KEPT && !fields {
            return Choice { mode: DecodeMode::None, reason: DecodeReason::Enough };
        }
        let exact = self.sparsest(gop, fields);
        if let (true, Some(looks)) = (strained, self.looks) {
            let looks =
                Looks { period: looks.period * STRETCH, gap_max: looks.gap_max * STRETCH, ..looks };
            let Choice { mode, .. } = Self::looks(looks).sparsest(gop, fields);
            if mode < exact.mode {
                return Choice { mode, reason: DecodeReason::Strained };
            }
        }
        exact
    }

    fn sparsest(self, gop: &Gop, fields: bool) -> Choice {
        let keys = if fields { Err(DecodeReason::Fields) } else { self.by_keys(gop) };
        let reason = match keys {
            Ok(mode) => return Choice { mode, reason: DecodeReason::Enough },
            Err(reason) => reason,
        };
        let spaced = |looks: Looks| gop.reference_interval().is_some_and(|i| i * 2 <= looks.period);
        let mode = match self.looks {
            _ if fields => DecodeMode::All,
            Some(looks) if spaced(looks) => DecodeMode::References,
            None if gop.reference_interval().is_some() => DecodeMode::References,
            _ => DecodeMode::All,
        };
        Choice { mode, reason }
    }

    /// By key frames alone, or why not.
    fn by_keys(self, gop: &Gop) -> Result<DecodeMode, DecodeReason> {
        let (mode, longest) = match self.looks {
            Some(looks) => (DecodeMode::Keys, longest(looks.gap_max)),
            None => (DecodeMode::None, KEYS_MAX),
        };
        match gop.key_interval() {
            Some(interval) if interval <= longest => Ok(mode),
            _ if gop.recovers_only() => Err(DecodeReason::NoKeys),
            Some(_) => Err(DecodeReason::KeysTooRare),
            None => Err(DecodeReason::NotMeasured),
        }
    }
}
