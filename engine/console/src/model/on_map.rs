//! What a map shows.

use serde::Serialize;
use utoipa::ToSchema;
use viahe_contract::message::{Judgement, Severity, State};
use viahe_contract::place::Position;
use viahe_contract::time::LocalTime;

/// An incident that is somewhere.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct IncidentOnMap {
    /// Which: the id of its feature.
    #[serde(skip)]
    pub id: String,
    /// Where: the geometry of its feature.
    #[serde(skip)]
    pub position: Position,
    /// Whose.
    pub site: String,
    /// The catalogue entry.
    pub violation: String,
    /// What it is called, in the site's language.
    pub title: String,
    /// How bad.
    #[schema(value_type = String)]
    pub severity: Severity,
    /// Where it stands.
    #[schema(value_type = String)]
    pub state: State,
    /// The verdict that stands; null while there is none.
    #[schema(value_type = Option<String>)]
    pub judgement: Option<Judgement>,
    /// Somebody asked for somebody above.
    pub escalated: bool,
    /// None when only sensors tell of it.
    pub camera: Option<String>,
    /// What people call the camera.
    pub camera_name: Option<String>,
    /// None for the whole picture.
    pub zone: Option<String>,
    /// What people call the zone.
    pub place_name: Option<String>,
    /// When the rule fired.
    #[schema(value_type = String)]
    pub opened: LocalTime,
    /// When the newest revision was made.
    #[schema(value_type = String)]
    pub updated: LocalTime,
    /// When it was last seen, once it is over.
    #[schema(value_type = Option<String>)]
    pub closed: Option<LocalTime>,
}
