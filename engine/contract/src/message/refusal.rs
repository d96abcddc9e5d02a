//! Why a command was not carried out, as a code with numbers and names, of which each reader makes words in its own
//! language.

use crate::id::Name;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Why the box does not do it. New ones come with versions of viahe: a reader shows the text of those that it does
/// not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// The pipeline file has another version now.
    Conflict,
    /// The file would be wrong; the problems stand in the result.
    WouldBeWrong,
    /// This needs a restart of viahe.
    NeedsRestart {
        /// What would be different, as the file has it.
        of: Vec<String>,
    },
    /// A model is not installed, or cannot be used.
    ModelMissing,
    /// The run has no pipeline file.
    NoFile,
    /// The file may not be changed by viahe.
    Locked {
        /// Why.
        lock: Lock,
    },
    /// The disk does not take the file or its history.
    NotWritten,
    /// The text of a version is not kept any more.
    VersionGone,
    /// Another question is being answered.
    Busy,
    /// It would take too long.
    TooLong {
        /// So long it may take.
        secs: u64,
    },
    /// Nothing is kept of what was seen.
    NoHistory,
    /// The box does not know the incident, or not any more.
    UnknownIncident,
    /// The pipeline has no such rule any more.
    NoRule {
        /// Which.
        rule: Name,
    },
    /// The pipeline has no such camera.
    NoCamera {
        /// Which.
        camera: Name,
    },
    /// The box is stopping.
    Stopping,
}

/// Why viahe may not change a pipeline file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// It may not be written.
    File,
    /// Its folder may not be written.
    Folder,
    /// It belongs to another user.
    Owner,
}

/// A value of a message; none when this version does not know it, so that its reader shows the text.
pub(super) fn known<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let told: Option<Value> = Option::deserialize(from)?;
    Ok(told.and_then(|told| serde_json::from_value(told).ok()))
}

#[cfg(test)]
mod tests {
    use super::super::reply::Reply;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_that_nobody_knows_leaves_the_text() {
        let told = |refusal: Value| {
            let reply = json!({
                "id": "op-7", "ok": false, "text": "no", "evidence": null, "refusal": refusal,
            });
            serde_json::from_value::<Reply>(reply).unwrap().refusal
        };
        assert_eq!(told(json!({ "code": "busy" })), Some(Refusal::Busy));
        assert_eq!(told(json!({ "code": "of_a_later_version" })), None);
        assert_eq!(told(json!({ "code": "locked", "lock": "of_a_later_version" })), None);
        assert_eq!(told(json!(null)), None);
    }
}
