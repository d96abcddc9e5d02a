//! A camera with camera-fault, dwell 20 s; the box's clock ticks every 2 s.

use super::{Book, Incident, incident};
use crate::street::{Actor, CAR, Street};
use viahe_contract::message::CameraStatus::{Offline, Online, Stalled};

/// A quiet street that is seen but in `away`.
fn gate(secs: f32) -> Street {
    Street::new("gate", 0.5, secs).ticks(2.0).status(0.0, Online)
}

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("camera", seed);
    let at = |opened: f32| -> Incident { incident("camera-fault", opened).within(3.0) };
    let gone = |secs: f32, from: f32, to: f32| {
        let street = gate(secs).away(from, to).status(from, Offline);
        if to < secs { street.status(to, Online) } else { street }
    };
    let back = || at(30.0).first(10.0).closed(50.0);
    book.tell("camera-fault-pos-offline", gone(70.0, 10.0, 50.0), [back()]);
    book.tell("camera-fault-pos-stays-away", gone(60.0, 10.0, 90.0), [at(30.0).first(10.0)]);
    let stalled = gate(70.0).away(10.0, 50.0).status(10.0, Stalled).status(50.0, Online);
    book.tell("camera-fault-pos-stalled", stalled, [back()]);
    let never = Street::new("gate", 0.5, 40.0).away(0.0, 50.0).ticks(2.0).status(0.0, Offline);
    book.tell("camera-fault-pos-never-came", never, [at(20.0).first(0.0)]);
    // It comes for four seconds in ten, again and again: it is of no use.
    let flapping = (0..5).fold(gate(90.0), |street, i| {
        let from = 10.0 + i as f32 * 10.0;
        street.away(from, from + 6.0).status(from, Offline).status(from + 6.0, Online)
    });
    book.tell("camera-fault-pos-flapping", flapping, [at(30.0).first(10.0).closed(56.0)]);
    let twice = gate(130.0)
        .away(10.0, 40.0)
        .status(10.0, Offline)
        .status(40.0, Online)
        .away(70.0, 100.0)
        .status(70.0, Offline)
        .status(100.0, Online);
    let both = [at(30.0).first(10.0).closed(40.0), at(90.0).first(70.0).closed(100.0)];
    book.tell("camera-fault-pos-twice", twice, both);
    book.none("camera-fault-near-restart", gone(60.0, 10.0, 26.0));
    book.none("camera-fault-near-blink", gone(60.0, 10.0, 13.0));
    book.none("camera-fault-trap-empty-street", gate(80.0));
    let parked = Actor::new(CAR).stands(0.5, 0.8, 0.0, 60.0);
    book.none("camera-fault-trap-still-street", gate(60.0).with(parked));
    // Two short restarts, far apart.
    let apart = gate(90.0)
        .away(10.0, 24.0)
        .status(10.0, Offline)
        .status(24.0, Online)
        .away(60.0, 74.0)
        .status(60.0, Offline)
        .status(74.0, Online);
    book.none("camera-fault-trap-two-restarts", apart);
    book
}
