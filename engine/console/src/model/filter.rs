//! Which incidents are wanted.

use super::bounds::Bounds;
use super::told::PlaceId;
use viahe_contract::message::Severity;
use viahe_contract::time::Timestamp;

/// Which incidents are wanted, of which nothing is said to whom their site is closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// What people said of it.
    pub judged: Judged,
    /// Where it stands.
    pub phase: Phase,
    /// Of these sites; none for all.
    pub sites: Option<Vec<String>>,
    /// Of this camera.
    pub camera: Option<String>,
    /// Where on the earth; none for all, also what is nowhere.
    pub bounds: Option<Bounds>,
    /// Of this place.
    pub place: Option<PlaceId>,
    /// Of this catalogue entry.
    pub violation: Option<String>,
    /// Of this flood.
    pub flood: Option<i64>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// With these words.
    pub words: Option<String>,
    /// Opened from here on.
    pub from: Option<Timestamp>,
    /// Opened before.
    pub to: Option<Timestamp>,
}

impl Filter {
    /// All incidents, whatever was said of them.
    pub fn all() -> Self {
        Self {
            judged: Judged::All,
            phase: Phase::All,
            sites: None,
            camera: None,
            bounds: None,
            place: None,
            violation: None,
            flood: None,
            severity: None,
            words: None,
            from: None,
            to: None,
        }
    }
}

/// What people said of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Judged {
    /// Nothing yet.
    #[default]
    Not,
    /// That it is one.
    Confirmed,
    /// That it is none.
    Dismissed,
    /// Nothing, and a shelf keeps it out of the queue.
    Shelved,
    /// Nothing, and it waits among others of a flood.
    Folded,
    /// Anything or nothing.
    All,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// It goes on.
    Open,
    /// It is over.
    Closed,
    /// Either.
    #[default]
    All,
}

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What opened last.
    #[default]
    Newest,
    /// What is gravest; of these, what opened last.
    Severity,
}

/// The value that a word stands for.
///
/// # Errors
/// The words that there are.
pub fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| format!("is to be one of {}", known()))
}
