//! A validated pipeline: what runs.

use super::calendar::Calendar;
use super::console::Console;
use super::lawful::Permit;
use super::mqtt::Mqtt;
use super::program::Program;
use super::schedule::Schedule;
use super::shadow::Shadow;
use super::source::Source;
use super::words::{Language, Words};
use crate::geometry::{Homography, Polygon, UnitPoint};
use crate::id::Name;
use crate::observe::Class;
use crate::sensor::{CounterParams, Decoder, HealthParams, WindowSpec};
use crate::tune::Provider;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::time::Duration;
use viahe_contract::message::{Moment, Severity};
use viahe_contract::place::Position;

/// A validated pipeline file. All names resolve, all numbers are in range.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Folder of the pipeline file: models may lie beside it.
    pub folder: PathBuf,
    /// Where.
    pub site: Site,
    /// How incidents leave the box; replaying a recording needs none.
    pub mqtt: Option<Mqtt>,
    /// Where pictures go, if anywhere.
    pub console: Option<Console>,
    /// How the engine runs.
    pub engine: EngineOptions,
    /// A candidate model that looks without being heard.
    pub shadow: Option<Shadow>,
    /// In file order; ids are unique.
    pub cameras: Vec<Camera>,
    /// In file order; ids are unique.
    pub sensors: Vec<Sensor>,
    /// In file order; names are unique.
    pub windows: Vec<Window>,
    /// Rules that need sensors only; ids are unique.
    pub rules: Vec<Rule>,
    /// In file order; ids are unique.
    pub permits: Vec<Permit>,
    /// In file order; names are unique.
    pub tests: Vec<Test>,
}

/// `[[test]]`: what must come of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Unique.
    pub name: Name,
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// A recording of observations.
    pub recording: PathBuf,
    /// All incidents that must come of it, and no others.
    pub expected: Vec<Expected>,
}

/// An incident that must come of a recording. Times are since its first event.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// Id of its rule.
    pub rule: Name,
    /// Whose incident; none for any.
    pub camera: Option<Name>,
    /// When it began.
    pub first_seen: Option<Duration>,
    /// When it opened.
    pub opened: Option<Duration>,
    /// When what it is about was last seen.
    pub closed: Option<Duration>,
    /// It is still open at the end.
    pub open: bool,
    /// Times may differ by so much.
    pub within: Duration,
}

/// The place that a box watches.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Unique over all sites of an operations centre.
    pub id: Name,
    /// Of schedules and of times in messages.
    pub timezone: TimeZone,
    /// Of the words that incidents carry for people.
    pub language: Language,
    /// Holidays and festivals that schedules speak of.
    pub calendar: Option<Calendar>,
}

/// `[engine]`.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineOptions {
    /// Outbox, saved state and evidence are kept here.
    pub state_dir: PathBuf,
    /// Address of `/metrics` and `/healthz`; none when switched off.
    pub listen: Option<std::net::SocketAddr>,
    /// Vision workers at most; none when it follows from box and cameras.
    pub workers: Option<usize>,
    /// Inference threads of each vision worker; none when it follows from what was measured.
    pub threads: Option<usize>,
    /// What models are to run on.
    pub provider: Provider,
    /// Most bytes of memory that a vision worker may use; none when it follows from what it watches.
    pub worker_memory_bytes_max: Option<u64>,
    /// Most bytes of evidence pictures kept.
    pub evidence_bytes_max: u64,
    /// Most bytes of history kept; 0 for none.
    pub history_bytes_max: u64,
    /// An incident waits for each of its pictures so long.
    pub evidence_wait: Duration,
    /// Events may come so much later than newer ones.
    pub lateness: Duration,
}

/// `[[camera]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Unique.
    pub id: Name,
    /// What people call it.
    pub name: Option<String>,
    /// Where the pictures come from.
    pub source: Source,
    /// A smaller picture of the same view, to be looked at instead of the one of `source`, which is for people then.
    pub substream: Option<Source>,
    /// Folder under `models/`.
    pub model: Name,
    /// Folders of the classifiers that narrow down what it sees, those of which its rules need to know what they say.
    pub refine: Vec<Name>,
    /// WGS84 latitude and longitude in degrees.
    pub position: Option<Position>,
    /// Analysed frames per second while all its rules apply.
    pub analyse_hz: f32,
    /// Parts of its picture may be looked at closely.
    pub regions: bool,
    /// That was set: all looks come at this rate, and no rule needs to ask for them.
    pub steady: bool,
    /// From the picture to metres on the ground; speeds need it.
    pub ground: Option<Homography>,
    /// Zones that rules may name.
    pub zones: Vec<Zone>,
    /// Lines that rules may name.
    pub lines: Vec<Line>,
    /// In file order; ids are unique in a camera.
    pub rules: Vec<Rule>,
}

impl Camera {
    /// The least confidence that its rules ask of a thing; none when no rule looks.
    pub fn confidence_min(&self) -> Option<f32> {
        let things = self.rules.iter().flat_map(|rule| &rule.program.things);
        things.map(|thing| thing.confidence_min).reduce(f32::min)
    }
}

/// A named polygon in the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// Unique in a camera.
    pub id: Name,
    /// What people call the place.
    pub name: Option<String>,
    /// In fractions of the frame.
    pub polygon: Polygon,
}

/// A named line in the picture; seen from the first to the second point it has a left and a
/// right side.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Unique in a camera.
    pub id: Name,
    /// In fractions of the frame.
    pub points: [UnitPoint; 2],
}

/// `[[sensor]]`: something that measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    /// Unique.
    pub id: Name,
    /// MQTT topic of its readings.
    pub topic: String,
    /// What its messages mean.
    pub decoder: Decoder,
    /// What its values are measured against.
    pub health: HealthParams,
    /// It sends totals, of which the increases count; none when it sends what was added.
    pub counter: Option<CounterParams>,
    /// Where it is.
    pub position: Option<Position>,
    /// Readings that come so much later than newer ones of it still correct.
    pub lateness: Duration,
}

/// `[[window]]`: what readings add up to over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Unique.
    pub name: Name,
    /// Indices into [`Plan::sensors`]; all of one quantity. Each has its own results.
    pub sensors: Vec<usize>,
    /// What is told.
    pub spec: WindowSpec,
}

/// A class that a rule is about and its camera's model does not see.
#[derive(Clone, Debug, PartialEq)]
pub struct Unseen {
    /// Which.
    pub class: Class,
    /// The installed models that do.
    pub seen_by: Vec<Name>,
}

/// `[[camera.rule]]` or `[[rule]]`: an entry of the catalogue with its parameters filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique in a camera; the catalogue entry's name unless set.
    pub id: Name,
    /// The catalogue entry: the incident's type.
    pub violation: Name,
    /// Version of the catalogue entry.
    pub version: u32,
    /// Of its incidents.
    pub severity: Severity,
    /// So many looks a second it takes and counts, however often the camera looks.
    pub look_hz: f32,
    /// Index into [`Camera::zones`].
    pub zone: Option<usize>,
    /// Index into [`Camera::lines`].
    pub line: Option<usize>,
    /// Index into [`Plan::sensors`].
    pub sensor: Option<usize>,
    /// Index into [`Plan::windows`].
    pub window: Option<usize>,
    /// When it applies.
    pub schedule: Schedule,
    /// What must hold.
    pub program: Program,
    /// Classes that the entry is about and the camera's model does not see: it works in part.
    pub unseen: Vec<Unseen>,
    /// A subject that was not seen for so long, by a camera that looked, is gone.
    pub absence: Duration,
    /// After an incident no other one is said for so long.
    pub cooldown: Duration,
    /// How repeated and lasting offences are treated; none for what is no offence.
    pub escalation: Option<Escalation>,
    /// What a declared disaster does to it.
    pub disaster: Disaster,
    /// Moments that an incident asks for pictures of.
    pub evidence: Vec<Moment>,
    /// What it is called.
    pub title: Words,
    /// When to confirm and when to dismiss it.
    pub guidance: Words,
    /// The law that it enforces; those in effect are told with an incident.
    pub citations: Vec<Citation>,
}

/// Remind, then ask for a written commitment, then put it on record: how wards go about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// Offences in the same zone so far back count.
    pub reoffence: Duration,
    /// An incident that lasts moves on a stage after each of these.
    pub every: Duration,
    /// Of these nobody is known whom a stage could be about, nor are they counted.
    pub except: Vec<Class>,
}

/// What a declared disaster (levels 1 to 3) does to a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disaster {
    /// Nothing.
    #[default]
    Keep,
    /// It is patient at level 1 and silent from level 2 on: people save their cars.
    Relax,
    /// It is raised sooner and is more severe with each level.
    Raise,
}

/// A place in the law, with the time for which it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// Such as `Nghị định 168/2024/NĐ-CP`.
    pub law: String,
    /// Such as `Điều 6`.
    pub article: String,
    /// First day in force, by the site's calendar.
    pub from: jiff::civil::Date,
    /// First day out of force.
    pub until: Option<jiff::civil::Date>,
    /// Somebody has held it against the official text.
    pub verified: bool,
}
