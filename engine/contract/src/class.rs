//! What kinds of things there are.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A class of the taxonomy, from general to special: `vehicle.two_wheel.motorcycle`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Class(Arc<str>);

impl Class {
    /// The class as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is `other` this class or a kind of it? `vehicle` covers `vehicle.car`.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.strip_prefix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl TryFrom<String> for Class {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::try_from(text.as_str())
    }
}

impl TryFrom<&str> for Class {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let good_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        if text.len() <= 80 && text.split('.').all(good_part) {
            Ok(Self(text.into()))
        } else {
            Err(format!("{text:?} is not a class: write it like vehicle.two_wheel.motorcycle"))
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_general_class_covers_its_kinds() {
        let class = |text: &str| Class::try_from(text).unwrap();
        assert!(class("vehicle").covers(&class("vehicle.car")));
        assert!(class("vehicle.car").covers(&class("vehicle.car")));
        assert!(!class("vehicle.car").covers(&class("vehicle")));
        assert!(!class("vehicle.car").covers(&class("vehicle.cargo")));
        for bad in ["", ".", "Vehicle", "vehicle.", "vehicle..car", "vehicle car"] {
            assert!(Class::try_from(bad).is_err(), "{bad:?}");
        }
    }
}
