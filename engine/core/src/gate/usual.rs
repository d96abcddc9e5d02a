//! How large a camera's pictures usually are, and when they are larger.
//!
//! How large a picture is depends first of all on how far behind its key frame it comes: encoders that look ahead spend
//! on the pictures soon after it what they save on those before the next, ten times as much and more. So each place in a
//! group of pictures has a usual size of its own.

/// Sorts of pictures: what one may refer to decides how large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// It refers to none: a group of pictures begins.
    Key,
    /// Others refer to it, and it to others.
    Reference,
    /// It refers to others, and none to it.
    Disposable,
}

/// Places in a group that are told apart, ten seconds of pictures; those behind them are one.
const PLACES: usize = 256;
/// Values after which the usual one is known.
const KNOWN_AFTER: u32 = 20;
/// And that of what lasts, in pictures: ten seconds.
const LASTING_KNOWN_AFTER: u32 = 250;
/// Shares of the spread by which what is usual follows each value: fast at first, later (of one that comes with each
/// picture) within minutes, so that what moves for a while does not become usual.
const RATE_FIRST: f32 = 0.2;
const RATE: f32 = 0.001;
/// Bytes that each picture is taken to have more: of one that holds nothing but its header a single block that is coded
/// anew would else be news.
const MORE_BYTES: f32 = 100.0;
/// Values may be above the usual one by so many times the median of how they differ from it: six are four standard
/// deviations of noise. Sizes by this besides, of their logarithms.
const SPREADS: f32 = 6.0;
const FLOOR: f32 = 0.05;
const SPREAD_FIRST: f32 = 0.3;
const SPREAD_MIN: f32 = 0.01;
/// What moves far away makes no picture much larger, but all of them a little for as long as it moves: so many pictures
/// are seen together, each by how many spreads it differs, at most by this.
const TOGETHER: f32 = 25.0;
const APART_MAX: f32 = 4.0;
/// And their mean may be larger by this besides.
const LASTING_FLOOR: f32 = 0.3;
const LASTING_SPREAD_MIN: f32 = 0.05;

/// The median of values that come one by one, and of how they differ from it.
#[derive(Clone, Copy, Debug, Default)]
struct Usual {
    middle: f32,
    spread: f32,
    seen: u32,
}

impl Usual {
    /// How far a value is above the middle. It is taken in; once enough are known, at this rate.
    fn take(&mut self, value: f32, rate: f32, known_after: u32, spread_min: f32) -> Above {
        if self.seen == 0 {
            (self.middle, self.spread) = (value, SPREAD_FIRST);
        }
        let (by, spread, known) = (value - self.middle, self.spread, self.seen >= known_after);
        let step = spread * if known { rate } else { RATE_FIRST };
        self.middle += step.copysign(by);
        self.spread = (spread + step.copysign(by.abs() - spread)).max(spread_min);
        self.seen = self.seen.saturating_add(1);
        Above { by, spread, known }
    }
}

/// How far a value is above the usual one.
#[derive(Clone, Copy, Debug)]
struct Above {
    by: f32,
    /// As it was before.
    spread: f32,
    known: bool,
}

impl Above {
    fn is_larger(self, floor: f32) -> bool {
        self.by > floor + SPREADS * self.spread
    }
}

/// The pictures of one camera, as they come.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    /// By place in the group and sort.
    places: Vec<[Usual; 2]>,
    /// Of the newest picture, and how many the group before had.
    place: usize,
    group: usize,
    /// By how many spreads the last pictures are above what is usual, on average.
    lasting: f32,
    lastings: Usual,
}

impl Pictures {
    /// Takes in one picture. Is it larger than its like, or are the last ones together? None knows that at first.
    pub(super) fn are_larger(&mut self, sort: Sort, bytes: usize) -> bool {
        if sort == Sort::Key {
            // One that comes in parts is one.
            if self.place > 0 {
                self.group = std::mem::take(&mut self.place);
            }
            return false;
        }
        // What comes with each group only follows faster.
        let last = self.place >= PLACES - 1;
        let rate = if last { RATE } else { (RATE * self.group as f32).min(RATE_FIRST) };
        let place = self.place.min(PLACES - 1);
        self.place += 1;
        if self.places.len() <= place {
            self.places.resize_with(place + 1, Default::default);
        }
        let size = (bytes as f32 + MORE_BYTES).ln();
        let sort = usize::from(sort == Sort::Disposable);
        let one = self.places[place][sort].take(size, rate, KNOWN_AFTER, SPREAD_MIN);
        if !one.known {
            return true;
        }
        let apart = (one.by / one.spread).clamp(-APART_MAX, APART_MAX);
        self.lasting += (apart - self.lasting) / TOGETHER;
        let all = self.lastings.take(self.lasting, RATE, LASTING_KNOWN_AFTER, LASTING_SPREAD_MIN);
        one.is_larger(FLOOR) || all.is_larger(LASTING_FLOOR) || !all.known
    }

    /// Pictures that are decoded to see the newest one: those since its key frame.
    pub(super) fn since_key(&self) -> usize {
        self.place
    }

    /// Is it known what is usual? Where pictures come otherwise than one by one it never is.
    pub(super) fn are_known(&self) -> bool {
        self.lastings.seen >= LASTING_KNOWN_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    /// What an encoder that looks ahead makes of a still street at constant quality: bytes by place after the key frame.
    const STILL: [usize; 49] = [
        120, 130, 420, 700, 850, 1400, 2400, 3600, 4500, 4900, 5200, 4000, 3400, 2900, 2500, 2200,
        2050, 1800, 1750, 1650, 1500, 1450, 1400, 1200, 1100, 1150, 1100, 900, 950, 900, 950, 950,
        850, 850, 800, 850, 750, 750, 850, 650, 760, 74, 74, 74, 74, 74, 74, 74, 74,
    ];

    struct Encoder {
        pictures: Pictures,
        random: SplitMix64,
    }

    impl Encoder {
        /// A group whose pictures have so many times the bytes and so many more; which were larger?
        fn group(&mut self, of: impl Fn(usize) -> (f32, usize)) -> Vec<usize> {
            self.pictures.are_larger(Sort::Key, 90_000);
            let picture = |(place, bytes): (usize, &usize)| {
                let bell = (0..3).map(|_| self.random.unit_f32() * 2.0 - 1.0).sum::<f32>();
                let (times, more) = of(place);
                let bytes = *bytes as f32 * times * (0.08 * bell).exp();
                self.pictures.are_larger(Sort::Reference, bytes as usize + more).then_some(place)
            };
            STILL.iter().enumerate().filter_map(picture).collect()
        }

        fn known(seed: u64) -> Self {
            let random = SplitMix64::new(seed);
            let mut encoder = Self { pictures: Pictures::default(), random };
            (0..60).for_each(|_| _ = encoder.group(|_| (1.0, 0)));
            encoder
        }
    }

    #[test]
    fn a_picture_is_held_against_those_of_its_place() {
        for seed in 0..4 {
            let mut encoder = Encoder::known(seed);
            for _ in 0..200 {
                assert_eq!(encoder.group(|_| (1.0, 0)), [0; 0], "seed {seed}");
            }
            // As large as others are in the middle of the group.
            for (place, more) in [(0, 300), (25, 2_000), (45, 150)] {
                let larger = encoder.group(|at| (1.0, if at == place { more } else { 0 }));
                assert_eq!(larger.first(), Some(&place), "seed {seed}");
                encoder.group(|_| (1.0, 0));
            }
        }
    }

    #[test]
    fn what_makes_all_pictures_a_little_larger_is_seen_within_a_second() {
        for seed in 0..4 {
            let mut encoder = Encoder::known(seed);
            let larger = encoder.group(|_| (1.25, 0));
            assert!(larger.first().is_some_and(|place| *place < 25), "seed {seed}: {larger:?}");
        }
    }

    /// Dusk: noise grows, all pictures with it.
    #[test]
    fn what_changes_within_half_an_hour_is_usual() {
        let mut encoder = Encoder::known(9);
        for group in 0..900 {
            let times = 1.0 + group as f32 / 900.0;
            assert_eq!(encoder.group(|_| (times, 0)), [0; 0], "group {group}");
        }
    }
}
