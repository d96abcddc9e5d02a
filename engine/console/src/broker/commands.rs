//! Commands to boxes: who waits for which answer, and for how long.
//!
//! A command is known by its id. Its answer counts once, and only from the site that was asked; what comes late, again or
//! from elsewhere is counted and dropped. Nothing is kept: who waits is gone with the console, and whoever asked may ask
//! again, as a box carries out a command of one id once.

use crate::clock;
use crate::vitals::Vitals;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use viahe_contract::id::{CommandId, Name};
use viahe_contract::message::{Command, Order, Reply};
use viahe_contract::topic::{About, Topic};

/// Commands that wait for their answers at the same time; whoever has one more is sent away.
const WAITING_MAX: usize = 128;
/// Those of one site among them: a box that is silent takes no place from the others.
const WAITING_OF_SITE_MAX: usize = 16;

/// What tells when time is over.
pub trait Timer: Send + Sync {
    /// Ends `by` after it was made.
    fn after(&self, by: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// By the clock of this machine.
pub struct RealTime;

impl Timer for RealTime {
    fn after(&self, by: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(by))
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// There is no connection to the broker.
    #[error("the console has no connection to the broker now")]
    BrokerAway,
    /// The broker takes no command.
    #[error("the broker refuses the command; let the console write viahe/v1/+/cmd/+")]
    BrokerRefuses,
    /// No box listens.
    #[error("no box of this site listens at the broker")]
    NobodyListens,
    /// Too many wait already.
    #[error("too many commands wait for answers")]
    Full,
    /// None came in time.
    #[error("the box has not answered in time")]
    Silent,
}

impl Unanswered {
    fn label(self) -> &'static str {
        match self {
            Self::BrokerAway => "broker_away",
            Self::BrokerRefuses => "broker_refuses",
            Self::NobodyListens => "nobody_listens",
            Self::Full => "full",
            Self::Silent => "silent",
        }
    }
}

type Answer = Result<Reply, Unanswered>;

/// Where commands are given and answers arrive; clones are the same one.
#[derive(Clone)]
pub struct Commands(Arc<Inner>);

struct Inner {
    /// What ids of commands begin with: no other console's do.
    prefix: String,
    book: Mutex<Book>,
    out: mpsc::Sender<Sending>,
    timer: Box<dyn Timer>,
    vitals: Vitals,
}

#[derive(Default)]
struct Book {
    /// Is the broker there, and are answers heard?
    open: bool,
    /// Commands given so far.
    given: u64,
    waiting: BTreeMap<CommandId, Waiting>,
}

struct Waiting {
    site: Name,
    answer: oneshot::Sender<Answer>,
}

/// A command on its way to the broker.
#[derive(Clone)]
pub(super) struct Sending {
    pub(super) id: CommandId,
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    /// Of no use to a box after as long.
    pub(super) expires: Duration,
    /// It was being sent when a connection ended: its box may have it.
    pub(super) again: bool,
}

/// Commands that are to be sent, in order; the first stays until the broker has said what it thinks of it.
pub struct ToSend {
    commands: mpsc::Receiver<Sending>,
    first: Option<Sending>,
    of: Commands,
}

impl Commands {
    /// Nobody waits; `timer` tells when time is over, and `run` is a number that no other console has, nor this one when
    /// it ran before. What is given goes out by the other value.
    pub fn new(run: u64, timer: impl Timer + 'static, vitals: Vitals) -> (Self, ToSend) {
        let (out, commands) = mpsc::channel(WAITING_MAX);
        let (prefix, book, timer) =
            (format!("console-{run:016x}"), Mutex::default(), Box::new(timer));
        let commands_of = Self(Arc::new(Inner { prefix, book, out, timer, vitals }));
        let to_send = ToSend { commands, first: None, of: commands_of.clone() };
        (commands_of, to_send)
    }

    /// Gives the box of a site an order in somebody's name, and waits for the answer.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn give(&self, site: &Name, order: Order, by: String, within: Duration) -> Answer {
        let answer = self.wait_for(site, order, by, within).await;
        let label = match &answer {
            Ok(Reply { ok: true, .. }) => "done",
            Ok(_) => "refused",
            Err(why) => why.label(),
        };
        self.0.vitals.count("commands", label);
        answer
    }

    async fn wait_for(&self, site: &Name, order: Order, by: String, within: Duration) -> Answer {
        let (_seat, id, answer) = self.enter(site)?;
        let topic = Topic::new(site, About::Command(order.name().to_owned())).to_string();
        let (issued, reply_to) = (Some(clock::now()), None);
        let command = Command { id: id.clone(), order, by: Some(by), issued, reply_to };
        let sending =
            Sending { id, topic, payload: command.to_bytes(), expires: within, again: false };
        let over = self.over(within);
        self.0.out.try_send(sending).map_err(|_| Unanswered::Full)?;
        tokio::select! {
            // Nobody else holds the other end: it says something before it goes.
            answer = answer => answer.unwrap_or(Err(Unanswered::Silent)),
            () = over => Err(Unanswered::Silent),
        }
    }

    /// A place among those who wait.
    #[expect(clippy::expect_used, reason = "what an id is made of does not depend on anybody")]
    fn enter(
        &self,
        site: &Name,
    ) -> Result<(Seat<'_>, CommandId, oneshot::Receiver<Answer>), Unanswered> {
        let mut book = self.book();
        if !book.open {
            return Err(Unanswered::BrokerAway);
        }
        let of_site = book.waiting.values().filter(|waiting| waiting.site == *site).count();
        if book.waiting.len() >= WAITING_MAX || of_site >= WAITING_OF_SITE_MAX {
            return Err(Unanswered::Full);
        }
        book.given += 1;
        let id = CommandId::try_from(format!("{}-{}", self.0.prefix, book.given))
            .expect("it is made of 45 letters, digits and hyphens at most");
        let (to, answer) = oneshot::channel();
        book.waiting.insert(id.clone(), Waiting { site: site.clone(), answer: to });
        self.tell_waiting(&book);
        drop(book);
        Ok((Seat { of: self, id: id.clone() }, id, answer))
    }

    /// Ends when so much time is over.
    pub fn over(&self, by: Duration) -> impl Future<Output = ()> + Send + use<> {
        self.0.timer.after(by)
    }

    /// An answer came.
    pub(super) fn answered(&self, site: &Name, reply: Reply) {
        let mut book = self.book();
        let waiting = reply.id.as_ref().and_then(|id| Some((id, book.waiting.get(id)?)));
        match waiting {
            Some((_, waiting)) if waiting.site != *site => {
                self.0.vitals.count("commands", "answer_of_another_site");
                tracing::warn!(%site, asked = %waiting.site, "answers a command that another site got");
            }
            Some((id, _)) => {
                let id = id.clone();
                if let Some(Waiting { answer, .. }) = book.waiting.remove(&id) {
                    // Whoever waited may just have gone.
                    let _ = answer.send(Ok(reply));
                }
                self.tell_waiting(&book);
            }
            None => self.0.vitals.count("commands", "answer_unasked"),
        }
    }

    /// There will be no answer.
    pub(super) fn failed(&self, id: &CommandId, why: Unanswered) {
        let mut book = self.book();
        if let Some(Waiting { answer, .. }) = book.waiting.remove(id) {
            // Whoever waited may just have gone.
            let _ = answer.send(Err(why));
        }
        self.tell_waiting(&book);
    }

    /// From now on commands go and answers are heard, or no longer. Who waits goes on: the broker keeps the answers.
    pub(super) fn set_open(&self, open: bool) {
        self.book().open = open;
    }

    fn is_waited_for(&self, id: &CommandId) -> bool {
        self.book().waiting.contains_key(id)
    }

    fn tell_waiting(&self, book: &Book) {
        self.0.vitals.set("commands_waiting", book.waiting.len() as u64);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits, until they go.
struct Seat<'a> {
    of: &'a Commands,
    id: CommandId,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut book = self.of.book();
        book.waiting.remove(&self.id);
        self.of.tell_waiting(&book);
    }
}

impl ToSend {
    /// Waits until there is something to send.
    pub(super) async fn ready(&mut self) {
        if self.first.is_none() {
            self.first = self.commands.recv().await;
        }
    }

    /// What is to go next, if something is; of what nobody waits for any more, nothing.
    pub(super) fn next(&mut self) -> Option<Sending> {
        loop {
            let next = self.first.take().or_else(|| self.commands.try_recv().ok())?;
            if self.of.is_waited_for(&next.id) {
                self.first = Some(Sending { again: true, ..next.clone() });
                return Some(next);
            }
        }
    }

    /// The broker has said what it thinks of the first one.
    pub(super) fn is_gone(&mut self) {
        self.first = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tokio::sync::watch;

    /// Over when it is said.
    struct Hand(watch::Receiver<Duration>);

    impl Timer for Hand {
        fn after(&self, by: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            let mut hand = self.0.clone();
            let until = *hand.borrow() + by;
            Box::pin(async move {
                // Whoever holds the other end ends no time by going.
                if hand.wait_for(|now| *now >= until).await.is_err() {
                    std::future::pending::<()>().await;
                }
            })
        }
    }

    fn name(text: &str) -> Name {
        Name::try_from(text).unwrap()
    }

    fn reply(id: &CommandId, text: &str) -> Reply {
        serde_json::from_value(json!({ "id": id, "ok": true, "text": text, "evidence": null }))
            .unwrap()
    }

    fn order() -> Order {
        Order::Snapshot { camera: name("gate-east") }
    }

    const WITHIN: Duration = Duration::from_secs(20);

    struct Desk {
        commands: Commands,
        to_send: ToSend,
        clock: watch::Sender<Duration>,
    }

    fn desk() -> Desk {
        let (clock, hand) = watch::channel(Duration::ZERO);
        let (commands, to_send) = Commands::new(7, Hand(hand), Vitals::default());
        commands.set_open(true);
        Desk { commands, to_send, clock }
    }

    impl Desk {
        fn give(&self, site: &str) -> tokio::task::JoinHandle<Answer> {
            let (commands, site) = (self.commands.clone(), name(site));
            tokio::spawn(async move { commands.give(&site, order(), "Lan".into(), WITHIN).await })
        }

        async fn sent(&mut self) -> Sending {
            self.to_send.ready().await;
            let sent = self.to_send.next().unwrap();
            self.to_send.is_gone();
            sent
        }
    }

    #[tokio::test]
    async fn the_first_answer_of_the_site_that_was_asked_counts() {
        let mut desk = desk();
        let asked = desk.give("hue");
        let sent = desk.sent().await;
        assert_eq!((&*sent.topic, sent.expires), ("viahe/v1/hue/cmd/snapshot", WITHIN));
        let command = Command::read("snapshot", &sent.payload).unwrap();
        assert_eq!((command.order, command.by.as_deref()), (order(), Some("Lan")));
        desk.commands.answered(&name("da-nang"), reply(&sent.id, "another site"));
        desk.commands.answered(&name("hue"), reply(&sent.id, "first"));
        desk.commands.answered(&name("hue"), reply(&sent.id, "second"));
        assert_eq!(asked.await.unwrap().unwrap().text, "first");
        assert!(desk.commands.book().waiting.is_empty());
        let counts = desk.commands.0.vitals.counts();
        let counted: Vec<_> = counts.into_iter().map(|(_, kind, n)| (kind, n)).collect();
        assert_eq!(counted, [("answer_of_another_site", 1), ("answer_unasked", 1), ("done", 1)]);
    }

    #[tokio::test]
    async fn who_waits_in_vain_is_told_when_time_is_over_and_what_is_not_sent_yet_is_not_sent() {
        let mut desk = desk();
        let (first, second) = (desk.give("hue"), desk.give("hue"));
        let sent = desk.sent().await;
        desk.clock.send_replace(WITHIN);
        assert_eq!(first.await.unwrap(), Err(Unanswered::Silent));
        assert_eq!(second.await.unwrap(), Err(Unanswered::Silent));
        desk.commands.answered(&name("hue"), reply(&sent.id, "late"));
        assert!(desk.to_send.next().is_none(), "nobody waits for the second one");
    }

    #[tokio::test]
    async fn a_silent_site_takes_no_place_from_the_others() {
        let mut desk = desk();
        let asked: Vec<_> = (0..WAITING_OF_SITE_MAX).map(|_| desk.give("hue")).collect();
        for _ in &asked {
            desk.sent().await;
        }
        assert_eq!(desk.give("hue").await.unwrap(), Err(Unanswered::Full));
        let other = desk.give("da-nang");
        let sent = desk.sent().await;
        desk.commands.answered(&name("da-nang"), reply(&sent.id, "here"));
        assert!(other.await.unwrap().is_ok());
        // Who goes leaves the place.
        for asked in &asked {
            asked.abort();
        }
        for asked in asked {
            assert!(asked.await.unwrap_err().is_cancelled());
        }
        assert!(desk.commands.book().waiting.is_empty());
    }

    #[tokio::test]
    async fn without_a_broker_nobody_waits() {
        let desk = desk();
        desk.commands.set_open(false);
        assert_eq!(desk.give("hue").await.unwrap(), Err(Unanswered::BrokerAway));
    }
}
