//! Seeded simulation of [`Flow`] against a model of the client library (packet ids round and
//! round, packets held back on a clash) and of a broker (answers out of order, refuses, dies).

use super::{Consequence, Death, Fate, Flow, FlowOptions, Item, RowRef};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use viahe_core::random::SplitMix64;

const SEEDS: u64 = 20_000;

struct Dice(SplitMix64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0.draw() % n
    }
}

fn options(window: usize, centre: bool, seed: u64) -> FlowOptions {
    FlowOptions {
        window,
        centre,
        resend_after: Duration::from_mins(1),
        retry_after: Duration::from_secs(15),
        seed,
    }
}

/// The library's numbering, as read in rumqttc 0.25.1: ids go round 1 to `most`.
struct Client {
    most: u16,
    last: u16,
    queue: VecDeque<Option<RowRef>>,
    /// Sent and unanswered.
    in_flight: BTreeSet<u16>,
    /// On the wire, in order; `None` is a note.
    wire: VecDeque<(u16, Option<RowRef>)>,
    /// At the broker, to be answered in any order.
    decided: Vec<(u16, Fate)>,
}

impl Client {
    fn send_next(&mut self) -> Option<u16> {
        if self.in_flight.len() >= usize::from(self.most) {
            return None;
        }
        let message = self.queue.pop_front()?;
        let pkid = self.last + 1;
        self.last = if pkid == self.most { 0 } else { pkid };
        assert!(self.in_flight.insert(pkid), "packet id {pkid} clashes");
        self.wire.push_back((pkid, message));
        Some(pkid)
    }
}

struct World {
    dice: Dice,
    flow: Flow,
    centre: bool,
    poison: Option<(i64, Death)>,
    refusing: bool,
    /// The broker has nobody for some topics now and then.
    lonely: bool,
    deaf: BTreeSet<String>,
    now: Duration,
    next_row: i64,
    outbox: BTreeMap<i64, String>,
    quarantined: BTreeSet<i64>,
    /// What the broker ever took, in order.
    taken: Vec<RowRef>,
    client: Option<Client>,
    connections: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(SplitMix64::new(seed));
        let centre = dice.below(2) == 0;
        let window = 1 + dice.below(8) as usize;
        let poison = match dice.below(8) {
            0 | 1 => Some((1 + dice.below(20).cast_signed(), Death::Blamed)),
            2 => Some((1 + dice.below(20).cast_signed(), Death::Unexplained)),
            _ => None,
        };
        let refusing = dice.below(3) == 0;
        let lonely = dice.below(3) == 0;
        let flow = Flow::new(options(window, centre, seed));
        Self {
            dice,
            flow,
            centre,
            poison,
            refusing,
            lonely,
            deaf: BTreeSet::new(),
            now: Duration::ZERO,
            next_row: 1,
            outbox: BTreeMap::new(),
            quarantined: BTreeSet::new(),
            taken: Vec::new(),
            client: None,
            connections: 0,
        }
    }

    fn commit(&mut self) {
        let incident = format!("i{}", self.dice.below(4));
        self.outbox.insert(self.next_row, incident);
        self.next_row += 1;
    }

    fn connect(&mut self) {
        let receive_max = 1 + self.dice.below(12) as u16;
        // As in `link.rs`: the window and one more, at most what the broker takes.
        let most = receive_max.min(9);
        self.flow.connected(Some(receive_max), self.now);
        self.connections += 1;
        self.client = Some(Client {
            most,
            last: 0,
            queue: VecDeque::new(),
            in_flight: BTreeSet::new(),
            wire: VecDeque::new(),
            decided: Vec::new(),
        });
        if self.flow.room() > 0 {
            self.hand_over(None);
        }
    }

    fn hand_over(&mut self, row: Option<RowRef>) {
        self.flow.submitted(row.clone().map_or(Item::Note("status".into()), Item::Row));
        self.client.as_mut().unwrap().queue.push_back(row);
    }

    fn submit(&mut self) {
        for row in self.flow.take_due(self.now) {
            match self.outbox.get(&row).cloned() {
                Some(incident) => self.hand_over(Some(row_of(row, &incident))),
                None => self.flow.forget(row),
            }
        }
        loop {
            let room = self.flow.row_room();
            let rows: Vec<RowRef> = self
                .outbox
                .range(self.flow.cursor() + 1..)
                .take(room)
                .map(|(row, incident)| row_of(*row, incident))
                .collect();
            if rows.is_empty() {
                return;
            }
            for row in rows {
                if self.flow.offer(&row, self.now) {
                    self.hand_over(Some(row));
                }
            }
        }
    }

    fn transmit(&mut self) {
        if let Some(pkid) = self.client.as_mut().unwrap().send_next() {
            self.flow.sent(pkid).unwrap();
        }
    }

    /// The oldest message on the wire reaches the broker, which takes it, refuses it or dies.
    fn arrive(&mut self) {
        let refuse = self.refusing && self.dice.below(8) == 0;
        let client = self.client.as_mut().unwrap();
        let Some((pkid, message)) = client.wire.pop_front() else { return };
        let answer = match &message {
            Some(row) if self.deaf.contains(&row.topic) => Fate::Unheard,
            Some(_) if refuse && self.next_row % 2 == 0 => Fate::Denied,
            Some(_) if refuse => Fate::Later,
            _ => Fate::Taken,
        };
        client.decided.push((pkid, answer));
        match message {
            Some(row) if self.poison.is_some_and(|(poison, _)| poison == row.row) => {
                self.die(self.poison.unwrap().1);
            }
            Some(row) if answer == Fate::Taken => self.taken.push(row),
            _ => {}
        }
    }

    fn answer(&mut self) {
        let client = self.client.as_mut().unwrap();
        if client.decided.is_empty() {
            return;
        }
        let at = self.dice.below(client.decided.len() as u64) as usize;
        let (pkid, answer) = client.decided.swap_remove(at);
        client.in_flight.remove(&pkid);
        // The answer itself may be lost with the connection.
        if self.dice.below(10) == 0 {
            self.die(Death::Unexplained);
            return;
        }
        match self.flow.answered(pkid, answer, self.now).unwrap() {
            Consequence::Delete(row) => {
                assert!(!self.centre, "deleted without the centre's word");
                assert!(self.taken.iter().any(|t| t.row == row), "deleted, never taken");
                self.outbox.remove(&row);
            }
            Consequence::Quarantine(_) | Consequence::Farewell => {
                panic!("nothing of the kind was sent")
            }
            Consequence::Retry(_) => assert!(matches!(answer, Fate::Later | Fate::Denied)),
            Consequence::Unheard(_) => assert_eq!(answer, Fate::Unheard),
            Consequence::Noted(..) | Consequence::Nothing => {}
        }
    }

    fn die(&mut self, death: Death) {
        self.client = None;
        if let Some(row) = self.flow.lost(death, self.now) {
            assert!(self.outbox.remove(&row).is_some(), "blamed a row that is gone");
            self.quarantined.insert(row);
        }
    }

    /// The centre confirms something that it has seen.
    fn confirm(&mut self) {
        if self.centre && !self.taken.is_empty() {
            let at = self.dice.below(self.taken.len() as u64) as usize;
            let row = self.taken[at].row;
            if self.outbox.remove(&row).is_some() {
                self.flow.confirmed(row, self.now);
            }
        }
    }

    fn step(&mut self) {
        self.now += Duration::from_millis(self.dice.below(4_000));
        if self.client.is_none() {
            match self.dice.below(3) {
                0 => self.commit(),
                _ => self.connect(),
            }
            return;
        }
        if self.lonely && self.dice.below(40) == 0 {
            let topic = topic_of(&format!("i{}", self.dice.below(4)));
            if !self.deaf.remove(&topic) {
                self.deaf.insert(topic);
            }
        }
        match self.dice.below(20) {
            0..=2 => self.commit(),
            3..=7 => self.submit(),
            8..=10 => self.transmit(),
            11..=13 => self.arrive(),
            14..=16 => self.answer(),
            17 => self.confirm(),
            18 if self.dice.below(4) == 0 => self.die(Death::Unexplained),
            19 if self.dice.below(4) == 0 => self.die(Death::Innocent),
            _ => {}
        }
    }

    /// From here on all goes well, but for the poison.
    fn settle(&mut self) {
        self.refusing = false;
        self.deaf.clear();
        for _ in 0..100_000 {
            if self.outbox.is_empty() {
                return;
            }
            self.now += Duration::from_secs(1);
            if self.client.is_none() {
                self.connect();
            }
            self.submit();
            for act in [Self::transmit, Self::arrive, Self::answer, Self::transmit, Self::arrive] {
                if self.client.is_some() {
                    act(self);
                }
            }
            self.confirm();
        }
        panic!("rows stay for ever: {:?}", self.outbox);
    }

    /// Nothing lost; nothing but the poison set aside; revisions first arrive in order.
    fn check(&self, refused: bool) {
        let taken: BTreeSet<i64> = self.taken.iter().map(|t| t.row).collect();
        for row in 1..self.next_row {
            assert!(taken.contains(&row) || self.quarantined.contains(&row), "row {row} lost");
        }
        let poison: Vec<i64> = self.quarantined.iter().copied().collect();
        let sent_poison = self.poison.map(|(row, _)| row).filter(|row| *row < self.next_row);
        assert_eq!(poison, Vec::from_iter(sent_poison), "set aside");
        let silent = self.poison.is_some_and(|(_, death)| death == Death::Unexplained);
        if !refused && !silent {
            let mut newest = BTreeMap::new();
            let mut seen = BTreeSet::new();
            for row in self.taken.iter().filter(|row| seen.insert(row.row)) {
                let before = newest.insert(&row.incident, row.row).unwrap_or(0);
                assert!(row.row > before, "row {} of {} came late", row.row, row.incident);
            }
        }
    }
}

#[test]
fn nothing_is_lost_and_only_poison_is_set_aside() {
    let (mut duplicates, mut connections, mut poisoned, mut rows) = (0, 0, 0, 0);
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let refused = world.refusing || world.lonely;
        let run = std::panic::AssertUnwindSafe(|| {
            (0..400).for_each(|_| world.step());
            world.settle();
            world.check(refused);
        });
        let ended = std::panic::catch_unwind(run);
        assert!(ended.is_ok(), "seed {seed}");
        let once: BTreeSet<i64> = world.taken.iter().map(|row| row.row).collect();
        duplicates += world.taken.len() - once.len();
        connections += world.connections;
        poisoned += world.quarantined.len();
        rows += world.next_row - 1;
    }
    println!(
        "{SEEDS} seeds: {rows} rows, {connections} connections, {duplicates} taken twice, \
         {poisoned} set aside, 0 lost"
    );
    // A run in which nothing happened shows nothing.
    assert!(duplicates > 0 && poisoned > 0 && connections > SEEDS);
}

fn topic_of(incident: &str) -> String {
    // Two incidents share a topic.
    format!("t{}", if matches!(incident, "i0" | "i1") { "0" } else { incident })
}

fn row_of(row: i64, incident: &str) -> RowRef {
    RowRef { row, incident: incident.into(), topic: topic_of(incident) }
}

fn row(row: i64) -> RowRef {
    row_of(row, &format!("i{row}"))
}

fn flow(window: usize) -> Flow {
    Flow::new(options(window, false, 0))
}

#[test]
fn a_dead_link_is_not_blamed_on_a_row() {
    let mut flow = flow(8);
    for _ in 0..50 {
        // The link breaks each time before anything is answered.
        flow.connected(None, Duration::ZERO);
        assert!(flow.offer(&row(1), Duration::ZERO));
        flow.submitted(Item::Row(row(1)));
        flow.sent(1).unwrap();
        assert_eq!(flow.lost(Death::Unexplained, Duration::ZERO), None);
    }
}

#[test]
fn a_row_that_silently_kills_working_connections_is_found() {
    let mut flow = flow(8);
    let (mut now, mut deaths, mut put_off) = (Duration::ZERO, 0, None);
    let blamed = loop {
        now += Duration::from_secs(1);
        flow.connected(None, now);
        flow.submitted(Item::Note("status".into()));
        flow.sent(1).unwrap();
        flow.answered(1, Fate::Taken, now).unwrap();
        let due = flow.take_due(now);
        for n in due.iter().copied().chain(1..=3) {
            if flow.row_room() > 0 && (due.contains(&n) || flow.offer(&row(n), now)) {
                flow.submitted(Item::Row(row(n)));
            }
        }
        let first = flow.first_open_row();
        if first != Some(1) {
            // Rows 2 and 3 pass while row 1 waits.
            put_off.get_or_insert(deaths);
            continue;
        }
        deaths += 1;
        if let Some(row) = flow.lost(Death::Unexplained, now) {
            break row;
        }
    };
    println!("put off after {put_off:?} deaths, blamed after {deaths}");
    assert_eq!((blamed, put_off), (1, Some(7)));
    assert!(deaths >= 50, "blamed after {deaths} deaths: too fast for a bad link");
}

#[test]
fn later_revisions_wait_for_a_refused_one() {
    let mut flow = flow(8);
    let of = |n| row_of(n, "same");
    flow.connected(None, Duration::ZERO);
    assert!(flow.offer(&of(1), Duration::ZERO));
    flow.submitted(Item::Row(of(1)));
    flow.sent(1).unwrap();
    assert_eq!(flow.answered(1, Fate::Later, Duration::ZERO), Ok(Consequence::Retry(1)));
    assert!(!flow.offer(&of(2), Duration::ZERO));
    assert!(flow.offer(&row(3), Duration::ZERO));
    assert!(flow.take_due(Duration::from_secs(14)).is_empty());
    assert_eq!(flow.take_due(Duration::from_secs(15)), [1, 2]);
}

#[test]
fn answers_out_of_order_do_not_reuse_an_id_that_is_taken() {
    let mut flow = flow(4);
    flow.connected(Some(5), Duration::ZERO);
    for n in 1..=4 {
        assert_eq!(flow.room(), 5 - n as usize);
        flow.submitted(Item::Row(row(n)));
        flow.sent(n as u16).unwrap();
    }
    flow.answered(3, Fate::Taken, Duration::ZERO).unwrap();
    flow.answered(4, Fate::Taken, Duration::ZERO).unwrap();
    assert_eq!(flow.room(), 0, "id 1 is still taken");
    flow.answered(1, Fate::Taken, Duration::ZERO).unwrap();
    assert_eq!(flow.room(), 1);
    assert!(flow.answered(1, Fate::Taken, Duration::ZERO).is_err());
}
