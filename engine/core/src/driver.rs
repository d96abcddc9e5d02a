//! The loop around the engine: an event in, what follows carried out, what comes of that in again.
//!
//! It stands here once. What differs is who carries out the effects, a [`Host`]: the box at work, a
//! replay of recordings, a scenario.

use crate::engine::{Answer, Effect, Engine, Event, RestoreError, Saved};
use crate::id::CommandId;
use crate::plan::Plan;
use std::collections::VecDeque;
use std::sync::Arc;
use viahe_contract::message::Order;

/// Carries out what the engine asks for.
pub trait Host {
    /// Why an effect cannot be carried out at all. It ends the work on what is left to do.
    type Error;

    /// Carries out one effect; says what comes of it at once. What comes later is an event like any
    /// other.
    ///
    /// # Errors
    /// As the host has them.
    fn carry_out(&mut self, effect: Effect) -> Result<Upshot, Self::Error>;
}

/// What comes of an effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Upshot {
    /// Nothing more for now.
    Nothing,
    /// An event, such as a picture that is there already. It is applied at once; what follows from it is
    /// carried out after all that is to be done already.
    Event(Event),
    /// The command of this answer was not carried out after all, and may be given again.
    Undone(CommandId),
}

/// An engine with its host. Nobody else gives events to an engine.
#[derive(Debug)]
pub struct Driver<H> {
    engine: Engine,
    host: H,
    todo: VecDeque<Effect>,
}

impl<H: Host> Driver<H> {
    /// Nothing has happened yet.
    pub fn new(engine: Engine, host: H) -> Self {
        Self { engine, host, todo: VecDeque::new() }
    }

    /// Applies an event, and carries out all that follows.
    ///
    /// # Errors
    /// The host's.
    pub fn apply(&mut self, event: Event) -> Result<(), H::Error> {
        let effects = self.engine.apply(event);
        self.carry_out(effects)
    }

    /// Carries out effects in order, and all that follows from them.
    ///
    /// # Errors
    /// The host's; what was to be done after it is not done.
    pub fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), H::Error> {
        self.todo = effects.into();
        while let Some(effect) = self.todo.pop_front() {
            match self.host.carry_out(effect)? {
                Upshot::Nothing => {}
                Upshot::Event(event) => self.todo.extend(self.engine.apply(event)),
                Upshot::Undone(command) => self.engine.forget(&command),
            }
        }
        Ok(())
    }

    /// Goes on from what an engine had saved. Pictures that it waited for will not come.
    ///
    /// # Errors
    /// The outer one when this version cannot read it, and nothing has changed; the inner one is the host's.
    pub fn resume(&mut self, saved: &Saved) -> Result<Result<(), H::Error>, RestoreError> {
        let effects = self.engine.resume(saved)?;
        Ok(self.carry_out(effects).and_then(|()| self.give_up_awaited()))
    }

    /// Says that the pictures that are waited for will not come: whoever was to take them is no more.
    ///
    /// # Errors
    /// The host's.
    pub fn give_up_awaited(&mut self) -> Result<(), H::Error> {
        let awaited: Vec<_> = self.engine.awaited().collect();
        let lost = |capture| Event::Captured { capture, evidence: None };
        awaited.into_iter().try_for_each(|capture| self.apply(lost(capture)))
    }

    /// Goes on under another plan.
    ///
    /// # Errors
    /// The host's.
    pub fn reload(&mut self, plan: Arc<Plan>) -> Result<(), H::Error> {
        let effects = self.engine.reload(plan);
        self.carry_out(effects)
    }

    /// There are no more events: applies what waits for older ones.
    ///
    /// # Errors
    /// The host's.
    pub fn finish(&mut self) -> Result<(), H::Error> {
        let effects = self.engine.finish();
        self.carry_out(effects)
    }

    /// Notes an order that the host carried out itself.
    pub fn note(&mut self, order: Order, answer: &Answer) {
        self.engine.note(order, answer);
    }

    /// The engine, to be asked.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The host.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// The host, at work.
    pub fn host_mut(&mut self) -> &mut H {
        &mut self.host
    }

    /// The engine, to be asked, and the host at work.
    pub fn parts(&mut self) -> (&Engine, &mut H) {
        (&self.engine, &mut self.host)
    }

    /// The host; the engine goes.
    pub fn into_host(self) -> H {
        self.host
    }
}
