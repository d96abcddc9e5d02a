//! Entries of a site's own: cameras `line` (line-crossed: to the right over x = 0.5), `alley`
//! (rat-run: three within 60 s, x from 0.3 to 0.7), `fast` (too-fast: 10 m/s where the picture is
//! 40 m wide), `dark` (after-dark, 10 s), `tip` (tipped-load, within 120 s).

use super::{Book, incident};
use crate::street::{Actor, CAR, MATERIAL, MOTORBIKE, PERSON, ROUGH, Street, TRUCK};

const Y: f32 = 0.8;
/// In Hue the sun sets at about six in the evening.
const EVENING: &str = "2026-03-04T12:00:00Z";
const AFTERNOON: &str = "2026-03-04T10:00:00Z";

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("own", seed);
    line(&mut book);
    alley(&mut book);
    fast(&mut book);
    dark(&mut book);
    tip(&mut book);
    book
}

/// From side to side in so many seconds.
fn drives(from: f32, secs: f32, left: bool) -> Actor {
    let (a, b) = if left { (1.2, -0.2) } else { (-0.2, 1.2) };
    Actor::new(CAR).at(from, a, Y).at(from + secs, b, Y)
}

fn line(book: &mut Book) {
    let road = |secs| Street::new("line", 5.0, secs);
    let over = || incident("line-crossed", 7.0).within(1.0);
    book.tell(
        "line-crossed-pos-right",
        road(16.0).with(drives(2.0, 10.0, false)),
        [over().closed(7.0)],
    );
    let both = road(24.0).with(drives(2.0, 10.0, false)).with(drives(8.0, 10.0, false));
    let told = [over().closed(7.0), incident("line-crossed", 13.0).within(1.0).closed(13.0)];
    book.tell("line-crossed-pos-two", both, told);
    book.none("line-crossed-near-left", road(16.0).with(drives(2.0, 10.0, true)));
    let stops = Actor::new(CAR).at(1.0, -0.2, Y).at(6.0, 0.4, Y).until(12.0).at(16.0, -0.2, Y);
    book.none("line-crossed-near-stops-before-it", road(18.0).with(stops));
    let stands = Actor::new(CAR).stands(0.5, Y, 0.0, 20.0);
    book.none("line-crossed-trap-stands-on-it", road(20.0).with(stands).noise(ROUGH));
}

fn alley(book: &mut Book) {
    let alley = |secs| Street::new("alley", 1.0, secs);
    // In the alley for some three seconds each.
    let through = |from: f32| drives(from, 10.0, false);
    let all = |times: &[f32], secs| alley(secs).with_all(times.iter().map(|t| through(*t)));
    let third = || incident("rat-run", 49.0).within(2.0);
    book.tell("rat-run-pos-three", all(&[5.0, 25.0, 45.0], 60.0), [third()]);
    // The first one is a minute old 60 s after it came.
    book.tell(
        "rat-run-pos-three-then-quiet",
        all(&[5.0, 25.0, 45.0], 90.0),
        [third().closed(69.0)],
    );
    book.none("rat-run-near-two", all(&[5.0, 25.0], 80.0));
    book.none("rat-run-near-slowly", all(&[5.0, 40.0, 75.0, 110.0], 130.0));
    let waits = Actor::new(MOTORBIKE).stands(0.5, 0.75, 5.0, 90.0);
    book.none("rat-run-trap-one-that-waits", alley(90.0).with(waits));
}

fn fast(book: &mut Book) {
    let road = |secs| Street::new("fast", 5.0, secs);
    // 56 m in 4 s are 14 m/s, in 7 s they are 8 m/s.
    let told = incident("too-fast", 4.0).within(1.5);
    book.tell("too-fast-pos-fast", road(14.0).with(drives(2.0, 4.0, false)), [told.closed(5.5)]);
    let back = incident("too-fast", 4.0).within(1.5).closed(5.5);
    book.tell("too-fast-pos-the-other-way", road(14.0).with(drives(2.0, 4.0, true)), [back]);
    book.none("too-fast-near-as-allowed", road(14.0).with(drives(2.0, 7.0, false)));
    let stands = Actor::new(CAR).stands(0.5, Y, 0.0, 20.0);
    book.none("too-fast-trap-box-that-jumps", road(20.0).with(stands).noise(ROUGH));
}

fn dark(book: &mut Book) {
    let yard = |secs, start: &str| Street::new("dark", 1.0, secs).from(start);
    let visit = |from, to| Actor::new(PERSON).stands(0.5, 0.8, from, to);
    let told = incident("after-dark", 15.0).first(5.0).closed(30.0);
    book.tell("after-dark-pos-evening", yard(50.0, EVENING).with(visit(5.0, 30.0)), [told]);
    book.none("after-dark-near-passes", yard(40.0, EVENING).with(visit(5.0, 13.0)));
    book.none("after-dark-trap-afternoon", yard(50.0, AFTERNOON).with(visit(5.0, 30.0)));
}

fn tip(book: &mut Book) {
    let verge = |secs| Street::new("tip", 0.5, secs);
    let lorry = || Actor::new(TRUCK).stops(0.5, 0.8, 10.0, 40.0);
    let heap = |from, to| Actor::new(MATERIAL).stands(0.6, 0.82, from, to);
    let told = incident("tipped-load", 49.0).within(6.0);
    book.tell("tipped-load-pos-tipped", verge(70.0).with(lorry()).with(heap(30.0, 80.0)), [told]);
    book.none("tipped-load-near-takes-it-along", verge(70.0).with(lorry()).with(heap(20.0, 40.0)));
    let old = Actor::new(MATERIAL).stands(0.3, 0.82, 0.0, 60.0);
    book.none("tipped-load-trap-old-heap", verge(60.0).with(old));
    let after = heap(175.0, 230.0);
    book.none("tipped-load-trap-somebody-elses", verge(200.0).with(lorry()).with(after));
}
