//! Why an order was not carried out: for people, and as a code for who makes words of it.

use std::fmt;
use viahe_contract::message::Refusal;

/// A no of the box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// For people.
    pub text: String,
    /// The same as a code; none where there is none for it.
    pub code: Option<Refusal>,
}

impl Refused {
    /// A no that has a code.
    pub fn new(code: Refusal, text: impl Into<String>) -> Self {
        Self { text: text.into(), code: Some(code) }
    }
}

impl From<String> for Refused {
    fn from(text: String) -> Self {
        Self { text, code: None }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
