//! How long a row waits once nothing stands in its way: simulated, by seed.

use super::{Consequence, Death, Fate, Flow, FlowOptions, Item, RowRef, Shut};
use std::collections::BTreeMap;
use std::time::Duration;
use viahe_core::random::SplitMix64;

const SEEDS: u64 = 500;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What the broker does with messages at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Answers(Fate),
    /// The link is dead, and nobody knows yet.
    Silent,
}

/// A broker and a centre that answer at once, or not at all.
struct World {
    dice: SplitMix64,
    flow: Flow,
    centre: bool,
    now: Duration,
    next_row: i64,
    outbox: BTreeMap<i64, RowRef>,
    /// When what was taken is confirmed by the centre, if it listens.
    to_confirm: BTreeMap<i64, Duration>,
    centre_listens: bool,
    pkid: u16,
    sent: u64,
    /// Rows that the broker said nobody heard.
    heard: Vec<i64>,
}

impl World {
    fn new(seed: u64, centre: bool) -> Self {
        let flow = Flow::new(FlowOptions {
            window: 50,
            centre,
            resend_after: Duration::from_mins(1),
            retry_after: secs(15),
            seed,
        });
        Self {
            dice: SplitMix64::new(seed),
            flow,
            centre,
            now: Duration::ZERO,
            next_row: 1,
            outbox: BTreeMap::new(),
            to_confirm: BTreeMap::new(),
            centre_listens: false,
            pkid: 0,
            sent: 0,
            heard: Vec::new(),
        }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.dice.draw() % n
    }

    fn commit(&mut self) {
        let (row, n) = (self.next_row, self.below(20));
        let (incident, topic) = (format!("i{n}"), format!("t{}", n % 5));
        self.outbox.insert(row, RowRef { row, incident, topic });
        self.next_row += 1;
    }

    fn reconnect(&mut self) {
        assert_eq!(self.flow.lost(Death::Innocent, self.now), None);
        self.flow.connected(None, self.now);
    }

    /// Hands over what may go, and answers it.
    fn exchange(&mut self, mood: Mood) {
        let mut rows: Vec<RowRef> = Vec::new();
        for number in self.flow.take_due(self.now) {
            match self.outbox.get(&number) {
                Some(row) => rows.push(row.clone()),
                None => self.flow.forget(number),
            }
        }
        for row in &rows {
            self.flow.submitted(Item::Row(row.clone()));
        }
        let waiting: Vec<RowRef> =
            self.outbox.range(self.flow.cursor() + 1..).map(|(_, row)| row.clone()).collect();
        for row in waiting {
            if self.flow.row_room() > 0 && self.flow.offer(&row, self.now) {
                self.flow.submitted(Item::Row(row.clone()));
                rows.push(row);
            }
        }
        for row in rows {
            self.pkid = self.pkid % 1_000 + 1;
            self.sent += 1;
            self.flow.sent(self.pkid).unwrap();
            let Mood::Answers(fate) = mood else { continue };
            match self.flow.answered(self.pkid, fate, self.now).unwrap() {
                Consequence::Delete(row) => drop(self.outbox.remove(&row)),
                Consequence::Nothing => drop(self.to_confirm.insert(row.row, self.now + secs(1))),
                Consequence::Unheard(row) => self.heard.push(row),
                Consequence::Retry(_) => {}
                other => panic!("{other:?}"),
            }
        }
        let due: Vec<i64> = self
            .to_confirm
            .iter()
            .filter(|(_, at)| **at <= self.now)
            .map(|(row, _)| *row)
            .collect();
        for row in due.into_iter().filter(|_| self.centre_listens) {
            self.to_confirm.remove(&row);
            self.outbox.remove(&row);
            self.flow.confirmed(row, self.now);
        }
    }

    /// Hours in which nothing, or the wrong thing, comes back.
    fn trouble(&mut self) {
        self.flow.connected(None, self.now);
        for _ in 0..30 {
            let mood = match self.below(5) {
                0 => Mood::Answers(Fate::Later),
                1 => Mood::Answers(Fate::Denied),
                2 => Mood::Answers(Fate::Unheard),
                3 if self.centre => Mood::Answers(Fate::Taken),
                _ => Mood::Silent,
            };
            for _ in 0..self.below(20) {
                let step = 1 + self.below(60);
                self.now += secs(step);
                if self.next_row < 60 && self.below(4) == 0 {
                    self.commit();
                }
                self.exchange(mood);
            }
            if mood == Mood::Silent || self.below(3) == 0 {
                self.reconnect();
            }
        }
        // What was taken meanwhile is lost at the centre.
        self.to_confirm.clear();
    }

    /// All goes well from now on: how long the slowest row takes, and all of them.
    fn settle(&mut self) -> Vec<u64> {
        self.centre_listens = true;
        let start = self.now;
        let mut waits = Vec::new();
        while !self.outbox.is_empty() {
            let before = self.outbox.len();
            self.exchange(Mood::Answers(Fate::Taken));
            let wait = self.now.saturating_sub(start).as_secs();
            waits.resize(waits.len() + before - self.outbox.len(), wait);
            assert!(wait < 10_000, "rows stay for ever: {:?}", self.outbox);
            self.now += secs(1);
        }
        waits
    }
}

fn p99(mut waits: Vec<u64>) -> u64 {
    waits.sort_unstable();
    waits[waits.len() * 99 / 100]
}

#[test]
fn a_new_connection_ends_long_waits() {
    for centre in [false, true] {
        let mut all = Vec::new();
        for seed in 0..SEEDS {
            let mut world = World::new(seed, centre);
            world.trouble();
            world.reconnect();
            let waits = world.settle();
            let worst = waits.iter().max().copied().unwrap_or(0);
            assert!(worst <= 60, "seed {seed}, centre {centre}: a row took {worst} s");
            all.extend(waits);
        }
        assert!(all.len() > 10_000, "nothing waited: {}", all.len());
        println!("centre {centre}: {} rows, p99 {} s", all.len(), p99(all));
    }
}

/// The link held; it was the centre, or its subscription, that was away.
#[test]
fn what_comes_back_without_a_new_connection_ends_long_waits_too() {
    for centre in [false, true] {
        for seed in 0..SEEDS {
            let mut world = World::new(seed, centre);
            world.flow.connected(None, world.now);
            (0..40).for_each(|_| world.commit());
            let mood = Mood::Answers(if centre { Fate::Taken } else { Fate::Unheard });
            for _ in 0..600 {
                world.now += secs(10);
                world.exchange(mood);
            }
            world.to_confirm.clear();
            // Somebody wants something new of the centre: that shows that it is there.
            world.commit();
            let waits = world.settle();
            let worst = waits.iter().max().copied().unwrap_or(0);
            assert!(worst <= 75, "seed {seed}, centre {centre}: a row took {worst} s");
        }
    }
}

/// Nobody listens for an hour: one row a topic is tried, not each.
#[test]
fn nobody_listening_makes_no_flood() {
    let mut world = World::new(1, false);
    world.flow.connected(None, world.now);
    for n in 0..3_600 {
        if n % 10 == 0 {
            world.commit();
        }
        world.exchange(Mood::Answers(Fate::Unheard));
        world.now += secs(1);
    }
    assert_eq!(world.outbox.len(), 360, "all are kept");
    assert_eq!(world.flow.shut(Shut::Unheard).map(|(_, topics)| topics), Some(5));
    println!("{} messages in an hour", world.sent);
    // Five topics, one a minute each, and the first few.
    assert!(world.sent <= 5 * 64, "{} messages", world.sent);
    world.exchange(Mood::Answers(Fate::Taken));
    world.now += secs(61);
    let waits = world.settle();
    assert!(waits.iter().all(|wait| *wait <= 61));
    assert_eq!(world.flow.shut(Shut::Unheard), None);
}

/// Who listens to one camera does not wait for who listens to another.
#[test]
fn a_topic_that_nobody_hears_holds_up_no_other() {
    let mut world = World::new(1, false);
    world.flow.connected(None, world.now);
    let row =
        |n: i64, topic: &str| RowRef { row: n, incident: format!("i{n}"), topic: topic.into() };
    let mut send = |of: &RowRef, fate| {
        assert!(world.flow.offer(of, Duration::ZERO), "{of:?}");
        world.flow.submitted(Item::Row(of.clone()));
        world.flow.sent(of.row as u16).unwrap();
        world.flow.answered(of.row as u16, fate, Duration::ZERO).unwrap()
    };
    assert_eq!(send(&row(1, "deaf"), Fate::Unheard), Consequence::Unheard(1));
    assert_eq!(send(&row(2, "heard"), Fate::Taken), Consequence::Delete(2));
    let flow = &mut world.flow;
    assert!(!flow.offer(&row(3, "deaf"), Duration::ZERO));
    assert_eq!(flow.take_due(secs(14)), Vec::<i64>::new());
    assert_eq!(flow.take_due(secs(15)), [1]);
    flow.submitted(Item::Row(row(1, "deaf")));
    flow.sent(1).unwrap();
    assert_eq!(flow.answered(1, Fate::Taken, secs(15)), Ok(Consequence::Delete(1)));
    assert_eq!(flow.cursor(), 0, "what was passed over is read again");
    assert!(flow.offer(&row(3, "deaf"), secs(15)));
    // The one that is tried may go: replaced by a newer revision, or set aside.
    flow.submitted(Item::Row(row(3, "deaf")));
    flow.sent(3).unwrap();
    flow.answered(3, Fate::Unheard, secs(15)).unwrap();
    flow.forget(3);
    assert_eq!(flow.shut(Shut::Unheard), None);
    assert!(flow.offer(&row(4, "deaf"), secs(15)));
}

/// A broker may hand messages to rules or a bridge, and say that nobody listens. The centre's word
/// shows that they arrive.
#[test]
fn who_confirms_has_heard() {
    let mut world = World::new(1, true);
    (0..200).for_each(|_| world.commit());
    world.flow.connected(None, world.now);
    world.centre_listens = true;
    let start = world.now;
    while !world.outbox.is_empty() {
        world.exchange(Mood::Answers(Fate::Unheard));
        // What was sent reaches the centre, whatever the broker says.
        let sent: Vec<i64> = world.heard.drain(..).collect();
        for row in sent {
            if world.outbox.remove(&row).is_some() {
                world.flow.confirmed(row, world.now);
            }
        }
        world.now += secs(1);
        assert!(world.now.saturating_sub(start) < secs(60), "{} left", world.outbox.len());
    }
    assert_eq!(world.flow.shut(Shut::Unheard), None);
}

/// With QoS 0 a row is delivered when the broker has read past it.
#[test]
fn a_sign_of_life_confirms_what_went_before_it() {
    let mut world = World::new(1, false);
    let flow = &mut world.flow;
    flow.connected(None, Duration::ZERO);
    let row = |n: i64| RowRef { row: n, incident: format!("i{n}"), topic: "t".into() };
    for n in 1..=2 {
        flow.submitted(Item::Row(row(n)));
        flow.sent(0).unwrap();
    }
    assert_eq!(flow.ponged(secs(1)), Vec::new(), "of an earlier one");
    flow.pinged();
    flow.submitted(Item::Row(row(3)));
    flow.sent(0).unwrap();
    assert_eq!(flow.ponged(secs(1)), [Consequence::Delete(1), Consequence::Delete(2)]);
    assert!(!flow.is_idle(), "the third came after it");
    assert_eq!(flow.lost(Death::Unexplained, secs(2)), None);
    flow.connected(None, secs(3));
    assert!(flow.is_idle() && flow.offer(&row(3), secs(3)), "it is sent again");
}
