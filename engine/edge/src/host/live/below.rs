//! Rules that are looked for more rarely than they bear: of which camera, since when, and why.

use super::late::Late;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_contract::message::DecodeReason;
use viahe_core::attention::Need;
use viahe_core::id::Name;
use viahe_core::seam::{CameraStats, DropReason};

/// It is judged when it has gone on for so long, and again each time.
const LASTS_AFTER: Duration = Duration::from_secs(30);
/// Gaps that are further apart than this, and than three times what the rules bear, are no single trouble.
const APART_MAX: Duration = Duration::from_secs(10);
/// It is over when for so long no look was late, but for single ones.
const OVER_AFTER: Duration = Duration::from_mins(1);

/// All cameras of a box.
#[derive(Debug, Default)]
pub(super) struct Below {
    cameras: BTreeMap<Name, Watched>,
}

/// Of one camera.
#[derive(Debug)]
struct Watched {
    newest: Counts,
    /// Since looks came late without a long pause between, or since that was judged.
    stretch: Option<Stretch>,
    /// When one was late, the last time.
    last: Instant,
    /// When one was late not long after another, the last time.
    going: Instant,
    /// Why, and in words, while it lasts.
    told: Option<(Why, String)>,
}

/// A while in which looks came late.
#[derive(Debug)]
struct Stretch {
    since: Instant,
    /// What was counted by then.
    first: Counts,
    late: Late,
}

/// What a worker counted.
#[derive(Clone, Copy, Debug)]
struct Counts {
    late: u64,
    looks: u64,
    superseded: u64,
    overload: u64,
    failed: u64,
    corrupt: u64,
}

/// Why looks are late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// Inference does not keep up.
    Looking,
    /// Decoding does not.
    Decoding,
    /// The model fails.
    Failing,
    /// Pictures come damaged.
    Damaged,
    /// The camera sends too few.
    FewPictures,
    /// Pictures wait for a key frame.
    NoKeys,
    /// None of these.
    Unknown,
}

impl Below {
    /// What a worker says of a camera that needs so much.
    pub(super) fn hear(&mut self, camera: &Name, of: &CameraStats, need: Need, now: Instant) {
        let counts = Counts::of(of);
        let fresh = || Watched { newest: counts, stretch: None, last: now, going: now, told: None };
        let watched = self.cameras.entry(camera.clone()).or_insert_with(fresh);
        watched.hear(camera, of, counts, need, now);
    }

    /// Forgets cameras that are no more.
    pub(super) fn keep(&mut self, is_watched: impl Fn(&Name) -> bool) {
        self.cameras.retain(|camera, _| is_watched(camera));
    }

    /// What goes on, in words, and what to do.
    pub(super) fn lasting(&mut self, now: Instant) -> Option<String> {
        for watched in self.cameras.values_mut() {
            if now.duration_since(watched.going) >= OVER_AFTER {
                watched.told = None;
            }
        }
        let told = self.cameras.values().filter_map(|watched| watched.told.as_ref());
        let told: Vec<&str> = told.map(|(_, words)| words.as_str()).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

impl Watched {
    fn hear(&mut self, camera: &Name, of: &CameraStats, counts: Counts, need: Need, now: Instant) {
        let before = std::mem::replace(&mut self.newest, counts);
        if counts.late < before.late || counts.looks < before.looks {
            // Another worker counts from the beginning.
            self.stretch = None;
            return;
        }
        if counts.late == before.late {
            return;
        }
        let pause = APART_MAX.max(Duration::from_millis(u64::from(need.gap_max_ms)) * 3);
        if now.duration_since(self.last) > pause {
            self.stretch = None;
        } else {
            self.going = now;
        }
        self.last = now;
        let begin = || Stretch { since: now, first: before, late: Late::default() };
        let stretch = self.stretch.get_or_insert_with(begin);
        stretch.late.add(counts.late - before.late, need);
        let lasted = now.duration_since(stretch.since);
        if lasted < LASTS_AFTER {
            return;
        }
        let Stretch { first, late, .. } =
            std::mem::replace(stretch, Stretch { first: counts, ..begin() });
        if !late.is_below(lasted) {
            self.told = None;
            return;
        }
        let why = counts.since(&first).why(of, need);
        // Figures that change all the time are no news.
        if self.told.as_ref().is_none_or(|(told, _)| *told != why) {
            let reached = (counts.looks - first.looks) as f64 / lasted.as_secs_f64();
            self.told = Some((why, words(camera, need, reached, why)));
        }
    }
}

impl Counts {
    fn of(stats: &CameraStats) -> Self {
        let dropped = |why| stats.frames_dropped.get(&why).copied().unwrap_or_default();
        Self {
            late: stats.looks_late,
            looks: stats.looks(),
            superseded: dropped(DropReason::Superseded),
            overload: dropped(DropReason::Overload),
            failed: dropped(DropReason::InferFailed),
            corrupt: dropped(DropReason::Corrupt),
        }
    }

    fn since(&self, first: &Self) -> Self {
        Self {
            late: self.late.saturating_sub(first.late),
            looks: self.looks.saturating_sub(first.looks),
            superseded: self.superseded.saturating_sub(first.superseded),
            overload: self.overload.saturating_sub(first.overload),
            failed: self.failed.saturating_sub(first.failed),
            corrupt: self.corrupt.saturating_sub(first.corrupt),
        }
    }

    /// What happened most often while looks were late.
    fn why(&self, stats: &CameraStats, need: Need) -> Why {
        let decoding = stats.decoding.map(|decoding| decoding.reason);
        if self.failed > self.looks {
            Why::Failing
        } else if decoding == Some(DecodeReason::Strained) || self.overload > 0 {
            Why::Decoding
        } else if self.superseded > 0 {
            Why::Looking
        } else if f64::from(stats.fps_in) * f64::from(need.gap_max_ms) < 1000.0 {
            Why::FewPictures
        } else if self.corrupt > self.late {
            Why::Damaged
        } else if decoding.is_some_and(|why| why != DecodeReason::Enough) {
            Why::NoKeys
        } else {
            Why::Unknown
        }
    }
}

fn words(camera: &Name, need: Need, reached: f64, why: Why) -> String {
    let Need { looks_hz, gap_max_ms, .. } = need;
    let gap = f64::from(gap_max_ms) / 1000.0;
    format!(
        "rules of {camera} are looked for too rarely: they ask for {looks_hz:.1} looks a second, bear {gap:.1} s \
         between two, and {reached:.1} a second took place; {}",
        why.advice()
    )
}

impl Why {
    fn advice(self) -> &'static str {
        match self {
            Self::Looking => {
                "looking does not keep up: fewer cameras, a smaller model or a lower `analyse_hz`; \
                 `viahe capacity` says what helps most"
            }
            Self::Decoding => {
                "decoding does not keep up: set the camera's key frame interval to 2 s, or take its second \
                 stream; `viahe capacity` says what helps most"
            }
            Self::Failing => "the model fails on its pictures: the log says why",
            Self::Damaged => {
                "its pictures come damaged: set `transport = \"tcp\"`, look at cables and radio links"
            }
            Self::FewPictures => "the camera sends too few pictures: raise its frame rate",
            Self::NoKeys => {
                "its pictures wait for key frames: set the camera's key frame interval to 2 s, and leave \
                 \"smart\" codecs off"
            }
            Self::Unknown => {
                "see that nothing else uses the processor; `viahe capacity` says what the box bears"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use viahe_contract::message::{DecodeMode, Decoding, Severity};

    const NEED: Need = Need { looks_hz: 2.0, gap_max_ms: 500, severity: Severity::Medium };

    struct Told {
        below: Below,
        zero: Instant,
        stats: CameraStats,
    }

    impl Told {
        fn new() -> Self {
            let stats = CameraStats { fps_in: 25.0, ..CameraStats::default() };
            Self { below: Below::default(), zero: crate::clock::monotonic(), stats }
        }

        /// What is told then, when so many more looks came late and so many took place.
        fn at(&mut self, secs: u64, late: u64, looks: u64) -> Option<String> {
            self.stats.looks_late += late;
            self.stats.frames_inferred += looks;
            let (gate, now) = ("gate".try_into().unwrap(), self.zero + Duration::from_secs(secs));
            self.below.hear(&gate, &self.stats, NEED, now);
            self.below.lasting(now)
        }
    }

    #[test]
    fn what_lasts_is_told_and_what_passes_is_not() {
        let mut told = Told::new();
        assert_eq!(told.at(0, 900, 0), None, "what was before is not known");
        for secs in 1..100 {
            assert_eq!(told.at(secs, u64::from(secs % 11 == 0), 2), None, "now and then");
        }
        for secs in 200..230 {
            assert_eq!(told.at(secs, 1, 1), None);
        }
        let text = told.at(230, 1, 1).unwrap();
        assert!(text.contains("rules of gate"), "{text}");
        assert!(
            text.contains("2.0 looks a second, bear 0.5 s between two, and 1.0 a second"),
            "{text}"
        );
        assert_eq!(told.at(240, 9, 0), Some(text.clone()), "the words stay while it lasts");
        for secs in 241..300 {
            assert_eq!(told.at(secs, 0, 2), Some(text.clone()));
        }
        assert_eq!(told.at(300, 0, 2), None, "over");
        assert_eq!(told.at(301, 1, 2), None, "a new one");
    }

    #[test]
    fn another_worker_counts_anew() {
        let mut told = Told::new();
        (0..20).for_each(|secs| drop(told.at(secs, 1, 1)));
        told.stats = CameraStats::default();
        for secs in 20..50 {
            assert_eq!(told.at(secs, 1, 1), None, "{secs}");
        }
        assert!(told.at(51, 1, 1).is_some());
        told.below.keep(|_| false);
        assert_eq!(told.at(52, 1, 1), None);
    }

    #[test]
    fn looks_that_are_late_now_and_then_are_no_trouble_however_long_it_goes_on() {
        let mut told = Told::new();
        told.at(0, 0, 0);
        // Half a second each nine.
        for secs in 1..300 {
            assert_eq!(told.at(secs, u64::from(secs % 9 == 0), 2), None, "{secs}");
        }
    }

    #[test]
    fn the_words_follow_what_happens() {
        let mut told = Told::new();
        told.at(0, 0, 0);
        let mut words = Vec::new();
        for secs in 1..200 {
            let why = if secs < 70 { DropReason::Superseded } else { DropReason::InferFailed };
            *told.stats.frames_dropped.entry(why).or_default() += 3;
            words.extend(told.at(secs, 1, 1));
            words.dedup();
        }
        assert_eq!(words.len(), 2, "{words:#?}");
        assert!(words[0].contains("looking does not keep up"), "{words:#?}");
        assert!(words[1].contains("the model fails"), "{words:#?}");
        for secs in 200..270 {
            let late = told.at(secs, u64::from(secs % 9 == 0), 2);
            assert!(secs < 260 || late.is_none(), "{secs}: {late:?}");
        }
    }

    #[test]
    fn single_late_looks_keep_nothing_going() {
        let mut told = Told::new();
        told.at(0, 0, 0);
        for secs in 1..60 {
            *told.stats.frames_dropped.entry(DropReason::Superseded).or_default() += 3;
            told.at(secs, 1, 1);
        }
        assert!(told.at(60, 1, 1).is_some());
        for secs in 61..240 {
            let late = told.at(secs, u64::from(secs % 30 == 0), 2);
            assert!(secs < 130 || late.is_none(), "{secs}: {late:?}");
        }
    }

    type Happens = Box<dyn Fn(&mut CameraStats)>;

    #[test]
    fn it_says_what_to_do_about_what_happened() {
        let decoding =
            |reason| Some(Decoding { mode: DecodeMode::All, reason, key_interval_secs: None });
        let dropped =
            |why, n| move |stats: &mut CameraStats| stats.frames_dropped = [(why, n)].into();
        let cases: [(Happens, &str); 7] = [
            (Box::new(dropped(DropReason::Superseded, 3)), "a smaller model"),
            (Box::new(dropped(DropReason::Overload, 3)), "decoding does not keep up"),
            (
                Box::new(move |s| s.decoding = decoding(DecodeReason::Strained)),
                "decoding does not keep up",
            ),
            (Box::new(dropped(DropReason::InferFailed, 999)), "the model fails"),
            (Box::new(|stats| stats.fps_in = 1.0), "raise its frame rate"),
            (Box::new(dropped(DropReason::Corrupt, 999)), "come damaged"),
            (
                Box::new(move |s| s.decoding = decoding(DecodeReason::KeysTooRare)),
                "key frame interval to 2 s",
            ),
        ];
        for (happens, advice) in cases {
            let mut told = Told::new();
            told.at(0, 0, 0);
            happens(&mut told.stats);
            let told = (1..40).find_map(|secs| told.at(secs, 1, 1)).unwrap();
            assert!(told.contains(advice), "{told}");
        }
    }
}
