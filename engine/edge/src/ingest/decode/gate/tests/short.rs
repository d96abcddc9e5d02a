//! A box that is asked for more than it can decode, in virtual time: whose looks become rarer.

use super::*;
use std::collections::VecDeque;

/// Pictures a second, and from key frame to key frame.
const FPS: usize = 25;
const GROUP: usize = 50;
/// What parsing costs, as a part of what decoding does.
const PARSE: f64 = 0.015;
const LASTS: f64 = 180.0;
/// The first seconds, in which nothing is known of a stream yet.
const BEGINS: f64 = 30.0;

/// Looks at cameras of one kind.
#[derive(Clone, Copy, Debug)]
struct Kind {
    severity: Severity,
    cameras: usize,
    /// Looks a second, at the rate that is borne.
    hz: f32,
}

/// What became of one kind: looks kept of those needed, and the longest gap between two in seconds.
#[derive(Clone, Copy, Debug)]
struct Kept {
    share: f64,
    gap: f64,
}

struct Line {
    kind: usize,
    gate: Gate<usize>,
    begins: f64,
    /// Time that its thread has had; of those that have work the one that had least goes on.
    had: f64,
    /// Pictures that have come and were not handed to the gate.
    queue: VecDeque<usize>,
    /// Times of pictures that came out.
    out: Vec<f64>,
}

impl Line {
    fn new(kind: usize, begins: f64, strain: &Arc<Strain>) -> Self {
        let gate = Gate::new(Arc::clone(strain));
        Self { kind, gate, begins, had: 0.0, queue: VecDeque::new(), out: Vec::new() }
    }

    /// When a picture was taken.
    fn taken(&self, at: usize) -> f64 {
        self.begins + at as f64 / FPS as f64
    }

    /// Hands the oldest picture over; how many are decoded because of it.
    fn hand_over(&mut self, stream: &[Made], kind: Kind, now: f64) -> usize {
        let Some(at) = self.queue.pop_front() else { return 0 };
        let arrived = Arrived {
            what: stream[at].what,
            pts: Some(Duration::from_millis(stream[at].at_ms)),
            now: Duration::from_secs_f64(now),
            behind: Duration::from_secs_f64((now - self.taken(at)).max(0.0)),
            bytes: 1000,
            fields: false,
            spared: false,
        };
        let period = Duration::from_secs_f32(1.0 / kind.hz);
        let demand = Demand::looks(Looks { period, gap_max: period, severity: kind.severity });
        let fed = match self.gate.unit(arrived, &at, demand, false) {
            Verdict::Feed => vec![at],
            Verdict::Leave => vec![],
            Verdict::Instead(steps) => steps
                .iter()
                .filter_map(|step| match step {
                    Step::Feed(at) => Some(*at),
                    Step::Drain => None,
                })
                .collect(),
        };
        self.gate.report();
        let taken: Vec<f64> = fed.iter().map(|at| self.taken(*at)).collect();
        self.out.extend(taken);
        fed.len()
    }

    /// Looks at what came out, and the longest gap between two.
    fn looks(&self, period: f64) -> (u32, f64) {
        let (mut looks, mut gap, mut due, mut before) = (0, 0.0f64, BEGINS, BEGINS);
        for at in self.out.iter().copied().filter(|at| *at >= BEGINS) {
            if at + 0.5 / FPS as f64 >= due {
                (looks, gap) = (looks + 1, gap.max(at - before));
                (due, before) = (due.max(at - period) + period, at);
            }
        }
        (looks, gap)
    }
}

/// Decodes picture by picture, and each camera's thread gets the same share of the time, when decoding all pictures of
/// all cameras takes `load` times what there is.
fn at_load(load: f64, kinds: &[Kind]) -> Vec<Kept> {
    let strain = Arc::<Strain>::default();
    let stream = film(Camera { gop: GROUP, ..PLAIN }, GROUP * 100);
    let of = |(n, kind): (usize, &Kind)| std::iter::repeat_n(n, kind.cameras);
    let kind_of: Vec<usize> = kinds.iter().enumerate().flat_map(of).collect();
    let count = kind_of.len();
    // Key frames of cameras do not come at once.
    let begins = |n: usize| 2.0 * n as f64 / count as f64;
    let mut lines: Vec<Line> =
        kind_of.iter().enumerate().map(|(n, kind)| Line::new(*kind, begins(n), &strain)).collect();
    let cost = load / (count * FPS) as f64;
    let (mut now, mut come, mut least) = (0.0, vec![0; count], 0.0f64);
    while now < LASTS {
        for (line, come) in lines.iter_mut().zip(&mut come) {
            while line.taken(*come) <= now {
                if line.queue.is_empty() {
                    line.had = line.had.max(least);
                }
                line.queue.push_back(*come);
                *come += 1;
            }
        }
        let busy = lines.iter_mut().filter(|line| !line.queue.is_empty());
        let Some(line) = busy.min_by(|a, b| a.had.total_cmp(&b.had)) else {
            now += 0.001;
            continue;
        };
        least = line.had;
        let decoded = line.hand_over(&stream, kinds[line.kind], now);
        let took = cost * (PARSE + decoded as f64);
        (now, line.had) = (now + took, line.had + took);
    }
    let kept = |(n, kind): (usize, &Kind)| {
        let hz = f64::from(kind.hz);
        let of = lines.iter().filter(|line| line.kind == n).map(|line| line.looks(1.0 / hz));
        let (looks, gap) = of.fold((0, 0.0f64), |(looks, gap), of| (looks + of.0, gap.max(of.1)));
        let needed = (LASTS - BEGINS) * hz * kind.cameras as f64;
        Kept { share: f64::from(looks) / needed, gap }
    };
    kinds.iter().enumerate().map(kept).collect()
}

fn streets(hz: f32) -> [Kind; 2] {
    [Severity::High, Severity::Low].map(|severity| Kind { severity, cameras: 8, hz })
}

/// Key frames are two seconds apart and a second is borne, so they are enough of what gives way.
#[test]
fn what_is_less_grave_is_decoded_more_sparsely_first_and_never_beyond_twice_what_is_borne() {
    for (load, grave, less) in
        [(0.9, 1.0, 1.0), (1.2, 1.0, 0.5), (1.5, 1.0, 0.5), (2.0, 0.5, 0.5), (4.0, 0.5, 0.5)]
    {
        let got = at_load(load, &streets(1.0));
        for (Kept { share, gap }, want) in got.iter().zip([grave, less]) {
            assert!(*share > want - 0.02 && *share < want + 0.12, "{load}: {got:?}");
            assert!(*gap <= if load < 1.0 { 1.05 } else { 2.05 }, "{load}: {got:?}");
        }
    }
}

/// Five looks a second, and no picture that could be left out alone: half of each group is, of what is less grave; and
/// where that is not enough all alike fall as far as they must.
#[test]
fn where_no_mode_is_sparse_enough_what_is_less_grave_falls_by_half_first() {
    for (load, grave, less) in
        [(0.9, 1.0, 1.0), (1.2, 0.97, 0.5), (1.5, 0.8, 0.5), (2.0, 0.5, 0.5), (4.0, 0.25, 0.25)]
    {
        let got = at_load(load, &streets(5.0));
        assert!(got[0].share >= grave && got[1].share >= less, "{load}: {got:?}");
        assert!(got[0].share + 0.01 >= got[1].share, "{load}: {got:?}");
        // A group, and what of the one before was left out.
        let gap_max = if load < 1.0 { 0.25 } else { 3.0 };
        assert!(got.iter().all(|kept| kept.gap <= gap_max), "{load}: {got:?}");
    }
}

/// Nobody is graver: all are decoded late alike.
#[test]
fn equals_fall_alike() {
    let kind = Kind { severity: Severity::Medium, cameras: 8, hz: 5.0 };
    let got = at_load(1.5, &[kind, kind]);
    assert!((got[0].share - got[1].share).abs() < 0.05, "{got:?}");
    assert!(got[0].share > 0.6, "{got:?}");
}
