//! When rules apply, in Vietnam: hours, holidays and permits, suspensions and disasters. Camera
//! `kerb` with illegal-parking (dwell 20 s) on working days from 9 to 11, `market` with
//! shop-encroachment (dwell 25 s) but for the night market on Friday to Sunday from 18 o'clock, and
//! `bays` with illegal-parking outside of a painted bay that may be used from 20 o'clock.

use super::{Book, incident};
use crate::street::{Actor, CAR, PERSON, Street, TABLE};
use viahe_contract::message::Order;
use viahe_core::engine::{Command, Event};
use viahe_core::id::Name;

const KERB: f32 = 0.72;
const WALK: f32 = 0.68;

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("hours", seed);
    schedules(&mut book);
    permits(&mut book);
    commands(&mut book);
    cooldown(&mut book);
    book
}

fn parked(start: &str, secs: f32, from: f32, to: f32) -> Street {
    Street::new("kerb", 1.0, secs).from(start).with(Actor::new(CAR).stops(0.5, KERB, from, to))
}

fn schedules(book: &mut Book) {
    let at = |opened: f32| incident("illegal-parking", opened);
    let usual = || at(25.0).first(5.0).closed(45.0);
    // 9 o'clock in Vietnam is 2 o'clock in Greenwich. The 4th of March 2026 is a Wednesday.
    let wednesday = parked("2026-03-04T02:30:00Z", 64.0, 5.0, 45.0);
    book.tell("illegal-parking-pos-in-hours", wednesday, [usual()]);
    book.none("illegal-parking-near-early", parked("2026-03-04T01:30:00Z", 50.0, 5.0, 45.0));
    book.none("illegal-parking-near-late", parked("2026-03-04T05:00:00Z", 50.0, 5.0, 45.0));
    book.none("illegal-parking-near-sunday", parked("2026-03-08T02:30:00Z", 50.0, 5.0, 45.0));
    // Thursday, the 30th of April, is a holiday.
    book.none("illegal-parking-trap-holiday", parked("2026-04-30T02:30:00Z", 50.0, 5.0, 45.0));
    // The lunar new year of 2026: Tuesday, the 17th of February.
    book.none("illegal-parking-trap-tet", parked("2026-02-17T02:30:00Z", 50.0, 5.0, 45.0));
    // It stands from before nine; the hours begin 30 s after the recording does.
    let begins = parked("2026-03-04T01:59:30Z", 84.0, 5.0, 66.0);
    book.tell("illegal-parking-pos-hours-begin", begins, [at(50.0).first(30.0).closed(66.0)]);
    // The hours end while it stands: so does the incident.
    let ends = parked("2026-03-04T03:59:15Z", 70.0, 5.0, 90.0);
    book.tell("illegal-parking-pos-hours-end", ends, [at(25.0).first(5.0).closed(45.0)]);
}

fn permits(book: &mut Book) {
    let table = |start: &str, secs: f32| {
        let table = Actor::new(TABLE).stands(0.4, WALK, 5.0, 90.0);
        Street::new("market", 1.0, secs).from(start).with(table)
    };
    let put_out = |opened: f32| incident("shop-encroachment", opened);
    // Friday, the 6th of March, 19:00 in Vietnam.
    book.none("shop-encroachment-trap-night-market", table("2026-03-06T12:00:00Z", 50.0));
    let afternoon = table("2026-03-06T08:00:00Z", 50.0);
    book.tell("shop-encroachment-pos-before-market", afternoon, [put_out(30.0).first(5.0)]);
    let thursday = table("2026-03-05T12:00:00Z", 50.0);
    book.tell("shop-encroachment-pos-thursday", thursday, [put_out(30.0).first(5.0)]);
    // At 18:00, 45 s into it, the market opens, and what was put out is lawful.
    let opens = table("2026-03-06T10:59:15Z", 64.0);
    let until = put_out(30.0).first(5.0).closed(45.0);
    book.tell("shop-encroachment-pos-until-market", opens, [until]);
    let bay = |start: &str, x: f32| {
        let car = Actor::new(CAR).stops(x, KERB, 5.0, 45.0);
        Street::new("bays", 1.0, 90.0).from(start).with(car)
    };
    let usual = || incident("illegal-parking", 25.0).first(5.0).closed(45.0);
    book.none("illegal-parking-trap-bay-at-night", bay("2026-03-04T14:00:00Z", 0.75));
    book.tell("illegal-parking-pos-bay-by-day", bay("2026-03-04T05:00:00Z", 0.75), [usual()]);
    book.tell("illegal-parking-pos-beside-bay", bay("2026-03-04T14:00:00Z", 0.3), [usual()]);
}

fn commands(book: &mut Book) {
    let order = |street: Street, secs: f32, order: Order| {
        let at = street.time(secs);
        let id = format!("order-{}", secs as u32).try_into().unwrap();
        street.event(Event::Command(Command { id, at, order, by: None }))
    };
    let usual = || parked("2026-03-04T02:30:00Z", 84.0, 5.0, 66.0);
    let at = |opened: f32| incident("illegal-parking", opened);
    let until = usual().time(30.0);
    let rule = Name::try_from("illegal-parking").ok();
    let suspended = order(usual(), 1.0, Order::Suspend { camera: None, rule, until });
    // It counts from when the rule applies again.
    let later = at(50.0).first(30.0).closed(66.0);
    book.tell("illegal-parking-pos-after-suspend", suspended, [later]);
    // At the first level of a disaster it takes three times as long.
    let storm = order(usual(), 1.0, Order::Disaster { level: 1, until: None });
    book.tell("illegal-parking-pos-in-storm", storm, [at(65.0).first(5.0).closed(66.0)]);
    let flood = order(usual(), 1.0, Order::Disaster { level: 2, until: None });
    book.none("illegal-parking-trap-in-flood", flood);
}

fn cooldown(book: &mut Book) {
    let crowd = |from: f32, to: f32| {
        (0..6).map(move |i| Actor::new(PERSON).stands(0.15 + i as f32 * 0.12, 0.7, from, to))
    };
    let square = |secs: f32| Street::new("square", 0.5, secs).from("2026-03-04T02:30:00Z");
    let at = |opened: f32| incident("crowding", opened);
    // Five people, ten seconds, and a cooldown of 20 s after the end of an incident.
    let soon = square(66.0).with_all(crowd(3.0, 20.0)).with_all(crowd(27.0, 39.0));
    book.tell("crowding-pos-cooldown", soon, [at(13.0).first(3.0).closed(20.0)]);
    // The second crowd stays beyond the cooldown (over at 26, quiet until 46), and is then told.
    let stays = square(72.0).with_all(crowd(3.0, 20.0)).with_all(crowd(29.0, 60.0));
    let both = [at(13.0).first(3.0).closed(20.0), at(46.0).first(29.0).closed(60.0).within(4.0)];
    book.tell("crowding-pos-beyond-cooldown", stays, both);
}
