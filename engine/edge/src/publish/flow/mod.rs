//! Which row is in flight under which packet id: the bookkeeping of delivery. Pure.
//!
//! Input: what the MQTT client reports. Output: rows to delete, to set aside, to send again.
//!
//! Invariants
//! - A row is deleted only for an acknowledgement of that row.
//! - Packet ids are matched to what was handed to the client in order of handing over.
//! - No packet id is taken twice at once: from the oldest unanswered packet to the newest there
//!   are never more than the client has packet ids (it numbers them round and round, and stalls
//!   on a clash when the broker answers out of order).
//! - Everything unanswered is sent again, in order, on the next connection.
//! - With QoS 0 nothing is answered; a row counts as answered by the sign of life that was sent
//!   after it and came back: the broker reads packets in order.

#[cfg(test)]
mod late;
mod row;
#[cfg(test)]
mod sim;
mod waiting;

pub(crate) use row::{FlowOptions, RowRef};
pub(crate) use waiting::Shut;

use super::reason::Fate;
use std::collections::VecDeque;
use std::time::Duration;
use waiting::{Waiting, Why};

/// Most rows that wait for a time or for the centre; then no new ones are sent.
pub(crate) const PARKED_MAX: usize = 1_000;

/// Connections that may die without a word on one lone row before it is put off.
const LONE_DEATHS_MAX: u32 = 5;

/// Connections in a row that die before any row was acknowledged before rows go one by one.
const BARREN_DEATHS_MAX: u32 = 2;

/// What was handed to the MQTT client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A row of the outbox.
    Row(RowRef),
    /// A retained message on this topic: only its newest value counts, and it is sent anew on each
    /// connection.
    Note(String),
    /// A subscription.
    Subscription,
    /// The last word before a clean shutdown.
    Farewell,
    /// A row that is no longer in the outbox.
    Forgotten,
}

/// What follows from an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Consequence {
    /// Delete this row.
    Delete(i64),
    /// Set this row aside.
    Quarantine(i64),
    /// This row was refused and is sent again later.
    Retry(i64),
    /// The broker had nobody to give this row to; it is sent again later.
    Unheard(i64),
    /// The message on this topic was answered so.
    Noted(String, Fate),
    /// The farewell arrived.
    Farewell,
    /// Nothing.
    Nothing,
}

/// How a connection died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// Because of a message: the broker's words, or an answer that the client cannot read.
    Blamed,
    /// Because of a message, or of rights that may come back: the broker's words.
    Refused,
    /// Closed by the other side, no reason given.
    Unexplained,
    /// For a reason that no message can be blamed for.
    Innocent,
}

impl Death {
    /// As the log says it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Blamed => "a message",
            Self::Refused => "a message or its rights",
            Self::Unexplained => "unexplained",
            Self::Innocent => "no message",
        }
    }
}

/// The client reported a packet that was not handed to it, or an id that is taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the MQTT client reported packet id {0} against the order of what it was given")]
pub(crate) struct Mismatch(pub(crate) u16);

#[derive(Debug)]
struct Slot {
    item: Item,
    pkid: Option<u16>,
    answered: bool,
    /// A sign of life was sent after it.
    pinged: bool,
}

/// The state of delivery. Times are since any fixed start.
#[derive(Debug)]
pub(crate) struct Flow {
    options: FlowOptions,
    /// Oldest first, in the order of handing over; the front is unanswered.
    slots: VecDeque<Slot>,
    /// Packets that the broker takes at once.
    broker_window: usize,
    /// Rows up to this one were handed over on this connection, or are parked.
    cursor: i64,
    /// A row was acknowledged on this connection.
    progressed: bool,
    /// Any packet was acknowledged on this connection.
    alive: bool,
    waiting: Waiting,
    barren_deaths: u32,
    /// Rows up to this one go one by one, to find the one that kills connections.
    lone_until: i64,
    /// The lone row on which connections died, and how often.
    lone_deaths: (i64, u32),
    /// The centre confirmed what nobody had heard, as the broker said: it has other ways to the centre.
    heard_otherwise: bool,
}

impl Flow {
    pub(crate) fn new(options: FlowOptions) -> Self {
        Self {
            options,
            slots: VecDeque::new(),
            broker_window: options.window,
            cursor: 0,
            progressed: false,
            alive: false,
            waiting: Waiting::new(options),
            barren_deaths: 0,
            lone_until: 0,
            lone_deaths: (0, 0),
            heard_otherwise: false,
        }
    }

    /// A fresh client has connected; the broker takes `receive_max` unanswered packets.
    pub(crate) fn connected(&mut self, receive_max: Option<u16>, now: Duration) {
        self.slots.clear();
        self.broker_window = receive_max.map_or(usize::MAX, usize::from).max(1);
        self.cursor = 0;
        self.progressed = false;
        self.alive = false;
        self.waiting.connected(now);
    }

    /// Packets that may be handed over now.
    pub(crate) fn room(&self) -> usize {
        let lone = self.lone_until > 0;
        // One packet id is left for the farewell.
        let most = self.options.window.min(self.broker_window - 1).max(1);
        let width = if lone { 1 } else { most };
        width.saturating_sub(self.slots.len())
    }

    /// New rows that may be handed over now.
    pub(crate) fn row_room(&self) -> usize {
        self.room().min(PARKED_MAX.saturating_sub(self.waiting.len()))
    }

    /// Read new rows after this one.
    pub(crate) fn cursor(&self) -> i64 {
        self.cursor
    }

    /// Nothing is unanswered.
    pub(crate) fn is_idle(&self) -> bool {
        self.slots.is_empty()
    }

    /// Something told of box or cameras is unanswered.
    pub(crate) fn has_open_notes(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot.item, Item::Note(_)) && !slot.answered)
    }

    /// Of what was offered nothing can be done now: no answer is awaited, the broker's or the centre's.
    pub(crate) fn is_stuck(&self) -> bool {
        self.slots.is_empty() && self.waiting.all_confirmed()
    }

    /// A topic on which nothing is taken for this reason, and how many there are.
    pub(crate) fn shut(&self, why: Shut) -> Option<(&str, usize)> {
        self.waiting.shut(why)
    }

    /// Rows that the broker did not want, each for itself.
    pub(crate) fn refused(&self) -> usize {
        self.waiting.refused()
    }

    #[cfg(test)]
    pub(crate) fn first_open_row(&self) -> Option<i64> {
        self.slots.iter().find_map(|slot| match &slot.item {
            Item::Row(row) if !slot.answered => Some(row.row),
            _ => None,
        })
    }

    /// Should this row, read after the cursor, be sent now? The cursor moves past it.
    pub(crate) fn offer(&mut self, row: &RowRef, now: Duration) -> bool {
        self.cursor = self.cursor.max(row.row);
        !self.is_in_flight(row.row) && self.waiting.admits(row, now)
    }

    fn is_in_flight(&self, row: i64) -> bool {
        let is = |slot: &Slot| matches!(&slot.item, Item::Row(r) if r.row == row && !slot.answered);
        self.slots.iter().any(is)
    }

    /// Takes at most [`Flow::room`] rows whose wait is over, in order. Hand each over, or
    /// [`Flow::forget`] it.
    pub(crate) fn take_due(&mut self, now: Duration) -> Vec<i64> {
        self.waiting.take_due(self.room(), now)
    }

    /// `item` was handed to the client.
    pub(crate) fn submitted(&mut self, item: Item) {
        self.slots.push_back(Slot { item, pkid: None, answered: false, pinged: false });
    }

    /// The client has sent the next packet under `pkid`; 0 with QoS 0.
    pub(crate) fn sent(&mut self, pkid: u16) -> Result<(), Mismatch> {
        let clashes = |slot: &Slot| slot.pkid == Some(pkid) && !slot.answered;
        let taken = pkid != 0 && self.slots.iter().any(clashes);
        let next = self.slots.iter_mut().find(|slot| slot.pkid.is_none());
        match next {
            Some(slot) if !taken => {
                slot.pkid = Some(pkid);
                Ok(())
            }
            _ => Err(Mismatch(pkid)),
        }
    }

    /// A sign of life was sent.
    pub(crate) fn pinged(&mut self) {
        for slot in self.slots.iter_mut().filter(|slot| slot.pkid == Some(0)) {
            slot.pinged = true;
        }
    }

    /// It was answered: what went before it with QoS 0 has been read.
    pub(crate) fn ponged(&mut self, now: Duration) -> Vec<Consequence> {
        let read = |slot: &&mut Slot| slot.pinged && !slot.answered;
        let items: Vec<Item> = self
            .slots
            .iter_mut()
            .filter(read)
            .map(|slot| {
                slot.answered = true;
                slot.item.clone()
            })
            .collect();
        self.drop_answered();
        items.into_iter().map(|item| self.item_answered(item, Fate::Taken, now)).collect()
    }

    /// The broker answered the packet `pkid`.
    pub(crate) fn answered(
        &mut self,
        pkid: u16,
        fate: Fate,
        now: Duration,
    ) -> Result<Consequence, Mismatch> {
        let open = |slot: &&mut Slot| slot.pkid == Some(pkid) && !slot.answered;
        let slot = self.slots.iter_mut().find(open).ok_or(Mismatch(pkid))?;
        slot.answered = true;
        let item = slot.item.clone();
        self.drop_answered();
        Ok(self.item_answered(item, fate, now))
    }

    fn drop_answered(&mut self) {
        while self.slots.front().is_some_and(|slot| slot.answered) {
            self.slots.pop_front();
        }
    }

    fn item_answered(&mut self, item: Item, fate: Fate, now: Duration) -> Consequence {
        self.alive = true;
        match item {
            Item::Row(row) => self.row_answered(row, fate, now),
            Item::Farewell => Consequence::Farewell,
            Item::Note(topic) => Consequence::Noted(topic, fate),
            Item::Subscription | Item::Forgotten => Consequence::Nothing,
        }
    }

    fn row_answered(&mut self, row: RowRef, fate: Fate, now: Duration) -> Consequence {
        self.progressed = true;
        self.barren_deaths = 0;
        self.end_search(row.row);
        let number = row.row;
        let fate = match fate {
            Fate::Unheard if self.heard_otherwise => Fate::Taken,
            fate => fate,
        };
        match fate {
            Fate::Taken => {
                if self.waiting.open(&row.topic, now) {
                    self.cursor = 0;
                }
                if self.options.centre {
                    self.waiting.park(row, Why::Unconfirmed, now);
                    return Consequence::Nothing;
                }
                self.let_go(number);
                Consequence::Delete(number)
            }
            Fate::Unheard => {
                self.waiting.close(row, Shut::Unheard, now);
                Consequence::Unheard(number)
            }
            Fate::Denied => {
                self.waiting.close(row, Shut::Denied, now);
                Consequence::Retry(number)
            }
            Fate::Later => {
                if self.waiting.unprobe(number) {
                    self.cursor = 0;
                }
                self.waiting.park(row, Why::Refused, now);
                Consequence::Retry(number)
            }
            Fate::Never => {
                self.let_go(number);
                Consequence::Quarantine(number)
            }
        }
    }

    /// The row is no longer in the outbox, or will not be.
    fn let_go(&mut self, row: i64) {
        if self.waiting.forget(row) {
            self.cursor = 0;
        }
    }

    /// `row` is no longer in the outbox: a newer one took its place.
    pub(crate) fn forget(&mut self, row: i64) {
        self.let_go(row);
        for slot in &mut self.slots {
            if matches!(&slot.item, Item::Row(r) if r.row == row) {
                slot.item = Item::Forgotten;
            }
        }
    }

    /// The centre has `row`.
    pub(crate) fn confirmed(&mut self, row: i64, now: Duration) {
        self.heard_otherwise |= self.waiting.is_unheard(row);
        self.forget(row);
        self.waiting.confirmed(now);
    }

    /// The connection died. Returns the row to blame, if one is found out.
    pub(crate) fn lost(&mut self, death: Death, now: Duration) -> Option<i64> {
        let open = |slot: Slot| match slot.item {
            Item::Row(row) if !slot.answered => Some(row),
            _ => None,
        };
        // Of this connection only: the next one may not even come up.
        let barren = std::mem::take(&mut self.alive) & !std::mem::take(&mut self.progressed);
        let rows: Vec<RowRef> =
            std::mem::take(&mut self.slots).into_iter().filter_map(open).collect();
        let first = rows.first()?.row;
        let blamed = match death {
            Death::Innocent => false,
            Death::Blamed if rows.len() == 1 => true,
            Death::Refused if rows.len() == 1 => {
                // Others may pass meanwhile.
                self.waiting.park(rows[0].clone(), Why::PutOff, now);
                self.end_search(first);
                false
            }
            Death::Blamed | Death::Refused => {
                self.send_alone(&rows);
                false
            }
            Death::Unexplained => barren && self.died_barren(rows, now),
        };
        if blamed {
            self.let_go(first);
            self.end_search(first);
        }
        blamed.then_some(first)
    }

    /// A bad link looks the same as a row that kills the broker. So it takes several lone deaths
    /// of connections that had just worked, and then the row is only put off, so that others
    /// pass; a row for which this happens again and again is blamed.
    fn died_barren(&mut self, mut rows: Vec<RowRef>, now: Duration) -> bool {
        self.barren_deaths += 1;
        if self.lone_until == 0 {
            if self.barren_deaths >= BARREN_DEATHS_MAX {
                self.send_alone(&rows);
            }
            return false;
        }
        let first = rows.swap_remove(0);
        let deaths = if self.lone_deaths.0 == first.row { self.lone_deaths.1 + 1 } else { 1 };
        self.lone_deaths = (first.row, deaths);
        if deaths < LONE_DEATHS_MAX {
            return false;
        }
        self.end_search(first.row);
        self.waiting.put_off(first, now)
    }

    /// Row `row` is dealt with.
    fn end_search(&mut self, row: i64) {
        self.lone_deaths = (0, 0);
        if row >= self.lone_until {
            self.lone_until = 0;
        }
    }

    fn send_alone(&mut self, rows: &[RowRef]) {
        let last = rows.iter().map(|row| row.row).max().unwrap_or(0);
        self.lone_until = last.max(self.lone_until);
    }
}
