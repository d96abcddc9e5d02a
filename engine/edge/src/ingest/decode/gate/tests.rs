#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod short;

use super::super::demand::Looks;
use super::*;
use std::collections::BTreeSet;
use viahe_contract::message::Severity;
use viahe_core::random::SplitMix64;

/// A picture of a stream that is made up, or a part of one.
#[derive(Clone, Debug)]
struct Made {
    what: Unit,
    at_ms: u64,
    /// Pictures that it refers to, by number.
    refers: Vec<usize>,
    /// Its own number; parts have the same.
    number: usize,
}

/// How a camera films.
#[derive(Clone, Copy, Debug)]
struct Camera {
    fps: u64,
    gop: usize,
    /// Every other picture is one that no other needs.
    disposable: bool,
    /// Key frames of H.265 that two pictures lead up to.
    leading: usize,
    /// Access units a picture.
    parts: usize,
    /// Groups between two key frames that begin with a picture from which decoding recovers; all but the first with
    /// [`ALWAYS`].
    recovers: usize,
}

/// As with intra refresh.
const ALWAYS: usize = usize::MAX;

const PLAIN: Camera =
    Camera { fps: 25, gop: 25, disposable: false, leading: 0, parts: 1, recovers: 0 };

fn film(camera: Camera, pictures: usize) -> Vec<Made> {
    let mut stream = Vec::new();
    let (mut key, mut reference, mut before_key) = (0, None, None);
    for number in 0..pictures {
        let place = number % camera.gop;
        let group = number / camera.gop;
        let starts = place == 0 && group.is_multiple_of(camera.recovers.saturating_add(1));
        let leads = (1..=camera.leading).contains(&place) && key > 0 && key + place == number;
        let spare = camera.disposable && place % 2 == 1 && !leads;
        let kind = match () {
            () if starts => Kind::Key,
            () if leads => Kind::Leading,
            () if place == 0 => Kind::Recovery,
            () => Kind::Inter,
        };
        let refers: Vec<usize> = match kind {
            Kind::Key => vec![],
            Kind::Leading => before_key.into_iter().chain([key]).collect(),
            _ => reference.into_iter().collect(),
        };
        if starts {
            before_key = reference;
            key = number;
        }
        if !spare && !leads {
            reference = Some(number);
        }
        let what = Unit { kind, disposable: spare, begins: true };
        let made = Made { what, at_ms: number as u64 * 1000 / camera.fps, refers, number };
        stream.extend(std::iter::repeat_n(made, camera.parts));
    }
    stream
}

/// A decoder that knows what it was given.
#[derive(Default)]
struct Model {
    /// Pictures that it can still refer to, and how many parts of each.
    held: BTreeSet<usize>,
    parts: Vec<(usize, usize)>,
    /// Pictures that came out.
    out: Vec<usize>,
}

impl Model {
    /// `recovers`: no key frame comes that could be waited for, so decoding may begin where it recovers.
    fn feed(&mut self, made: &Made, recovers: bool) {
        if let Some((number, parts)) = self.parts.last_mut()
            && *number == made.number
        {
            *parts += 1;
            return;
        }
        assert!(self.parts.iter().all(|(n, _)| *n != made.number), "{made:?} twice");
        let missing = made.refers.iter().find(|n| !self.held.contains(n));
        let begins = recovers && made.what.kind == Kind::Recovery;
        assert!(begins || missing.is_none(), "ghost: {made:?}");
        self.held.insert(made.number);
        self.parts.push((made.number, 1));
    }

    fn drain(&mut self) {
        self.held.clear();
        self.out.extend(self.parts.drain(..).map(|(number, _)| number));
    }
}

/// Has no key frame come again so far, or not within 40 s?
fn recovers_only(stream: &[Made]) -> bool {
    let now = stream.last().map(|made| made.at_ms);
    let keys = stream.iter().filter(|made| made.what.kind == Kind::Key).map(|made| made.at_ms);
    let mut keys: Vec<u64> = keys.collect();
    keys.dedup();
    let again = keys.len() > 1;
    keys.extend(now);
    !again || keys.windows(2).any(|pair| pair[1] - pair[0] > 40_000)
}

/// What happens beside the stream, by the number of a picture.
type Script<'s> = &'s mut dyn FnMut(usize) -> (Demand, bool, u64);

/// Plays a stream through a gate; what came out, and the modes by picture.
fn play(camera: Camera, stream: &[Made], script: Script<'_>) -> (Model, Vec<DecodeMode>, u64) {
    let (mut gate, mut decoder) = (Gate::new(Arc::default()), Model::default());
    let (mut modes, mut left_out, mut fed) = (Vec::new(), 0, BTreeSet::new());
    for (at, made) in stream.iter().enumerate() {
        let (demand, peek, behind_ms) = script(made.number);
        let pts = Duration::from_millis(made.at_ms);
        let arrived = Arrived {
            spared: false,
            what: made.what,
            pts: Some(pts),
            now: pts + Duration::from_millis(behind_ms),
            behind: Duration::from_millis(behind_ms),
            bytes: 1000,
            fields: false,
        };
        let steps = match gate.unit(arrived, &at, demand, peek) {
            Verdict::Feed => vec![Step::Feed(at)],
            Verdict::Leave => vec![],
            Verdict::Instead(steps) => steps,
        };
        for step in steps {
            match step {
                Step::Drain => {
                    let whole = decoder.parts.iter().all(|(_, parts)| *parts == camera.parts);
                    assert!(whole, "a picture is cut: {:?}", decoder.parts);
                    decoder.drain();
                }
                Step::Feed(unit) => {
                    decoder.feed(&stream[unit], recovers_only(&stream[..=at]));
                    fed.insert(stream[unit].number);
                }
            }
        }
        let report = gate.report();
        left_out += report.left_out.spared + report.left_out.overload;
        modes.push(report.decoding.mode);
    }
    let kept = gate.ring.begin();
    let pictures = stream.iter().map(|made| made.number).collect::<BTreeSet<_>>().len();
    assert_eq!(fed.len() as u64 + left_out + kept, pictures as u64, "each is counted once");
    (decoder, modes, left_out)
}

fn looks(hz: f32, gap_secs: f32) -> Demand {
    let period = Duration::from_secs_f32(1.0 / hz);
    let (gap_max, severity) = (Duration::from_secs_f32(gap_secs), Severity::Medium);
    Demand::looks(Looks { period, gap_max, severity })
}

const NOTHING: Demand = Demand::GLANCES;

#[test]
fn the_sparsest_mode_that_meets_the_need() {
    let b = Camera { disposable: true, ..PLAIN };
    let cases = [
        ("keys each second", PLAIN, looks(1.0, 1.0), DecodeMode::Keys),
        ("keys are too rare", PLAIN, looks(2.0, 0.5), DecodeMode::All),
        ("as they are, but half is enough", b, looks(2.0, 0.5), DecodeMode::References),
        ("every picture", b, looks(25.0, 0.04), DecodeMode::All),
        ("none", PLAIN, NOTHING, DecodeMode::None),
        (
            "seldom, but rules bear it",
            Camera { gop: 250, ..PLAIN },
            looks(1.0, 10.0),
            DecodeMode::Keys,
        ),
        ("refresh", Camera { recovers: ALWAYS, ..PLAIN }, looks(1.0, 1.0), DecodeMode::All),
        ("leading", Camera { leading: 2, ..PLAIN }, looks(1.0, 1.0), DecodeMode::Keys),
        ("parts", Camera { parts: 4, ..PLAIN }, looks(1.0, 1.0), DecodeMode::Keys),
        (
            "recovery points between",
            Camera { recovers: 3, ..PLAIN },
            looks(1.0, 1.0),
            DecodeMode::All,
        ),
        ("keys are enough", Camera { recovers: 3, ..PLAIN }, looks(0.25, 4.0), DecodeMode::Keys),
        ("refresh, nothing needed", Camera { recovers: ALWAYS, ..PLAIN }, NOTHING, DecodeMode::All),
        ("a minute apart", Camera { gop: 1500, ..PLAIN }, NOTHING, DecodeMode::All),
    ];
    for (name, camera, demand, want) in cases {
        let stream = film(camera, camera.gop * 10);
        let (_, modes, _) = play(camera, &stream, &mut |_| (demand, false, 0));
        assert_eq!(modes.last(), Some(&want), "{name}");
    }
}

#[test]
fn each_key_frame_comes_out_at_once_and_alone() {
    let stream = film(PLAIN, 250);
    let (decoder, modes, left_out) = play(PLAIN, &stream, &mut |_| (looks(1.0, 1.0), false, 0));
    let since = modes.iter().position(|mode| *mode == DecodeMode::Keys).unwrap();
    let keys: Vec<usize> = (since.next_multiple_of(25)..250).step_by(25).collect();
    assert!(decoder.out.ends_with(&keys), "{:?} {keys:?}", decoder.out);
    assert!(left_out > 150, "{left_out}");
}

/// As rarely as may be: key frames are left out, but no gap is longer than is borne.
#[test]
fn key_frames_that_are_not_needed_are_left_out() {
    for (gop, gap_secs, want_secs) in [(25, 5.0, 5), (50, 5.0, 4), (75, 5.0, 3), (100, 5.0, 4)] {
        let camera = Camera { gop, ..PLAIN };
        let stream = film(camera, gop * 16);
        let script = &mut |_| (looks(1.0 / gap_secs, gap_secs), false, 0);
        let (mut decoder, ..) = play(camera, &stream, script);
        decoder.drain();
        let last: Vec<_> = decoder.out.iter().rev().take(3).map(|n| n / 25).collect();
        assert_eq!((last[0] - last[1], last[1] - last[2]), (want_secs, want_secs), "{gop}");
    }
}

/// From key frames to all: what was not decoded since the newest one is, at the very next picture.
#[test]
fn more_is_needed_in_the_middle() {
    let stream = film(PLAIN, 200);
    let script = &mut |n| (if n < 160 { looks(1.0, 1.0) } else { looks(25.0, 0.04) }, false, 0);
    let (mut decoder, ..) = play(PLAIN, &stream, script);
    decoder.drain();
    assert!(decoder.out.ends_with(&(150..200).collect::<Vec<_>>()), "{:?}", decoder.out);
}

/// A camera that makes key frames more rarely all at once is decoded in full as soon as that shows.
#[test]
fn key_frames_that_stay_away_are_noticed() {
    let mut stream = film(PLAIN, 150);
    let late = film(Camera { gop: 1000, ..PLAIN }, 250);
    stream.extend(late.into_iter().map(|made| Made {
        number: made.number + 150,
        at_ms: made.at_ms + 6_000,
        refers: made.refers.iter().map(|n| n + 150).collect(),
        ..made
    }));
    let (_, modes, _) = play(PLAIN, &stream, &mut |_| (looks(1.0, 1.0), false, 0));
    assert_eq!(modes[150 + 27], DecodeMode::Keys);
    assert_eq!(modes[150 + 28], DecodeMode::All, "1.1 s after the newest one");
}

/// A box that falls behind decodes less for half a minute, as far as twice the gap allows.
#[test]
fn a_box_that_falls_behind_decodes_less_for_a_while() {
    let stream = film(Camera { gop: 50, ..PLAIN }, 2_500);
    for (gap_secs, want) in [(1.0, DecodeMode::Keys), (0.5, DecodeMode::All)] {
        let late = |n: usize| if (500..505).contains(&n) { 1_500 } else { 0 };
        let script = &mut |n| (looks(1.0, gap_secs), false, late(n));
        let (_, modes, _) = play(PLAIN, &stream, script);
        assert_eq!(modes[499], DecodeMode::All);
        assert_eq!(modes[600], want, "{gap_secs}");
        assert_eq!(modes[500 + 33 * 25], DecodeMode::All, "{gap_secs}");
    }
}

/// Whatever is asked for and whenever, on every kind of stream: nothing is fed of which something that it
/// refers to is missing, no picture comes out in part or twice, and each is counted.
#[test]
fn what_is_decoded_is_exact_whatever_happens() {
    for seed in 0..300 {
        let mut random = SplitMix64::new(seed);
        let mut one_of = |n: u64| random.draw() % n;
        let camera = Camera {
            fps: [5, 10, 25][one_of(3) as usize],
            gop: [1, 2, 12, 25, 50, 250][one_of(6) as usize],
            disposable: one_of(2) == 0,
            leading: [0, 2][one_of(2) as usize],
            parts: [1, 1, 4][one_of(3) as usize],
            recovers: [0, 0, 0, 1, 4, ALWAYS][one_of(6) as usize],
        };
        let stream = film(camera, 1200);
        println!("seed {seed}: {camera:?}");
        let (mut demand, mut behind_ms, mut of, mut peek) = (NOTHING, 0, usize::MAX, false);
        play(camera, &stream, &mut |number| {
            if number != of {
                of = number;
                peek = one_of(60) == 0;
                if one_of(40) == 0 {
                    demand = match one_of(4) {
                        0 => NOTHING,
                        1 => looks(25.0, 0.04),
                        2 => looks(2.0, 0.5),
                        _ => looks(1.0, one_of(12) as f32),
                    };
                }
                if one_of(100) == 0 {
                    behind_ms = [0, 0, 300, 700, 5_000][one_of(5) as usize];
                }
            }
            (demand, peek, behind_ms)
        });
    }
}
