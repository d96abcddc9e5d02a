//! Commands as they come over MQTT: which are to be carried out, and who is to be told what became of
//! them.
//!
//! A command is done once. One that was kept by the broker is of an unknown time ago and is refused: else
//! it would be obeyed at each start, also after somebody lifted it. Every command that can be heard is
//! answered, with its own answer.

use super::pace::{Pace, PassedOver};
use crate::publish::{Heard, Said, is_reply_topic, reply, site_topic, unread};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use viahe_core::config::Plan;
use viahe_core::engine::{Answer, Command, Engine, Known, Order};
use viahe_core::id::Name;
use viahe_core::time::Timestamp;

/// Longest id of a command.
const ID_CHARS_MAX: usize = 80;
/// Longest name of who commands.
const BY_CHARS_MAX: usize = 120;
/// Commands that are being carried out at a time.
const WAITING_MAX: usize = 256;
/// Who asks the same while it is being carried out is answered too, up to so many.
const ASKERS_MAX: usize = 8;
/// A command that says when it was issued is good for so long, and clocks may differ by so much.
const FRESH: Duration = Duration::from_mins(10);
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

/// Where commands are taken in and answered.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// Being carried out.
    waiting: BTreeMap<String, Waiting>,
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

/// The body of a command; which keys it needs depends on its topic.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    camera: Option<Name>,
    rule: Option<Name>,
    until: Option<Timestamp>,
    level: Option<u8>,
    by: Option<String>,
    issued: Option<Timestamp>,
    /// Where the answer goes, for who has no response topic; see [`reply_to`].
    #[serde(rename = "reply_to")]
    _reply_to: Option<String>,
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
        let id = id_of(&heard.payload);
        let to = reply_to(&plan.site.id, &heard, id.as_deref().ok());
        if heard.retained {
            return self.refuse_kept(heard, id.ok().as_deref(), &to, now);
        }
        let at = heard.at;
        let read = id.and_then(|id| {
            let body = serde_json::from_slice::<Body>(&heard.payload)
                .map_err(|e| (Some(id.clone()), format!("the command is not readable: {e}")))?;
            command_of(plan, name, body, at).map_err(|why| (Some(id), why))
        });
        match read.and_then(|command| self.accept(plan, engine, command, &to)) {
            Ok(asked) => asked,
            Err((id, why)) => Asked::Said(Some(self.refuse(name, id.as_deref(), &why, &to, now))),
        }
    }

    /// A command that can be read: is it new?
    fn accept(
        &mut self,
        plan: &Plan,
        engine: &Engine,
        command: Command,
        to: &ReplyTo,
    ) -> Result<Asked, (Option<String>, String)> {
        let Command { id, order, .. } = &command;
        let told = |order: &Order| order.told(&plan.site.timezone);
        let other = |order: &Order| {
            let order = told(order);
            let why = format!(
                "the id {id} is that of another command ({order}); give each command its own"
            );
            Err((Some(id.clone()), why))
        };
        match engine.known(id, order) {
            Known::Done(answer) => {
                tracing::info!(id, order = told(order), "a command that was done comes again");
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
            return Err((Some(id.clone()), why));
        }
        let waiting = Waiting { order: order.clone(), to: vec![to.clone()] };
        self.waiting.insert(id.clone(), waiting);
        Ok(Asked::Do(command))
    }

    fn refuse(
        &mut self,
        name: &str,
        id: Option<&str>,
        why: &str,
        to: &ReplyTo,
        now: Instant,
    ) -> Said {
        self.refused += 1;
        if let Some(passed_over) = self.pace.line(now) {
            tracing::warn!(name, id, why, passed_over = passed_over.told(), "command refused");
        }
        said(to, unread(id, why).to_string().into_bytes())
    }

    /// Told once for each message: the broker gives it again at each connection.
    fn refuse_kept(&mut self, heard: Heard, id: Option<&str>, to: &ReplyTo, now: Instant) -> Asked {
        let Heard { topic, payload, .. } = heard;
        if let Some(kept) = self.kept.get_mut(&topic).filter(|kept| kept.payload == payload) {
            kept.heard = now;
            return Asked::Said(None);
        }
        let why = "a retained command is not carried out: it would be again at each start; publish \
                   it without the retain flag, and remove the kept one by an empty retained \
                   message on its topic";
        let name = topic.rsplit('/').next().unwrap_or_default().to_owned();
        let answer = self.refuse(&name, id, why, to, now);
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
    pub(super) fn answer(&mut self, answer: &Answer) -> Option<Ready> {
        let Waiting { order, to } = self.waiting.remove(&answer.id)?;
        let said = to.iter().map(|to| said(to, payload(answer))).collect();
        let changed = answer.result.is_ok() && !matches!(order, Order::Snapshot { .. });
        Some(Ready { said, changed })
    }

    /// May a line be logged of this answer? Refusals can come by the thousand.
    pub(super) fn may_log(&mut self, now: Instant) -> Option<PassedOver> {
        self.pace.line(now)
    }
}

fn payload(answer: &Answer) -> Vec<u8> {
    reply(answer).to_string().into_bytes()
}

fn said(to: &ReplyTo, payload: Vec<u8>) -> Said {
    let ReplyTo { topic, correlation } = to.clone();
    Said { topic, payload, retained: false, correlation }
}

/// Where the answer goes: where MQTT 5 says, else where the body says, else on the usual topic. Only
/// below the box's own `reply/`; the link has seen to that for the first.
fn reply_to(site: &Name, heard: &Heard, id: Option<&str>) -> ReplyTo {
    let usual = || site_topic(site, &format!("reply/{}", id.unwrap_or("unknown")));
    let asked = heard.answer_to.clone().or_else(|| {
        // Also of a command that is wrong otherwise.
        let body: serde_json::Value = serde_json::from_slice(&heard.payload).ok()?;
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

/// The id of a command, if it has one that can be used, however the rest reads.
fn id_of(payload: &[u8]) -> Result<String, (Option<String>, String)> {
    let no = |why: String| Err((None, why));
    let value: serde_json::Value = match serde_json::from_slice(payload) {
        Ok(value) => value,
        Err(error) => return no(format!("the command is not JSON: {error}")),
    };
    let form = format!("1 to {ID_CHARS_MAX} letters, digits, `-` and `_`, of its own");
    let Some(id) = value.get("id") else {
        return no(format!("the command has no `id`; give it {form}"));
    };
    let Some(id) = id.as_str() else {
        return no(format!("the `id` of the command is not a text; give it {form}"));
    };
    let usable = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if id.is_empty() || id.chars().count() > ID_CHARS_MAX || !id.chars().all(usable) {
        return no(format!("the `id` of the command cannot be used; give it {form}"));
    }
    Ok(id.to_owned())
}

/// What is to be done, or why it is not.
fn command_of(plan: &Plan, name: &str, body: Body, at: Timestamp) -> Result<Command, String> {
    let need = |key: &str| format!("{name} needs `{key}`; see docs/mqtt.md");
    let Body { id, camera, rule, until, level, by, issued, .. } = body;
    if let Some(issued) = issued {
        fresh(plan, issued, at)?;
    }
    let named = |by: &String| !by.is_empty() && by.chars().count() <= BY_CHARS_MAX;
    if by.as_ref().is_some_and(|by| !named(by) || by.chars().any(char::is_control)) {
        return Err(format!("`by` is to be a name of 1 to {BY_CHARS_MAX} characters"));
    }
    let given = [
        ("camera", camera.is_some()),
        ("rule", rule.is_some()),
        ("until", until.is_some()),
        ("level", level.is_some()),
    ];
    let order = match name {
        "snapshot" => Order::Snapshot { camera: camera.ok_or_else(|| need("camera"))? },
        "suspend" => Order::Suspend { camera, rule, until: until.ok_or_else(|| need("until"))? },
        "disaster" => Order::Disaster { level: level.ok_or_else(|| need("level"))?, until },
        "reload" => Order::Reload,
        _ => {
            return Err(format!(
                "there is no command {name}; there are snapshot, suspend, disaster and reload"
            ));
        }
    };
    let takes: &[&str] = match &order {
        Order::Snapshot { .. } => &["camera"],
        Order::Suspend { .. } => &["camera", "rule", "until"],
        Order::Disaster { .. } => &["level", "until"],
        Order::Reload => &[],
    };
    match given.iter().find(|(key, there)| *there && !takes.contains(key)) {
        Some((key, _)) => Err(format!("{name} has no `{key}`; see docs/mqtt.md")),
        None => Ok(Command { id, at, order, by }),
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
            let to = reply_to(&site, &heard, Some("a"));
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
