//! A row of the outbox, on its way in and on its way out.

use super::error::StoreError;
use viahe_contract::id::IncidentId;
use viahe_contract::message;
use viahe_core::id::Name;
use viahe_core::incident::Revision;
use viahe_core::time::Timestamp;

/// One revision of an incident, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// Which incident.
    pub incident: IncidentId,
    /// From 1; grows within an incident.
    pub revision: u32,
    /// MQTT topic.
    pub topic: String,
    /// The message.
    pub payload: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
    /// It is over.
    pub closed: bool,
    /// The [`Revision`] itself as JSON, for the history.
    pub record: Vec<u8>,
}

impl OutboxRow {
    /// The row that tells `revision` to the operations centre.
    ///
    /// # Errors
    /// [`StoreError::Json`] when a number in it is not finite.
    pub fn new(
        revision: &Revision,
        site: &Name,
        zone: &jiff::tz::TimeZone,
    ) -> Result<Self, StoreError> {
        let json = |source| StoreError::Json { incident: revision.incident.clone(), source };
        Ok(Self {
            incident: revision.incident.clone(),
            revision: revision.revision,
            topic: revision.topic(site).to_string(),
            payload: message::to_bytes(&revision.event(site, zone)),
            created: revision.updated,
            closed: revision.state == message::State::Closed,
            record: serde_json::to_vec(revision).map_err(json)?,
        })
    }
}

/// A row that waits to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Row number; grows with the order of commits.
    pub row: i64,
    /// Which incident.
    pub incident: String,
    /// Which revision of it.
    pub revision: u32,
    /// MQTT topic.
    pub topic: String,
    /// The message.
    pub payload: Vec<u8>,
}
