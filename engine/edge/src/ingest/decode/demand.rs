//! What pictures are needed for, and the sparsest mode of decoding that gives them.

use super::gop::{Gop, KEYS_MAX};
use std::time::Duration;
use viahe_contract::message::{DecodeMode, DecodeReason};

/// While no rule needs looks a key frame is decoded so often: a lens that is covered is news then as well.
pub(super) const GLANCE: Duration = Duration::from_secs(5);

/// A rate is never kept to the millisecond: this much more than the longest bearable gap passes.
const TOLERANCE: u32 = 10;

/// After decoding fell behind, looks are stretched for so long, by so much at most.
pub(super) const STRAINED_FOR: Duration = Duration::from_secs(30);
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
    pub const ALL: Self = Self::looks(Looks { period: Duration::ZERO, gap_max: Duration::ZERO });
    /// No looks.
    pub const GLANCES: Self = Self { looks: None, glances: true };
    /// Its first picture, which shows that it can be decoded; then none.
    pub const KEPT: Self = Self { looks: None, glances: false };

    /// These looks.
    pub const fn looks(looks: Looks) -> Self {
        Self { looks: Some(looks), glances: true }
    }

    /// The sparsest mode that meets it; of a box that has fallen behind, the sparsest that meets it by half.
    /// `fields`: pictures may be coded as two.
    pub(super) fn choose(self, gop: &Gop, fields: bool, strained: bool) -> Choice {
        if self == Self::KEPT && !fields {
            return Choice { mode: DecodeMode::None, reason: DecodeReason::Enough };
        }
        let keys = if fields { Err(DecodeReason::Fields) } else { self.by_keys(gop) };
        if let (Err(_), true, false, Some(looks)) = (keys, strained, fields, self.looks) {
            let looks = Looks { gap_max: looks.gap_max * STRETCH, ..looks };
            if let Ok(mode) = Self::looks(looks).by_keys(gop) {
                return Choice { mode, reason: DecodeReason::Strained };
            }
        }
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
