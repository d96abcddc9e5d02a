//! Cameras that a reload takes out, or gives to another worker.

use super::street::{Street, WORKER, look, name, picture, secs};
use crate::trouble::Trouble;
use crate::vision::supervise::WorkerEvent;
use viahe_contract::id::WorkerId;
use viahe_contract::message::{CameraFault, ModelRef};
use viahe_contract::sha256::Sha256;
use viahe_core::seam::{CameraReport, CameraStats, FromWorker, SEAM_VERSION, WorkerStats};

const OTHER: WorkerId = WorkerId(1);

/// All that a worker says of a camera that it had, when it ends.
fn last_words(camera: &str, second: u64) -> [FromWorker; 4] {
    let report = CameraReport::offline(name(camera), "ends".to_owned(), CameraFault::Ended);
    let cameras = [(name(camera), CameraStats::default())].into();
    [
        FromWorker::Observation(look(camera, second, true)),
        FromWorker::Opening(name(camera)),
        FromWorker::Camera(report),
        FromWorker::Stats(WorkerStats { cameras, ..WorkerStats::default() }),
    ]
}

#[test]
fn the_last_words_on_a_camera_that_was_taken_out_are_no_fault() {
    for (after, refused) in [(0.2, 0), (50.0, 0), (61.0, 1)] {
        let mut street = Street::new();
        street.vehicle(1, 40);
        street.reloads(20.0, &[(WORKER, &["gate"])], |plan| {
            plan.cameras.retain(|camera| camera.id == name("gate"));
        });
        let at = 20.0 + after;
        for said in last_words("market", at as u64) {
            street.says(at, said);
        }
        street.run(100.0);
        assert_eq!(street.told(), ["11 s: r1 open, 2 pictures", "60 s: r2 closed, 3 pictures"]);
        assert_eq!(street.refused().len(), refused, "after {after} s: {:?}", street.refused());
    }
}

#[test]
fn a_worker_without_cameras_may_end_what_it_says() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    street.world.state().workers =
        [(WORKER, vec![name("gate")]), (OTHER, vec![name("market")])].into();
    street.reloads(20.0, &[(WORKER, &["gate", "market"])], |_| {});
    for said in last_words("market", 20) {
        street.world.worker(secs(20.2), (OTHER, WorkerEvent::Said(said)));
    }
    street.run(100.0);
    assert_eq!(street.told(), ["11 s: r1 open, 2 pictures", "60 s: r2 closed, 3 pictures"]);
    assert_eq!(street.refused(), [""; 0]);
}

/// It has the frame, and nobody else does.
#[test]
fn a_picture_comes_from_the_worker_that_was_asked_when_its_camera_is_anothers() {
    let mut street = Street::new();
    street.pictures_after(2.0);
    street.looks(1, 20, true);
    street.reloads(12.0, &[(OTHER, &["gate", "market"])], |_| {});
    street.run(40.0);
    let told = ["11 s: r1 open, 1 pictures, awaited", "13 s: r2 open, 2 pictures, added"];
    assert_eq!(street.told(), told);
    assert_eq!(street.refused(), [""; 0]);
}

#[test]
fn only_the_worker_that_was_asked_answers() {
    let mut street = Street::new();
    let writer = street.writer();
    street.world.answers(move |world, capture| {
        let said = picture(&writer, capture);
        world.worker(world.passed() + secs(2.0), (OTHER, WorkerEvent::Said(said)));
    });
    street.looks(1, 20, true);
    street.reloads(12.0, &[(OTHER, &["gate", "market"])], |_| {});
    street.run(40.0);
    let told = ["11 s: r1 open, 0 pictures, awaited", "16 s: r2 open, 0 pictures, added"];
    assert_eq!(street.told(), told);
    assert_eq!(street.refused(), [r#"viahe_worker_refused_total{worker="1",reason="picture"}"#]);
}

/// A vehicle that stands there, and is no incident yet: nobody wants the picture of it any more.
#[test]
fn a_picture_that_comes_after_it_was_let_go_is_not_kept() {
    for reload in [2.5, 5.5, 8.5] {
        let mut street = Street::new();
        street.pictures_after(4.0);
        street.looks(1, 20, true);
        street.reloads(reload, &[(WORKER, &["gate", "market"])], |plan| {
            for camera in &mut plan.cameras {
                camera.rules.clear();
            }
        });
        street.run(60.0);
        assert_eq!((street.told().len(), street.files()), (0, [0, 0]), "{reload}");
        assert_eq!(street.refused(), [""; 0], "it was asked for: {reload}");
    }
}

#[test]
fn pictures_of_a_camera_that_was_taken_out_are_given_up_at_once() {
    let mut street = Street::new();
    street.pictures_after(2.0);
    street.looks(1, 12, true);
    street.reloads(11.5, &[(WORKER, &["market"])], |plan| {
        plan.cameras.retain(|camera| camera.id == name("market"));
    });
    street.run(40.0);
    let told = street.told();
    assert!(told.iter().all(|told| told.starts_with("11 s")), "{told:?}");
    assert_eq!(street.refused(), [""; 0], "the answer was on its way");
}

/// The one of the new pipeline was refused, so the one of before goes on, and what is wrong with it is told.
#[test]
fn a_model_that_a_camera_still_looks_with_may_be_spoken_of() {
    let mut street = Street::silent();
    let (before, new) = (name("street-model"), name("ssdlite-coco"));
    street.plan.cameras.iter_mut().for_each(|camera| camera.model = before.clone());
    let model =
        ModelRef { name: before.clone(), sha256: Sha256::from_bytes([7; 32]), licence: None };
    street.says(0.0, FromWorker::Hello { version: SEAM_VERSION });
    street.says(0.0, FromWorker::Looks { camera: name("gate"), model });
    street.reloads(5.0, &[(WORKER, &["gate", "market"])], |_| {});
    let stats = WorkerStats {
        models_wrong: [(before, "it says nothing".to_owned())].into(),
        models_refused: [(new, "no weights".to_owned())].into(),
        ..WorkerStats::default()
    };
    // Later than what was just taken from a worker is remembered.
    street.says(80.0, FromWorker::Stats(stats));
    street.run(81.0);
    assert_eq!(street.refused(), [""; 0]);
    assert!(street.lasts(Trouble::ModelOutput) && street.lasts(Trouble::ModelRefused));
}

#[test]
fn a_reload_is_logged_once() {
    let mut street = Street::new();
    street.hang_up(5.0);
    let log = street.run_logged(10.0);
    assert_eq!(log.matches("read again").count(), 1, "{log}");
}
