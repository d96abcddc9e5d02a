//! What is known, and how.

use serde::Serialize;

/// How something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Somebody said so.
    Given,
    /// It is written in the file, or beside it.
    Found,
    /// It follows from what is usual.
    Guessed,
    /// Nothing speaks for it but that something must be written.
    Default,
}

impl How {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Found => "found",
            Self::Guessed => "guessed",
            Self::Default => "default",
        }
    }
}

/// A line of a description, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is about, as `model.toml` calls it.
    pub key: &'static str,
    /// As people read it.
    pub value: String,
    /// How it is known.
    pub how: How,
    /// Where from.
    pub why: String,
}

impl Fact {
    pub(super) fn new(
        key: &'static str,
        value: impl std::fmt::Display,
        how: How,
        why: impl Into<String>,
    ) -> Self {
        Self { key, value: value.to_string(), how, why: why.into() }
    }
}
