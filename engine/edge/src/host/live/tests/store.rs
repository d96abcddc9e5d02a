//! A disk that is full and has room again.

use super::street::{Street, secs};
use crate::disk::Room;
use crate::trouble::Trouble;
use std::time::Duration;

#[test]
fn what_a_full_disk_does_not_take_is_told_from_memory_and_committed_later() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    street.world.then(secs(5.0), |world| world.state().disk_full = true);
    let troubles = street.troubles.clone();
    street.world.then(secs(70.0), move |world| {
        let lasts = |trouble| troubles.lasting().iter().any(|lasting| lasting.trouble == trouble);
        assert!(lasts(Trouble::StoreFailing));
        world.state().disk_full = false;
    });
    let totals = street.run(120.0);
    assert_eq!(street.told(), ["11 s: r1 open, 2 pictures", "60 s: r2 closed, 3 pictures"]);
    assert!(!street.lasts(Trouble::StoreFailing));
    assert_eq!(totals.lost, 0);
    let known = street.store().history(10).unwrap();
    assert_eq!(known.len(), 1, "{known:?}");
    assert_eq!(known[0].revision, 2, "it is on disk now");
}

#[test]
fn with_the_broker_gone_as_well_all_is_told_in_order_when_both_are_back() {
    let mut street = Street::new();
    for n in 0..3 {
        street.vehicle(1 + 80 * n, 40 + 80 * n);
    }
    street.world.then(secs(5.0), |world| {
        let mut state = world.state();
        (state.disk_full, state.broker_takes) = (true, 0);
    });
    street.world.then(secs(240.0), |world| {
        let mut state = world.state();
        (state.disk_full, state.broker_takes) = (false, usize::MAX);
    });
    let totals = street.run(270.0);
    let told: Vec<String> =
        street.messages().iter().map(|m| m["data"]["updated"].to_string()).collect();
    let mut sorted = told.clone();
    sorted.sort();
    assert_eq!((told.len(), totals.lost), (6, 0));
    assert_eq!(told, sorted);
}

#[test]
fn what_neither_disk_nor_broker_takes_is_counted_as_lost() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    street.world.then(secs(5.0), |world| {
        let mut state = world.state();
        (state.disk_full, state.broker_takes) = (true, 0);
    });
    let totals = street.run(100.0);
    assert_eq!((street.told().len(), totals.lost), (0, 2));
}

/// A start that is no more than a look costs the disk little.
#[test]
fn a_quiet_street_is_saved_three_times_a_minute() {
    let mut street = Street::new();
    street.looks(1, 600, false);
    street.run(600.0);
    let commits = street.world.state().commits;
    assert!((28..=32).contains(&commits), "{commits}");
}

#[test]
fn what_was_open_goes_on_after_a_restart_and_is_told_once() {
    let mut street = Street::new();
    street.looks(1, 20, true);
    street.run(20.5);
    street.up(21.0);
    street.looks(22, 40, true);
    street.looks(40, 70, false);
    street.run(100.0);
    let told = street.told();
    assert_eq!(told, ["11 s: r1 open, 2 pictures", "60 s: r2 closed, 3 pictures"]);
    assert_eq!(street.world.passed().max(Duration::from_secs(100)), street.world.passed());
}

#[test]
fn a_disk_that_is_nearly_full_is_told_until_there_is_ample_room() {
    let mut street = Street::new();
    let room = |free_bytes| {
        Some(Room { free_bytes, total_bytes: 1 << 40, inodes: None, read_only: false })
    };
    let low = |street: &Street, at: f64, want: bool| {
        let troubles = street.troubles.clone();
        street.world.then(secs(at), move |_| {
            let lasts = troubles.lasting().iter().any(|l| l.trouble == Trouble::DiskFull);
            assert_eq!(lasts, want, "{at}");
        });
    };
    low(&street, 4.0, false);
    street.world.then(secs(5.0), move |world| world.state().room = room(1 << 10));
    low(&street, 7.0, true);
    street.world.then(secs(8.0), move |world| world.state().room = room(1 << 39));
    low(&street, 10.0, false);
    street.run(12.0);
}

/// A disk that became read-only is tried at once, so that it is told before an incident needs it.
#[test]
fn a_disk_that_became_read_only_is_tried_at_once() {
    let mut street = Street::new();
    street.world.then(secs(5.0), |world| {
        let mut state = world.state();
        let room =
            Room { free_bytes: 1 << 39, total_bytes: 1 << 40, inodes: None, read_only: true };
        (state.room, state.disk_full) = (Some(room), true);
    });
    let troubles = street.troubles.clone();
    street.world.then(secs(8.0), move |_| {
        assert!(troubles.lasting().iter().any(|l| l.trouble == Trouble::StoreFailing));
    });
    street.run(10.0);
}
