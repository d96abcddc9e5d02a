//! A broker that is slow, or gone.

use super::street::{Street, secs};

#[test]
fn a_broker_that_is_gone_holds_nothing_up() {
    let mut street = Street::new();
    street.world.state().broker_takes = 0;
    for n in 0..4 {
        street.vehicle(1 + 80 * n, 40 + 80 * n);
    }
    let totals = street.run(330.0);
    assert_eq!(totals.opened.values().sum::<u64>(), 4);
    assert_eq!(totals.lost, 0, "all is on disk");
    assert_eq!(street.store().depth().unwrap().rows, 8);
}

#[test]
fn what_waits_is_bounded_and_the_newest_word_of_each_incident_is_kept() {
    let mut street = Street::new();
    street.limits.outbox_rows_max = 4;
    street.world.state().broker_takes = 0;
    for n in 0..4 {
        street.vehicle(1 + 80 * n, 40 + 80 * n);
    }
    street.world.then(secs(325.0), |world| world.state().broker_takes = usize::MAX);
    street.run(330.0);
    let states: Vec<String> =
        street.messages().iter().map(|m| m["data"]["state"].to_string()).collect();
    assert_eq!(states, ["\"closed\""; 4]);
}

#[test]
fn a_slow_one_gets_all_in_order() {
    let mut street = Street::new();
    street.world.state().broker_takes = 1;
    street.vehicle(1, 40);
    street.vehicle(81, 120);
    street.run(200.0);
    let revisions: Vec<u64> =
        street.messages().iter().map(|m| m["data"]["revision"].as_u64().unwrap()).collect();
    assert_eq!(revisions, [1, 2, 1, 2]);
}
