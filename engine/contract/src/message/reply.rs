//! What answers a command.

use super::evidence::Medium;
use super::refusal::{self, Refusal};
use crate::id::CommandId;
use crate::sha256::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// On `…/reply/{id}`, or where the command asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Of the command; none when it had none that can be read.
    pub id: Option<CommandId>,
    /// It was done.
    pub ok: bool,
    /// What was done, or why not; for people.
    pub text: String,
    /// The picture that was asked for.
    pub evidence: Option<File>,
    /// What was asked for, or what came of it: which type it has depends on the command. Boxes of earlier
    /// versions leave it out.
    #[serde(default)]
    pub result: Option<Value>,
    /// Why not, for who makes words of it; none of what was done, of what has no code, and of a box of an earlier
    /// version.
    #[serde(default, deserialize_with = "refusal::known")]
    pub refusal: Option<Refusal>,
}

/// A file by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Of the file, and its name.
    pub sha256: Sha256,
    /// Its size.
    pub bytes: u64,
    /// What kind of file it is.
    pub media_type: Medium,
}
