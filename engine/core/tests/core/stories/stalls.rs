//! What is put out and sold on a footway from 0.55 to 0.75. Cameras: `shop` with
//! shop-encroachment (dwell 25 s, absence 20 s) and `market` with street-vending (dwell 20 s,
//! absence 15 s).

use super::{Book, Incident, incident};
use crate::street::{
    Actor, CART, CHAIR, Kind, MATERIAL, MOTORBIKE, PERSON, ROUGH, STALL, Street, TABLE, UMBRELLA,
};

const WALK: f32 = 0.68;

pub(crate) fn book(seed: u64) -> Book {
    let mut book = Book::new("stalls", seed);
    shop(&mut book);
    shop_none(&mut book);
    vending(&mut book);
    vending_none(&mut book);
    shade(&mut book);
    book
}

fn put(kind: Kind, x: f32, from: f32, to: f32) -> Actor {
    Actor::new(kind).stands(x, WALK, from, to)
}

fn shop(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("shop-encroachment", opened) };
    let shop = |secs: f32| Street::new("shop", 1.0, secs);
    let usual = || at(30.0).first(5.0).closed(45.0);
    let goods = [("table", TABLE), ("chair", CHAIR), ("umbrella", UMBRELLA), ("stall", STALL)];
    for (name, kind) in goods {
        let street = shop(68.0).with(put(kind, 0.4, 5.0, 45.0));
        book.tell(&format!("shop-encroachment-pos-{name}"), street, [usual()]);
    }
    let rough = shop(68.0).with(put(TABLE, 0.4, 5.0, 45.0)).noise(ROUGH);
    book.tell("shop-encroachment-pos-rough", rough, [usual().within(4.0)]);
    // Three tables are three incidents.
    let tables = (0..3).map(|i| put(TABLE, 0.2 + i as f32 * 0.25, 4.0 + i as f32, 60.0));
    let all = (0..3).map(|i| at(29.0 + i as f32).first(4.0 + i as f32));
    book.tell("shop-encroachment-pos-terrace", shop(44.0).with_all(tables), all);
    // Customers stand before it for a while.
    let table = put(TABLE, 0.4, 5.0, 60.0);
    let guests =
        (0..2).map(|i| Actor::new(PERSON).stands(0.37 + i as f32 * 0.07, 0.71, 34.0, 48.0));
    let street = shop(84.0).with(table).with_all(guests);
    book.tell("shop-encroachment-pos-guests", street, [at(30.0).first(5.0).closed(60.0)]);
    let moved = Actor::new(TABLE).at(5.0, 0.3, WALK).until(40.0).at(44.0, 0.7, WALK).until(75.0);
    // Moved to another place it is a new incident there.
    let both = [at(30.0).first(5.0).closed(40.0), at(69.0).first(44.0)];
    book.tell("shop-encroachment-pos-moved", shop(74.0).with(moved), both);
}

/// Who and what is under an umbrella or behind guests; told after the others, which keep their seeds.
fn shade(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("shop-encroachment", opened) };
    let shop = |secs: f32| Street::new("shop", 1.0, secs);
    // Somebody waits at the stop with an umbrella, for longer than goods may stand.
    let waits = |x: f32| Actor::new(PERSON).at(0.0, -0.1, 0.72).at(5.0, x, 0.72).until(62.0);
    let street = shop(62.0).with_all(waits(0.4).under_an_umbrella());
    book.none("shop-encroachment-trap-umbrella-waits", street);
    let rough = shop(62.0).with_all(waits(0.4).under_an_umbrella()).noise(ROUGH);
    book.none("shop-encroachment-trap-umbrella-rough", rough);
    let queue = (0..2).flat_map(|i| waits(0.3 + i as f32 * 0.15).under_an_umbrella());
    book.none("shop-encroachment-trap-umbrellas-at-stop", shop(54.0).with_all(queue));
    // The parasol of a shop is told, whoever sits below it later.
    let guest = Actor::new(PERSON).stands(0.4, 0.70, 27.0, 70.0);
    let street = shop(60.0).with(put(UMBRELLA, 0.4, 5.0, 80.0)).with(guest);
    book.tell("shop-encroachment-pos-guest-below", street, [at(30.0).first(5.0)]);
    // A guest stands before a chair that was just put out: hidden is not away.
    let guest = Actor::new(PERSON).stands(0.4, 0.71, 14.0, 55.0);
    let street = shop(70.0).with(put(CHAIR, 0.4, 5.0, 80.0)).with(guest);
    // Known again when it has been seen to rest for some seconds.
    let told = at(55.0).first(5.0).within(6.0);
    book.tell("shop-encroachment-pos-guest-early", street, [told]);
}

fn shop_none(book: &mut Book) {
    let shop = |secs: f32| Street::new("shop", 1.0, secs);
    let inside = Actor::new(TABLE).stands(0.4, 0.50, 2.0, 50.0);
    book.none("shop-encroachment-near-inside", shop(50.0).with(inside));
    let unloading = put(MATERIAL, 0.4, 5.0, 26.0);
    book.none("shop-encroachment-near-unloading", shop(50.0).with(unloading));
    let bike = put(MOTORBIKE, 0.4, 2.0, 50.0);
    book.none("shop-encroachment-near-bike", shop(50.0).with(bike));
    let carried = Actor::new(CHAIR).at(0.0, 0.1, WALK).at(24.0, 0.9, WALK);
    book.none("shop-encroachment-trap-carried", shop(30.0).with(carried));
    // Umbrellas of those who walk in the rain.
    let rain = (0..8).map(|i| {
        let at = i as f32 * 5.0;
        Actor::new(UMBRELLA).at(at, -0.1, WALK).at(at + 14.0, 1.1, WALK)
    });
    book.none("shop-encroachment-trap-rain", shop(50.0).with_all(rain));
    let people = (0..3).map(|i| put(PERSON, 0.3 + i as f32 * 0.1, 2.0, 50.0));
    book.none("shop-encroachment-trap-people", shop(50.0).with_all(people));
}

/// Somebody who stands at a cart in those times.
fn vendor(x: f32, from: f32, to: f32) -> Actor {
    Actor::new(PERSON).stands(x + 0.07, WALK, from, to)
}

fn vending(book: &mut Book) {
    let at = |opened: f32| -> Incident { incident("street-vending", opened) };
    let market = |secs: f32| Street::new("market", 1.0, secs);
    let usual = || at(25.0).first(5.0).closed(45.0);
    for (name, kind) in [("cart", CART), ("stall", STALL)] {
        let street = market(64.0).with(put(kind, 0.4, 5.0, 45.0)).with(vendor(0.4, 5.0, 45.0));
        book.tell(&format!("street-vending-pos-{name}"), street, [usual()]);
    }
    let street = market(64.0).with(put(CART, 0.4, 5.0, 45.0)).with(vendor(0.4, 5.0, 45.0));
    book.tell("street-vending-pos-rough", street.noise(ROUGH), [usual().within(4.0)]);
    // It is pushed in, stands for half a minute and is packed up: gone in under a minute.
    let cart = Actor::new(CART).stops(0.5, WALK, 6.0, 36.0);
    let person = Actor::new(PERSON).stops(0.5, WALK, 6.0, 36.0).beside(0.14, 0.0);
    let quick = [at(26.0).first(6.0).closed(36.0)];
    book.tell("street-vending-pos-quick", market(56.0).with(cart).with(person), quick);
    // The vendor steps away for some seconds and comes back.
    let street = market(64.0)
        .with(put(CART, 0.4, 5.0, 45.0))
        .with(vendor(0.4, 5.0, 18.0))
        .with(vendor(0.4, 32.0, 45.0));
    book.tell("street-vending-pos-steps-away", street, [usual()]);
    let two = market(50.0)
        .with(put(CART, 0.25, 5.0, 60.0))
        .with(vendor(0.25, 5.0, 60.0))
        .with(put(STALL, 0.65, 8.0, 60.0))
        .with(vendor(0.65, 8.0, 60.0));
    book.tell("street-vending-pos-two", two, [at(25.0).first(5.0), at(28.0).first(8.0)]);
    // Buyers stand before the cart, one after the other.
    let buyers = (0..4).map(|i| {
        let from = 8.0 + i as f32 * 9.0;
        Actor::new(PERSON).stands(0.38, 0.71, from, from + 6.0)
    });
    let street = market(64.0)
        .with(put(STALL, 0.4, 5.0, 45.0))
        .with(vendor(0.44, 5.0, 45.0))
        .with_all(buyers);
    book.tell("street-vending-pos-buyers", street, [usual().within(3.0)]);
}

fn vending_none(book: &mut Book) {
    let market = |secs: f32| Street::new("market", 1.0, secs);
    let cart = Actor::new(CART).at(0.0, 0.0, WALK).at(30.0, 1.0, WALK);
    let pusher = Actor::new(PERSON).at(0.0, 0.0, WALK).at(30.0, 1.0, WALK).beside(0.14, 0.0);
    // Somebody walks past a cart that nobody attends to, every fourteen seconds.
    let passers = (0..4).map(|i| {
        let at = 8.0 + i as f32 * 14.0;
        Actor::new(PERSON).at(at, -0.1, 0.70).at(at + 12.0, 1.1, 0.70)
    });
    let left = market(70.0).with(put(CART, 0.5, 0.0, 70.0)).with_all(passers);
    book.none("street-vending-trap-passers-by", left);
    book.none("street-vending-near-pushed-by", market(36.0).with(cart).with(pusher));
    let short = market(45.0).with(put(CART, 0.4, 5.0, 21.0)).with(vendor(0.4, 5.0, 21.0));
    book.none("street-vending-near-one-sale", short);
    let outside = Actor::new(CART).stands(0.4, 0.85, 5.0, 45.0);
    let beside = Actor::new(PERSON).stands(0.5, 0.85, 5.0, 45.0);
    book.none("street-vending-near-in-road", market(48.0).with(outside).with(beside));
    book.none("street-vending-trap-empty-cart", market(50.0).with(put(CART, 0.4, 3.0, 50.0)));
    // Those who pass by are beside it for a look or two.
    let passers = (0..2).map(|i| {
        let at = 5.0 + i as f32 * 24.0;
        Actor::new(PERSON).at(at, 0.0, WALK).at(at + 8.0, 1.0, WALK)
    });
    let street = market(54.0).with(put(CART, 0.4, 0.0, 54.0)).with_all(passers);
    book.none("street-vending-trap-passers", street);
    let talk = market(50.0).with(vendor(0.4, 2.0, 50.0)).with(vendor(0.6, 2.0, 50.0));
    book.none("street-vending-trap-people-only", talk);
    // The refuse collector's cart stops here and there.
    let cart = Actor::new(CART).at(0.0, 0.1, WALK).at(3.0, 0.25, WALK).until(15.0);
    let cart = cart.at(20.0, 0.5, WALK).until(32.0).at(37.0, 0.75, WALK).until(48.0);
    let person = cart.clone().beside(0.14, 0.0);
    let person = Actor::new(PERSON).along(&person);
    book.none("street-vending-trap-refuse", market(50.0).with(cart).with(person));
    // A hawker sells here, ten metres on, and again: no place is taken.
    let cart = Actor::new(CART).at(0.0, 0.1, WALK).at(3.0, 0.2, WALK).until(19.0);
    let cart = cart.at(25.0, 0.5, WALK).until(41.0).at(47.0, 0.8, WALK).until(63.0);
    let person = Actor::new(PERSON).along(&cart.clone().beside(0.14, 0.0));
    let street = market(66.0).with(cart.at(66.0, 0.9, WALK)).with(person);
    book.none("street-vending-near-moves-on", street);
}
