//! What a person says of an incident, checked.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use viahe_contract::id::Name;
use viahe_contract::message::Judgement;

/// Why something is dismissed.
pub const REASONS: [&str; 7] = [
    "permitted",
    "wrong_class",
    "already_reported",
    "poor_view",
    "camera_moved",
    "sensor_fault",
    OTHER,
];
/// Needs a note.
pub const OTHER: &str = "other";
/// Longest note.
const NOTE_CHARS_MAX: usize = 500;

/// A verdict that is to be given.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Judging {
    /// The revision that was looked at.
    #[schema(minimum = 1)]
    pub revision: u32,
    /// `confirmed` or `dismissed`.
    #[schema(schema_with = judgements)]
    pub judgement: Judgement,
    /// Why it is dismissed: `permitted`, `wrong_class`, `already_reported`, `poor_view`, `camera_moved`,
    /// `sensor_fault` or `other`, which needs a note.
    #[serde(default)]
    #[schema(schema_with = reasons)]
    pub reason: Option<String>,
    /// In one's own words.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: String,
    /// The verdict of somebody else that this one takes the place of.
    #[serde(default)]
    pub replaces: Option<i64>,
}

/// The words of a verdict, in the document of the interface.
pub fn judgements() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(["confirmed", "dismissed"]))
        .build()
}

/// Why something is dismissed, or null, in the document of the interface.
pub fn reasons() -> Object {
    let kind = SchemaType::from_iter([Type::String, Type::Null]);
    let values = REASONS.map(Value::from).into_iter().chain([Value::Null]);
    ObjectBuilder::new().schema_type(kind).enum_values(Some(values)).build()
}

impl Judging {
    /// What is wrong with it: which field, and how.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        check_note(&self.note)?;
        let reason = self.reason.as_deref();
        match (self.judgement, reason) {
            (Judgement::Withdrawn, _) => {
                Err(("judgement", "is to be confirmed or dismissed; undo a verdict instead".into()))
            }
            (Judgement::Confirmed, None) => Ok(()),
            (Judgement::Confirmed, Some(_)) => Err(("reason", "is for what is dismissed".into())),
            (Judgement::Dismissed, Some(OTHER)) if self.note.trim().is_empty() => {
                Err(("note", "say which other reason".into()))
            }
            (Judgement::Dismissed, Some(reason)) if REASONS.contains(&reason) => Ok(()),
            (Judgement::Dismissed, _) => {
                Err(("reason", format!("say one of {}", REASONS.join(", "))))
            }
        }
    }

    /// The reason as boxes are told it.
    pub fn reason_name(&self) -> Option<Name> {
        Name::try_from(self.reason.as_deref()?.replace('_', "-")).ok()
    }
}

/// Is this note short enough?
///
/// # Errors
/// When it is not.
pub fn check_note(note: &str) -> Result<(), (&'static str, String)> {
    let short = note.chars().count() <= NOTE_CHARS_MAX;
    let told = || ("note", format!("has more than {NOTE_CHARS_MAX} characters"));
    if short { Ok(()) } else { Err(told()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dismissal_has_a_reason_and_a_confirmation_has_none() {
        let say = |judgement, reason: Option<&str>, note: &str| Judging {
            revision: 1,
            judgement,
            reason: reason.map(str::to_owned),
            note: note.to_owned(),
            replaces: None,
        };
        let wrong = |judging: Judging| judging.check().err().map(|(field, _)| field);
        assert_eq!(wrong(say(Judgement::Confirmed, None, "")), None);
        assert_eq!(wrong(say(Judgement::Confirmed, Some("other"), "x")), Some("reason"));
        assert_eq!(wrong(say(Judgement::Dismissed, None, "")), Some("reason"));
        assert_eq!(wrong(say(Judgement::Dismissed, Some("bored"), "")), Some("reason"));
        assert_eq!(wrong(say(Judgement::Dismissed, Some("other"), " ")), Some("note"));
        assert_eq!(wrong(say(Judgement::Dismissed, None, &"đ".repeat(501))), Some("note"));
        for reason in REASONS {
            let judging = say(Judgement::Dismissed, Some(reason), "đúng");
            assert_eq!(wrong(judging.clone()), None);
            assert!(judging.reason_name().is_some(), "{reason} is no name on the wire");
        }
    }
}
