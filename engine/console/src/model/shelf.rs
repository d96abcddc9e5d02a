//! What is answered of rules that are kept out of the queue.

use serde::Serialize;
use utoipa::ToSchema;

/// A rule that is shelved, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShelfTold {
    /// Which.
    pub no: i64,
    /// Whose.
    pub site: String,
    /// At this camera; none for all of the site.
    pub camera: Option<String>,
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// What people call them.
    pub display_name: String,
    /// From when on.
    pub begun: String,
    /// Until when.
    pub until: String,
    /// When it ended; none while it goes on.
    pub ended: Option<String>,
    /// Who ended it before its time.
    pub ended_by: Option<String>,
    /// Incidents that it keeps out of the queue, or kept.
    pub incidents: u32,
}
