//! How much a camera needs to be looked at: as much as those of its rules ask for that apply.
//!
//! Values, and what follows from them. Which rules apply is the engine's to say; it tells what a camera
//! needs whenever that changes ([`Effect::Attend`](crate::engine::Effect::Attend)), and the vision plane
//! spends that and no more. Why so: `docs/adr/0023-attention-follows-the-rules.md`.

mod approach;

use crate::plan::{Camera, Rule};
use crate::rule::HINDSIGHT;
pub(crate) use approach::{Ahead, Approach, CALM, Seen};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use viahe_contract::message::{Rest, Resting, Severity};

/// A camera is looked at for so long before a rule applies: who is who, and since when things stand, is
/// then known as if it had been looked at all along.
pub const LEAD: Duration = Duration::from_mins(1);

/// For the tick at which it begins, the first look, and those until a thing counts as standing.
const FIRST_LOOKS: Duration = Duration::from_secs(10);
const _: () = assert!(LEAD.as_secs() >= HINDSIGHT.as_secs() + FIRST_LOOKS.as_secs());

/// Longer than any rule bears while something is there that has not been told.
const SPARSE_GAP_MS: u32 = 4_000;

/// What the vision plane is to spend on a camera.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// Analysed frames per second; 0 for none.
    pub looks_hz: f32,
    /// The longest time between two of them that the rules bear, in ms: looks as rare as this are enough
    /// where more would cost more.
    pub gap_max_ms: u32,
    /// Of the gravest rule that asks: when the box is short, what is less grave waits.
    #[serde(default = "usual")]
    pub severity: Severity,
}

fn usual() -> Severity {
    Severity::Medium
}

impl Default for Need {
    fn default() -> Self {
        Self::NONE
    }
}

impl Need {
    /// Frames are taken in, and none is analysed.
    pub const NONE: Self = Self { looks_hz: 0.0, gap_max_ms: 0, severity: Severity::Info };

    /// So many looks a second, and none rarer.
    pub fn steady(looks_hz: f32) -> Self {
        if looks_hz <= 0.0 {
            return Self::NONE;
        }
        let gap_max_ms = (1000.0 / looks_hz).round() as u32;
        Self { looks_hz, gap_max_ms, severity: usual() }
    }

    /// Looks a second to be made: as many as are wanted. Where gaps of four seconds and more are borne nothing is there
    /// that any rule means, or it has been told, and looks are as rare as they may be.
    pub fn pace_hz(self) -> f32 {
        if self.gap_max_ms >= SPARSE_GAP_MS && self.looks_hz > 0.0 {
            self.looks_hz.min(1000.0 / self.gap_max_ms as f32)
        } else {
            self.looks_hz
        }
    }

    /// Does it ask for the same but for another gap?
    pub fn differs_by_gap_alone(self, other: Self) -> bool {
        self != other && Self { gap_max_ms: other.gap_max_ms, ..self } == other
    }

    /// As much, for rules of which this is the gravest.
    #[must_use]
    pub fn of_severity(self, gravest: Option<Severity>) -> Self {
        let severity = gravest.unwrap_or(self.severity);
        if self == Self::NONE { self } else { Self { severity, ..self } }
    }

    /// So many looks a second, where so much time between two is not exceeded.
    pub fn rarely(looks_hz: f32, gap: Duration) -> Self {
        let steady = Self::steady(looks_hz);
        Self { gap_max_ms: gap_ms(gap).max(steady.gap_max_ms), ..steady }
    }
}

/// What a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wants {
    /// No looks, and why.
    Rest(Rest),
    /// Looks at its own rate, which may be as rare as this.
    Looks {
        /// The longest time between two of them.
        gap: Duration,
    },
}

/// What a camera needs, and which of its rules ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// What it needs.
    pub need: Need,
    /// Rules that need no looks now, and why; in the plan's order.
    pub resting: Vec<Resting>,
}

impl Attention {
    /// As if all rules of the camera applied, and each look were one of its own: no gap is borne.
    pub fn full(camera: &Camera) -> Self {
        let need = Need { gap_max_ms: 0, ..Need::steady(camera.analyse_hz) };
        let gravest = camera.rules.iter().map(|rule| rule.severity).max();
        Self { need: need.of_severity(gravest), resting: Vec::new() }
    }

    /// As its most demanding rules ask: as often as one that does not rest wants, and no rarer than any
    /// bears. `wants` is asked for each rule that looks, by its index. A rate that was set is the rate of
    /// all looks, and needs no rule.
    pub fn of(camera: &Camera, mut wants: impl FnMut(usize, &Rule) -> Wants) -> Self {
        let looking = camera.rules.iter().enumerate().filter(|(_, rule)| rule.program.looks());
        let (mut asked, mut gravest, mut resting) = (None, None, Vec::new());
        for (index, rule) in looking {
            match wants(index, rule) {
                Wants::Looks { gap } => {
                    let (hz, least) = asked.unwrap_or((0.0, Duration::MAX));
                    asked = Some((rule.look_hz.max(hz), gap.min(least)));
                    gravest = gravest.max(Some(rule.severity));
                }
                Wants::Rest(why) => resting.push(Resting { rule: rule.id.clone(), why }),
            }
        }
        let need = match asked {
            _ if camera.steady && (resting.is_empty() || asked.is_some()) => {
                Need::steady(camera.analyse_hz)
            }
            Some((looks_hz, gap)) => Need::rarely(looks_hz, gap),
            None => Need::NONE,
        };
        Self { need: need.of_severity(gravest), resting }
    }
}

/// In whole milliseconds.
pub(crate) fn gap_ms(gap: Duration) -> u32 {
    (gap.as_secs_f64() * 1000.0).round() as u32
}
