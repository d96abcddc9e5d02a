#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::watch::{CameraSeen, Measured};
use super::{Bound, Report};
use crate::host::live::Late;
use std::collections::BTreeMap;
use std::time::Duration;
use viahe_contract::message::{CameraStatus, DecodeMode, DecodeReason, Decoding};
use viahe_core::attention::Need;
use viahe_core::id::Name;
use viahe_core::seam::{CameraStats, DropReason};

fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

/// A 1080p camera of 25 pictures a second, seen for 60 s: one look a second, all decoded.
fn camera() -> CameraSeen {
    let last = CameraStats {
        status: CameraStatus::Online,
        frames_in: 1500,
        frames_inferred: 60,
        frames_dropped: [(DropReason::NotDue, 1440)].into(),
        decode_cpu_ms: 60.0 * 125.0,
        infer_cpu_ms: 60.0 * 20.0,
        fps_in: 25.0,
        decoding: Some(decoding(DecodeMode::All, DecodeReason::KeysTooRare, 10.0)),
        size_px: [1920, 1080],
        ..CameraStats::default()
    };
    CameraSeen {
        need: Need::steady(1.0),
        rules: vec![name("illegal-parking")],
        first: Some(CameraStats::default()),
        last: Some(last),
        ..CameraSeen::default()
    }
}

fn decoding(mode: DecodeMode, reason: DecodeReason, secs: f64) -> Decoding {
    Decoding { mode, reason, key_interval_secs: Some(secs) }
}

fn dark() -> CameraSeen {
    CameraSeen { reason: "port 554 is refused".to_owned(), ..CameraSeen::default() }
}

/// Four cores; beside the stages each camera takes 5 CPU-ms a second.
fn measured(cameras: &[(&str, CameraSeen)]) -> Measured {
    let sum = |camera: &CameraSeen| {
        let of = camera.last.clone().unwrap_or_default();
        of.decode_cpu_ms + of.infer_cpu_ms + if of.frames_in > 0 { 300.0 } else { 0.0 }
    };
    let workers_cpu_ms: f64 = cameras.iter().map(|(_, camera)| sum(camera)).sum();
    let workers_cpu = Duration::from_secs_f64(workers_cpu_ms / 1000.0);
    Measured {
        lasted: Duration::from_mins(1),
        cores: 4,
        cameras: cameras.iter().map(|(id, camera)| (name(id), camera.clone())).collect(),
        workers_cpu,
        engine_cpu: Duration::ZERO,
        box_cpu: Some(workers_cpu),
        memory: 200_000_000,
        memory_before: 160_000_000,
        available: Some(8_000_000_000),
        restarted: false,
    }
}

fn stats(change: impl FnOnce(&mut CameraStats)) -> CameraSeen {
    let mut seen = camera();
    change(seen.last.as_mut().unwrap());
    seen
}

#[test]
fn a_box_bears_what_fits_into_four_fifths_of_its_cores() {
    let report = Report::of(&measured(&[("gate", camera()), ("kerb", camera())]));
    // 125 + 20 + 5 CPU-ms each second, of 3200.
    assert_eq!(report.bears_cameras, Some(21));
    assert_eq!(report.bound_by, Some(Bound::Decoding));
    let figures = [report.decode_ms, report.inference_ms, report.rest_ms];
    for (got, want) in figures.into_iter().zip([125.0, 20.0, 5.0]) {
        assert!((got - want).abs() < 0.01, "{got} {want}");
    }
    assert_eq!((report.cannot_tell.as_str(), &report.notes[..]), ("", &[][..]));
    // Key frames: 3 x 5 ms each second, and parsing: 17.5 instead of 125.
    let most = &report.helps[0];
    assert!(most.what.contains("to 1 s, now up to 10 s"), "{}", most.what);
    assert_eq!((most.cameras, most.at.len()), (75, 2));
    assert!((most.times - 150.0 / 42.5).abs() < 0.01, "{}", most.times);
    let second = &report.helps[1];
    assert!(second.what.contains("second stream"), "smaller pictures have their price: {second:?}");
    assert_eq!(report.helps.len(), 2, "a lighter model would not help");
}

#[test]
fn what_binds_is_what_takes_most() {
    let sparse = |stats: &mut CameraStats| {
        (stats.decode_cpu_ms, stats.decoding) =
            (60.0, Some(decoding(DecodeMode::Keys, DecodeReason::Enough, 1.0)));
    };
    let report = Report::of(&measured(&[("gate", stats(sparse))]));
    assert_eq!((report.bears_cameras, report.bound_by), (Some(123), Some(Bound::Inference)));
    assert!(report.helps[0].what.contains("a model that costs half"), "{:?}", report.helps);
    assert_eq!(report.helps.len(), 1, "its key frames are as they should be");
    let idle = |stats: &mut CameraStats| {
        sparse(stats);
        stats.infer_cpu_ms = 60.0;
    };
    let unknown = Measured { available: None, ..measured(&[("gate", stats(idle))]) };
    assert_eq!(Report::of(&unknown).bound_by, Some(Bound::Connections));
    let mut small = measured(&[("gate", camera()), ("kerb", camera())]);
    small.available = Some(100_000_000);
    let report = Report::of(&small);
    assert_eq!((report.bears_cameras, report.bound_by), (Some(6), Some(Bound::Memory)));
    assert!(report.notes[0].contains("each camera took 20 MB"), "{:?}", report.notes);
    assert!(report.helps.is_empty(), "none of these helps memory");
}

/// A box that is too slow spends less than its rules need; the figures must not look better for it.
#[test]
fn what_was_left_out_is_counted_as_if_it_had_been_done() {
    let slow = stats(|stats| {
        stats.frames_inferred = 20;
        stats.infer_cpu_ms = 20.0 * 20.0;
        stats.decode_cpu_ms = 750.0 * 5.0;
        stats.frames_dropped = [(DropReason::Superseded, 40), (DropReason::Overload, 750)].into();
    });
    let late = |seen: CameraSeen, looks| {
        let mut late = Late::default();
        late.add(looks, seen.need);
        CameraSeen { late, ..seen }
    };
    let report = Report::of(&measured(&[("gate", late(slow, 40))]));
    assert_eq!(report.bears_cameras, Some(21));
    assert_eq!(report.cameras[0].below_need, [name("illegal-parking")]);
    assert!((report.cameras[0].looks_hz - 1.0 / 3.0).abs() < 0.01);
    for looks in [1, 5] {
        let report = Report::of(&measured(&[("gate", late(camera(), looks))]));
        assert!(report.cameras[0].below_need.is_empty(), "{looks} of 60 are no trouble");
    }
}

#[test]
fn what_is_dark_or_rests_is_not_counted_and_said() {
    let mut rests = camera();
    (rests.need, rests.resting, rests.rules) = (Need::NONE, 1, Vec::new());
    let last = rests.last.as_mut().unwrap();
    (last.frames_inferred, last.infer_cpu_ms, last.decode_cpu_ms) = (0, 0.0, 60.0);
    let report = Report::of(&measured(&[("gate", camera()), ("kerb", dark()), ("quay", rests)]));
    assert_eq!(report.bears_cameras, Some(21));
    let notes = report.notes.join("; ");
    assert!(notes.contains("no pictures came: kerb"), "{notes}");
    assert!(notes.contains("no rule looked at it: quay"), "{notes}");
    assert!(notes.contains("1 rules rest at this hour"), "{notes}");
    assert_eq!(report.helps[0].at, [name("gate")]);
    let mut shared = measured(&[("gate", camera())]);
    shared.box_cpu = shared.box_cpu.map(|ours| ours + Duration::from_mins(1));
    let notes = Report::of(&shared).notes.join("; ");
    assert!(notes.contains("other programs used 1.0 of 4 cores"), "{notes}");
}

#[test]
fn what_cannot_be_told_is_not_told() {
    let mut rests = camera();
    rests.need = Need::NONE;
    let blind = stats(|stats| stats.frames_inferred = 0);
    let mut cases = BTreeMap::from([
        ("has no cameras", measured(&[])),
        ("no camera sent pictures", measured(&[("gate", dark())])),
        ("no rule needs looks now", measured(&[("gate", rests)])),
        ("no look took place", measured(&[("gate", blind)])),
    ]);
    let good = measured(&[("gate", camera())]);
    cases.insert("a vision worker ended", Measured { restarted: true, ..good.clone() });
    cases.insert("before anything was counted", Measured { lasted: Duration::ZERO, ..good });
    for (why, measured) in cases {
        let report = Report::of(&measured);
        assert!(report.cannot_tell.contains(why), "{why}: {}", report.cannot_tell);
        assert_eq!((report.bears_cameras, report.bound_by), (None, None), "{why}");
        assert!(report.helps.is_empty() && report.cpu_ms_per_camera.is_none(), "{why}");
        let json = serde_json::to_string(&report).unwrap();
        assert!(!json.contains("null,\"decode_ms\":null"), "{json}");
    }
}
