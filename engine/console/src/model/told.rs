//! What is answered.

use super::shelf::ShelfTold;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use viahe_contract::message::{Judgement, Severity, Stage, State};
use viahe_contract::time::LocalTime;

/// One frontage: `site/camera/zone`; `-` stands for what is not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlaceId {
    /// Whose.
    pub site: String,
    /// Empty when only sensors tell of it.
    pub camera: String,
    /// Empty for the whole picture.
    pub zone: String,
}

/// What stands for an empty part: no name is so short.
const NONE: &str = "-";

impl std::fmt::Display for PlaceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = |text: &'_ str| if text.is_empty() { NONE.to_owned() } else { text.to_owned() };
        write!(f, "{}/{}/{}", self.site, part(&self.camera), part(&self.zone))
    }
}

impl std::str::FromStr for PlaceId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let [site, camera, zone] = parts.as_slice() else {
            return Err(format!("{text:?} is no place: write site/camera/zone"));
        };
        let part = |text: &&str| if *text == NONE { String::new() } else { (*text).to_owned() };
        Ok(Self { site: (*site).to_owned(), camera: part(camera), zone: part(zone) })
    }
}

/// An incident in short: its newest revision, and what people said.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Summary {
    /// Which.
    pub id: String,
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
    /// The newest.
    pub revision: u32,
    /// `site/camera/zone`.
    pub place: String,
    /// None when only sensors tell of it.
    pub camera: Option<String>,
    /// What people call the camera.
    pub camera_name: Option<String>,
    /// None for the whole picture.
    pub zone: Option<String>,
    /// What people call the zone.
    pub place_name: Option<String>,
    /// When the rule fired; like `updated` and `closed` earlier by `clock_ahead_secs` than its box says.
    #[schema(value_type = String)]
    pub opened: LocalTime,
    /// When the newest revision was made.
    #[schema(value_type = String)]
    pub updated: LocalTime,
    /// When it was last seen, once it is over.
    #[schema(value_type = Option<String>)]
    pub closed: Option<LocalTime>,
    /// What to do.
    #[schema(value_type = Option<String>)]
    pub stage: Option<Stage>,
    /// The how many-th in its zone.
    pub offence: Option<u32>,
    /// The best picture that has arrived.
    pub picture: Option<String>,
    /// The verdict that stands.
    pub judgement: Option<VerdictTold>,
    /// Somebody asked for somebody above.
    pub escalated: bool,
    /// Nobody has judged it, and this shelf keeps it out of the queue.
    pub shelf: Option<i64>,
    /// It came with others: in this flood.
    pub flood: Option<i64>,
    /// The clock of its box was ahead by so much: it opened when the first word of it came.
    pub clock_ahead_secs: Option<i64>,
}

/// One place of the queue.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Line {
    /// `site/camera/zone`.
    pub place: String,
    /// Whose.
    pub site: String,
    /// None when only sensors tell of it.
    pub camera: Option<String>,
    /// What people call the camera.
    pub camera_name: Option<String>,
    /// None for the whole picture.
    pub zone: Option<String>,
    /// What people call the zone.
    pub place_name: Option<String>,
    /// Incidents that match.
    pub incidents: u32,
    /// Those of them that nobody has judged.
    pub waiting: u32,
    /// The newest that matches.
    pub newest: Summary,
    /// The gravest of those that match.
    #[schema(value_type = String)]
    pub severity: Severity,
    /// When the first one opened that matches.
    #[schema(value_type = String)]
    pub first_opened: LocalTime,
    /// When something was last said of this place.
    #[schema(value_type = String)]
    pub last_updated: LocalTime,
}

/// A page of incidents.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Page {
    /// The newest first.
    pub incidents: Vec<Summary>,
    /// Where the next page begins; none on the last one.
    pub cursor: Option<String>,
    /// Very many have these words in their notes, or ids that begin so: only the newest of them are on the pages.
    pub at_least: bool,
}

/// A page of the queue.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Queue {
    /// Places.
    pub lines: Vec<Line>,
    /// Where the next page begins; none on the last one.
    pub cursor: Option<String>,
    /// Places that match, on all pages.
    pub total_lines: u32,
    /// Incidents that match, on all pages.
    pub total_incidents: u32,
    /// More may match than were counted: only the newest are.
    pub at_least: bool,
}

/// What somebody said of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerdictTold {
    /// Which.
    pub no: i64,
    /// Who.
    pub by: String,
    /// What people call them.
    pub display_name: String,
    /// What they were then.
    pub role: String,
    /// Is it an incident?
    #[schema(value_type = String)]
    pub judgement: Judgement,
    /// Why it was dismissed.
    pub reason: Option<String>,
    /// In their words.
    pub note: String,
    /// The revision that was looked at.
    pub revision: u32,
    /// When.
    #[schema(value_type = String)]
    pub at: LocalTime,
    /// When it was taken back.
    #[schema(value_type = Option<String>)]
    pub undone: Option<LocalTime>,
}

/// Somebody asked for somebody above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EscalationTold {
    /// Which.
    pub no: i64,
    /// Who.
    pub by: String,
    /// What people call them.
    pub display_name: String,
    /// What they were then.
    pub role: String,
    /// In their words.
    pub note: String,
    /// When.
    #[schema(value_type = String)]
    pub at: LocalTime,
}

/// What a box said of an incident, and when that came.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RevisionTold {
    /// From 1.
    pub revision: u32,
    /// When it came.
    #[schema(value_type = String)]
    pub received: LocalTime,
    /// Where the incident stood.
    pub state: Option<String>,
    /// When it was made.
    pub updated: Option<String>,
}

/// A file that an incident names.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EvidenceTold {
    /// Its name.
    pub sha256: String,
    /// What of the incident it shows.
    pub moment: String,
    /// How large.
    pub bytes: i64,
    /// What kind of file.
    pub media_type: String,
    /// When the camera took it.
    #[schema(value_type = String)]
    pub captured: LocalTime,
    /// When it came; none until then.
    #[schema(value_type = Option<String>)]
    pub arrived: Option<LocalTime>,
    /// When it was removed, as its time was over; none while it may be seen or come.
    #[schema(value_type = Option<String>)]
    pub gone: Option<LocalTime>,
}

/// All that is known of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Detail {
    /// In short.
    pub summary: Summary,
    /// The newest revision, as the box said it.
    #[schema(value_type = Object)]
    pub incident: Value,
    /// What came, first to last: the newest 200.
    pub revisions: Vec<RevisionTold>,
    /// Files that it names, first to last: the newest 200.
    pub evidence: Vec<EvidenceTold>,
    /// What people said, first to last: the newest 200.
    pub verdicts: Vec<VerdictTold>,
    /// Who asked for somebody above, first to last: the newest 200.
    pub escalations: Vec<EscalationTold>,
    /// Others of the place, and of its kind nearby in time.
    pub similar: Vec<Summary>,
    /// What keeps it out of the queue, or did.
    pub shelf: Option<ShelfTold>,
}

/// How a box is, as last heard.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct BoxTold {
    /// Which.
    pub site: String,
    /// When it was heard.
    #[schema(value_type = String)]
    pub heard: LocalTime,
    /// What it said.
    #[schema(value_type = Object)]
    pub state: Value,
}

/// How a camera is, as last heard.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CameraTold {
    /// Whose.
    pub site: String,
    /// Which.
    pub camera: String,
    /// When its box last said something of it.
    #[schema(value_type = String)]
    pub heard: LocalTime,
    /// Is its box there? Of a box that is not, `state` is told as `offline`.
    pub box_online: bool,
    /// What the box said.
    #[schema(value_type = Object)]
    pub state: Value,
    /// The newest picture that somebody asked for and that has arrived.
    pub still: Option<StillTold>,
}

/// A picture that somebody asked a camera for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StillTold {
    /// Its name; it is at `/v1/evidence/{sha256}`.
    pub sha256: String,
    /// When its box told of it.
    #[schema(value_type = String)]
    pub taken: LocalTime,
}

/// Something became different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Counts them; of what is not kept, that of the last one before it.
    pub no: i64,
    /// Of what sort.
    #[serde(skip)]
    pub event: String,
    /// Whose.
    pub site: String,
    /// Which incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Which camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
}
