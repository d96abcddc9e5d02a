//! Commands as they come over MQTT: which are to be carried out, and who is to be told what became of
//! them.
//!
//! A command is done once. One that was kept by the broker is of an unknown time ago and is refused: else
//! it would be obeyed at each start, also after somebody lifted it. Every command that can be heard is
//! answered, with its own answer.

use super::pace::{Pace, PassedOver};
use crate::publish::{Heard, Said, reply};
use crate::refused::Refused;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_contract::id::CommandId;
use viahe_contract::message::{self, CommandError, Order, Refusal, Reply};
use viahe_contract::topic::{About, Topic, is_reply_topic};
use viahe_core::engine::{Answer, Command, Engine, Known};
use viahe_core::id::Name;
use viahe_core::plan::Plan;
use viahe_core::time::Timestamp;

/// Commands that are being carried out at a time.
const WAITING_MAX: usize = 256;
/// Who asks the same while it is being carried out is answered too, up to so many.
const ASKERS_MAX: usize = 8;
/// A command that says when it was issued is good for so long, and clocks may differ by so much.
const FRESH: Duration = Duration::from_mins(10);
/// Longest result: with what is around it, a message stays below 1 MiB.
const RESULT_BYTES_MAX: usize = 1_000_000;
/// Topics with a kept message that are remembered.
const KEPT_MAX: usize = 16;
/// A kept message comes within this of a new connection, before or after all is subscribed.
const KEPT_WITHIN: [Duration; 2] = [Duration::from_secs(30), Duration::from_mins(1)];

/// What becomes of a command.
#[derive(Debug, PartialEq)]
pub(super) enum Asked {
    /// It is to be carried out, and then answered.
    Do(Command),
    /// It is answered already, or needs no answer.
    Said(Option<Said>),
}

/// What came of a command that no engine carries out.
pub(super) struct Outcome {
    /// What was done, for people, or why not.
    pub(super) told: Result<String, Refused>,
    /// What was asked for.
    pub(super) result: Option<Value>,
}

impl Outcome {
    /// Why it was not carried out.
    pub(super) fn refused(why: Refused) -> Self {
        Self { told: Err(why), result: None }
    }
}

impl From<Result<String, Refused>> for Outcome {
    fn from(told: Result<String, Refused>) -> Self {
        Self { told, result: None }
    }
}

/// Where commands are taken in and answered.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// Being carried out.
    waiting: BTreeMap<CommandId, Waiting>,
    /// Kept messages of the broker, by topic.
    kept: BTreeMap<String, Kept>,
    /// Connections on which all was subscribed, and since when the last.
    subscribed: (u64, Option<Instant>),
    /// Commands that were not carried out.
    pub(super) refused: u64,
    pace: Pace,
}

#[derive(Debug)]
struct Waiting {
    order: Order,
    to: Vec<ReplyTo>,
}

#[derive(Clone, Debug, PartialEq)]
struct ReplyTo {
    topic: String,
    correlation: Option<Vec<u8>>,
}

/// A message on a command's topic that the broker keeps.
#[derive(Debug)]
struct Kept {
    payload: Vec<u8>,
    heard: Instant,
}

/// An answer that is ready to go.
pub(super) struct Ready {
    /// To each who asked.
    pub(super) said: Vec<Said>,
    /// It tells of a change that must not be lost with the power.
    pub(super) changed: bool,
}

impl Desk {
    /// Takes a command in.
    pub(super) fn take(
        &mut self,
        plan: &Plan,
        engine: &Engine,
        name: &str,
        heard: Heard,
        now: Instant,
    ) -> Asked {
        // An empty message is how a kept one is removed.
        if heard.payload.is_empty() {
            if self.kept.remove(&heard.topic).is_some() {
                tracing::info!(topic = heard.topic, "the kept command was removed");
                return Asked::Said(None);
            }
            // Perhaps one that was never heard here.
            if heard.retained {
                return Asked::Said(None);
            }
        }
        let id = message::id_of(&heard.payload).ok();
        let to = reply_to(&plan.site.id, &heard, id.as_ref());
        if heard.retained {
            return self.refuse_kept(heard, id, &to, now);
        }
        let at = heard.at;
        let read = message::Command::read(name, &heard.payload).and_then(|read| {
            let message::Command { id, order, by, issued, .. } = read;
            let timed = match issued {
                Some(issued) => fresh(plan, issued, at),
                None => may_be_old(&order),
            };
            match timed {
                Ok(()) => Ok(Command { id, at, order, by }),
                Err(why) => Err(CommandError { id: Some(id), why }),
            }
        });
        match read.and_then(|command| self.accept(plan, engine, command, &to)) {
            Ok(asked) => asked,
            Err(CommandError { id, why }) => {
                Asked::Said(Some(self.refuse(name, id, why, &to, now)))
            }
        }
    }

    /// A command that can be read: is it new?
    fn accept(
        &mut self,
        plan: &Plan,
        engine: &Engine,
        command: Command,
        to: &ReplyTo,
    ) -> Result<Asked, CommandError> {
        let Command { id, order, .. } = &command;
        let told = |order: &Order| order.told(&plan.site.timezone);
        let other = |order: &Order| {
            let order = told(order);
            let why = format!(
                "the id {id} is that of another command ({order}); give each command its own"
            );
            Err(CommandError { id: Some(id.clone()), why })
        };
        match engine.known(id, order) {
            Known::Done(answer) => {
                tracing::info!(%id, order = told(order), "a command that was done comes again");
                return Ok(Asked::Said(Some(said(to, payload(answer)))));
            }
            Known::Otherwise(done) => return other(done),
            Known::New => {}
        }
        if let Some(waiting) = self.waiting.get_mut(id) {
            if waiting.order != *order {
                return other(&waiting.order);
            }
            if waiting.to.len() < ASKERS_MAX && !waiting.to.contains(to) {
                waiting.to.push(to.clone());
            }
            return Ok(Asked::Said(None));
        }
        if self.waiting.len() >= WAITING_MAX {
            let why = format!("{WAITING_MAX} commands wait already; ask again later");
            return Err(CommandError { id: Some(id.clone()), why });
        }
        let waiting = Waiting { order: order.clone(), to: vec![to.clone()] };
        self.waiting.insert(id.clone(), waiting);
        Ok(Asked::Do(command))
    }

    fn refuse(
        &mut self,
        name: &str,
        id: Option<CommandId>,
        why: String,
        to: &ReplyTo,
        now: Instant,
    ) -> Said {
        self.refused += 1;
        if let Some(passed_over) = self.pace.line(now) {
            let id = id.as_ref().map(CommandId::as_str);
            tracing::warn!(name, id, why, passed_over = passed_over.told(), "command refused");
        }
        let (evidence, result, refusal) = (None, None, None);
        let reply = Reply { id, ok: false, text: why, evidence, result, refusal };
        said(to, message::to_bytes(&reply))
    }

    /// Told once for each message: the broker gives it again at each connection.
    fn refuse_kept(
        &mut self,
        heard: Heard,
        id: Option<CommandId>,
        to: &ReplyTo,
        now: Instant,
    ) -> Asked {
        let Heard { topic, payload, .. } = heard;
        if let Some(kept) = self.kept.get_mut(&topic).filter(|kept| kept.payload == payload) {
            kept.heard = now;
            return Asked::Said(None);
        }
        let why = "a retained command is not carried out: it would be again at each start; publish \
                   it without the retain flag, and remove the kept one by an empty retained \
                   message on its topic";
        let name = topic.rsplit('/').next().unwrap_or_default().to_owned();
        let answer = self.refuse(&name, id, why.to_owned(), to, now);
        if self.kept.len() < KEPT_MAX || self.kept.contains_key(&topic) {
            self.kept.insert(topic, Kept { payload, heard: now });
        }
        Asked::Said(Some(answer))
    }

    /// Notes how often all was subscribed: what a new connection does not give is not kept any more.
    pub(super) fn subscribed(&mut self, count: u64, now: Instant) {
        if self.subscribed.0 != count {
            self.subscribed = (count, Some(now));
        }
        let [before, after] = KEPT_WITHIN;
        let Some(since) = self.subscribed.1.filter(|since| now.duration_since(*since) >= after)
        else {
            return;
        };
        self.kept.retain(|_, kept| kept.heard + before >= since);
    }

    /// What is wrong while the broker keeps commands.
    pub(super) fn trouble(&self) -> Option<String> {
        let topics: Vec<&str> = self.kept.keys().map(String::as_str).collect();
        (!topics.is_empty()).then(|| {
            format!(
                "the broker keeps a command on {}; it is not carried out: remove it by an empty \
                 retained message there",
                topics.join(", ")
            )
        })
    }

    /// The messages that answer a command; none for one that was not asked here.
    pub(super) fn answer(
        &mut self,
        answer: &Answer,
        result: Option<Value>,
        refusal: Option<Refusal>,
    ) -> Option<Ready> {
        let Waiting { order, to } = self.waiting.remove(&answer.id)?;
        let payload = message::to_bytes(&short(Reply { result, refusal, ..reply(answer) }));
        let said = to.iter().map(|to| said(to, payload.clone())).collect();
        let changed = answer.result.is_ok() && order.changes();
        Some(Ready { said, changed })
    }

    /// May a line be logged of this answer? Refusals can come by the thousand.
    pub(super) fn may_log(&mut self, now: Instant) -> Option<PassedOver> {
        self.pace.line(now)
    }
}

/// A reply that brokers take; one that is too long is told not to be.
fn short(reply: Reply) -> Reply {
    let bytes = reply.result.as_ref().map_or(0, |result| result.to_string().len());
    if bytes <= RESULT_BYTES_MAX {
        return reply;
    }
    let text = format!(
        "what was asked for has {bytes} bytes, and {RESULT_BYTES_MAX} are the most that is sent; ask for \
         less, or look at it on the box"
    );
    Reply { ok: false, text, result: None, ..reply }
}

fn payload(answer: &Answer) -> Vec<u8> {
    message::to_bytes(&reply(answer))
}

fn said(to: &ReplyTo, payload: Vec<u8>) -> Said {
    let ReplyTo { topic, correlation } = to.clone();
    Said { topic, payload, retained: false, correlation }
}

/// Where the answer goes: where MQTT 5 says, else where the body says, else on the usual topic. Only
/// below the box's own `reply/`; the link has seen to that for the first.
fn reply_to(site: &Name, heard: &Heard, id: Option<&CommandId>) -> ReplyTo {
    let usual = || {
        let rest = id.map_or("unknown", CommandId::as_str).to_owned();
        Topic::new(site, About::Reply(rest)).to_string()
    };
    let asked = heard.answer_to.clone().or_else(|| {
        // Also of a command that is wrong otherwise.
        let body: Value = serde_json::from_slice(&heard.payload).ok()?;
        let topic = body.get("reply_to")?.as_str()?;
        if is_reply_topic(site, topic) {
            return Some((topic.to_owned(), None));
        }
        tracing::warn!(reply_to = topic, "is not below reply/; it is answered on {}", usual());
        None
    });
    let (topic, correlation) = asked.unwrap_or_else(|| (usual(), None));
    ReplyTo { topic, correlation }
}

/// What changes the pipeline file is never carried out as long after as anybody likes.
fn may_be_old(order: &Order) -> Result<(), String> {
    match order {
        Order::Edit { check: false, .. } | Order::Revert { check: false, .. } => {
            Err(format!("{} needs `issued`; see docs/mqtt.md", order.name()))
        }
        _ => Ok(()),
    }
}

/// One that lay somewhere on its way is worse than none.
fn fresh(plan: &Plan, issued: Timestamp, at: Timestamp) -> Result<(), String> {
    let apart = at.since(issued).max(issued.since(at));
    if apart <= FRESH {
        return Ok(());
    }
    let [issued, now] = [issued, at].map(|time| time.rfc3339(&plan.site.timezone));
    let minutes = FRESH.as_secs() / 60;
    Err(format!(
        "it was issued at {issued}, and by the box's clock it is {now}: more than {minutes} \
         minutes apart; give it again, or set the clocks"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_where_asked_if_that_is_ours() {
        let site = Name::try_from("hue").unwrap();
        let to = |body: Option<&str>, link: Option<&str>| {
            let heard = Heard {
                topic: "viahe/v1/hue/cmd/snapshot".into(),
                payload: serde_json::json!({ "reply_to": body, "id": 7 }).to_string().into_bytes(),
                at: Timestamp::from_secs(1),
                retained: false,
                answer_to: link.map(|topic| (topic.to_owned(), Some(vec![7]))),
            };
            let to = reply_to(&site, &heard, Some(&CommandId::try_from("a").unwrap()));
            (to.topic, to.correlation)
        };
        let (desk, other) = ("viahe/v1/hue/reply/desk", "viahe/v1/hue/reply/other");
        let usual = "viahe/v1/hue/reply/a";
        assert_eq!(to(None, None), (usual.into(), None));
        assert_eq!(to(Some(desk), None), (desk.into(), None));
        assert_eq!(to(Some(desk), Some(other)), (other.into(), Some(vec![7])));
        for strange in ["viahe/v1/hue/status", "viahe/v1/hue/reply/#", "", "viahe/v1/x/reply/a"] {
            assert_eq!(to(Some(strange), None), (usual.into(), None), "{strange}");
        }
    }
}
