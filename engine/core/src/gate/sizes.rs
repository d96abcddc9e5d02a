//! Sizes of coded pictures as news: one that takes more bytes than its like [`usual`](super::usual)ly do shows something
//! that moves. It costs nothing but reading lengths, and tells much in one stream and nothing in the next, so it is believed only as far
//! as it has proved itself against pictures that were compared ([`Compared`]).

use super::trust::{HOURS, Proof, Trust, hour};
use super::usual::{Pictures, Sort};
use crate::time::Timestamp;
use std::collections::VecDeque;

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

/// Changes in a row that the sizes must have shown at this hour of the day once they have missed one: where sizes are
/// noise they call at least every other look quiet, or nothing would be gained by them: ten are luck once in a thousand.
const CAUGHT_AGAIN: u32 = 10;
/// Of changes fewer than one in ten are missed, with 95 % confidence (rule of three), when the last so many were shown.
const CAUGHT_MANY: u32 = 30;
/// A picture of now is decoded with those since its key frame; so many of them take as long as a key frame.
const PICTURES_A_KEY: f32 = 3.0;
/// Key frames that were spared in a row count so many at most, and so do those that were decoded in vain.
const WORTH_MAX: f32 = 30.0;
/// Times of larger pictures that are kept: so late pictures are compared on a box that is short, while something moves
/// in each of them.
const LARGER_KEPT: usize = 64;

/// A picture that was larger than usual, or may have been.
#[derive(Clone, Copy, Debug)]
struct Larger {
    at: Timestamp,
    /// To see it so many are decoded.
    pictures: usize,
}

/// The sizes of one camera's pictures: what is usual, when one was larger, and how far that is believed.
#[derive(Debug)]
pub struct Sizes {
    pictures: Pictures,
    /// The newest; never empty.
    larger: VecDeque<Larger>,
    trust: Trust,
    /// The last changes in a row that were shown, by hour of the day.
    caught: [u32; HOURS],
    /// A change was not shown.
    missed: bool,
    /// Key frames that they would have spared, less what they would have had decoded in vain.
    worth: f32,
    /// A look was told by them alone, and nothing was larger since.
    relied_on: bool,
}

impl Sizes {
    /// Ones that have proved nothing yet.
    pub fn new(proof: Proof) -> Self {
        let (pictures, trust) = (Pictures::default(), Trust::new(proof));
        let larger = VecDeque::from([Larger { at: Timestamp(0), pictures: 0 }]);
        let (caught, missed, worth) = ([0; HOURS], false, 0.0);
        Self { pictures, larger, trust, caught, missed, worth, relied_on: false }
    }

    /// Takes in a picture as it comes. True when something seems to happen after a look was told
    /// by sizes alone: then a picture is to be seen at once.
    pub fn picture(&mut self, at: Timestamp, sort: Sort, bytes: usize) -> bool {
        if !self.pictures.are_larger(sort, bytes) {
            return false;
        }
        self.was_larger(at);
        std::mem::take(&mut self.relied_on)
    }

    /// Nothing is known of what came before, and what comes may be coded otherwise.
    pub fn gap(&mut self, at: Timestamp) {
        self.pictures = Pictures::default();
        self.was_larger(at);
    }

    /// What is compared from now on is of other parts of the picture: nothing has been proved.
    pub fn forget(&mut self) {
        self.trust.forget();
        (self.caught, self.missed) = ([0; HOURS], false);
    }

    /// No picture was larger than usual after this time; none where that is not believed at this hour.
    pub fn quiet_since(&self, at: Timestamp) -> Option<Timestamp> {
        let shows = !self.missed || self.caught[hour(at)] >= CAUGHT_AGAIN;
        let believed = shows && self.worth > 0.0 && self.trust.believes(at);
        let larger = self.larger.back().filter(|_| believed && self.pictures.are_known());
        larger.map(|larger| larger.at)
    }

    /// Is it known how few changes they miss at this hour? That nothing was missed so far may be because nothing happened.
    pub(super) fn show_changes(&self, at: Timestamp) -> bool {
        self.caught[hour(at)] >= CAUGHT_MANY
    }

    /// A look was told because of them.
    pub(super) fn rely(&mut self) {
        self.relied_on = true;
    }

    /// What comparing pictures has shown, maybe when later ones have come.
    pub fn checked(&mut self, Compared { with, at, same }: Compared) {
        // What came after it tells nothing of it.
        let known = self.larger.front().is_some_and(|larger| larger.at <= at);
        if !known || !self.pictures.are_known() {
            return;
        }
        let larger = self.larger.iter().find(|larger| (with..=at).contains(&larger.at));
        let caught = &mut self.caught[hour(at)];
        match (larger, same) {
            (None, true) => {
                self.worth = (self.worth + 1.0).min(WORTH_MAX);
                self.trust.checked(at, true);
            }
            (Some(_), false) => *caught = caught.saturating_add(1),
            (None, false) => {
                (*caught, self.missed) = (0, true);
                self.trust.checked(at, false);
            }
            // It would have been looked at in vain.
            (Some(larger), true) => {
                let cost = larger.pictures as f32 / PICTURES_A_KEY;
                self.worth = (self.worth - cost).max(-WORTH_MAX);
            }
        }
    }

    fn was_larger(&mut self, at: Timestamp) {
        if self.larger.len() >= LARGER_KEPT {
            self.larger.pop_front();
        }
        self.larger.push_back(Larger { at, pictures: self.pictures.since_key() });
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
        /// This picture of a group is larger, and nothing is to be seen in it.
        vain: Option<u64>,
    }

    impl Camera {
        fn new(seed: u64) -> Self {
            let sizes = Sizes::new(Proof { looks: 100 });
            Self { sizes, random: SplitMix64::new(seed), looks: 0, vain: None }
        }

        fn at(look: u64) -> Timestamp {
            Timestamp::from_secs(1_000_000 + look * 2)
        }

        /// Between two looks: pictures of about so many bytes, whose logarithms spread by this. Were they believed to
        /// show that nothing happened?
        fn look(&mut self, bytes: f32, spread: f32, happens: bool) -> bool {
            let [before, now] = [self.looks, self.looks + 1].map(Self::at);
            self.sizes.picture(before, Sort::Key, 90_000);
            for n in 1..=PICTURES_PER_LOOK {
                let bell = (0..3).map(|_| self.random.unit_f32() * 2.0 - 1.0).sum::<f32>();
                let at = Timestamp(before.0 + (now.0 - before.0) * n / (PICTURES_PER_LOOK + 1));
                let vain = if self.vain == Some(n) { 2.0 } else { 1.0 };
                let bytes = vain * bytes * (bell * spread).exp();
                self.sizes.picture(at, Sort::Reference, bytes as usize);
            }
            self.looks += 1;
            let quiet = self.sizes.quiet_since(now).is_some_and(|since| since < before);
            self.sizes.checked(Compared { with: before, at: now, same: !happens });
            quiet
        }
    }

    impl Camera {
        fn shows_changes(&self) -> bool {
            self.sizes.show_changes(Self::at(self.looks))
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
    fn where_nothing_ever_happens_sizes_are_believed_but_not_to_show_what_does() {
        let mut camera = Camera::new(3);
        let told = (0..3_000).filter(|_| camera.look(6_000.0, 0.02, false)).count();
        assert!(told > 2_600, "{told}, in three hours of the day");
        assert!(!camera.shows_changes());
        // One that they miss, and only what they show after it makes them believed again.
        camera.look(6_000.0, 0.02, true);
        let still = |camera: &mut Camera| (0..1_000).any(|_| camera.look(6_000.0, 0.02, false));
        assert!(!still(&mut camera));
        (0..9).for_each(|_| _ = camera.look(9_000.0, 0.02, true));
        assert!(!still(&mut camera));
        camera.look(9_000.0, 0.02, true);
        assert!(still(&mut camera));
    }

    #[test]
    fn after_thirty_changes_without_a_miss_it_is_known_that_they_show_them() {
        let mut camera = Camera::new(8);
        (0..100).for_each(|_| _ = camera.look(6_000.0, 0.02, false));
        for shown in 0..30 {
            assert!(!camera.shows_changes(), "{shown}");
            camera.look(9_000.0, 0.02, true);
        }
        assert!(camera.shows_changes());
        (0..4).for_each(|_| _ = camera.look(6_000.0, 0.02, false));
        assert!(camera.shows_changes());
        camera.look(6_000.0, 0.02, true);
        assert!(!camera.shows_changes());
    }

    /// To see what was larger late in a group costs more than the key frames that are spared.
    #[test]
    fn sizes_that_cost_more_than_they_spare_are_not_believed() {
        for (every, at, believed) in [(4, 2, true), (4, 18, false), (40, 18, true)] {
            let mut camera = Camera::new(9);
            let mut told = 0;
            for look in 0..1_000u64 {
                camera.vain = look.is_multiple_of(every).then_some(at);
                told += u64::from(camera.look(6_000.0, 0.02, false));
            }
            assert_eq!(told > 100, believed, "one in {every}, picture {at}: {told}");
        }
    }

    #[test]
    fn who_hears_no_sizes_hears_nothing_of_them() {
        let mut sizes = Sizes::new(Proof { looks: 1 });
        for look in 0..100 {
            let [with, at] = [look, look + 1].map(Camera::at);
            sizes.checked(Compared { with, at, same: true });
            assert_eq!(sizes.quiet_since(at), None);
        }
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
        (0..3).for_each(|_| _ = camera.look(6_000.0, 0.02, false));
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
            camera.sizes.picture(with, Sort::Key, 90_000);
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
        // What lasted is over, too.
        (0..3).for_each(|_| _ = camera.look(6_000.0, 0.0, false));
        assert!(camera.look(6_000.0, 0.0, false));
    }

    #[test]
    fn what_is_larger_once_a_look_was_spared_is_news_once() {
        let mut camera = Camera::new(5);
        (0..100).for_each(|_| assert!(!camera.look(6_000.0, 0.02, false)));
        let now = Camera::at(camera.looks);
        let picture = |sizes: &mut Sizes, bytes| {
            sizes.picture(now, Sort::Key, 90_000);
            sizes.picture(now, Sort::Reference, bytes)
        };
        let sizes = &mut camera.sizes;
        assert!(!picture(sizes, 12_000), "all looks are real");
        sizes.rely();
        assert!(!picture(sizes, 6_000));
        assert!(picture(sizes, 12_000));
        assert!(!picture(sizes, 12_000));
    }
}
