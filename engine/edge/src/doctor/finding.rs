//! What is said of one part of the machine.

/// How a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// The engine runs, but something will not be as good as it could be.
    Warn,
    /// A required part is missing: the engine will not run, or not do its work.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about, in one or two words.
    pub topic: &'static str,
    /// How it matters.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// What to do; none when it is well.
    pub remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(topic: &'static str, what: impl Into<String>) -> Self {
        Self { topic, level: Level::Ok, what: what.into(), remedy: None }
    }

    pub(super) fn warn(
        topic: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { topic, level: Level::Warn, what: what.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn fail(
        topic: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { topic, level: Level::Fail, what: what.into(), remedy: Some(remedy.into()) }
    }
}

/// `n` bytes for people, in binary units.
pub(super) fn bytes(n: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(size, _)| n >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", n as f64 / *size as f64),
        None => format!("{n} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(5 << 20), "5.0 MiB");
        assert_eq!(bytes(3 << 29), "1.5 GiB");
    }
}
