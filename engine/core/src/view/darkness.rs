//! Is a picture too dark for anything to be seen in it?
//!
//! A detector says of a street without light what it says of an empty one. So a camera that shows hardly more than black
//! is told, and its rules rest.

use super::run::Run;
use super::signature::Signature;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A picture whose brightest parts have a lower luma code is too dark, and one is light again from this code on: see
/// docs/adr/0046-too-dark-to-see.md.
const DARK_BELOW: u8 = 23;
const LIGHT_FROM: u8 = 27;
/// Headlights that pass make no street visible, and a lamp that fails for a moment makes none dark.
const DARK_CHECKS: u32 = 10;
const DARK_FOR: Duration = Duration::from_mins(1);
const LIGHT_CHECKS: u32 = 3;
const LIGHT_FOR: Duration = Duration::from_secs(10);

/// Whether it is too dark, check after check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Darkness {
    /// Since when it is; none while there is light.
    since: Option<Timestamp>,
    /// Goes on until there was light for long enough.
    dark: Run,
    light: Run,
}

impl Darkness {
    /// Since when it has been too dark; none while it is not.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// It seems to be too dark, and has not been so for long enough.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.since.is_none() && !self.dark.is_empty()
    }

    pub(super) fn count_anew(&mut self) {
        (self.dark, self.light) = (Run::default(), Run::default());
    }

    pub(super) fn step(&mut self, at: Timestamp, signature: &Signature) {
        let bright = signature.bright();
        if bright < DARK_BELOW {
            self.light = Run::default();
            self.dark.add(at);
            if self.since.is_none() && self.dark.lasts(at, DARK_CHECKS, DARK_FOR) {
                self.since = Some(self.dark.since);
            }
        } else if bright >= LIGHT_FROM {
            self.light.add(at);
            if self.light.lasts(at, LIGHT_CHECKS, LIGHT_FOR) {
                *self = Self::default();
            }
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
