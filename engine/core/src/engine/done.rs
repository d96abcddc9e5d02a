//! Commands that were carried out, by id: one that comes again is answered again and not done again.
//!
//! Saved with the state, so it also holds over a restart. What was refused is not kept: nothing was
//! done, so trying again does no harm.

use super::command::Answer;
use crate::id::CommandId;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use viahe_contract::message::Order;

/// Commands that changed something and are remembered; judgement: more than a control room gives in
/// weeks, and some 60 kB of saved state at most.
const CHANGES_MAX: usize = 256;
/// Snapshots that are remembered: they change nothing, and must not push out what does.
const SNAPSHOTS_MAX: usize = 64;

/// What is known of a command that comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Known<'a> {
    /// Nothing.
    New,
    /// It was done; this was the answer.
    Done(&'a Answer),
    /// Another order was done under its id.
    Otherwise(&'a Order),
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// Oldest first.
    done: VecDeque<Done>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Done {
    order: Order,
    answer: Answer,
}

impl Ledger {
    pub(super) fn known(&self, id: &CommandId, order: &Order) -> Known<'_> {
        match self.done.iter().find(|done| done.answer.id == *id) {
            None => Known::New,
            Some(done) if done.order == *order => Known::Done(&done.answer),
            Some(done) => Known::Otherwise(&done.order),
        }
    }

    pub(super) fn forget(&mut self, id: &CommandId) {
        self.done.retain(|done| done.answer.id != *id);
    }

    /// Keeps what was done; the oldest of its sort makes room.
    pub(super) fn note(&mut self, order: Order, answer: Answer) {
        if answer.result.is_err() {
            return;
        }
        let changes = order.changes();
        let most = if changes { CHANGES_MAX } else { SNAPSHOTS_MAX };
        let alike = self.done.iter().filter(|done| done.order.changes() == changes).count();
        if alike >= most
            && let Some(oldest) = self.done.iter().position(|d| d.order.changes() == changes)
        {
            self.done.remove(oldest);
        }
        self.done.push_back(Done { order, answer });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Name;

    fn id(id: &str) -> CommandId {
        CommandId::try_from(id).unwrap()
    }

    fn done(text: &str) -> Answer {
        Answer { id: id(text), result: Ok("done".into()), evidence: None }
    }

    #[test]
    fn what_was_done_is_known_and_another_order_is_told_apart() {
        let mut ledger = Ledger::default();
        let order = |level| Order::Disaster { level, until: None };
        ledger.note(order(3), done("d-1"));
        ledger.note(order(9), Answer { result: Err("no".into()), ..done("d-2") });
        assert_eq!(ledger.known(&id("d-1"), &order(3)), Known::Done(&done("d-1")));
        assert_eq!(ledger.known(&id("d-1"), &order(0)), Known::Otherwise(&order(3)));
        assert_eq!(ledger.known(&id("d-2"), &order(9)), Known::New, "nothing was done");
    }

    #[test]
    fn it_is_bounded_and_pictures_push_out_no_change() {
        let mut ledger = Ledger::default();
        let snapshot = Order::Snapshot { camera: Name::try_from("gate").unwrap() };
        ledger.note(Order::Reload, done("kept"));
        for n in 0..1_000 {
            ledger.note(snapshot.clone(), done(&format!("s-{n}")));
        }
        assert_eq!(ledger.done.len(), SNAPSHOTS_MAX + 1);
        assert_eq!(ledger.known(&id("kept"), &Order::Reload), Known::Done(&done("kept")));
        assert_eq!(ledger.known(&id("s-999"), &snapshot), Known::Done(&done("s-999")));
        for n in 0..1_000 {
            ledger.note(Order::Reload, done(&format!("r-{n}")));
        }
        assert_eq!(ledger.done.len(), SNAPSHOTS_MAX + CHANGES_MAX);
        assert_eq!(ledger.known(&id("kept"), &Order::Reload), Known::New);
    }
}
