//! What workers said and was not believed: why, of whom, and how often.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_contract::id::WorkerId;

/// One line in so long for each worker and reason.
const TOLD_EVERY: Duration = Duration::from_mins(1);
/// It is a trouble when it goes on for so long.
const LASTS_AFTER: Duration = Duration::from_secs(30);
/// It is over when nothing was refused for so long.
const OVER_AFTER: Duration = Duration::from_mins(2);

/// Why a word is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// It is about a camera that this worker was not given.
    Camera,
    /// It is about a picture that was not asked of this worker.
    Picture,
    /// It was seen when it cannot have been.
    Time,
    /// No picture has such a size.
    Size,
    /// Nothing can be counted by such a number.
    Number,
    /// Things are not told in the order of their tracks, or twice.
    Objects,
    /// The plan gives the camera another model, or other weights, or the worker none of its models.
    Model,
    /// It is of another release, and was not when it began.
    Release,
}

impl Refusal {
    /// In logs and metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Picture => "picture",
            Self::Time => "time",
            Self::Size => "size",
            Self::Number => "number",
            Self::Objects => "objects",
            Self::Model => "model",
            Self::Release => "release",
        }
    }

    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Camera => "cameras that it does not have",
            Self::Picture => "pictures that nobody asked of it",
            Self::Time => "times that cannot be",
            Self::Size => "sizes that no picture has",
            Self::Number => "numbers that count nothing",
            Self::Objects => "things out of order",
            Self::Model => "models or weights that the plan does not give it",
            Self::Release => "being of another release all at once",
        }
    }
}

/// What was refused, of whom and how often.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    by: BTreeMap<(WorkerId, Refusal), Count>,
}

#[derive(Debug, Default)]
struct Count {
    refused: u64,
    /// When it was, the first time and the last, without a long pause between.
    span: Option<(Instant, Instant)>,
    /// Of these, those that the log has.
    told: u64,
    told_at: Option<Instant>,
}

impl Refusals {
    /// Something was refused: counted, and told if that was not just done.
    pub(super) fn note(&mut self, worker: WorkerId, refusal: Refusal, now: Instant) {
        let count = self.by.entry((worker, refusal)).or_default();
        let since = count.span.filter(|(_, last)| now.duration_since(*last) < OVER_AFTER);
        count.span = Some((since.map_or(now, |(first, _)| first), now));
        count.refused += 1;
        if count.told_at.is_none_or(|at| now.duration_since(at) >= TOLD_EVERY) {
            let times = count.refused - count.told;
            (count.told, count.told_at) = (count.refused, Some(now));
            let reason = refusal.label();
            tracing::warn!(%worker, reason, times, "refused: the vision worker told of {}", refusal.words());
        }
    }

    /// How often, by worker and reason.
    pub(super) fn counts(&self) -> BTreeMap<(WorkerId, &'static str), u64> {
        self.by.iter().map(|((worker, why), n)| ((*worker, why.label()), n.refused)).collect()
    }

    /// What goes on, in words, and what to do.
    pub(super) fn lasting(&self, now: Instant) -> Option<String> {
        let of = |((worker, why), count): (&(WorkerId, Refusal), &Count)| {
            let words = || format!("worker {worker} of {}", why.words());
            count.lasts(now).then(words)
        };
        let told: Vec<String> = self.by.iter().filter_map(of).collect();
        let told = (!told.is_empty()).then(|| told.join(", "))?;
        Some(format!(
            "what vision workers say is refused, as it does not fit what they were given ({told}): it may be \
             a fault of viahe or a camera that breaks into it; report it with the log"
        ))
    }
}

impl Count {
    /// It goes on, and has for a while.
    fn lasts(&self, now: Instant) -> bool {
        self.span.is_some_and(|(first, last)| {
            now.duration_since(last) < OVER_AFTER && last.duration_since(first) >= LASTS_AFTER
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_a_trouble_and_what_passes_is_none() {
        let (mut refusals, zero) = (Refusals::default(), crate::clock::monotonic());
        let at = |secs: u64| zero + Duration::from_secs(secs);
        assert_eq!(refusals.lasting(at(0)), None);
        for secs in [0, 1, 29] {
            refusals.note(WorkerId(1), Refusal::Camera, at(secs));
        }
        assert_eq!(refusals.lasting(at(60)), None, "as after a reload");
        refusals.note(WorkerId(1), Refusal::Time, at(30));
        assert_eq!(refusals.lasting(at(30)), None, "two things, and neither lasts");
        refusals.note(WorkerId(1), Refusal::Camera, at(30));
        let told = refusals.lasting(at(30)).unwrap();
        assert!(told.contains("worker 1 of cameras that it does not have"), "{told}");
        assert!(!told.contains(Refusal::Time.words()), "{told}");
        assert!(refusals.lasting(at(149)).is_some());
        assert_eq!(refusals.lasting(at(150)), None, "over");
        refusals.note(WorkerId(1), Refusal::Time, at(200));
        assert_eq!(refusals.lasting(at(200)), None, "a new one");
        let counts = refusals.counts();
        assert_eq!(counts[&(WorkerId(1), "camera")], 4);
        assert_eq!(counts[&(WorkerId(1), "time")], 2);
    }
}
