//! How a command ends.

use std::process::ExitCode;

/// Every way to end other than well. The text is for the person at the terminal.
#[derive(Debug)]
pub(crate) enum Exit {
    /// Failed while running.
    Failed(String),
    /// Bad usage or configuration.
    Usage(String),
    /// A required part is missing.
    Missing(String),
    /// Interrupted from the keyboard.
    Interrupted,
    /// With this code, and nothing more to say.
    Told(u8),
}

impl Exit {
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Failed(text) | Self::Usage(text) | Self::Missing(text) => Some(text),
            Self::Interrupted | Self::Told(_) => None,
        }
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Missing(_) => 3,
            Self::Interrupted => 130,
            Self::Told(code) => *code,
        })
    }

    /// For errors of a running command.
    pub(crate) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// For parts that are not there.
    pub(crate) fn missing(error: impl std::fmt::Display) -> Self {
        Self::Missing(error.to_string())
    }
}

/// For a result whose error is what the user did wrong.
pub(crate) trait OrUsage<T> {
    fn or_usage(self) -> Result<T, Exit>;
}

impl<T, E: std::fmt::Display> OrUsage<T> for Result<T, E> {
    fn or_usage(self) -> Result<T, Exit> {
        self.map_err(|e| Exit::Usage(e.to_string()))
    }
}
