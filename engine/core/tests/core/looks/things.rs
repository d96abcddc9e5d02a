//! Things, who is with them, and crowds.

use super::{Y, check, story, street};
use crate::street::{Actor, BAG, CART, CHAIR, MATERIAL, MOTORBIKE, Noise, PERSON, TABLE};

#[test]
fn carts_and_who_tends_them() {
    let vending = "use = \"street-vending\"";
    let cart = || Actor::new(CART).stands(0.5, Y, 5.0, 200.0);
    let passes = |every: f32, takes: f32, until: f32| {
        (0..(until / every) as usize).map(move |i| {
            let at = 8.0 + i as f32 * every;
            Actor::new(PERSON).at(at, 0.5 - 0.35, Y + 0.03).at(at + takes, 0.5 + 0.35, Y + 0.03)
        })
    };
    let vendor = Actor::new(PERSON).stands(0.58, Y, 5.0, 60.0);
    let tends = Actor::new(PERSON).stands(0.58, Y, 5.0, 200.0).missed(0.4).retracked_every(8.0);
    check(&[
        story(
            "a cart that nobody tends",
            vending,
            1.0,
            street(150.0).with(cart()).with_all(passes(25.0, 8.0, 140.0)),
            (vec![], 0.0),
        ),
        story(
            "a cart that is tended, badly seen",
            vending,
            1.0,
            street(100.0).with(cart()).with(tends),
            (vec![65.0], 5.0),
        ),
        story(
            "left after less than a minute",
            vending,
            1.0,
            street(140.0).with(cart().stands(0.5, Y, 5.0, 62.0)).with(vendor),
            (vec![], 0.0),
        ),
    ]);
}

#[test]
fn bags_and_their_owners() {
    let away = "use = \"abandoned-object\"";
    let bag = || Actor::new(BAG).stands(0.5, Y, 5.0, 300.0).missed(0.3);
    let owner = |to: f32| Actor::new(PERSON).stands(0.53, Y, 4.0, to);
    check(&[
        story(
            "a bag whose owner left",
            away,
            1.0,
            street(210.0).with(bag()).with(owner(40.0)),
            (vec![160.0], 10.0),
        ),
        story(
            "a bag that people pass",
            away,
            1.0,
            street(210.0).with(bag()).with(owner(40.0)).with_all((2..8).map(|i| {
                let at = i as f32 * 25.0;
                Actor::new(PERSON).at(at, 0.1, Y + 0.04).at(at + 9.0, 0.9, Y + 0.04)
            })),
            (vec![162.0], 14.0),
        ),
        story(
            "a bag with its owner",
            away,
            1.0,
            street(200.0).with(bag()).with(owner(300.0).missed(0.35)),
            (vec![], 0.0),
        ),
    ]);
}

#[test]
fn heaps_and_who_left_them() {
    let dumped = "use = \"dumping\"";
    let heap = || Actor::new(MATERIAL).stands(0.5, Y, 12.0, 120.0);
    let thrower = |to: f32| {
        Actor::new(PERSON).at(8.0, 0.2, Y).at(12.0, 0.46, Y).until(to).at(to + 5.0, 0.0, Y)
    };
    check(&[
        story(
            "a heap that somebody left",
            dumped,
            2.0,
            street(90.0).with(heap().retracked_every(9.0)).with(thrower(17.0)),
            (vec![49.0], 5.0),
        ),
        story(
            "a heap that somebody stays with",
            dumped,
            2.0,
            street(90.0).with(heap()).with(thrower(88.0)),
            (vec![], 0.0),
        ),
    ]);
}

#[test]
fn crowds() {
    let crowd = |count: usize| {
        (0..count).map(|i| {
            Actor::new(PERSON).stands(
                0.06 + 0.1 * (i % 9) as f32,
                0.64 + 0.15 * (i / 9) as f32,
                5.0,
                60.0,
            )
        })
    };
    let crowding = "use = \"crowding\"";
    let misses = |miss| Noise { jitter: 0.02, miss };
    check(&[
        story(
            "eighteen, 35 % missed",
            crowding,
            1.0,
            street(50.0).with_all(crowd(18)).noise(misses(0.35)),
            (vec![36.0], 6.0),
        ),
        story(
            "six, none missed",
            crowding,
            1.0,
            street(50.0).with_all(crowd(6)).noise(misses(0.02)),
            (vec![], 0.0),
        ),
    ]);
}

#[test]
fn goods_on_the_sidewalk() {
    let shop = "use = \"shop-encroachment\"";
    let in_and_out = |out: f32, away: f32| {
        (0..4).map(move |i| {
            let from = 20.0 + i as f32 * (out + away);
            Actor::new(CHAIR).stands(0.5, Y, from, from + out)
        })
    };
    let table = || Actor::new(TABLE).stands(0.5, Y, 20.0, 700.0);
    let guests = (0..5).map(|i| {
        let at = 60.0 + i as f32 * 70.0;
        Actor::new(PERSON).stands(0.485 + 0.01 * i as f32, Y + 0.02, at, at + 50.0)
    });
    let mut stories = vec![
        story(
            "a table before which guests stand",
            shop,
            0.5,
            street(380.0).with(table()).with_all(guests),
            (vec![320.0], 10.0),
        ),
        story(
            "a table, badly seen",
            shop,
            0.5,
            street(360.0).with(table().missed(0.4)),
            (vec![320.0], 10.0),
        ),
    ];
    for (out, away) in [(100.0, 160.0), (150.0, 75.0), (220.0, 90.0)] {
        let street = street(20.0 + 4.0 * (out + away)).with_all(in_and_out(out, away));
        stories.push(story(
            &format!("out for {out} s, in for {away} s"),
            shop,
            0.5,
            street,
            (vec![], 0.0),
        ));
    }
    let row = (0..3).map(|i| {
        Actor::new(MOTORBIKE)
            .stands(0.40 + 0.07 * i as f32, Y + 0.01 * i as f32, 20.0 + 30.0 * i as f32, 300.0)
            .missed(0.3)
    });
    stories.push(story(
        "three bikes in a row",
        "use = \"motorbike-on-sidewalk\"",
        1.0,
        street(190.0).with_all(row),
        (vec![110.0, 140.0, 170.0], 6.0),
    ));
    check(&stories);
}
