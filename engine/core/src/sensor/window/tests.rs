//! Windows against their definition: all readings, looked at again.

use super::*;
use crate::time::Timestamp;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use viahe_contract::message::Certainty;

const FUNCTIONS: [Function; 9] = [
    Function::Sum,
    Function::Mean,
    Function::Min,
    Function::Max,
    Function::Count,
    Function::Rate,
    Function::Last,
    Function::Percentile(50),
    Function::Percentile(95),
];

/// Key, second, value, delay in seconds.
type Reading = (u32, u64, i32, u64);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + secs)
}

fn any_shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        (1u64..8).prop_map(|size| Shape::Tumbling { size: secs(size) }),
        (1u64..4, 1u64..5)
            .prop_map(|(slide, n)| Shape::Sliding { size: secs(slide * n), slide: secs(slide) }),
        (1u64..4, 0u64..12)
            .prop_map(|(gap, more)| Shape::Session { gap: secs(gap), max: secs(gap + more) }),
    ]
}

fn any_readings() -> impl Strategy<Value = Vec<Reading>> {
    prop::collection::vec((0u32..3, 0u64..40, -30i32..30, 0u64..6), 0..60)
}

/// Start and end of each window that should be told of one key's times, in whole seconds.
fn spans(spec: &WindowSpec, times: &[u64]) -> Vec<(u64, u64)> {
    let origin = spec.origin.0 / 1_000_000_000;
    let grid = |t: u64, step: u64| {
        (t + step * 2_000_000 - origin) / step * step + origin - step * 2_000_000
    };
    let mut out = Vec::new();
    match spec.shape {
        Shape::Tumbling { size } => {
            let size = size.as_secs();
            out.extend(times.iter().map(|t| (grid(*t, size), grid(*t, size) + size)));
        }
        Shape::Sliding { size, slide } => {
            let (size, slide) = (size.as_secs(), slide.as_secs());
            for t in times {
                let last = grid(*t, slide) + slide;
                out.extend((0..size / slide).map(|k| (last + k * slide - size, last + k * slide)));
            }
        }
        Shape::Session { gap, max } => {
            let (gap, max) = (gap.as_secs(), max.as_secs());
            let mut times = times.to_vec();
            times.sort_unstable();
            for group in times.chunk_by(|a, b| b - a < gap && grid(*a, max) == grid(*b, max)) {
                let last = group[group.len() - 1];
                out.push((group[0], (last + gap).min(grid(last, max) + max)));
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

fn says(function: Function, mut readings: Vec<(u64, f64)>, hours: f64) -> f64 {
    let count = readings.len() as f64;
    let sum: f64 = readings.iter().map(|r| r.1).sum();
    let last = readings.iter().copied().reduce(|a, b| if b > a { b } else { a }).unwrap();
    readings.sort_by(|a, b| a.1.total_cmp(&b.1));
    match function {
        Function::Sum => sum,
        Function::Mean => sum / count,
        Function::Min => readings[0].1,
        Function::Max => readings[readings.len() - 1].1,
        Function::Count => count,
        Function::Rate => sum / hours,
        Function::Last => last.1,
        Function::Percentile(p) => {
            readings[((count * f64::from(p) / 100.0).ceil() as usize).max(1) - 1].1
        }
    }
}

/// Final value and count by key, start and end.
type Finals = BTreeMap<(u32, Timestamp, Timestamp), (f64, u64)>;

fn oracle(spec: &WindowSpec, readings: &[Reading]) -> Finals {
    let mut out = Finals::new();
    for key in 0..3 {
        let own: Vec<_> = readings.iter().filter(|r| r.0 == key).collect();
        let times: Vec<u64> = own.iter().map(|r| 1_000_000 + r.1).collect();
        for (start, end) in spans(spec, &times) {
            let inside = own.iter().filter(|r| (start..end).contains(&(1_000_000 + r.1)));
            let values: Vec<_> = inside.map(|r| (r.1, f64::from(r.2) / 4.0)).collect();
            let count = values.len() as u64;
            let value = says(spec.function, values, (end - start) as f64 / 3600.0);
            let span = (Timestamp::from_secs(start), Timestamp::from_secs(end));
            out.insert((key, span.0, span.1), (value, count));
        }
    }
    out
}

/// Runs readings in the order of their arrival, saved and restored before reading `stop`; checks
/// that what is told of each window is a story that makes sense, and returns the final results.
fn run(spec: &WindowSpec, readings: &[Reading], stop: usize) -> Finals {
    let mut windows = Windows::new(*spec, 3).unwrap();
    let mut delivered = readings.to_vec();
    delivered.sort_by_key(|r| r.1 + r.3);
    let mut told: BTreeMap<(u32, Timestamp, Timestamp), WindowResult> = BTreeMap::new();
    let mut finals = Finals::new();
    let mut hear = |results: Vec<WindowResult>| {
        for r in results {
            let id = (r.key, r.start, r.end);
            let before = told.get(&id).copied();
            match before {
                None => assert_eq!(r.revision, 1, "{r:?}"),
                Some(b) if b.state == Certainty::Withdrawn => assert_eq!(r.revision, 1, "{r:?}"),
                Some(b) => {
                    assert_eq!(r.revision, b.revision + 1, "{b:?} then {r:?}");
                    assert_ne!(b.state, Certainty::Final, "{b:?} then {r:?}");
                    assert_ne!(r.state, Certainty::Preliminary, "{b:?} then {r:?}");
                }
            }
            assert_eq!(r.count == 0, r.state == Certainty::Withdrawn, "{r:?}");
            if r.state == Certainty::Final {
                finals.insert(id, (r.value, r.count));
            }
            told.insert(id, r);
        }
    };
    for (k, (key, time, value, _)) in delivered.iter().enumerate() {
        if k == stop {
            let saved = serde_json::to_string(&windows).unwrap();
            windows = serde_json::from_str(&saved).unwrap();
        }
        let pushed = windows.push(*key, at(*time), f64::from(*value) / 4.0);
        assert_eq!(pushed, Pushed::Taken, "nothing within the lateness is late");
        let watermark = windows.watermark().unwrap();
        hear(windows.advance(watermark));
    }
    hear(windows.advance(at(1_000)));
    assert_eq!((windows.held(), windows.late()), (0, 0));
    let open =
        told.values().filter(|r| !matches!(r.state, Certainty::Final | Certainty::Withdrawn));
    assert_eq!(open.count(), 0, "everything told becomes final or is withdrawn");
    finals
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// All shapes and functions: final results are those of the definition, and the same to the
    /// last bit for every delivery and a run that was saved and restored.
    #[test]
    fn agrees_with_the_definition(
        shape in any_shape(),
        function in proptest::sample::select(&FUNCTIONS[..]),
        readings in any_readings(),
        origin in 0u64..10,
        stop in 0usize..60,
    ) {
        let origin = Timestamp::from_secs(origin);
        // The largest delay is 5 s.
        let spec = WindowSpec { shape, function, lateness: secs(5), origin };
        let finals = run(&spec, &readings, stop);
        let want = oracle(&spec, &readings);
        prop_assert_eq!(finals.keys().collect::<Vec<_>>(), want.keys().collect::<Vec<_>>());
        let off = if matches!(function, Function::Percentile(_)) { 0.01 } else { 1e-9 };
        for (id, (value, count)) in &finals {
            let (wanted, n) = want[id];
            prop_assert_eq!(*count, n);
            prop_assert!((value - wanted).abs() <= off * wanted.abs() + 1e-9, "{} {}", value, wanted);
        }
        let mut in_order = readings.clone();
        in_order.sort_unstable();
        for reading in &mut in_order {
            reading.3 = 0;
        }
        prop_assert_eq!(&run(&spec, &in_order, usize::MAX), &finals);
        in_order.reverse();
        in_order.sort_by_key(|r| r.1 / 5);
        let bits = |f: &Finals| f.values().map(|v| v.0.to_bits()).collect::<Vec<_>>();
        let mut windows = Windows::new(spec, 3).unwrap();
        let mut shuffled = Finals::new();
        for (key, time, value, _) in in_order {
            prop_assert_eq!(windows.push(key, at(time), f64::from(value) / 4.0), Pushed::Taken);
        }
        for r in windows.advance(at(1_000)) {
            shuffled.insert((r.key, r.start, r.end), (r.value, r.count));
        }
        prop_assert_eq!(bits(&shuffled), bits(&finals));
    }
}

fn sliding(function: Function) -> WindowSpec {
    let shape = Shape::Sliding { size: secs(600), slide: secs(60) };
    WindowSpec { shape, function, lateness: secs(30), origin: Timestamp::default() }
}

#[test]
fn a_window_is_told_corrected_and_final() {
    use Certainty::{Corrected, Final, Preliminary};
    let shape = Shape::Tumbling { size: secs(60) };
    let spec = WindowSpec { shape, ..sliding(Function::Sum) };
    let mut windows = Windows::new(spec, 2).unwrap();
    let mut step = |key, secs, value| {
        let time = Timestamp::from_secs(secs);
        let pushed = windows.push(key, time, value);
        let watermark = windows.watermark().unwrap();
        let told = windows.advance(watermark);
        (pushed, told.iter().map(|r| (r.key, r.value, r.state, r.revision)).collect::<Vec<_>>())
    };
    assert_eq!(step(0, 610, 1.5), (Pushed::Taken, vec![]));
    assert_eq!(step(0, 660, 9.0), (Pushed::Taken, vec![(0, 1.5, Preliminary, 1)]));
    assert_eq!(step(0, 659, 0.1), (Pushed::Taken, vec![(0, 1.6, Corrected, 2)]));
    assert_eq!(step(1, 640, 7.0), (Pushed::Taken, vec![(1, 7.0, Preliminary, 1)]));
    let last = vec![(0, 1.6, Final, 3), (1, 7.0, Final, 2)];
    assert_eq!(step(1, 690, 1.0), (Pushed::Taken, last));
    assert_eq!(step(0, 659, 5.0), (Pushed::Late, vec![]));
    assert_eq!(step(2, 700, 5.0), (Pushed::Refused, vec![]));
    assert_eq!(step(0, 700, f64::NAN).0, Pushed::Refused);
    assert_eq!(step(0, 700, -2e9).0, Pushed::Refused);
    assert_eq!((windows.late(), windows.refused(), windows.held()), (1, 3, 2));
}

#[test]
fn sessions_that_grow_together_withdraw_what_was_told() {
    let shape = Shape::Session { gap: secs(10), max: secs(3600) };
    let spec = WindowSpec { shape, ..sliding(Function::Count) };
    let mut windows = Windows::new(spec, 1).unwrap();
    for time in [100, 118, 140] {
        windows.push(0, at(time), 1.0);
    }
    assert_eq!(windows.advance(at(100)).len(), 2, "both are over");
    windows.push(0, at(109), 1.0);
    let told: Vec<_> =
        windows.advance(at(110)).iter().map(|r| (r.state, r.start, r.end, r.count)).collect();
    assert_eq!(
        told,
        [
            (Certainty::Withdrawn, at(100), at(110), 0),
            (Certainty::Preliminary, at(100), at(128), 3),
            (Certainty::Withdrawn, at(118), at(128), 0),
        ]
    );
}

#[test]
fn long_gaps_and_far_times_cost_nothing() {
    let mut windows = Windows::new(sliding(Function::Mean), 1).unwrap();
    assert_eq!(windows.advance(Timestamp::default()), []);
    windows.push(0, Timestamp::default(), 1.0);
    assert_eq!(windows.advance(Timestamp(u64::MAX / 2)).len(), 10);
    assert_eq!(windows.push(0, Timestamp(u64::MAX), 1.0), Pushed::Taken);
    assert_eq!(windows.advance(Timestamp(u64::MAX)).len(), 0, "the end of time is no past");
    for shape in [
        Shape::Tumbling { size: secs(0) },
        Shape::Sliding { size: secs(10), slide: secs(0) },
        Shape::Sliding { size: secs(10), slide: secs(3) },
        Shape::Sliding { size: secs(0), slide: secs(3) },
        Shape::Sliding { size: secs(100_000), slide: secs(1) },
        Shape::Session { gap: secs(0), max: secs(1) },
        Shape::Session { gap: secs(2), max: secs(1) },
    ] {
        let spec = WindowSpec { shape, ..sliding(Function::Sum) };
        assert!(Windows::new(spec, 1).unwrap_err().contains("; "), "{shape:?}");
    }
    assert!(sliding(Function::Percentile(101)).check().is_err());
}

/// Values of all sizes and both signs, many of them: the sketch stays within its error and size.
#[test]
fn percentiles_are_within_one_percent() {
    let mut values: Vec<f64> = (0..20_000u32)
        .map(|k| {
            let size = 10f64.powf(f64::from(k.wrapping_mul(2_654_435_761) >> 16) / 8192.0 - 2.0);
            if k % 3 == 0 { -size } else { size }
        })
        .collect();
    for percent in [0u8, 1, 10, 33, 50, 90, 99, 100] {
        let shape = Shape::Tumbling { size: secs(60) };
        let spec = WindowSpec { shape, ..sliding(Function::Percentile(percent)) };
        let mut windows = Windows::new(spec, 1).unwrap();
        for value in &values {
            windows.push(0, at(0), *value);
        }
        assert!(serde_json::to_string(&windows).unwrap().len() < 200_000);
        let got = windows.advance(at(100))[0].value;
        let mut sorted = std::mem::take(&mut values);
        sorted.sort_by(f64::total_cmp);
        let want = sorted[(sorted.len() * usize::from(percent)).div_ceil(100).max(1) - 1];
        assert!((got - want).abs() <= 0.01 * want.abs(), "p{percent}: {got}, not {want}");
        values = sorted;
    }
}
