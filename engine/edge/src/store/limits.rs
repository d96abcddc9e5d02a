//! How much may wait, and how much does.

use serde::Serialize;

/// Bounds of everything that the store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Most rows waiting to be delivered.
    pub outbox_rows_max: u64,
    /// Most payload bytes waiting to be delivered.
    pub outbox_bytes_max: u64,
    /// Most quarantined rows kept; the oldest go.
    pub quarantine_rows_max: u64,
    /// Most incidents remembered; those that ended longest ago go.
    pub history_rows_max: u64,
    /// Most pictures noted for the console; the oldest of the least grave go. 0 where there is none.
    pub uploads_max: u64,
    /// Size of the file that is given up when the disk is full, so that deleting can go on.
    pub ballast_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            outbox_rows_max: 100_000,
            outbox_bytes_max: 256 << 20,
            quarantine_rows_max: 1_000,
            history_rows_max: 100_000,
            uploads_max: 0,
            ballast_bytes: 16 << 20,
        }
    }
}

/// What waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Depth {
    /// Rows to be delivered.
    pub rows: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Rows set aside; see [`Outbox::quarantine`](super::Outbox::quarantine).
    pub quarantined: u64,
    /// Of `rows`, those that are only in memory.
    pub held: u64,
    /// Pictures that the console may lack.
    pub uploads: u64,
}
