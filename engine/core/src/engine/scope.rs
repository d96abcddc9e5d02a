//! Versions and parts of saved state.

use crate::id::Name;
use crate::version::UnknownVersion;
use crate::versions;
use std::fmt;
use std::str::FromStr;

versions! {
    /// Of saved state.
    StateVersion, "a saved state":
    /// 0.1: one object for all, without a number.
    V1 = 1,
    /// As V1, also without a number; orders say who gave them, values can be corrected.
    V2 = 2,
    /// A part for the site and one for each camera; each says its version.
    V3 = 3,
    /// Evidence says moment, medium and span.
    V4 = 4,
}

/// What a part of the state is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All: of [`StateVersion::V2`] and before, and of recordings, which have one line for it.
    Whole,
    /// The site, and what is of no camera alone.
    Site,
    /// A camera.
    Camera(Name),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Site => f.write_str("site"),
            Self::Camera(id) => write!(f, "camera/{id}"),
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("camera/")) {
            ("whole", _) => Ok(Self::Whole),
            ("site", _) => Ok(Self::Site),
            (_, Some(id)) => Ok(Self::Camera(Name::try_from(id)?)),
            (_, None) => Err(format!("{text:?} is no part of a saved state")),
        }
    }
}

/// Why a saved state, or a part of it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is no JSON, or not of the form of its version.
    #[error("{0}")]
    Form(#[from] serde_json::Error),
    /// Nobody here knows its form.
    #[error(transparent)]
    Version(#[from] UnknownVersion),
    /// It has no part for the site.
    #[error("what was saved of the site is missing or cannot be read, and times are known by it")]
    NoSite,
}
