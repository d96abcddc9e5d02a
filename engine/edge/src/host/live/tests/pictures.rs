//! Pictures that come late, twice, never, or from somebody else.

use super::street::{Street, WORKER, name, picture, secs};
use crate::evidence::evidence_dir;
use crate::trouble::{Lasting, Trouble};
use crate::vision::supervise::WorkerEvent;
use viahe_contract::id::CaptureId;
use viahe_core::seam::FromWorker;

#[test]
fn an_incident_is_told_with_its_pictures() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), ["11 s: r1 open, 2 pictures", "60 s: r2 closed, 3 pictures"]);
    assert_eq!(street.files(), [3, 0]);
}

#[test]
fn a_picture_that_never_comes_is_given_up_when_its_time_is_up() {
    let mut street = Street::new();
    street.no_pictures();
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), ["16 s: r1 open, 0 pictures", "65 s: r2 closed, 0 pictures"]);
}

#[test]
fn a_picture_that_comes_after_it_was_given_up_is_not_kept() {
    let mut street = Street::new();
    street.pictures_after(6.0);
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), ["16 s: r1 open, 0 pictures", "65 s: r2 closed, 0 pictures"]);
    assert_eq!(street.files(), [0, 0]);
    assert_eq!(street.refused(), [""; 0], "it was asked for");
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    let mut street = Street::new();
    let writer = street.writer();
    street.world.answers(move |world, capture| {
        for after in [0.1, 0.1, 0.3, 3.0] {
            let said = picture(&writer, capture);
            world.worker(world.passed() + secs(after), (WORKER, WorkerEvent::Said(said)));
        }
    });
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), ["11 s: r1 open, 2 pictures", "60 s: r2 closed, 3 pictures"]);
    assert_eq!(street.files(), [3, 0]);
    assert_eq!(street.refused(), [r#"viahe_worker_refused_total{worker="0",reason="picture"}"#]);
}

#[test]
fn an_answer_that_nobody_asked_for_changes_nothing() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    for n in [0, 1, 7, u64::MAX] {
        street.says(0.5, FromWorker::Captured { capture: CaptureId(n), picture: Err("no".into()) });
    }
    street.run(100.0);
    assert_eq!(street.told(), ["11 s: r1 open, 2 pictures", "60 s: r2 closed, 3 pictures"]);
}

#[test]
fn a_picture_that_is_not_what_was_said_of_it_is_a_lost_one() {
    let mut street = Street::new();
    let writer = street.writer();
    street.world.answers(move |world, capture| {
        let mut said = picture(&writer, capture);
        if let FromWorker::Captured { picture: Ok(picture), .. } = &mut said {
            picture.bytes += 1;
        }
        world.worker(world.passed() + secs(0.1), (WORKER, WorkerEvent::Said(said)));
    });
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), ["11 s: r1 open, 0 pictures", "60 s: r2 closed, 0 pictures"]);
    assert_eq!(street.files(), [0, 0]);
}

/// The incident is told once, and its picture has the time of day as it is now.
#[test]
fn the_clock_may_be_set_while_a_picture_is_awaited() {
    for by_secs in [-3600, 3600] {
        let mut street = Street::new();
        street.pictures_after(2.0);
        street.vehicle(1, 40);
        street.world.then(secs(11.5), move |world| world.set_clock(by_secs * 1000));
        street.run(100.0);
        let told = street.told();
        assert_eq!(told, ["13 s: r1 open, 2 pictures", "62 s: r2 closed, 3 pictures"], "{by_secs}");
        let message = &street.messages()[0];
        let opened = &message["data"]["opened"];
        let pictures = message["data"]["evidence"].as_array().unwrap();
        assert_eq!(pictures[1]["captured"], *opened, "{by_secs}: {message:#}");
    }
}

#[test]
fn a_stop_waits_for_pictures_but_not_for_ever() {
    for (after, want) in [(1.0, 2), (9.0, 1)] {
        let mut street = Street::new();
        street.vehicle(1, 12);
        street.world.then(secs(10.9), {
            let writer = street.writer();
            move |world| {
                world.answers(move |world, capture| {
                    let said = picture(&writer, capture);
                    world.worker(world.passed() + secs(after), (WORKER, WorkerEvent::Said(said)));
                });
            }
        });
        street.run(11.2);
        let told = street.told();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].ends_with(&format!("r1 open, {want} pictures")), "{told:?}");
        assert_eq!(street.store().depth().unwrap().rows, 0);
    }
}

#[test]
fn the_cameras_of_others_are_not_heard() {
    let mut street = Street::new();
    street.world.state().workers.insert(WORKER, vec![name("market")]);
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), [""; 0]);
}

/// The folder takes nothing: the street is told of all the same, and so is the fault, while it lasts.
#[test]
fn a_folder_that_takes_no_pictures_is_told() {
    let mut street = Street::new();
    let pending = evidence_dir(street.dir()).join("pending");
    let good = street.answering(0.2);
    street.world.answers(|world, capture| {
        let picture = Err("the disk takes nothing".to_owned());
        let said = FromWorker::Captured { capture: capture.id, picture };
        world.worker(world.passed(), (WORKER, WorkerEvent::Said(said)));
    });
    let folder = pending.clone();
    street.world.then(secs(2.0), move |_| {
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "no folder").unwrap();
    });
    street.vehicle(1, 40);
    let troubles = street.troubles.clone();
    street.world.then(secs(30.0), move |world| {
        let lasts = |lasting: &Lasting| lasting.trouble == Trouble::EvidenceFailing;
        assert!(troubles.lasting().iter().any(lasts));
        std::fs::remove_file(&pending).unwrap();
        world.answers(good);
    });
    street.run(100.0);
    assert_eq!(street.told(), ["11 s: r1 open, 0 pictures", "60 s: r2 closed, 1 pictures"]);
    assert!(!street.lasts(Trouble::EvidenceFailing));
}

/// It is the worker that could not be asked, not one that is silent; and nobody waits for it.
#[test]
fn a_picture_that_cannot_be_asked_for_is_given_up_at_once() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    street.world.then(secs(5.0), |world| world.state().deaf = true);
    street.world.then(secs(20.0), |world| world.state().deaf = false);
    street.run(100.0);
    assert_eq!(street.told(), ["11 s: r1 open, 1 pictures", "60 s: r2 closed, 2 pictures"]);
}
