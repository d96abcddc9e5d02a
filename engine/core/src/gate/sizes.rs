//! Sizes of coded pictures as news: one that takes more bytes than its like usually do shows something that moves. It
//! costs nothing but reading lengths, and tells much in one stream and nothing in the next, so it is believed only as far
//! as it has proved itself against pictures that were compared ([`Compared`]).

use super::trust::{HOURS, Proof, Trust, hour};
use crate::time::Timestamp;
use std::collections::VecDeque;

/// Sorts of pictures that refer to others: what one may refer to decides how large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Others refer to it.
    Reference,
    /// None does.
    Disposable,
}

/// What a frame that was decoded showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The time of the frame before it, which showed what it was compared with.
    pub with: Timestamp,
    /// Its own.
    pub at: Timestamp,
    /// It showed the same.
    pub same: bool,
}

/// Pictures after which the usual size of their sort is known: ten seconds.
const KNOWN_AFTER: u32 = 250;
/// Shares of the spread by which what is usual follows each picture: fast at first, later within minutes, so that what
/// moves for a while does not become usual.
const RATE_FIRST: f32 = 0.2;
const RATE: f32 = 0.001;
/// Sizes are compared by their logarithms. A picture may be larger by this, and by so many times the median of how its
/// like differ: six are four standard deviations of noise.
const FLOOR: f32 = 0.05;
const SPREADS: f32 = 6.0;
const SPREAD_FIRST: f32 = 0.3;
/// Bytes that each picture is taken to have more: of one that holds nothing but its header a single block that is coded
/// anew would else be news.
const MORE_BYTES: f32 = 100.0;
const SPREAD_MIN: f32 = 0.01;
/// Changes that the sizes must have shown at this hour of the day, and missed none. Where sizes are noise they call at
/// least every other look quiet, or nothing would be gained by them: ten in a row are luck once in a thousand.
const CAUGHT_MIN: u32 = 10;
/// Times of larger pictures that are kept: so late pictures are compared on a box that is short, while something moves
/// in each of them.
const LARGER_KEPT: usize = 64;

/// How large pictures of one sort usually are.
#[derive(Clone, Copy, Debug, Default)]
struct Usual {
    /// The median of the logarithms of sizes, and of how they differ from it.
    middle: f32,
    spread: f32,
    seen: u32,
}

impl Usual {
    /// Takes in one picture. Is it larger than its like? None knows that at first.
    fn is_larger(&mut self, bytes: usize) -> bool {
        let size = (bytes as f32 + MORE_BYTES).ln();
        if self.seen == 0 {
            (self.middle, self.spread) = (size, SPREAD_FIRST);
        }
        let above = size - self.middle;
        let larger = above > FLOOR + SPREADS * self.spread;
        let known = self.seen >= KNOWN_AFTER;
        let step = self.spread * if known { RATE } else { RATE_FIRST };
        self.middle += step.copysign(above);
        self.spread = (self.spread + step.copysign(above.abs() - self.spread)).max(SPREAD_MIN);
        self.seen = self.seen.saturating_add(1);
        larger || !known
    }
}

/// The sizes of one camera's pictures: what is usual, when one was larger, and how far that is believed.
#[derive(Debug)]
pub struct Sizes {
    usual: [Usual; 2],
    /// When the newest pictures came that were larger than usual, or may have been; never empty.
    larger: VecDeque<Timestamp>,
    trust: Trust,
    /// Changes that were shown, by hour of the day.
    caught: [u32; HOURS],
    /// A look was told by them alone, and nothing was larger since.
    relied_on: bool,
}

impl Sizes {
    /// Ones that have proved nothing yet.
    pub fn new(proof: Proof) -> Self {
        let (usual, larger) = ([Usual::default(); 2], VecDeque::from([Timestamp(0)]));
        Self { usual, larger, trust: Trust::new(proof), caught: [0; HOURS], relied_on: false }
    }

    /// Takes in a picture that refers to others, as it comes. True when something seems to happen after a look was told
    /// by sizes alone: then a picture is to be seen at once.
    pub fn picture(&mut self, at: Timestamp, sort: Sort, bytes: usize) -> bool {
        if !self.usual[sort as usize].is_larger(bytes) {
            return false;
        }
        self.was_larger(at);
        std::mem::take(&mut self.relied_on)
    }

    /// Nothing is known of what came before, and what comes may be coded otherwise.
    pub fn gap(&mut self, at: Timestamp) {
        self.was_larger(at);
        self.usual = Default::default();
    }

    /// What is compared from now on is of other parts of the picture: nothing has been proved.
    pub fn forget(&mut self) {
        self.trust.forget();
        self.caught = [0; HOURS];
    }

    /// No picture since then was larger than usual, and that is believed at this time.
    pub(super) fn say_quiet(&self, since: Timestamp, at: Timestamp) -> bool {
        self.is_quiet(since) && self.caught[hour(at)] >= CAUGHT_MIN && self.trust.believes(at)
    }

    /// A look was told because of them.
    pub(super) fn rely(&mut self) {
        self.relied_on = true;
    }

    /// What comparing pictures has shown, maybe when later ones have come.
    pub fn checked(&mut self, Compared { with, at, same }: Compared) {
        // What came after it tells nothing of it.
        let Some(larger) = self.larger.iter().rev().find(|larger| **larger <= at) else { return };
        let caught = &mut self.caught[hour(at)];
        match (*larger < with, same) {
            (true, true) => self.trust.checked(at, true),
            (false, false) => *caught = caught.saturating_add(1),
            (true, false) => {
                *caught = 0;
                self.trust.checked(at, false);
            }
            // It would have been looked at in vain.
            (false, true) => {}
        }
    }

    fn is_quiet(&self, since: Timestamp) -> bool {
        self.larger.back().is_some_and(|larger| *larger < since)
    }

    fn was_larger(&mut self, at: Timestamp) {
        if self.larger.len() >= LARGER_KEPT {
            self.larger.pop_front();
        }
        self.larger.push_back(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    const PICTURES_PER_LOOK: u64 = 20;

    /// A camera that is looked at every other second, and whose pictures are compared each time.
    struct Camera {
        sizes: Sizes,
        random: SplitMix64,
        looks: u64,
    }

    impl Camera {
        fn new(seed: u64) -> Self {
            let sizes = Sizes::new(Proof { looks: 100 });
            Self { sizes, random: SplitMix64::new(seed), looks: 0 }
        }

        fn at(look: u64) -> Timestamp {
            Timestamp::from_secs(1_000_000 + look * 2)
        }

        /// Between two looks: pictures of about so many bytes, whose logarithms spread by this. Were they believed to
        /// show that nothing happened?
        fn look(&mut self, bytes: f32, spread: f32, happens: bool) -> bool {
            let [before, now] = [self.looks, self.looks + 1].map(Self::at);
            for n in 1..=PICTURES_PER_LOOK {
                let bell = (0..3).map(|_| self.random.unit_f32() * 2.0 - 1.0).sum::<f32>();
                let at = Timestamp(before.0 + (now.0 - before.0) * n / (PICTURES_PER_LOOK + 1));
                let bytes = bytes * (bell * spread).exp();
                self.sizes.picture(at, Sort::Reference, bytes as usize);
            }
            self.looks += 1;
            let quiet = self.sizes.say_quiet(before, now);
            self.sizes.checked(Compared { with: before, at: now, same: !happens });
            quiet
        }
    }

    #[test]
    fn sizes_that_follow_what_happens_are_believed_once_they_have_proved_it() {
        let mut camera = Camera::new(1);
        let street = |camera: &mut Camera, look: u64| {
            let happens = look % 20 > 15;
            (happens, camera.look(if happens { 9_000.0 } else { 6_000.0 }, 0.02, happens))
        };
        let early = (0..100).filter(|look| street(&mut camera, *look).1).count();
        assert_eq!(early, 0, "not before that");
        for look in 0..700 {
            street(&mut camera, look);
        }
        let told: Vec<_> = (0..200).map(|look| street(&mut camera, look)).collect();
        assert!(told.iter().all(|(happens, quiet)| !(*happens && *quiet)));
        assert!(told.iter().filter(|(_, quiet)| *quiet).count() > 140, "{told:?}");
    }

    #[test]
    fn sizes_that_say_nothing_are_never_believed() {
        // Of one size whatever happens; and such that every other look seems to show something.
        for (spread, tall) in [(0.1, 0), (0.1, 2)] {
            for seed in 0..20 {
                let mut camera = Camera::new(seed);
                for look in 0..3_000u64 {
                    let happens = camera.random.draw().is_multiple_of(20);
                    let swells = tall > 0 && camera.random.draw().is_multiple_of(tall);
                    let bytes = if swells { 20_000.0 } else { 6_000.0 };
                    let quiet = camera.look(bytes, spread, happens);
                    assert!(!quiet, "look {look}, seed {seed}, spread {spread}, {tall}");
                }
            }
        }
    }

    #[test]
    fn what_was_proved_of_one_part_of_the_picture_is_not_proved_of_another() {
        let mut camera = Camera::new(5);
        let happens = |look: u64| look % 20 > 15;
        let street = |looks: u64, camera: &mut Camera| {
            let bytes = |look| if happens(look) { 9_000.0 } else { 6_000.0 };
            (0..looks).filter(|look| camera.look(bytes(*look), 0.02, happens(*look))).count()
        };
        street(800, &mut camera);
        assert!(street(100, &mut camera) > 60);
        camera.sizes.forget();
        assert_eq!(street(90, &mut camera), 0);
        street(200, &mut camera);
        assert!(street(100, &mut camera) > 60);
    }

    #[test]
    fn a_street_where_nothing_ever_happens_proves_nothing() {
        let mut camera = Camera::new(3);
        assert!((0..3_000).all(|_| !camera.look(6_000.0, 0.02, false)));
    }

    #[test]
    fn one_miss_and_they_are_not_believed_for_a_while() {
        let mut camera = Camera::new(4);
        let mut street = |looks: u64, misses: bool| {
            let look = |look: u64| {
                let happens = look % 20 > 15;
                let bytes = if happens && !misses { 9_000.0 } else { 6_000.0 };
                camera.look(bytes, 0.02, happens)
            };
            (0..looks).map(look).filter(|quiet| *quiet).count()
        };
        street(800, false);
        assert!(street(100, false) > 60);
        street(20, true);
        assert_eq!(street(290, false), 0, "for ten minutes");
        street(400, false);
        assert!(street(100, false) > 60);
    }

    /// A box that is short compares pictures late; by then something else has happened.
    #[test]
    fn what_comes_after_a_picture_is_no_proof_of_it() {
        let mut camera = Camera::new(6);
        for look in 0..800 {
            let happens = look % 20 > 15;
            camera.look(if happens { 9_000.0 } else { 6_000.0 }, 0.02, happens);
        }
        camera.look(6_000.0, 0.02, false);
        assert!(camera.look(6_000.0, 0.02, false));
        let [before, now, later] = [0, 1, 2].map(|look| Camera::at(camera.looks - 2 + look));
        camera.sizes.picture(later, Sort::Reference, 20_000);
        let missed = Compared { with: before, at: now, same: false };
        camera.sizes.checked(missed);
        camera.looks += 1;
        camera.look(6_000.0, 0.02, false);
        assert!(!camera.look(6_000.0, 0.02, false), "a miss is one");
    }

    #[test]
    fn changes_are_proof_also_where_they_are_compared_late() {
        let mut camera = Camera::new(7);
        let mut late: Option<Compared> = None;
        for look in 0..800 {
            let happens = look % 20 > 15;
            let [with, at] = [camera.looks, camera.looks + 1].map(Camera::at);
            let bytes = if happens { 9_000 } else { 6_000 };
            for n in 1..=PICTURES_PER_LOOK {
                let step = (at.0 - with.0) * n / (PICTURES_PER_LOOK + 1);
                camera.sizes.picture(Timestamp(with.0 + step), Sort::Reference, bytes);
                if n == 3
                    && let Some(compared) = late.take()
                {
                    camera.sizes.checked(compared);
                }
            }
            camera.looks += 1;
            late = Some(Compared { with, at, same: !happens });
        }
        camera.look(6_000.0, 0.0, false);
        assert!(camera.look(6_000.0, 0.0, false));
    }

    #[test]
    fn what_is_larger_once_a_look_was_spared_is_news_once() {
        let mut camera = Camera::new(5);
        (0..100).for_each(|_| assert!(!camera.look(6_000.0, 0.02, false)));
        let now = Camera::at(camera.looks);
        assert!(!camera.sizes.picture(now, Sort::Reference, 12_000), "all looks are real");
        camera.sizes.rely();
        assert!(!camera.sizes.picture(now, Sort::Reference, 6_000));
        assert!(camera.sizes.picture(now, Sort::Reference, 12_000));
        assert!(!camera.sizes.picture(now, Sort::Reference, 12_000));
    }
}
