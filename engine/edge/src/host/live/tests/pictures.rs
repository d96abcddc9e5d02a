//! Pictures that come late, twice, never, or from somebody else.

use super::street::{Street, WORKER, name, picture, secs};
use crate::evidence::evidence_dir;
use crate::trouble::{Lasting, Trouble};
use crate::vision::supervise::WorkerEvent;
use viahe_contract::id::CaptureId;
use viahe_core::seam::FromWorker;

/// What is told when no picture comes in its time.
const NONE_COMES: [&str; 4] = [
    "11 s: r1 open, 0 pictures, awaited",
    "16 s: r2 open, 0 pictures, added",
    "60 s: r3 closed, 0 pictures, awaited",
    "65 s: r4 closed, 0 pictures, added",
];

#[test]
fn an_incident_is_told_with_its_pictures() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), ["11 s: r1 open, 2 pictures", "60 s: r2 closed, 3 pictures"]);
    assert_eq!(street.files(), [3, 0]);
}

/// No word waits for it longer than a moment: 50 ms after it was asked for.
#[test]
fn a_picture_that_is_late_follows() {
    let all = ["11 s: r1 open, 2 pictures", "60 s: r2 closed, 3 pictures"];
    for after in [0.0, 0.01, 0.049] {
        let mut street = Street::new();
        street.pictures_after(after);
        street.vehicle(1, 40);
        street.run(100.0);
        assert_eq!(street.told(), all, "{after}");
    }
    for after in [0.051, 0.2, 0.9, 4.9] {
        let mut street = Street::new();
        street.pictures_after(after);
        street.vehicle(1, 40);
        let totals = street.run(100.0);
        let at = |secs: f64| (secs + after) as u64;
        let want = [
            "11 s: r1 open, 1 pictures, awaited".to_owned(),
            format!("{} s: r2 open, 2 pictures, added", at(11.0)),
            "60 s: r3 closed, 2 pictures, awaited".to_owned(),
            format!("{} s: r4 closed, 3 pictures, added", at(60.0)),
        ];
        assert_eq!(street.told(), want, "{after}");
        assert_eq!(street.files(), [3, 0]);
        assert_eq!(street.world.state().taken[0].0, secs(11.05), "{after}");
        assert!(totals.opened.values().chain(totals.closed.values()).eq([&1, &1]), "{totals:?}");
    }
}

/// A centre that wants whole alerts waits for them.
#[test]
fn who_waits_longer_is_told_once() {
    let mut street = Street::new();
    street.plan.engine.evidence_wait = secs(5.0);
    street.pictures_after(4.9);
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), ["15 s: r1 open, 2 pictures", "64 s: r2 closed, 3 pictures"]);
    let mut street = Street::new();
    street.plan.engine.evidence_wait = secs(5.0);
    street.no_pictures();
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), ["16 s: r1 open, 0 pictures", "65 s: r2 closed, 0 pictures"]);
}

/// The worker dies before its late picture is there: whoever waits for it is told at once.
#[test]
fn a_worker_that_dies_with_a_late_picture_ends_the_waiting() {
    let mut street = Street::new();
    street.no_pictures();
    street.vehicle(1, 14);
    street.gone(12.5);
    street.up(13.0);
    street.run(20.0);
    let told = ["11 s: r1 open, 0 pictures, awaited", "12 s: r2 open, 0 pictures, added"];
    assert_eq!(street.told(), told);
}

#[test]
fn a_disk_that_takes_nothing_holds_up_no_word_and_no_picture() {
    let mut street = Street::new();
    street.pictures_after(0.2);
    street.world.state().disk_full = true;
    street.vehicle(1, 40);
    street.world.then(secs(30.0), |world| world.state().disk_full = false);
    street.run(100.0);
    let told = [
        "11 s: r1 open, 1 pictures, awaited",
        "11 s: r2 open, 2 pictures, added",
        "60 s: r3 closed, 2 pictures, awaited",
        "60 s: r4 closed, 3 pictures, added",
    ];
    assert_eq!(street.told(), told);
}

#[test]
fn a_picture_that_never_comes_is_given_up_when_its_time_is_up() {
    let mut street = Street::new();
    street.no_pictures();
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), NONE_COMES);
}

#[test]
fn a_picture_that_comes_after_it_was_given_up_is_not_kept() {
    let mut street = Street::new();
    street.pictures_after(6.0);
    street.vehicle(1, 40);
    street.run(100.0);
    assert_eq!(street.told(), NONE_COMES);
    assert_eq!(street.files(), [0, 0]);
    assert_eq!(street.refused(), [""; 0], "it was asked for");
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    let mut street = Street::new();
    let writer = street.writer();
    street.world.answers(move |world, capture| {
        for after in [0.04, 0.04, 0.3, 3.0] {
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
        world.worker(world.passed() + secs(0.04), (WORKER, WorkerEvent::Said(said)));
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
        let want = [
            "11 s: r1 open, 1 pictures, awaited",
            "13 s: r2 open, 2 pictures, added",
            "60 s: r3 closed, 2 pictures, awaited",
            "62 s: r4 closed, 3 pictures, added",
        ];
        assert_eq!(street.told(), want, "{by_secs}");
        let message = &street.messages()[1];
        let opened = &message["data"]["opened"];
        let pictures = message["data"]["evidence"].as_array().unwrap();
        assert_eq!(pictures[1]["captured"], *opened, "{by_secs}: {message:#}");
    }
}

#[test]
fn a_stop_waits_for_pictures_but_not_for_ever() {
    let one = |n| vec![format!("r1 open, {n} pictures")];
    let two =
        |n| vec!["r1 open, 1 pictures, awaited".into(), format!("r2 open, {n} pictures, added")];
    // While the incident waits for it, and after it was told without it.
    for (stop, after, want) in
        [(11.03, 1.0, one(2)), (11.03, 9.0, one(1)), (11.2, 1.0, two(2)), (11.2, 9.0, two(1))]
    {
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
        street.run(stop);
        let told = street.told();
        let words: Vec<_> = told.iter().map(|told| told.split_once(": ").unwrap().1).collect();
        assert_eq!(words, want, "{told:?}");
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
    let good = street.answering(0.02);
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
