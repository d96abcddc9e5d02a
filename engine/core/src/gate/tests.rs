//! A made street on virtual time: pictures with noise, light, rain and shake, in which a detector that errs as it
//! is told to finds what is there.

use super::{Answer, Gate, Grid, Proof};
use crate::detect::Confidence;
use crate::frame::{ColorMatrix, ColorRange, FrameStamp, FrameView, PixelFormat, Plane};
use crate::geometry::UnitBox;
use crate::id::{Name, TrackId};
use crate::observe::{Class, Object, Observation};
use crate::random::SplitMix64;
use crate::time::{ClockSource, Timestamp};
use std::time::Duration;

const SIZE: [usize; 2] = [640, 360];
const FIVE_SECS: Duration = Duration::from_secs(5);

/// What a frame is made of.
#[derive(Clone, Copy, Debug)]
struct Sky {
    gain: f32,
    offset: f32,
    noise: f32,
    shake_px: u32,
    streaks: usize,
}

const CLEAR: Sky = Sky { gain: 1.0, offset: 0.0, noise: 3.0, shake_px: 0, streaks: 0 };

/// A thing of so many codes more than what is behind it.
#[derive(Clone, Copy, Debug)]
struct Thing {
    track: u32,
    px: [i32; 4],
    codes: f32,
}

impl Thing {
    fn is_at(&self, [x, y]: [i32; 2]) -> bool {
        let [left, top, right, bottom] = self.px;
        (left..right).contains(&x) && (top..bottom).contains(&y)
    }
}

struct Scene {
    random: SplitMix64,
    /// Means of squares of 16 px: walls, windows, road.
    texture: Vec<f32>,
    secs: u64,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let mut random = SplitMix64::new(seed);
        let texture = (0..64 * 64).map(|_| 60.0 + 120.0 * random.unit_f32()).collect();
        Self { random, texture, secs: 0 }
    }

    /// Smooth between squares, as pictures are.
    fn ground(&self, [x, y]: [i32; 2]) -> f32 {
        let at = |i: i32, j: i32| self.texture[((j & 63) * 64 + (i & 63)) as usize];
        let (i, j) = (x.div_euclid(16), y.div_euclid(16));
        let [right, down] = [x, y].map(|px| px.rem_euclid(16) as f32 / 16.0);
        let row = |j| at(i, j) * (1.0 - right) + at(i + 1, j) * right;
        row(j) * (1.0 - down) + row(j + 1) * down
    }

    fn draw(&mut self, sky: Sky, things: &[Thing]) -> Vec<u8> {
        let [w, h] = SIZE;
        let mut die = |px: u32| (self.random.draw() % u64::from(2 * px + 1)) as u32;
        let shake = [die(sky.shake_px), die(sky.shake_px)];
        let px =
            |at: usize, shake: u32| (at as u32 + shake).cast_signed() - sky.shake_px.cast_signed();
        let mut luma = vec![0.0; w * h];
        for y in 0..h {
            for x in 0..w {
                let at = [px(x, shake[0]), px(y, shake[1])];
                let more = things.iter().find(|t| t.is_at(at)).map_or(0.0, |t| t.codes);
                luma[y * w + x] = self.ground(at) + more;
            }
        }
        for _ in 0..sky.streaks {
            let (x, y) = (self.random.draw() as usize % w, self.random.draw() as usize % (h - 30));
            (y..y + 25).for_each(|y| luma[y * w + x] += 40.0);
        }
        let mut seen = |value: f32| {
            let grain: f32 = (0..3).map(|_| self.random.unit_f32() - 0.5).sum::<f32>() * 2.0;
            (value * sky.gain + sky.offset + grain * sky.noise).clamp(0.0, 255.0) as u8
        };
        luma.into_iter().map(&mut seen).collect()
    }
}

fn observation(secs: u64, things: &[Thing]) -> Observation {
    let at = Timestamp::from_secs(secs);
    let stamp = FrameStamp {
        seq: secs,
        captured: at,
        arrived: at,
        offset_ms: 0,
        clock: ClockSource::Arrival,
    };
    let object = |t: &Thing| {
        let [x0, y0, x1, y1] = t.px.map(|px| px as f32);
        let [w, h] = SIZE.map(|px| px as f32);
        Object {
            track: TrackId::new(0, t.track),
            class: Class::try_from("person").unwrap(),
            confidence: Confidence::try_from(0.8).unwrap(),
            bbox: UnitBox::try_from([x0 / w, y0 / h, x1 / w, y1 / h]).unwrap(),
        }
    };
    Observation {
        camera: Name::try_from("gate").unwrap(),
        frame: stamp,
        size_px: SIZE.map(|px| px as u32),
        objects: things.iter().map(object).collect(),
        undecided: Vec::new(),
    }
}

/// A camera with its gate.
struct Street {
    scene: Scene,
    gate: Gate,
    looks: u32,
    /// Something that is seen is not believed yet.
    undecided: bool,
    /// Rules bear this between two looks.
    gap_max: Duration,
    /// By their sizes nothing has happened since.
    quiet: Option<Timestamp>,
    /// Event times, in s, of the looks that were real.
    real: Vec<u64>,
    /// What the last of them found.
    last: Vec<Thing>,
}

impl Street {
    fn new(seed: u64, proof: u32) -> Self {
        let gate = Gate::new(Proof { looks: proof });
        Self {
            scene: Scene::new(seed),
            gate,
            looks: 0,
            undecided: false,
            gap_max: FIVE_SECS,
            quiet: None,
            real: Vec::new(),
            last: Vec::new(),
        }
    }

    /// One look a second for so long; `found` is what inference finds.
    fn pass(&mut self, secs: u64, sky: Sky, things: &[Thing], found: &[Thing]) {
        for _ in 0..secs {
            self.look(sky, things, found);
        }
    }

    /// What is told.
    fn look(&mut self, sky: Sky, things: &[Thing], found: &[Thing]) -> Observation {
        let luma = self.scene.draw(sky, things);
        let planes =
            [Plane { data: &luma, stride: SIZE[0] }, Plane { data: &luma, stride: SIZE[0] }];
        let (matrix, range) = (ColorMatrix::Bt709, ColorRange::Limited);
        let frame =
            FrameView::new(SIZE[0], SIZE[1], PixelFormat::Nv12, matrix, range, &planes).unwrap();
        let mut seen = observation(self.scene.secs, found);
        self.scene.secs += 1;
        self.looks += 1;
        if self.gate.ask(&frame, seen.frame.captured, self.gap_max, self.quiet) == Answer::Look {
            self.real.push(self.scene.secs - 1);
            if self.undecided {
                seen.undecided.clone_from(&seen.objects);
            }
            self.gate.looked(&seen);
            self.last = found.to_vec();
        }
        observation(self.scene.secs - 1, &self.last)
    }

    fn is_all_real(&mut self) -> bool {
        self.real_share() > 0.9999
    }

    fn real_share(&mut self) -> f32 {
        let share = self.real.len() as f32 / self.looks as f32;
        (self.looks, self.real) = (0, Vec::new());
        share
    }
}

const PERSON: Thing = Thing { track: 1, px: [320, 160, 338, 206], codes: 40.0 };
const CAR: Thing = Thing { track: 2, px: [64, 220, 190, 300], codes: -30.0 };

#[test]
fn nothing_is_believed_before_it_is_proved() {
    let mut street = Street::new(1, 30);
    street.pass(30, CLEAR, &[CAR], &[CAR]);
    assert!(street.is_all_real());
    street.pass(100, CLEAR, &[CAR], &[CAR]);
    assert!(street.real_share() < 0.35);
}

#[test]
fn real_looks_are_so_far_apart_as_what_is_there_and_what_rules_bear_allow() {
    let beside = Thing { track: 1, px: [250, 100, 290, 130], ..CAR };
    for (things, gap_ms, apart) in [
        (&[CAR][..], 5_000, 5),
        (&[CAR], 1_000, 3),
        // Nothing is there, or only beside.
        (&[], 5_000, 15),
        (&[beside], 5_000, 15),
        (&[beside, CAR], 5_000, 5),
        (&[], 2_000, 6),
    ] {
        let mut street = Street::new(2, 5);
        street.gate.turn_to(&[UnitBox::try_from(KERB).unwrap()]);
        street.gap_max = Duration::from_millis(gap_ms);
        street.pass(200, CLEAR, things, things);
        let gaps = street.real.windows(2).map(|pair| pair[1] - pair[0]);
        assert_eq!(gaps.max(), Some(apart), "{things:?}, {gap_ms} ms");
        // However long nothing was seen, who comes is seen at once.
        let (now, came) = (street.scene.secs, [PERSON]);
        street.pass(1, CLEAR, &came, &came);
        assert_eq!(street.real.last(), Some(&now));
        // And whom luma does not show when the next real look is due.
        street.pass(30, CLEAR, things, things);
        let now = street.scene.secs;
        street.pass(apart, CLEAR, things, &came);
        assert!(street.real.iter().any(|real| *real >= now), "{things:?}, {gap_ms} ms");
    }
}

#[test]
fn where_sizes_say_the_same_real_looks_at_what_stands_are_further_apart() {
    let beginning = Timestamp(0);
    for (gap_ms, quiet, apart) in
        [(2_000, None, 5), (2_000, Some(beginning), 15), (1_000, Some(beginning), 9)]
    {
        let mut street = Street::new(13, 5);
        (street.gap_max, street.quiet) = (Duration::from_millis(gap_ms), quiet);
        street.pass(200, CLEAR, &[CAR], &[CAR]);
        let gaps = street.real.windows(2).map(|pair| pair[1] - pair[0]);
        assert_eq!(gaps.max(), Some(apart), "{gap_ms} ms, {quiet:?}");
        // Something was larger after the last real look.
        let (last, now) = (*street.real.last().unwrap(), street.scene.secs);
        street.quiet = Some(observation(last, &[]).frame.captured);
        street.pass(10, CLEAR, &[CAR], &[CAR]);
        let next = street.real.iter().find(|real| **real > last).unwrap();
        assert!(*next <= now.max(last + 5), "{last} {now} {next}");
    }
}

#[test]
fn who_bears_no_gap_gets_real_looks_alone() {
    let mut street = Street::new(3, 5);
    for _ in 0..100 {
        let luma = street.scene.draw(CLEAR, &[]);
        let plane = Plane { data: &luma, stride: SIZE[0] };
        let (matrix, range) = (ColorMatrix::Bt709, ColorRange::Limited);
        let frame = FrameView::new(SIZE[0], SIZE[1], PixelFormat::Nv12, matrix, range, &[plane; 2]);
        let seen = observation(street.scene.secs, &[]);
        street.scene.secs += 1;
        assert_eq!(
            street.gate.ask(&frame.unwrap(), seen.frame.captured, Duration::ZERO, None),
            Answer::Look
        );
        street.gate.looked(&seen);
    }
}

#[test]
fn weather_is_no_change() {
    let night = Sky { gain: 0.12, offset: 10.0, noise: 6.0, ..CLEAR };
    let shaken = Sky { shake_px: 3, ..CLEAR };
    let rain = Sky { streaks: 60, ..CLEAR };
    for (name, sky) in [("clear", CLEAR), ("night", night), ("shake", shaken), ("rain", rain)] {
        let mut street = Street::new(4, 10);
        street.pass(60, sky, &[CAR], &[CAR]);
        street.real_share();
        street.pass(120, sky, &[CAR], &[CAR]);
        let share = street.real_share();
        assert!(share < 0.5, "{name}: {share} of the looks were real");
    }
    // A cloud: less light from look to look.
    let mut street = Street::new(5, 10);
    street.pass(60, CLEAR, &[CAR], &[CAR]);
    street.real_share();
    for n in 0..100 {
        let gain = 0.8 + 0.2 * (n as f32 / 9.0).cos();
        street.pass(1, Sky { gain, ..CLEAR }, &[CAR], &[CAR]);
    }
    assert!(street.real_share() < 0.5);
}

#[test]
fn whoever_comes_goes_or_moves_is_looked_at_at_once() {
    let night = Sky { gain: 0.3, offset: 10.0, noise: 4.0, ..CLEAR };
    let rain = Sky { streaks: 60, ..CLEAR };
    let shaken = Sky { shake_px: 2, ..CLEAR };
    for sky in [CLEAR, night, rain, shaken] {
        for seed in 0..6 {
            let mut street = Street::new(seed, 10);
            street.pass(60 + seed, sky, &[CAR], &[CAR]);
            street.real_share();
            let mut changed = |things: &[Thing], what: &str| {
                let now = street.scene.secs;
                street.pass(1, sky, things, things);
                assert_eq!(street.real.last(), Some(&now), "{what}, seed {seed}, {sky:?}");
                street.pass(30, sky, things, things);
            };
            changed(&[PERSON, CAR], "somebody comes");
            let x = 18;
            let px = [PERSON.px[0] + x, PERSON.px[1], PERSON.px[2] + x, PERSON.px[3]];
            changed(&[Thing { px, ..PERSON }, CAR], "moves by their width");
            changed(&[CAR], "goes");
            changed(&[], "the car goes");
        }
    }
}

/// A kerb, and the far end of a street.
const KERB: [f32; 4] = [0.1, 0.6, 0.3, 0.8];
/// Left of this, in px, things belong to the kerb.
const BESIDE: i32 = 365;

/// Somebody who is somewhere else each second, away from the kerb.
fn walker(secs: u64) -> Thing {
    let x = 420 + (secs * 23 % 180) as i32;
    Thing { track: 3 + secs as u32, px: [x, 120, x + 18, 166], codes: 40.0 }
}

#[test]
fn what_happens_where_no_rule_asks_is_no_news_and_who_comes_from_there_is_seen_at_once() {
    let night = Sky { gain: 0.3, offset: 10.0, noise: 4.0, ..CLEAR };
    for (sky, whole) in [(CLEAR, true), (CLEAR, false), (night, false)] {
        let mut street = Street::new(11, 10);
        if !whole {
            street.gate.turn_to(&[UnitBox::try_from(KERB).unwrap()]);
        }
        let busy = |street: &mut Street| {
            let things = [CAR, walker(street.scene.secs)];
            street.look(sky, &things, &things);
        };
        (0..60).for_each(|_| busy(&mut street));
        street.real_share();
        (0..100).for_each(|_| busy(&mut street));
        let share = street.real_share();
        assert_eq!(share > 0.99, whole, "{share} of the looks were real");
        if whole {
            continue;
        }
        for to in [BESIDE - 40, BESIDE, 200] {
            let now = street.scene.secs;
            let came = Thing { track: 2_000, px: [to - 18, 120, to, 166], codes: 40.0 };
            street.pass(1, sky, &[CAR, came], &[CAR, came]);
            assert_eq!(street.real.last(), Some(&now), "to {to} at {sky:?}");
            (0..30).for_each(|_| busy(&mut street));
        }
    }
}

#[test]
fn other_areas_are_proved_anew() {
    let mut street = Street::new(12, 10);
    street.gate.turn_to(&[UnitBox::try_from(KERB).unwrap()]);
    street.pass(60, CLEAR, &[CAR], &[CAR]);
    street.real_share();
    street.gate.turn_to(&[UnitBox::try_from([0.7, 0.1, 0.9, 0.2]).unwrap()]);
    street.pass(10, CLEAR, &[CAR], &[CAR]);
    assert!(street.is_all_real());
}

#[test]
fn what_a_detector_sees_now_and_then_is_looked_at_each_time() {
    let mut street = Street::new(7, 10);
    street.pass(60, CLEAR, &[CAR], &[CAR]);
    assert!(street.real_share() < 0.5);
    let (mut told, mut found) = (0, 0);
    for n in 0..600 {
        // In two looks of three.
        let sees: &[Thing] = if n % 3 == 0 { &[CAR] } else { &[PERSON, CAR] };
        told += street.look(CLEAR, &[PERSON, CAR], sees).objects.len();
        found += sees.len();
    }
    assert!(street.is_all_real());
    assert_eq!(told, found);
}

/// Repeating it would make one sighting two.
#[test]
fn what_is_not_believed_yet_is_looked_at_again_also_when_the_proof_is_just_whole() {
    for looks in 12..20 {
        let mut street = Street::new(10, 12);
        street.pass(looks, CLEAR, &[CAR], &[CAR]);
        street.real_share();
        street.undecided = true;
        let first = street.scene.secs;
        street.pass(8, CLEAR, &[CAR], &[CAR]);
        let Some(from) = street.real.first().copied() else { continue };
        assert!(street.real.iter().copied().eq(from..first + 8), "{looks}: {:?}", street.real);
    }
}

#[test]
fn one_miss_and_all_are_looked_at_again() {
    let mut street = Street::new(8, 10);
    street.pass(100, CLEAR, &[CAR], &[CAR]);
    street.real_share();
    // In black before a black wall: inference finds whom luma does not show.
    street.pass(5, CLEAR, &[CAR], &[PERSON, CAR]);
    assert!(!street.real.is_empty(), "within five seconds");
    street.real_share();
    street.pass(500, CLEAR, &[CAR], &[PERSON, CAR]);
    assert!(street.is_all_real(), "for ten minutes");
    street.pass(100, CLEAR, &[CAR], &[PERSON, CAR]);
    street.real_share();
    street.pass(100, CLEAR, &[CAR], &[PERSON, CAR]);
    assert!(street.real_share() < 0.5);
}

#[test]
fn a_frame_that_could_not_be_looked_at_and_one_of_another_size_prove_nothing() {
    let mut street = Street::new(9, 10);
    street.pass(100, CLEAR, &[CAR], &[CAR]);
    street.gate.failed();
    street.real_share();
    street.pass(5, CLEAR, &[CAR], &[CAR]);
    assert!(street.is_all_real());
    let mut small = Grid::default();
    let luma = vec![90; 320 * 180];
    let plane = Plane { data: &luma, stride: 320 };
    let (matrix, range) = (ColorMatrix::Bt709, ColorRange::Limited);
    let frame = FrameView::new(320, 180, PixelFormat::Nv12, matrix, range, &[plane; 2]).unwrap();
    small.read(&frame);
    assert_eq!(small.size(), [40, 22]);
    let seen = observation(street.scene.secs, &[CAR]);
    assert_eq!(street.gate.ask(&frame, seen.frame.captured, FIVE_SECS, None), Answer::Look);
    street.gate.looked(&seen);
    street.scene.secs += 1;
    street.pass(12, CLEAR, &[CAR], &[CAR]);
    assert!(street.is_all_real(), "of another size: nothing is shown of it yet");
}
