//! The same answer, check after check.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) since: Timestamp,
    pub(super) checks: u32,
}

impl Run {
    pub(super) fn is_empty(&self) -> bool {
        self.checks == 0
    }

    pub(super) fn add(&mut self, at: Timestamp) {
        if self.checks == 0 {
            self.since = at;
        }
        self.checks = self.checks.saturating_add(1);
    }

    pub(super) fn lasts(&self, at: Timestamp, checks: u32, time: Duration) -> bool {
        self.checks >= checks && at.since(self.since) >= time
    }
}
