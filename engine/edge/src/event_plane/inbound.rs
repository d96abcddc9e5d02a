//! What comes over MQTT: readings of sensors and commands of the centre.

use super::readings::Readings;
use crate::publish::{Heard, Said, is_reply_topic, reply, site_topic};
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;
use viahe_core::config::Plan;
use viahe_core::engine::{Answer, Command, Event, Order};
use viahe_core::id::Name;
use viahe_core::time::Timestamp;

/// Commands whose answers are remembered: one that comes twice is done once.
const ANSWERS_MAX: usize = 1_000;
/// Longest id of a command.
const ID_CHARS_MAX: usize = 80;

/// What a message asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Inbound {
    /// Readings, as events.
    Events(Vec<Event>),
    /// Something for the engine.
    Command(Command),
    /// Read the pipeline again; the command's id.
    Reload(String),
    /// It is answered already.
    Answered(Said),
    /// Nothing.
    Ignored,
}

/// Reads messages and remembers whom to answer.
pub(super) struct Inbox {
    /// Commands that are being carried out: where the answer goes.
    waiting: BTreeMap<String, ReplyTo>,
    /// Answers given, oldest first.
    answered: VecDeque<(String, Vec<u8>)>,
    pub(super) readings: Readings,
}

#[derive(Clone, Debug)]
struct ReplyTo {
    topic: String,
    correlation: Option<Vec<u8>>,
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
    /// Where the answer goes, for who has no response topic.
    reply_to: Option<String>,
}

/// Topics and filters that a plan wants to hear.
pub(crate) fn filters(plan: &Plan) -> Vec<String> {
    let mut filters = vec![site_topic(&plan.site.id, "cmd/+")];
    filters.extend(super::readings::filters(plan));
    filters
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { waiting: BTreeMap::new(), answered: VecDeque::new(), readings: Readings::default() }
    }

    /// What a message asks for.
    pub(super) fn read(&mut self, plan: &Plan, heard: Heard, now: Instant) -> Inbound {
        let prefix = site_topic(&plan.site.id, "cmd/");
        if let Some(name) = heard.topic.strip_prefix(&prefix) {
            let name = name.to_owned();
            return self.command(plan, &name, heard);
        }
        Inbound::Events(self.readings.read(plan, &heard, now))
    }

    fn command(&mut self, plan: &Plan, name: &str, heard: Heard) -> Inbound {
        let body: Result<Body, _> = serde_json::from_slice(&heard.payload);
        let id = match &body {
            Ok(body) => body.id.clone(),
            // What can be read of it, so that the answer finds its way.
            Err(_) => serde_json::from_slice::<serde_json::Value>(&heard.payload)
                .ok()
                .and_then(|value| Some(value.get("id")?.as_str()?.to_owned()))
                .unwrap_or_else(|| "unknown".into()),
        };
        let usable = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.chars().count() > ID_CHARS_MAX || !id.chars().all(usable) {
            tracing::warn!(name, "a command without a usable id is not carried out");
            return Inbound::Ignored;
        }
        let usual = site_topic(&plan.site.id, &format!("reply/{id}"));
        let asked = body.as_ref().ok().and_then(|body| body.reply_to.clone());
        let to = reply_to(&plan.site.id, usual, asked, heard.answer_to);
        if let Some((_, payload)) = self.answered.iter().find(|(known, _)| *known == id) {
            return Inbound::Answered(said(&to, payload.clone()));
        }
        if self.waiting.contains_key(&id) {
            return Inbound::Ignored;
        }
        self.waiting.insert(id.clone(), to);
        let order = body.map_err(|e| format!("the command is not readable: {e}"));
        match order.and_then(|body| order_of(name, body)) {
            Ok(Some(order)) => Inbound::Command(Command { id, at: heard.at, order }),
            Ok(None) => Inbound::Reload(id),
            Err(why) => {
                let answer = Answer { id, result: Err(why), evidence: None };
                self.answer(&answer).map_or(Inbound::Ignored, Inbound::Answered)
            }
        }
    }

    /// The message that answers a command; none for one that was not asked here.
    pub(super) fn answer(&mut self, answer: &Answer) -> Option<Said> {
        let to = self.waiting.remove(&answer.id)?;
        let payload = reply(answer).to_string().into_bytes();
        self.answered.push_back((answer.id.clone(), payload.clone()));
        if self.answered.len() > ANSWERS_MAX {
            self.answered.pop_front();
        }
        Some(said(&to, payload))
    }
}

/// Where the answer goes: where MQTT 5 says, else where the body says, else on the usual topic. Only
/// below the box's own `reply/`; the link has seen to that for the first.
fn reply_to(
    site: &Name,
    usual: String,
    body: Option<String>,
    link: Option<(String, Option<Vec<u8>>)>,
) -> ReplyTo {
    let (mine, strange): (Option<String>, Option<String>) = match body {
        Some(topic) if is_reply_topic(site, &topic) => (Some(topic), None),
        other => (None, other),
    };
    if let Some(strange) = strange {
        tracing::warn!(reply_to = strange, "is not below reply/; it is answered on {usual}");
    }
    let asked = link.or_else(|| mine.map(|topic| (topic, None)));
    let (topic, correlation) = asked.unwrap_or((usual, None));
    ReplyTo { topic, correlation }
}

fn said(to: &ReplyTo, payload: Vec<u8>) -> Said {
    let ReplyTo { topic, correlation } = to.clone();
    Said { topic, payload, retained: false, correlation }
}

/// The order of a command; none for a reload.
fn order_of(name: &str, body: Body) -> Result<Option<Order>, String> {
    let need = |key: &str| format!("{name} needs `{key}`; see docs/mqtt.md");
    match name {
        "snapshot" => {
            let camera = body.camera.ok_or_else(|| need("camera"))?;
            Ok(Some(Order::Snapshot { camera }))
        }
        "suspend" => {
            let until = body.until.ok_or_else(|| need("until"))?;
            Ok(Some(Order::Suspend { camera: body.camera, rule: body.rule, until }))
        }
        "disaster" => Ok(Some(Order::Disaster { level: body.level.ok_or_else(|| need("level"))? })),
        "reload" => Ok(None),
        _ => Err(format!(
            "there is no command {name}; there are snapshot, suspend, disaster and reload"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_once_and_answered_where_asked() {
        let order = |name: &str, text: &str| order_of(name, serde_json::from_str(text).unwrap());
        let disaster = order("disaster", r#"{"id":"abc","level":2}"#);
        assert_eq!(disaster, Ok(Some(Order::Disaster { level: 2 })));
        assert_eq!(order("reload", r#"{"id":"abc"}"#), Ok(None));
        assert!(order("suspend", r#"{"id":"abc"}"#).unwrap_err().contains("`until`"));
        assert!(order("reboot", r#"{"id":"abc"}"#).unwrap_err().contains("snapshot"));

        let mut inbox = Inbox::new();
        let to = ReplyTo { topic: "who/asked".into(), correlation: Some(vec![7]) };
        inbox.waiting.insert("abc".into(), to);
        let done = Answer { id: "abc".into(), result: Ok("done".into()), evidence: None };
        let said = inbox.answer(&done).unwrap();
        assert_eq!((said.topic.as_str(), said.correlation), ("who/asked", Some(vec![7])));
        assert_eq!(inbox.answer(&done), None, "answered once");
    }

    #[test]
    fn answers_go_where_asked_if_that_is_ours() {
        let site = Name::try_from("hue").unwrap();
        let to = |body: Option<&str>, link: Option<&str>| {
            let link = link.map(|topic| (topic.to_owned(), Some(vec![7])));
            let to = reply_to(&site, "usual".into(), body.map(Into::into), link);
            (to.topic, to.correlation)
        };
        let (desk, other) = ("viahe/v1/hue/reply/desk", "viahe/v1/hue/reply/other");
        assert_eq!(to(None, None), ("usual".into(), None));
        assert_eq!(to(Some(desk), None), (desk.into(), None));
        assert_eq!(to(Some(desk), Some(other)), (other.into(), Some(vec![7])));
        for strange in ["viahe/v1/hue/status", "viahe/v1/hue/reply/#", "", "viahe/v1/x/reply/a"] {
            assert_eq!(to(Some(strange), None), ("usual".into(), None), "{strange}");
        }
        let body = r#"{"id":"a","camera":"gate-01","reply_to":"viahe/v1/hue/reply/desk"}"#;
        let body: Body = serde_json::from_str(body).unwrap();
        assert_eq!(body.reply_to.as_deref(), Some(desk));
    }
}
