//! How a camera is, and which of its rules say nothing.

use super::cause::{self, Cause};
use super::stream::{Carrier, StreamRole};
use crate::id::{CommandId, Name};
use crate::place::Position;
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// What `…/cam/{camera}/state` says, kept by the broker. Numbers are unknown until the first frame and
/// not of interest without frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CameraState {
    /// How it is.
    pub state: CameraStatus,
    /// Why, for people; empty when it is well.
    pub reason: String,
    /// The same, for who makes words of it; empty of what has no codes, and of a box of an earlier version.
    #[serde(default, deserialize_with = "cause::known")]
    pub causes: Vec<Cause>,
    /// When this was said.
    pub time: LocalTime,
    /// Frames a second that it sends.
    pub fps: Option<f64>,
    /// Width and height in px.
    pub resolution: Option<[u32; 2]>,
    /// The box's clock less the camera's; none while the camera does not tell its own.
    pub clock_offset_ms: Option<i64>,
    /// The last time in this run that a clock was set.
    pub clock_step: Option<ClockStep>,
    /// How its media travels; none also for what is no RTSP.
    pub transport: Option<Carrier>,
    /// The first of `suspensions`, in short.
    pub rules_suspended: Option<RulesSuspended>,
    /// Rules of the camera that say nothing now.
    pub suspensions: Vec<Suspension>,
    /// The disaster that is declared.
    pub disaster: Option<Disaster>,
    /// Why it is not looked at, when vision workers died of it.
    #[serde(default)]
    pub quarantine: Option<Quarantine>,
    /// How often it is looked at; none of a box of an earlier version, or when that is not known yet.
    #[serde(default)]
    pub looks: Option<Looks>,
    /// How much of its stream is decoded; none while no pictures come, for what is no coded stream, and of a
    /// box of an earlier version.
    #[serde(default)]
    pub decoding: Option<Decoding>,
    /// Of a camera that has a substream: how both are; none of others, and of a box of an earlier version.
    #[serde(default)]
    pub streams: Option<Streams>,
    /// What people call it; none of one without a name, and of a box of an earlier version.
    #[serde(default)]
    pub name: Option<String>,
    /// Where it stands; none of one of which nobody has said so, and of a box of an earlier version.
    #[serde(default)]
    pub position: Option<Position>,
}

/// Two streams of one camera: looks are at the substream, pictures for people come from the main stream.
/// While one of them is away the other does both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    /// Which one is looked at now.
    pub looks: StreamRole,
    /// The one of `url`.
    pub main: StreamState,
    /// The one of `substream`.
    pub sub: StreamState,
    /// Their pictures have different shapes, so what is drawn on one may not fit the other.
    pub aspects_differ: bool,
    /// The main stream sends more without a key frame than is kept of it, so pictures for people are those of the
    /// substream from there to the next one. False of a box of an earlier version.
    #[serde(default)]
    pub film_cut: bool,
}

/// How one of two streams is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamState {
    /// How it is.
    pub state: CameraStatus,
    /// Why, for people; empty when it is well.
    pub reason: String,
    /// Width and height in px; none before its first picture.
    pub resolution: Option<[u32; 2]>,
}

/// A camera is not looked at, because vision workers died while opening it; `reason` says how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// How many.
    pub deaths: u32,
    /// When it is tried again.
    pub next_try: LocalTime,
}

/// How often a camera is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Looks {
    /// Frames a second that are to be analysed now: as the most demanding rule asks that does not rest.
    pub hz: f64,
    /// Rules that need no looks now.
    pub resting: Vec<Resting>,
}

/// How much of a camera's stream is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decoding {
    /// Which pictures.
    pub mode: DecodeMode,
    /// Why not fewer.
    pub reason: DecodeReason,
    /// Longest time between two key frames lately; none until it is known.
    pub key_interval_secs: Option<f64>,
}

/// Which pictures of a stream are decoded; each more than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecodeMode {
    /// None, but a key frame now and then that shows whether the lens is covered.
    None,
    /// Key frames, which need no other picture.
    Keys,
    /// Those that others refer to.
    References,
    /// All.
    #[default]
    All,
}

impl DecodeMode {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::None, Self::Keys, Self::References, Self::All];

    /// As it is written.
    pub fn label(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Keys => "keys",
            Self::References => "references",
            Self::All => "all",
        }
    }
}

/// Why a stream is decoded as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecodeReason {
    /// It is as much as the rules need.
    Enough,
    /// How far its key frames are apart is not known yet.
    #[default]
    NotMeasured,
    /// Its key frames are further apart than the rules bear.
    KeysTooRare,
    /// It has no key frames that decode alone: intra refresh, or pictures that refer across key frames.
    NoKeys,
    /// Its pictures may be coded as two fields, of which only one is a key frame.
    Fields,
    /// It is less than the rules need: decoding fell behind, so looks are stretched for a while.
    Strained,
}

/// How a camera is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraStatus {
    /// Frames come.
    Online,
    /// Connected, but no frames come.
    Stalled,
    /// Not connected.
    #[default]
    Offline,
}

/// A clock was set; durations do not follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStep {
    /// Whose clock.
    pub of: ClockOf,
    /// By how many ms; negative when it went back.
    pub by_ms: i64,
    /// When.
    pub at: LocalTime,
}

/// Whose clock it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockOf {
    /// The camera's own.
    Camera,
    /// The box's.
    Box,
}

/// Why rules say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhySilent {
    /// The camera looks elsewhere than where its zones were drawn.
    Moved,
    /// The camera sees nothing.
    Blinded,
    /// It is too dark there to see anything.
    TooDark,
    /// No pictures come.
    Offline,
    /// A command says so.
    Ordered,
    /// They are relaxed, and the level of the disaster is 2 or 3.
    Disaster,
}

/// Why rules of a camera say nothing, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesSuspended {
    /// Why.
    pub reason: WhySilent,
    /// Since when.
    pub since: LocalTime,
    /// It ends by itself then.
    pub until: Option<LocalTime>,
}

/// Rules that say nothing, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Why.
    pub reason: WhySilent,
    /// Of which camera; none for rules of the site.
    pub camera: Option<Name>,
    /// Which; empty when `all` without names.
    pub rules: Vec<Name>,
    /// All rules of the camera or of the site.
    pub all: bool,
    /// Since when.
    pub since: LocalTime,
    /// It ends by itself then.
    pub until: Option<LocalTime>,
    /// Id of the command.
    pub command: Option<CommandId>,
    /// Who gave it, in their own words.
    pub by: Option<String>,
}

/// A rule that needs no looks at its camera now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    /// Which.
    pub rule: Name,
    /// Why.
    pub why: Rest,
}

/// Why a rule needs no looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// Not at these hours.
    Schedule,
    /// What it forbids is permitted for now.
    Permit,
    /// A command says so.
    Ordered,
    /// It is relaxed, and the level of the disaster is 2 or 3.
    Disaster,
    /// What is measured rules out what it looks for.
    Value,
}

/// A disaster that is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disaster {
    /// 1 to 3.
    pub level: u8,
    /// Since when.
    pub since: LocalTime,
    /// It ends by itself then.
    pub until: LocalTime,
    /// Id of the command.
    pub command: CommandId,
    /// Who gave it, in their own words.
    pub by: Option<String>,
}
