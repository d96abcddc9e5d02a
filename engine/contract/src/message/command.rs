//! What a centre tells a box to do, on `…/cmd/{name}`.

use super::bytes::to_bytes;
use super::edit::Edit;
use crate::id::{CommandId, IncidentId, Name};
use crate::sha256::Sha256;
use crate::time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest name of who commands.
const BY_CHARS_MAX: usize = 120;
/// Longest reason of an edit.
const WHY_CHARS_MAX: usize = 500;
/// Longest time that is previewed.
const MINUTES_MAX: u8 = 60;

/// A command as it is sent. Its order names the topic.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Tell what the pipeline file has.
    Pipeline,
    /// Change the pipeline file, and go on under it.
    Edit {
        /// The version that is to be changed; another one now is left as it is.
        base: Sha256,
        /// In this order.
        edits: Vec<Edit>,
        /// Why, for people; may be empty where it is only checked.
        why: String,
        /// Only say what would come of it.
        #[serde(default)]
        check: bool,
    },
    /// Give the pipeline file a text that it had, and go on under it.
    Revert {
        /// The version that is to be changed; another one now is left as it is.
        base: Sha256,
        /// The version that it had.
        to: Sha256,
        /// Why, for people; may be empty where it is only checked.
        why: String,
        /// Only say what would come of it.
        #[serde(default)]
        check: bool,
    },
    /// Say what the rules of a camera would have told, as they are and as they would be.
    Preview {
        /// The version that the edits are of.
        base: Sha256,
        /// In this order.
        edits: Vec<Edit>,
        /// Whose rules.
        camera: Name,
        /// So far back, 60 at most.
        minutes: u8,
    },
    /// Say why an incident was told.
    Explain {
        /// Which.
        incident: IncidentId,
    },
}

impl Order {
    /// The last level of its topic.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Snapshot { .. } => "snapshot",
            Self::Suspend { .. } => "suspend",
            Self::Disaster { .. } => "disaster",
            Self::Reload => "reload",
            Self::Pipeline => "pipeline",
            Self::Edit { .. } => "edit",
            Self::Revert { .. } => "revert",
            Self::Preview { .. } => "preview",
            Self::Explain { .. } => "explain",
        }
    }

    /// Does it change how the box goes on? What only asks does not.
    pub fn changes(&self) -> bool {
        match self {
            Self::Suspend { .. } | Self::Disaster { .. } | Self::Reload => true,
            Self::Edit { check, .. } | Self::Revert { check, .. } => !check,
            Self::Snapshot { .. }
            | Self::Pipeline
            | Self::Preview { .. }
            | Self::Explain { .. } => false,
        }
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
            Self::Pipeline => "what the pipeline has".to_owned(),
            Self::Edit { check: true, .. } => {
                "what would come of an edit of the pipeline".to_owned()
            }
            Self::Edit { edits, why, .. } => {
                format!("edit the pipeline, {} changes: {why}", edits.len())
            }
            Self::Revert { check: true, to, .. } => {
                format!("what would come of the pipeline as it was in {to}")
            }
            Self::Revert { to, why, .. } => format!("the pipeline as it was in {to}: {why}"),
            Self::Preview { camera, minutes, .. } => {
                format!("what edited rules of {camera} would have told in {minutes} min")
            }
            Self::Explain { incident } => format!("why {incident} was told"),
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
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: Option<CommandId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    camera: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<Sha256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edits: Option<Vec<Edit>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Sha256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<IncidentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
}

impl Body {
    /// The keys of an order.
    fn of(order: Order) -> Self {
        let none = Self::default();
        match order {
            Order::Snapshot { camera } => Self { camera: Some(camera), ..none },
            Order::Suspend { camera, rule, until } => {
                Self { camera, rule, until: Some(until), ..none }
            }
            Order::Disaster { level, until } => Self { level: Some(level), until, ..none },
            Order::Reload | Order::Pipeline => none,
            Order::Edit { base, edits, why, check } => Self {
                base: Some(base),
                edits: Some(edits),
                why: (!why.is_empty()).then_some(why),
                check: Some(check),
                ..none
            },
            Order::Revert { base, to, why, check } => Self {
                base: Some(base),
                to: Some(to),
                why: (!why.is_empty()).then_some(why),
                check: Some(check),
                ..none
            },
            Order::Preview { base, edits, camera, minutes } => Self {
                base: Some(base),
                edits: Some(edits),
                camera: Some(camera),
                minutes: Some(minutes),
                ..none
            },
            Order::Explain { incident } => Self { incident: Some(incident), ..none },
        }
    }

    /// Its keys but for those of all commands.
    fn given(&self) -> [(&'static str, bool); 11] {
        [
            ("camera", self.camera.is_some()),
            ("rule", self.rule.is_some()),
            ("until", self.until.is_some()),
            ("level", self.level.is_some()),
            ("base", self.base.is_some()),
            ("edits", self.edits.is_some()),
            ("to", self.to.is_some()),
            ("why", self.why.is_some()),
            ("check", self.check.is_some()),
            ("minutes", self.minutes.is_some()),
            ("incident", self.incident.is_some()),
        ]
    }
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
        if by.as_ref().is_some_and(|by| !is_said(by, BY_CHARS_MAX)) {
            return Err(named(format!("`by` is to be a name of 1 to {BY_CHARS_MAX} characters")));
        }
        let (by, issued, reply_to) = (by.clone(), *issued, reply_to.clone());
        let order = order_of(name, body).map_err(named)?;
        Ok(Self { id, order, by, issued, reply_to })
    }

    /// The payload.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { id, order, by, issued, reply_to } = self.clone();
        to_bytes(&Body { id: Some(id), by, issued, reply_to, ..Body::of(order) })
    }
}

/// A word of people: so long, and one line.
fn is_said(text: &str, chars_max: usize) -> bool {
    !text.is_empty() && text.chars().count() <= chars_max && !text.chars().any(char::is_control)
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

/// The keys that a command of this name may have beside those of all; none where there is no such command.
fn keys_of(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "snapshot" => &["camera"],
        "suspend" => &["camera", "rule", "until"],
        "disaster" => &["level", "until"],
        "reload" | "pipeline" => &[],
        "edit" => &["base", "edits", "why", "check"],
        "revert" => &["base", "to", "why", "check"],
        "preview" => &["base", "edits", "camera", "minutes"],
        "explain" => &["incident"],
        _ => return None,
    })
}

/// What is to be done, or why it is not known.
fn order_of(name: &str, body: Body) -> Result<Order, String> {
    let takes = keys_of(name).ok_or_else(|| {
        format!(
            "there is no command {name}; there are snapshot, suspend, disaster, reload, pipeline, \
             edit, revert, preview and explain"
        )
    })?;
    if let Some((key, _)) = body.given().iter().find(|(key, there)| *there && !takes.contains(key))
    {
        return Err(format!("{name} has no `{key}`; see docs/mqtt.md"));
    }
    let need = |key: &str| format!("{name} needs `{key}`; see docs/mqtt.md");
    let Body { camera, rule, until, level, base, edits, to, why, check, minutes, incident, .. } =
        body;
    let base = || base.ok_or_else(|| need("base"));
    let check = check.unwrap_or_default();
    let said = || match why {
        None if check => Ok(String::new()),
        None => Err(need("why")),
        Some(why) if is_said(&why, WHY_CHARS_MAX) => Ok(why),
        Some(_) => {
            Err(format!("`why` is to be a reason of 1 to {WHY_CHARS_MAX} characters, in one line"))
        }
    };
    Ok(match name {
        "snapshot" => Order::Snapshot { camera: camera.ok_or_else(|| need("camera"))? },
        "suspend" => Order::Suspend { camera, rule, until: until.ok_or_else(|| need("until"))? },
        "disaster" => Order::Disaster { level: level.ok_or_else(|| need("level"))?, until },
        "pipeline" => Order::Pipeline,
        "edit" => Order::Edit {
            base: base()?,
            edits: edits.ok_or_else(|| need("edits"))?,
            why: said()?,
            check,
        },
        "revert" => {
            Order::Revert { base: base()?, to: to.ok_or_else(|| need("to"))?, why: said()?, check }
        }
        "preview" => Order::Preview {
            base: base()?,
            edits: edits.ok_or_else(|| need("edits"))?,
            camera: camera.ok_or_else(|| need("camera"))?,
            minutes: match minutes.ok_or_else(|| need("minutes"))? {
                minutes @ 1..=MINUTES_MAX => minutes,
                _ => return Err(format!("`minutes` is to be 1 to {MINUTES_MAX}")),
            },
        },
        "explain" => Order::Explain { incident: incident.ok_or_else(|| need("incident"))? },
        _ => Order::Reload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_it_was_written() {
        let name = |text: &str| Name::try_from(text).unwrap();
        let until = Timestamp::from_secs(1_795_000_000);
        let hash = Sha256::from_bytes([7; 32]);
        let orders = [
            Order::Snapshot { camera: name("le-loi-03") },
            Order::Suspend { camera: None, rule: None, until },
            Order::Suspend { camera: Some(name("cam")), rule: Some(name("parking")), until },
            Order::Disaster { level: 0, until: None },
            Order::Disaster { level: 3, until: Some(until) },
            Order::Reload,
            Order::Pipeline,
            Order::Edit {
                base: hash,
                edits: vec![Edit::RemoveLine { camera: name("cam"), line: name("stop") }],
                why: "moved".to_owned(),
                check: true,
            },
            Order::Revert { base: hash, to: hash, why: "as it was".to_owned(), check: false },
            Order::Revert { base: hash, to: hash, why: String::new(), check: true },
            Order::Preview { base: hash, edits: Vec::new(), camera: name("cam"), minutes: 60 },
            Order::Explain { incident: IncidentId::from_bits(7) },
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
        let hash = "7".repeat(64);
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
            (
                "revert",
                &format!(r#"{{"id":"a","base":"{hash}","to":"{hash}"}}"#),
                "needs `why`",
                true,
            ),
            (
                "revert",
                &format!(r#"{{"id":"a","base":"{hash}","to":"{hash}","why":"a\nb"}}"#),
                "in one line",
                true,
            ),
            (
                "edit",
                &format!(r#"{{"id":"a","base":"{hash}","why":"x","edits":[{{"kind":"dance"}}]}}"#),
                "unknown variant",
                true,
            ),
            (
                "preview",
                &format!(r#"{{"id":"a","base":"{hash}","edits":[],"camera":"gate","minutes":61}}"#),
                "1 to 60",
                true,
            ),
        ] {
            let error = why(name, body);
            assert!(error.why.contains(part), "{body}: {error}");
            assert_eq!(error.id.is_some(), has_id, "{body}");
        }
    }
}
