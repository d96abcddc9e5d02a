//! Workers that go, come back, or are of another release.

use super::super::outside::Arrivals as _;
use super::fakes::BEGIN;
use super::street::{Street, WORKER, name, secs};
use crate::telemetry::series;
use crate::trouble::Trouble;
use crate::vision::supervise::{Quarantine, WorkerEvent};
use std::collections::BTreeMap;
use std::time::Duration;
use viahe_contract::id::WorkerId;
use viahe_contract::message::{CameraFault, CameraState, CameraStatus, WhySilent};
use viahe_contract::place::Position;
use viahe_contract::sha256::Sha256;
use viahe_core::observe::ViewReport;
use viahe_core::seam::{
    CameraReport, CameraStats, Failure, FromWorker, ModelRun, SEAM_VERSION, WorkerStats,
};
use viahe_core::tune::Provider;
use viahe_core::view::{COLUMNS, ROWS, Signature};

fn states(street: &Street) -> Vec<(u64, CameraStatus)> {
    let state = street.world.state();
    let gate = state.states.iter().filter(|(_, camera, _)| camera.as_str() == "gate");
    let mut told: Vec<_> = gate.map(|(at, _, state)| (at.as_secs(), state.state)).collect();
    told.dedup_by_key(|(_, state)| *state);
    told
}

#[test]
fn a_worker_that_goes_takes_its_pictures_with_it_and_the_incident_is_told_at_once() {
    let mut street = Street::new();
    street.no_pictures();
    street.looks(1, 12, true);
    street.gone(11.5);
    street.up(12.5);
    street.pictures_after(0.2);
    street.no_pictures();
    street.looks(13, 40, true);
    street.run(60.0);
    let told = ["11 s: r1 open, 0 pictures, awaited", "11 s: r2 open, 0 pictures, added"];
    assert_eq!(street.told(), told, "and not again");
    let online = CameraStatus::Online;
    let offline = CameraStatus::Offline;
    assert_eq!(states(&street), [(0, online), (11, offline), (12, online), (60, offline)]);
}

/// The inbox is never empty; what was said before is heard all the same, and deadlines are kept.
#[test]
fn a_worker_that_talks_without_end_takes_no_deadline_from_the_others() {
    let mut street = Street::new();
    street.no_pictures();
    let flooder = WorkerId(1);
    let mut state = street.world.state();
    state.workers = [(WORKER, vec![name("gate")]), (flooder, vec![name("market")])].into();
    state.hearing_takes = Duration::from_millis(1);
    drop(state);
    let said = || WorkerEvent::Said(FromWorker::Opening(name("market")));
    for n in 0..60_000 {
        street.world.worker(Duration::from_micros(1_000_000 + 990 * n), (flooder, said()));
    }
    street.looks(1, 12, true);
    street.world.then(secs(12.0), |world| {
        let since = world.passed();
        world.state().silent.insert(WORKER, since);
    });
    let busy = street.world.clone();
    street.world.then(secs(59.0), move |_| assert!(busy.waiting() > 0, "the flood goes on"));
    street.run(60.0);
    let told = street.told();
    // 11 s and 5 s, and what it takes to hear 8,000 messages.
    let within = |at: u64, from: u64| (from..=from + 9).contains(&at);
    let at = street.world.state().taken.first().map(|(at, _)| at.as_secs());
    assert!(at.is_some_and(|at| within(at, 16)), "{told:?}");
    let states = states(&street);
    let offline = states.iter().find(|(_, state)| *state == CameraStatus::Offline);
    assert!(offline.is_some_and(|(at, _)| within(*at, 27)), "{states:?}");
}

#[test]
fn a_camera_that_begins_is_no_warning_and_one_that_fails_is() {
    let mut street = Street::silent();
    let loading = "its model is being loaded";
    let dark = |at: f64, reason: &str, street: &Street| {
        let fault = CameraFault::NoRoute;
        let report = CameraReport::offline(name("gate"), reason.to_owned(), fault);
        street.says(at, FromWorker::Camera(report));
    };
    street.says(0.0, FromWorker::Hello { version: SEAM_VERSION });
    dark(0.0, loading, &street);
    street.up(2.0);
    dark(4.0, "no route to host", &street);
    street.gone(5.0);
    street.says(6.0, FromWorker::Hello { version: SEAM_VERSION });
    dark(6.0, loading, &street);
    let log = street.run_logged(10.0);
    let of = |words: &str| -> Vec<&str> {
        let lines = log.lines().filter(|line| line.contains(words));
        lines.map(|line| line.split_whitespace().next().unwrap()).collect()
    };
    assert_eq!(of(loading), ["INFO", "INFO"], "{log}");
    assert_eq!(of("no route to host"), ["WARN"], "{log}");
    assert_eq!(of("the vision worker restarts"), ["WARN"; 2], "{log}");
}

#[test]
fn a_worker_of_another_release_ends_the_run_with_the_reason() {
    let mut street = Street::silent();
    let hello = FromWorker::Hello { version: SEAM_VERSION + 1 };
    street.says(1.0, hello);
    let error = street.try_run(10.0).unwrap_err();
    assert!(error.contains("install both from one release"), "{error}");
}

#[test]
fn a_part_that_was_never_there_ends_the_run_and_one_that_hangs_does_not() {
    for (at, ends) in [(0.0, true), (5.0, false)] {
        let mut street = if ends { Street::silent() } else { Street::new() };
        let reason = "no ONNX Runtime".to_owned();
        street.says(at, FromWorker::Failed { reason, failure: Failure::PartMissing });
        assert_eq!(street.try_run(10.0).is_err(), ends);
        assert!(street.world.state().stopped);
    }
}

#[test]
fn a_model_that_was_never_there_ends_the_run_and_one_that_came_later_is_told() {
    let refused = |at: f64, street: &Street| {
        let models_refused = [(name("ssdlite-coco"), "no weights".to_owned())].into();
        let stats = WorkerStats { models_refused, ..WorkerStats::default() };
        street.says(at, FromWorker::Stats(stats));
    };
    let mut street = Street::silent();
    street.says(0.0, FromWorker::Hello { version: SEAM_VERSION });
    refused(5.0, &street);
    let error = street.try_run(10.0).unwrap_err();
    assert!(error.contains("model ssdlite-coco: no weights"), "{error}");

    let mut street = Street::new();
    street.up(0.0);
    street.hang_up(3.0);
    refused(5.0, &street);
    street.run(10.0);
    assert!(street.lasts(Trouble::ModelRefused));

    let mut street = Street::new();
    street.up(0.0);
    street.hang_up(3.0);
    refused(5.0, &street);
    street.says(6.0, FromWorker::Stats(WorkerStats::default()));
    street.run(10.0);
    assert!(!street.lasts(Trouble::ModelRefused));
}

#[test]
fn a_model_that_does_not_run_on_what_was_asked_for_is_told_while_that_is_so() {
    let says = |street: &Street, at: f64, used: Provider, why: &str| {
        let (asked, why) = (Provider::Openvino, why.to_owned());
        let run = ModelRun { asked, used, why, ..ModelRun::default() };
        let models = [(name("ssdlite-coco"), run)].into();
        street.says(at, FromWorker::Stats(WorkerStats { models, ..WorkerStats::default() }));
    };
    for ends in [false, true] {
        let mut street = Street::new();
        street.up(0.0);
        street.hang_up(3.0);
        says(&street, 5.0, Provider::Cpu, "nothing was built for it");
        if ends {
            says(&street, 6.0, Provider::Openvino, "");
        }
        let log = street.run_logged(10.0);
        let words = "model ssdlite-coco: it runs on the CPU, though OpenVINO was asked for: nothing was built for it";
        assert!(log.contains(words), "{log}");
        assert_eq!(street.lasts(Trouble::ProviderUnused), !ends);
        let used = if ends { "openvino" } else { "cpu" };
        let ran = format!("model=\"ssdlite-coco\",asked=\"openvino\",used=\"{used}\"");
        assert!(series(&street.metrics).iter().any(|one| one.contains(&ran)), "{ran}");
    }
}

/// In the state of the camera, the log and the metrics; what `/healthz` says is made of the same.
#[test]
fn a_camera_that_shows_nothing_but_the_dark_is_told_everywhere() {
    for (luma, lost) in [(18, true), (90, false)] {
        let mut street = Street::new();
        for second in (2..80).step_by(2) {
            let camera = name("gate");
            let (at, signature) =
                (BEGIN.plus(secs(second.into())), Signature::from_cells([luma; COLUMNS * ROWS]));
            street.says(second.into(), FromWorker::View(ViewReport { camera, at, signature }));
        }
        let log = street.run_logged(90.0);
        assert_eq!(log.contains("its rules are suspended"), lost, "{log}");
        let series = series(&street.metrics);
        let told = "viahe_camera_view_lost{camera=\"gate\",reason=\"too_dark\"}";
        assert_eq!(series.iter().any(|one| one == told), lost, "luma {luma}");
        let state = street.world.state();
        let why =
            |state: &CameraState| state.suspensions.iter().any(|s| s.reason == WhySilent::TooDark);
        assert_eq!(state.states.iter().any(|(_, _, state)| why(state)), lost, "luma {luma}");
    }
}

#[test]
fn a_camera_that_is_kept_away_says_so_until_it_is_tried_again() {
    let mut street = Street::new();
    street.up(0.0);
    street.world.then(secs(5.0), |world| {
        let next_try = crate::clock::monotonic() + Duration::from_mins(1);
        let (deaths, reason) = (3, "signal: 11".to_owned());
        let quarantine = Quarantine { deaths, reason, next_try };
        world.state().quarantined.insert(name("gate"), quarantine);
    });
    street.gone(6.0);
    street.world.then(secs(20.0), |world| world.state().quarantined.clear());
    street.run(30.0);
    let state = street.world.state();
    let told: Vec<_> =
        state.states.iter().filter(|(_, camera, _)| *camera == name("gate")).collect();
    let at = |from: u64, to: u64| {
        let within = move |at: Duration| (from..to).contains(&at.as_secs());
        told.iter().filter(move |(at, ..)| within(*at)).map(|(.., state)| state)
    };
    let kept: Vec<_> = at(5, 20).collect();
    assert!(!kept.is_empty());
    for state in kept {
        assert_eq!(state.state, CameraStatus::Offline);
        assert_eq!(state.quarantine.map(|quarantine| quarantine.deaths), Some(3));
        for words in ["3 vision workers died", "signal: 11"] {
            assert!(state.reason.contains(words), "{}", state.reason);
        }
        let said: Vec<_> = state.causes.iter().map(|cause| &cause.fault).collect();
        assert_eq!(said, [&CameraFault::Quarantined { deaths: 3 }]);
    }
    let last = at(20, 31).next().unwrap();
    assert_eq!((last.quarantine, last.reason.as_str()), (None, "it is tried again"));
}

/// What the cameras need, as was said last.
fn needs(street: &Street) -> BTreeMap<String, f32> {
    let state = street.world.state();
    let needs = state.needs.iter().map(|(camera, need)| (camera.to_string(), need.looks_hz));
    needs.collect()
}

#[test]
fn what_cameras_need_is_said_before_any_worker_looks_and_told_to_the_centre() {
    let mut street = Street::new();
    street.run(0.5);
    let expected = [("gate".to_owned(), 1.0), ("market".to_owned(), 1.0)];
    assert_eq!(needs(&street), expected.into());
    assert_eq!(street.world.state().needs.len(), 2, "each once");
    let state = street.world.state();
    let (_, _, told) =
        state.states.iter().find(|(_, camera, _)| camera.as_str() == "gate").unwrap();
    let looks = told.looks.clone().unwrap();
    assert!((looks.hz - 1.0).abs() < 1e-9 && looks.resting.is_empty(), "{looks:?}");
}

#[test]
fn a_camera_is_told_with_its_name_and_where_it_stands_also_after_a_reload() {
    let mut street = Street::new();
    let (here, there) = (Position { lat: 16.4, lon: 107.5 }, Position { lat: 16.5, lon: 107.6 });
    street.plan.cameras[0].name = Some("Cổng Đông".into());
    street.plan.cameras[0].position = Some(here);
    street.reloads(20.0, &[(WORKER, &["gate", "market"])], move |plan| {
        plan.cameras[0].position = Some(there);
    });
    // Repeated every minute.
    street.run(61.0);
    let state = street.world.state();
    let of = |camera: &str| {
        let own = state.states.iter().filter(|(_, own, _)| own.as_str() == camera);
        own.map(|(.., told)| (told.name.clone(), told.position)).collect::<Vec<_>>()
    };
    let gate = of("gate");
    assert_eq!(gate.first(), Some(&(Some("Cổng Đông".into()), Some(here))), "{gate:?}");
    assert_eq!(gate.last(), Some(&(None, Some(there))), "{gate:?}");
    assert!(of("market").iter().all(|told| *told == (None, None)));
}

#[test]
fn an_order_lets_a_camera_rest_and_a_recording_does_not() {
    for recorded in [false, true] {
        let mut street = Street::new();
        if recorded {
            street.record = Some(street.dir().join("seen.jsonl"));
        }
        let until = "2026-11-22T09:00:00+07:00";
        street.order(1.0, "suspend", serde_json::json!({ "camera": "gate", "until": until }));
        street.run(3.0);
        assert_eq!(needs(&street)["gate"] > 0.0, recorded);
    }
}

/// Health, metric and log agree, since it goes through the one way of what lasts.
#[test]
fn rules_that_are_looked_for_too_rarely_are_a_trouble_until_they_are_not() {
    let counted = |late_from: u64, late_until: u64| {
        let street = Street::new();
        for secs in 1..200u64 {
            let looks_late = secs.clamp(late_from, late_until) - late_from;
            let stats = CameraStats {
                status: CameraStatus::Online,
                frames_inferred: secs / 2,
                looks_late,
                fps_in: 25.0,
                ..CameraStats::default()
            };
            let cameras = [(name("gate"), stats)].into();
            let stats = WorkerStats { cameras, ..WorkerStats::default() };
            street.says(secs as f64, FromWorker::Stats(stats));
        }
        street
    };
    let mut street = counted(10, 200);
    let log = street.run_logged(199.0);
    assert!(street.lasts(Trouble::RulesBelowNeed));
    let told = log.matches("rules of gate are looked for too rarely").count();
    assert_eq!(told, 1, "once: {log}");
    assert!(log.contains("they ask for 1.0 looks a second"), "{log}");
    let mut street = counted(10, 60);
    let log = street.run_logged(199.0);
    assert!(!street.lasts(Trouble::RulesBelowNeed), "it is over");
    assert!(log.contains("over trouble=\"rules_below_need\""), "{log}");
    let mut street = counted(10, 25);
    street.run(60.0);
    assert!(!street.lasts(Trouble::RulesBelowNeed), "it was for a moment");
}

#[test]
fn weights_that_no_model_of_the_box_has_are_refused() {
    let mut street = Street::silent();
    street.world.state().unknown = Some(Sha256::from_bytes([7; 32]));
    street.up(0.0);
    street.run(2.0);
    assert_eq!(street.refused(), [r#"viahe_worker_refused_total{worker="0",reason="model"}"#]);
}
