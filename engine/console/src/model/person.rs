//! Who somebody is.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use viahe_contract::id::Name;

/// What somebody is here.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Judges.
    Operator,
    /// Sets up cameras, and judges.
    Installer,
    /// A ward's officer: looks.
    Ward,
    /// Who trains models: looks.
    Ml,
    /// Manages people, and does all that others do.
    Admin,
    /// A box, by a token or certificate.
    Box,
}

impl Role {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Viewer,
        Self::Operator,
        Self::Installer,
        Self::Ward,
        Self::Ml,
        Self::Admin,
        Self::Box,
    ];

    /// As it is written; a name on MQTT as well.
    pub fn label(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Installer => "installer",
            Self::Ward => "ward",
            Self::Ml => "ml",
            Self::Admin => "admin",
            Self::Box => "box",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.label() == text);
        found.ok_or_else(|| format!("{text:?} is no role"))
    }
}

/// Which sites are open to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All, also those to come.
    All,
    /// These.
    Sites(BTreeSet<Name>),
}

impl Scope {
    /// Is this site?
    pub fn covers(&self, site: &str) -> bool {
        match self {
            Self::All => true,
            Self::Sites(sites) => sites.iter().any(|own| own.as_str() == site),
        }
    }

    /// Which they are; none for all.
    pub fn names(&self) -> Option<Vec<String>> {
        match self {
            Self::All => None,
            Self::Sites(sites) => Some(sites.iter().map(ToString::to_string).collect()),
        }
    }
}

/// Somebody who is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// By which the console knows them: a person's name, or that of a token.
    pub name: String,
    /// What people call them.
    pub display_name: String,
    /// What they are here.
    pub role: Role,
    /// Where.
    pub scope: Scope,
}
