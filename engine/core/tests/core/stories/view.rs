//! A camera that is turned, covered or stands in changing light, with camera-fault, dwell 10 s, and
//! illegal-parking, dwell 20 s, absence 40 s, in a zone from 0.62 to 0.80. It has learned its view
//! after half a minute. A turn is known after 30 s, a cover after 10 s, and either is told 10 s
//! later.

use super::{Book, Incident, incident};
use crate::street::lens::{STRAIGHT, Shot};
use crate::street::{Actor, BUS, CAR, Street};

const TURNED: Shot = Shot { turned: 9, ..STRAIGHT };
const COVERED: Shot = Shot { covered: 1.0, ..STRAIGHT };

fn kerb(secs: f32, shots: &[(f32, Shot)]) -> Street {
    Street::new("kerb", 0.5, secs).views(shots)
}

/// One that stands for so long, seen where the zone was drawn.
fn parked(from: f32, to: f32) -> Actor {
    Actor::new(CAR).stops(0.5, 0.72, from, to)
}

fn fault(opened: f32) -> Incident {
    incident("camera-fault", opened).within(4.0)
}

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("view", seed);
    faults(&mut book);
    no_faults(&mut book);
    parking(&mut book);
    book
}

fn faults(book: &mut Book) {
    let turned = kerb(130.0, &[(0.0, STRAIGHT), (50.0, TURNED)]);
    book.tell("camera-fault-pos-turned", turned, [fault(90.0)]);
    let put_right = kerb(140.0, &[(0.0, STRAIGHT), (40.0, TURNED), (96.0, STRAIGHT)]);
    book.tell("camera-fault-pos-turned-and-put-right", put_right, [fault(80.0).closed(100.0)]);
    let covered = kerb(100.0, &[(0.0, STRAIGHT), (40.0, COVERED)]);
    book.tell("camera-fault-pos-covered", covered, [fault(60.0)]);
    let bag = kerb(120.0, &[(0.0, STRAIGHT), (40.0, COVERED), (80.0, STRAIGHT)]);
    book.tell("camera-fault-pos-bag-taken-off", bag, [fault(60.0).closed(84.0)]);
}

fn no_faults(book: &mut Book) {
    let knocked = kerb(100.0, &[(0.0, STRAIGHT), (50.0, TURNED), (66.0, STRAIGHT)]);
    book.none("camera-fault-near-knocked", knocked);
    let wiped = kerb(80.0, &[(0.0, STRAIGHT), (50.0, COVERED), (56.0, STRAIGHT)]);
    book.none("camera-fault-near-wiped", wiped);
    let bus = Shot { covered: 0.6, ..STRAIGHT };
    let bus = kerb(120.0, &[(0.0, STRAIGHT), (50.0, bus), (110.0, STRAIGHT)]);
    book.none("camera-fault-trap-bus-before-the-lens", bus);
    let mut dusk = vec![(0.0, STRAIGHT)];
    dusk.extend((0..40).map(|i| {
        let light = 1.0 - 0.02 * i as f32;
        (40.0 + 2.0 * i as f32, Shot { light, ..STRAIGHT })
    }));
    book.none("camera-fault-trap-dusk", kerb(140.0, &dusk));
    let lamp = Shot { light: 0.45, ..STRAIGHT };
    book.none("camera-fault-trap-lamp-fails", kerb(110.0, &[(0.0, STRAIGHT), (50.0, lamp)]));
}

/// What stands where the zone was drawn is not in the zone once the camera looks elsewhere.
fn parking(book: &mut Book) {
    let turned = kerb(140.0, &[(0.0, STRAIGHT), (40.0, TURNED)]).with(parked(80.0, 130.0));
    book.tell("illegal-parking-trap-view-turned", turned, [fault(80.0)]);
    let told = incident("illegal-parking", 26.0).first(6.0).within(3.0);
    let open = kerb(110.0, &[(0.0, STRAIGHT), (40.0, TURNED)]).with(parked(6.0, 105.0));
    let both = [told.closed(68.0).within(4.0), fault(80.0)];
    book.tell("illegal-parking-pos-then-view-turned", open, both);
    let back = kerb(150.0, &[(0.0, STRAIGHT), (36.0, TURNED), (76.0, STRAIGHT)]);
    let after =
        [fault(76.0).closed(80.0), incident("illegal-parking", 120.0).first(100.0).within(4.0)];
    book.tell("illegal-parking-pos-after-put-right", back.with(parked(100.0, 160.0)), after);
    let bus = Shot { covered: 0.6, ..STRAIGHT };
    let hidden = kerb(120.0, &[(0.0, STRAIGHT), (50.0, bus), (80.0, STRAIGHT)])
        .with(parked(10.0, 130.0))
        .with(Actor::new(BUS).stops(0.5, 0.95, 50.0, 80.0));
    let told = incident("illegal-parking", 30.0).first(10.0).within(3.0);
    book.tell("illegal-parking-pos-bus-before-the-lens", hidden, [told]);
    // The first night: the filter clicks, colours and many edges go at once, the place is the same.
    let night = Shot { infrared: true, ..STRAIGHT };
    let first_night = [(0.0, STRAIGHT), (40.0, night), (100.0, STRAIGHT)];
    book.none("camera-fault-trap-first-infrared-night", kerb(124.0, &first_night));
    // What stands there is told, and stays told, as by day.
    let street = kerb(124.0, &first_night).with(parked(30.0, 140.0));
    let told = incident("illegal-parking", 50.0).first(30.0).within(3.0);
    book.tell("illegal-parking-pos-first-infrared-night", street, [told]);
    // Turned by night, it is known as by day.
    let knocked = [(0.0, STRAIGHT), (40.0, night), (60.0, Shot { turned: 9, ..night })];
    book.tell("camera-fault-pos-turned-by-night", kerb(124.0, &knocked), [fault(100.0)]);
}
