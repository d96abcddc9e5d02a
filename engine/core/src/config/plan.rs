//! A validated pipeline: what runs.

mod lawful;

pub use lawful::{Permit, PermitReason, Schedule, WeekSpan};

use super::Calendar;
use super::catalogue::Words;
use crate::geometry::{Homography, Polygon, UnitPoint};
use crate::id::Name;
use crate::observe::Class;
use crate::rule::Program;
use crate::sensor::{CounterParams, Decoder, HealthParams, WindowSpec};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use viahe_contract::message::EvidenceKind;
pub use viahe_contract::message::{Carrier, Severity};
pub use viahe_contract::place::Position;

/// A text that must not be shown: its `Debug` and `Display` are `***`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; never log what this returns.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A validated pipeline file. All names resolve, all numbers are in range.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Folder of the pipeline file: models may lie beside it.
    pub folder: PathBuf,
    /// Where.
    pub site: Site,
    /// How incidents leave the box; replaying a recording needs none.
    pub mqtt: Option<Mqtt>,
    /// How the engine runs.
    pub engine: EngineOptions,
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

/// A language that the catalogue has its words in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Vietnamese.
    Vi,
    /// English.
    En,
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

/// `[mqtt]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Mqtt {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// `mqtts`, with what it needs.
    pub tls: Option<MqttTls>,
    /// User name and password.
    pub login: Option<(String, Secret)>,
    /// Whose acknowledgement removes an incident from the outbox.
    pub ack: Ack,
    /// The dialect of the broker; none: found out on connecting.
    pub version: Option<MqttVersion>,
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MqttVersion {
    /// MQTT 5.
    V5,
    /// MQTT 3.1.1: without reasons, response topics and limits that are told.
    V311,
}

impl MqttVersion {
    /// As it is written in a pipeline file, and said in messages.
    pub fn label(self) -> &'static str {
        match self {
            Self::V5 => "5",
            Self::V311 => "3.1.1",
        }
    }
}

/// Files of an `mqtts` connection.
#[derive(Clone, Debug, PartialEq)]
pub struct MqttTls {
    /// PEM file of the authority that signed the broker's certificate.
    pub ca: PathBuf,
    /// PEM files of this box's certificate and key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Whose acknowledgement removes an incident from the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ack {
    /// The broker's PUBACK.
    #[default]
    Broker,
    /// The operations centre's message on `…/ack`, sent after its own commit.
    Centre,
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
    /// Inference threads of each vision worker.
    pub threads: usize,
    /// Most bytes of memory that a vision worker may use; none when it follows from what it watches.
    pub worker_memory_bytes_max: Option<u64>,
    /// Most bytes of evidence pictures kept.
    pub evidence_bytes_max: u64,
    /// Most bytes of history kept; 0 for none.
    pub history_bytes_max: u64,
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
    /// Folder under `models/`.
    pub model: Name,
    /// WGS84 latitude and longitude in degrees.
    pub position: Option<Position>,
    /// Analysed frames per second: what its rules ask for, unless set.
    pub analyse_hz: f32,
    /// From the picture to metres on the ground; speeds need it.
    pub ground: Option<Homography>,
    /// Zones that rules may name.
    pub zones: Vec<Zone>,
    /// Lines that rules may name.
    pub lines: Vec<Line>,
    /// In file order; ids are unique in a camera.
    pub rules: Vec<Rule>,
}

/// Where pictures come from. `Display` and `Debug` show neither login, path nor query of a live
/// camera: many cameras take their password there.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A live camera.
    Rtsp {
        /// `rtsp://` or `rtsps://`, without credentials before the host; never log it.
        url: String,
        /// User name and password.
        login: Option<(String, Secret)>,
        /// Of the media.
        transport: Transport,
        /// PEM file with what the certificate of an `rtsps://` camera is checked against, instead
        /// of the box's authorities.
        #[serde(default)]
        ca: Option<PathBuf>,
    },
    /// A recording; read once from start to end.
    File {
        /// MP4, Matroska or AVI with H.264 or H.265.
        path: PathBuf,
    },
    /// A moving test picture, made by the box itself.
    Pattern {
        /// Frame size in px.
        size_px: [u32; 2],
        /// Frames per second.
        fps: u32,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rtsp { url, .. } => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("rtsp", ""));
                let host = rest.split(['/', '?', '#']).next().unwrap_or("");
                // The last `@`, should credentials ever have stayed in.
                let host = host.rsplit('@').next().unwrap_or("");
                write!(f, "{scheme}://{host}/…")
            }
            Self::File { path } => write!(f, "file {}", path.display()),
            Self::Pattern { size_px: [width, height], fps } => {
                write!(f, "pattern {width}x{height} at {fps} fps")
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({self})")
    }
}

/// How RTSP media is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Over TCP; over UDP from a camera that does not offer that.
    #[default]
    Auto,
    /// Over TCP only.
    Tcp,
    /// Over UDP only.
    Udp,
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
    pub unseen: Vec<Class>,
    /// A subject that was not seen for so long, by a camera that looked, is gone.
    pub absence: Duration,
    /// After an incident no other one is said for so long.
    pub cooldown: Duration,
    /// How repeated and lasting offences are treated; none for what is no offence.
    pub escalation: Option<Escalation>,
    /// What a declared disaster does to it.
    pub disaster: Disaster,
    /// Pictures that an incident asks for.
    pub evidence: Vec<EvidenceKind>,
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
