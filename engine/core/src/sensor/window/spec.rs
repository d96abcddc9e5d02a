//! Kinds of windows, and what is told of one.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use viahe_contract::message::Certainty;

/// Largest size of a value: nothing that is measured here is near it, and so many of them can be
/// summed exactly.
pub const VALUE_MAX: f64 = 1e9;
/// Most panes in a sliding window: a day by ten seconds.
pub const PANES_MAX: u64 = 10_000;

/// How a window lies in time. Windows are aligned to [`WindowSpec::origin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One after the other.
    Tumbling {
        /// More than zero.
        size: Duration,
    },
    /// One every `slide`, each `size` long.
    Sliding {
        /// A multiple of `slide`.
        size: Duration,
        /// More than zero.
        slide: Duration,
    },
    /// From a reading to `gap` after the last one that came within `gap` of another.
    Session {
        /// More than zero.
        gap: Duration,
        /// A session is cut at each multiple of `max` after the origin, so that none is longer;
        /// at least `gap`.
        max: Duration,
    },
}

/// What is told of the readings of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// Their sum, each rounded to a millionth.
    Sum,
    /// Their mean, each rounded to a millionth.
    Mean,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// How many.
    Count,
    /// Their sum per hour of the window.
    Rate,
    /// The value below which so many percent lie, 0 to 100, by the nearest rank; off by less than
    /// 1 % of itself, and never outside of what was read.
    Percentile(u8),
    /// The newest; of several at once the largest.
    Last,
}

/// A kind of window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSpec {
    /// How it lies in time.
    pub shape: Shape,
    /// What is told of it.
    pub function: Function,
    /// How far a reading may come behind the newest one: what [`Windows::watermark`] stays behind.
    pub lateness: Duration,
    /// A time at which a window begins, such as a midnight of the site.
    pub origin: Timestamp,
}

impl WindowSpec {
    /// Is it one that can be computed?
    ///
    /// # Errors
    /// What is wrong and what to do, for people.
    pub fn check(&self) -> Result<(), String> {
        let zero = |what: &str| Err(format!("the {what} is zero; make it longer"));
        if matches!(self.function, Function::Percentile(p) if p > 100) {
            return Err("a percentile is from 0 to 100; change it".into());
        }
        match self.shape {
            Shape::Tumbling { size } if size.is_zero() => zero("size"),
            Shape::Sliding { slide, .. } if slide.is_zero() => zero("slide"),
            Shape::Sliding { size, slide } => {
                let count = nanos(size) / nanos(slide);
                if size.is_zero() || !nanos(size).is_multiple_of(nanos(slide)) {
                    return Err("the size is not a multiple of the slide; change one".into());
                }
                if count > PANES_MAX {
                    let what = format!("{count} slides in a window, and {PANES_MAX} are the most");
                    return Err(format!("{what}; make the slide longer"));
                }
                Ok(())
            }
            Shape::Session { gap, .. } if gap.is_zero() => zero("gap"),
            Shape::Session { gap, max } if max < gap => {
                Err("a session cannot be shorter than its gap; make the maximum longer".into())
            }
            _ => Ok(()),
        }
    }
}

/// What became of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It counts.
    Taken,
    /// All its windows are final.
    Late,
    /// No such key, or a value that is not finite or beyond [`VALUE_MAX`].
    Refused,
}

/// What a window says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowResult {
    /// Whose readings.
    pub key: u32,
    /// First time in it.
    pub start: Timestamp,
    /// First time after it.
    pub end: Timestamp,
    /// By the window's function.
    pub value: f64,
    /// How many readings.
    pub count: u64,
    /// How sure it is.
    pub state: Certainty,
    /// Counts what is told of this window, from 1.
    pub revision: u32,
}

pub(super) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
