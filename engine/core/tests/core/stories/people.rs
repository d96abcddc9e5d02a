//! Cameras: `square` with crowding (5 people, dwell 10 s, absence 5 s, cooldown 20 s) on the whole
//! ground, and `road` with pedestrian-in-carriageway (dwell 4 s) from 0.62 to 0.90.

use super::{Book, Incident, incident};
use crate::street::{Actor, BICYCLE, CAR, COW, MOTORBIKE, Noise, PERSON, RIDER, ROUGH, Street};

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("people", seed);
    crowds(&mut book);
    no_crowds(&mut book);
    walkers(&mut book);
    no_walkers(&mut book);
    book
}

/// So many who stand about from one time to another.
fn group(count: usize, from: f32, to: f32) -> impl Iterator<Item = Actor> {
    (0..count).map(move |i| {
        let (x, y) = (0.2 + (i % 4) as f32 * 0.16, 0.6 + (i / 4) as f32 * 0.15);
        Actor::new(PERSON).stands(x, y, from, to)
    })
}

fn crowds(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("crowding", opened) };
    let square = |secs: f32| Street::new("square", 1.0, secs);
    let six = square(42.0).with_all(group(6, 5.0, 30.0));
    book.tell("crowding-pos-six", six, [at(15.0).first(5.0).closed(30.0)]);
    let five = square(42.0).with_all(group(5, 5.0, 30.0));
    let five = five.noise(Noise { jitter: 0.02, miss: 0.0 });
    book.tell("crowding-pos-just-five", five, [at(15.0).first(5.0).closed(30.0)]);
    let rough = square(42.0).with_all(group(8, 5.0, 30.0)).noise(ROUGH);
    book.tell("crowding-pos-rough", rough, [at(15.0).first(5.0).closed(30.0).within(3.0)]);
    let stays = square(30.0).with_all(group(7, 5.0, 60.0));
    book.tell("crowding-pos-stays", stays, [at(15.0).first(5.0)]);
    // It grows, one every three seconds: there are five from the fifth on.
    let grows = (0..7).filter_map(|i| group(7, 2.0 + i as f32 * 3.0, 40.0).nth(i));
    book.tell(
        "crowding-pos-grows",
        square(50.0).with_all(grows),
        [at(24.0).first(14.0).closed(40.0)],
    );
    // A bus passes before them for three seconds.
    let blinks = group(6, 5.0, 32.0).map(|a| a.blinks(18.0, 21.0));
    let street = square(44.0).with_all(blinks);
    book.tell("crowding-pos-bus-passes", street, [at(15.0).first(5.0).closed(32.0)]);
    // They mill about, and never leave.
    let mills = (0..7).map(|i| {
        let x = 0.15 + i as f32 * 0.1;
        let actor = Actor::new(PERSON).at(3.0, x, 0.6 + (i % 3) as f32 * 0.1);
        actor.at(12.0, x + 0.1, 0.8).at(22.0, x, 0.65).at(30.0, x + 0.05, 0.7)
    });
    book.tell(
        "crowding-pos-mills",
        square(42.0).with_all(mills),
        [at(13.0).first(3.0).closed(30.0)],
    );
    let again = square(74.0).with_all(group(6, 3.0, 18.0)).with_all(group(6, 48.0, 62.0));
    let both = [at(13.0).first(3.0).closed(18.0), at(58.0).first(48.0).closed(62.0)];
    book.tell("crowding-pos-again-later", again, both);
}

fn no_crowds(book: &mut Book) {
    let square = |secs: f32| Street::new("square", 1.0, secs);
    book.none("crowding-near-four", square(40.0).with_all(group(4, 3.0, 38.0)));
    book.none("crowding-near-short", square(30.0).with_all(group(7, 5.0, 13.0)));
    let above = (0..7).map(|i| Actor::new(PERSON).stands(0.1 + i as f32 * 0.12, 0.45, 3.0, 30.0));
    book.none("crowding-near-behind", square(36.0).with_all(above));
    // A group walks through, in eight seconds.
    let group = (0..7).map(|i| {
        let y = 0.6 + i as f32 * 0.05;
        Actor::new(PERSON).at(4.0 + i as f32 * 0.3, 0.0, y).at(12.0 + i as f32 * 0.3, 1.0, y)
    });
    book.none("crowding-trap-walk-through", square(24.0).with_all(group));
    // One after the other, never more than three at once.
    let stream = (0..14).map(|i| {
        let at = i as f32 * 3.0;
        Actor::new(PERSON).at(at, 0.0, 0.7).at(at + 8.0, 1.0, 0.7)
    });
    book.none("crowding-trap-stream", square(50.0).with_all(stream));
    let bikes = (0..8).map(|i| Actor::new(MOTORBIKE).stands(0.1 + i as f32 * 0.1, 0.7, 2.0, 40.0));
    book.none("crowding-trap-motorbikes", square(26.0).with_all(bikes));
    let dolls = (0..8).map(|i| Actor::new(PERSON).stands(0.1 + i as f32 * 0.1, 0.7, 0.0, 40.0));
    book.none("crowding-trap-dolls", square(26.0).with_all(dolls.map(|a| a.sure(0.15))));
}

fn walkers(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("pedestrian-in-carriageway", opened) };
    let road = |secs: f32| Street::new("road", 2.0, secs);
    let name = |tail: &str| format!("pedestrian-in-carriageway-pos-{tail}");
    let walk = || Actor::new(PERSON).at(3.0, 0.1, 0.75).at(15.0, 0.9, 0.75);
    let usual = || at(7.0).first(3.0).closed(15.0);
    book.tell(&name("along"), road(22.0).with(walk()), [usual()]);
    book.tell(&name("rough"), road(22.0).with(walk()).noise(ROUGH), [usual().within(3.0)]);
    book.tell(
        &name("stands"),
        road(22.0).with(Actor::new(PERSON).stands(0.5, 0.75, 3.0, 15.0)),
        [usual()],
    );
    book.tell(
        &name("stays"),
        road(16.0).with(Actor::new(PERSON).stands(0.5, 0.75, 3.0, 20.0)),
        [at(7.0).first(3.0)],
    );
    // From kerb to kerb: in the zone from 0.62 to 0.90, 7 of the 12 seconds.
    let across = Actor::new(PERSON).at(2.0, 0.4, 0.52).at(14.0, 0.5, 1.0);
    book.tell(&name("across"), road(22.0).with(across), [at(8.5).first(4.5).closed(11.5)]);
    let two =
        road(22.0).with(walk()).with(Actor::new(PERSON).at(5.0, 0.9, 0.85).at(16.0, 0.1, 0.85));
    book.tell(&name("two"), two, [usual(), at(9.0).first(5.0).closed(16.0)]);
    book.tell(&name("new-id"), road(22.0).with(walk().retracked(10.0)), [usual()]);
    book.tell(&name("blink"), road(22.0).with(walk().blinks(9.0, 11.0)), [usual()]);
}

fn no_walkers(book: &mut Book) {
    let road = |secs: f32| Street::new("road", 2.0, secs);
    let name = |tail: &str| format!("pedestrian-in-carriageway-{tail}");
    let step = Actor::new(PERSON).at(2.0, 0.5, 0.58).at(4.0, 0.5, 0.65).at(6.0, 0.5, 0.58);
    book.none(&name("near-step"), road(12.0).with(step));
    let kerb = Actor::new(PERSON).at(0.0, 0.0, 0.59).at(15.0, 1.0, 0.59);
    book.none(&name("near-kerb"), road(16.0).with(kerb));
    let runs = Actor::new(PERSON).at(2.0, 0.4, 0.5).at(8.0, 0.5, 1.0);
    book.none(&name("near-runs"), road(14.0).with(runs));
    let riding = |kind, from: f32| Actor::new(kind).at(from, 0.0, 0.75).at(from + 9.0, 1.0, 0.75);
    book.none(&name("trap-bike"), road(16.0).ridden(&riding(MOTORBIKE, 2.0), RIDER, 1));
    book.none(&name("trap-bicycle"), road(16.0).ridden(&riding(BICYCLE, 2.0), RIDER, 1));
    book.none(&name("trap-two-up"), road(16.0).ridden(&riding(MOTORBIKE, 3.0), RIDER, 2));
    let waits = Actor::new(MOTORBIKE).stops(0.5, 0.78, 5.0, 14.0);
    book.none(&name("trap-waits"), road(20.0).ridden(&waits, RIDER, 1));
    let others = road(14.0)
        .with(Actor::new(CAR).stands(0.3, 0.75, 0.0, 14.0))
        .with(Actor::new(COW).stands(0.7, 0.8, 0.0, 14.0));
    book.none(&name("trap-others"), others);
    // Who pushes a bike is on foot: before it, and at its handlebars.
    let bike = Actor::new(MOTORBIKE).at(3.0, 0.1, 0.75).at(15.0, 0.9, 0.75);
    for (tail, dx, dy) in [("pushes", 0.02, 0.025), ("leads-bike", 0.13, 0.0)] {
        let person = bike.path_of(PERSON).beside(dx, dy);
        let told = incident("pedestrian-in-carriageway", 7.0).first(3.0).closed(15.0);
        let street = road(22.0).with(bike.clone()).with(person.carried());
        book.tell(&name(&format!("pos-{tail}")), street, [told]);
    }
}
