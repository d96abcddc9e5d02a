//! What a centre tells a box to do, on `…/cmd/{name}`.

use super::bytes::to_bytes;
use crate::id::{CommandId, Name};
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest name of who commands.
const BY_CHARS_MAX: usize = 120;

/// A command as it is sent. Its order names the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What the sender knows the answer by.
    pub id: CommandId,
    /// What is to be done.
    pub order: Order,
    /// Who gave it, for people; not checked.
    pub by: Option<String>,
    /// When it was given.
    pub issued: Option<Timestamp>,
    /// Where the answer goes, for who has no response topic.
    pub reply_to: Option<String>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Take a picture of the newest frame.
    Snapshot {
        /// Of this camera.
        camera: Name,
    },
    /// Be silent until a time; now or earlier lifts it.
    Suspend {
        /// Of this camera; without it, of the site and all cameras.
        camera: Option<Name>,
        /// This rule; without it, all of them.
        rule: Option<Name>,
        /// Until then, 24 h from now at most.
        until: Timestamp,
    },
    /// Declare a disaster of this level, or its end with 0.
    Disaster {
        /// 0 to 3.
        level: u8,
        /// It ends by itself then, 24 h from now at most and unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Read the pipeline again; whoever owns the file does it.
    Reload,
}

impl Order {
    /// The last level of its topic.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Snapshot { .. } => "snapshot",
            Self::Suspend { .. } => "suspend",
            Self::Disaster { .. } => "disaster",
            Self::Reload => "reload",
        }
    }

    /// Does it change how the box goes on? A picture does not.
    pub fn changes(&self) -> bool {
        !matches!(self, Self::Snapshot { .. })
    }

    /// For people, with the offset of this zone.
    pub fn told(&self, zone: &TimeZone) -> String {
        let until = |until: &Timestamp| format!("until {}", until.rfc3339(zone));
        match self {
            Self::Snapshot { camera } => format!("a picture of {camera}"),
            Self::Suspend { camera, rule, until: end } => {
                let rules = match rule {
                    Some(rule) => format!("rule {rule}"),
                    None => "all rules".to_owned(),
                };
                let of = camera.as_ref().map_or_else(String::new, |camera| format!(" of {camera}"));
                format!("suspend {rules}{of} {}", until(end))
            }
            Self::Disaster { level: 0, .. } => "end of the disaster".to_owned(),
            Self::Disaster { level, until: None } => format!("disaster level {level}"),
            Self::Disaster { level, until: Some(end) } => {
                format!("disaster level {level} {}", until(end))
            }
            Self::Reload => "read the pipeline again".to_owned(),
        }
    }
}

/// Why a command is not carried out as it came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct CommandError {
    /// What it calls itself, if that can be used.
    pub id: Option<CommandId>,
    /// What is wrong and what to do; for people.
    pub why: String,
}

/// The body of a command; which keys it needs depends on its name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: CommandId,
    #[serde(skip_serializing_if = "Option::is_none")]
    camera: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
}

impl Command {
    /// The command `name` with this payload.
    ///
    /// # Errors
    /// [`CommandError`] when it is not JSON, lacks a key or has one too many, or a value cannot be used.
    pub fn read(name: &str, payload: &[u8]) -> Result<Self, CommandError> {
        let id = id_of(payload).map_err(|why| CommandError { id: None, why })?;
        let named = |why: String| CommandError { id: Some(id.clone()), why };
        let body: Body = serde_json::from_slice(payload)
            .map_err(|e| named(format!("the command is not readable: {e}")))?;
        let Body { by, issued, reply_to, .. } = &body;
        let fits = |by: &String| !by.is_empty() && by.chars().count() <= BY_CHARS_MAX;
        if by.as_ref().is_some_and(|by| !fits(by) || by.chars().any(char::is_control)) {
            return Err(named(format!("`by` is to be a name of 1 to {BY_CHARS_MAX} characters")));
        }
        let (by, issued, reply_to) = (by.clone(), *issued, reply_to.clone());
        let order = order_of(name, body).map_err(named)?;
        Ok(Self { id, order, by, issued, reply_to })
    }

    /// The payload.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { id, order, by, issued, reply_to } = self.clone();
        let (mut camera, mut rule, mut until, mut level) = (None, None, None, None);
        match order {
            Order::Snapshot { camera: of } => camera = Some(of),
            Order::Suspend { camera: of, rule: which, until: end } => {
                (camera, rule, until) = (of, which, Some(end));
            }
            Order::Disaster { level: of, until: end } => (level, until) = (Some(of), end),
            Order::Reload => {}
        }
        to_bytes(&Body { id, camera, rule, until, level, by, issued, reply_to })
    }
}

/// The id of a command, however the rest reads.
///
/// # Errors
/// Why there is none that can be used, for people.
pub fn id_of(payload: &[u8]) -> Result<CommandId, String> {
    let value: Value =
        serde_json::from_slice(payload).map_err(|e| format!("the command is not JSON: {e}"))?;
    let form = format!("1 to {} letters, digits, `-` and `_`, of its own", CommandId::CHARS_MAX);
    let Some(id) = value.get("id") else {
        return Err(format!("the command has no `id`; give it {form}"));
    };
    let Some(id) = id.as_str() else {
        return Err(format!("the `id` of the command is not a text; give it {form}"));
    };
    CommandId::try_from(id)
        .map_err(|_| format!("the `id` of the command cannot be used; give it {form}"))
}

/// What is to be done, or why it is not known.
fn order_of(name: &str, body: Body) -> Result<Order, String> {
    let need = |key: &str| format!("{name} needs `{key}`; see docs/mqtt.md");
    let Body { camera, rule, until, level, .. } = body;
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
        None => Ok(order),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_it_was_written() {
        let name = |text: &str| Name::try_from(text).unwrap();
        let until = Timestamp::from_secs(1_795_000_000);
        let orders = [
            Order::Snapshot { camera: name("le-loi-03") },
            Order::Suspend { camera: None, rule: None, until },
            Order::Suspend { camera: Some(name("cam")), rule: Some(name("parking")), until },
            Order::Disaster { level: 0, until: None },
            Order::Disaster { level: 3, until: Some(until) },
            Order::Reload,
        ];
        for order in orders {
            for by in [None, Some("Trần Thị Hoa".to_owned())] {
                let id = CommandId::try_from("op-7").unwrap();
                let command = Command {
                    id,
                    order: order.clone(),
                    issued: by.is_some().then_some(until),
                    reply_to: by.clone(),
                    by,
                };
                assert_eq!(Command::read(order.name(), &command.to_bytes()), Ok(command));
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_the_id_if_there_is_one() {
        let why = |name: &str, body: &str| Command::read(name, body.as_bytes()).unwrap_err();
        for (name, body, part, has_id) in [
            ("reload", "{", "not JSON", false),
            ("reload", "{}", "has no `id`", false),
            ("reload", r#"{"id":7}"#, "not a text", false),
            ("reload", r#"{"id":"a/b"}"#, "cannot be used", false),
            ("reload", r#"{"id":"a","x":1}"#, "not readable: unknown field", true),
            ("reload", r#"{"id":"a","level":1}"#, "reload has no `level`", true),
            ("snapshot", r#"{"id":"a"}"#, "needs `camera`", true),
            ("snapshot", r#"{"id":"a","camera":"../x"}"#, "not a name", true),
            ("suspend", r#"{"id":"a","until":"soon"}"#, "RFC 3339", true),
            ("dance", r#"{"id":"a"}"#, "there is no command dance", true),
            ("reload", r#"{"id":"a","by":""}"#, "`by` is to be", true),
        ] {
            let error = why(name, body);
            assert!(error.why.contains(part), "{body}: {error}");
            assert_eq!(error.id.is_some(), has_id, "{body}");
        }
    }
}
