//! What is wrong with a file, in words for the person who edits it.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// As the caller named it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// Which key, such as `mqtt.url`; empty for the whole file.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What to do next.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, path, what, remedy } = self;
        write!(f, "{file}:{line}: ")?;
        if !path.is_empty() {
            write!(f, "{path} ")?;
        }
        write!(f, "{what}; {remedy}")
    }
}

/// Everything that is wrong, one line a problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError {
    /// In the order of the file's keys.
    pub problems: Vec<Problem>,
}
