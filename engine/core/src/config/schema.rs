//! Every key that viahe's files may hold: one table, from which the reader checks files and the
//! JSON Schema and the reference in `docs/configuration.md` are made.

use super::permits::PERMIT;
use super::problem::{Fault, closest, quoted};
use super::schedule;
use crate::id::Name;
use crate::observe::Class;
use jiff::tz::TimeZone;
use std::net::SocketAddr;

/// A key of a table.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) need: Need,
    /// What it means, with unit; a full sentence.
    pub(super) doc: &'static str,
    /// A TOML value; empty for tables.
    pub(super) example: &'static str,
}

/// What happens without the key.
pub(super) enum Need {
    Required,
    Optional,
    /// Same as if this text were written.
    Text(&'static str),
    /// Same as if this number were written.
    Number(f64),
}

/// What a value may be.
pub(super) enum Kind {
    Text(&'static Form),
    OneOf(&'static [&'static str]),
    Whole {
        min: i64,
        max: i64,
    },
    Number {
        min: f64,
        max: f64,
    },
    List(&'static Form),
    /// `[[x, y], …]` in fractions of the frame.
    Corners,
    /// `[x]` or `x = { … }`.
    Table(&'static [Key]),
    /// `[[x]]`.
    Tables(&'static [Key]),
    /// `[x.NAME]`.
    Named(&'static [Key]),
}

/// A form of text.
pub(super) struct Form {
    /// For people.
    pub(super) title: &'static str,
    /// For JSON Schema: at least what `check` wants.
    pub(super) pattern: &'static str,
    /// May it hold `${env:…}`? Such a text is never shown.
    pub(super) secret: bool,
    pub(super) check: fn(&str) -> Result<(), Fault>,
}

pub(super) const fn form(
    title: &'static str,
    pattern: &'static str,
    check: fn(&str) -> Result<(), Fault>,
) -> Form {
    Form { title, pattern, secret: false, check }
}

static TEXT: Form = form("text", r"\S", not_empty);
static PATH: Form = form("path", r"\S", not_empty);
pub(super) static NAME: Form =
    form("name", "^[a-z0-9-]{3,40}$", |text| match Name::try_from(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::not_a(text, "a name", "use 3 to 40 of a-z, 0-9 and '-'")),
    });
static CLASS: Form = form("class", r"^[a-z_]+(\.[a-z_]+)*$", |text| match Class::try_from(text) {
    Ok(_) => Ok(()),
    Err(_) => Err(Fault::not_a(text, "a class", "write it like vehicle.two_wheel.motorcycle")),
});
pub(super) static SPAN: Form =
    form("span of hours", "^.*[0-9]{2}:[0-9]{2} ?- ?[0-9]{2}:[0-9]{2} *$", |text| {
        schedule::span(text).map(|_| ())
    });
static TIMEZONE: Form = form("time zone", "^[A-Za-z0-9_+/-]+$", timezone);
static LISTEN: Form = form("address and port, or off", "^(off|.*:[0-9]+)$", |text| {
    if text == "off" || text.parse::<SocketAddr>().is_ok() {
        return Ok(());
    }
    Err(Fault::not_a(text, "an address with a port", "write \"127.0.0.1:9464\", or \"off\""))
});
static SECRET: Form =
    Form { title: "text or reference to a secret", secret: true, pattern: r"\S", check: not_empty };

fn not_empty(text: &str) -> Result<(), Fault> {
    let bad = text.trim().is_empty() || text.chars().any(|c| c == '\0');
    if bad {
        Err(Fault::new("the text is empty", "write a value or remove the key"))
    } else {
        Ok(())
    }
}

fn timezone(text: &str) -> Result<(), Fault> {
    if TimeZone::get(text).is_ok() {
        return Ok(());
    }
    let names: Vec<String> = jiff::tz::db().available().map(|n| n.to_string()).collect();
    let remedy = match closest(text, names.iter().map(String::as_str)) {
        Some(name) => format!("did you mean {name:?}?"),
        None => "use a name of the IANA data base; all of Vietnam is \"Asia/Ho_Chi_Minh\"".into(),
    };
    Err(Fault::new(format!("{} is not a time zone", quoted(text)), remedy))
}

pub(super) const fn key(
    name: &'static str,
    kind: Kind,
    need: Need,
    example: &'static str,
    doc: &'static str,
) -> Key {
    Key { name, kind, need, doc, example }
}

use Kind::{Corners, List, Named, Number, OneOf, Table, Tables, Text, Whole};
use Need::{Optional, Required};

/// A pipeline file.
pub(super) static PIPELINE: &[Key] = &[
    key("site", Table(SITE), Required, "", "The place that this box watches."),
    key("mqtt", Table(MQTT), Optional, "", "How incidents leave the box. `viahe run` needs it."),
    key("engine", Table(ENGINE), Optional, "", "How the engine runs."),
    key(
        "model",
        Named(MODEL),
        Required,
        "",
        "A model that cameras may use, under a name of its own.",
    ),
    key("camera", Tables(CAMERA), Required, "", "A camera or a recording."),
    key("permit", Tables(PERMIT), Optional, "", "What is lawful for a time or in a place."),
];

static SITE: &[Key] = &[
    key(
        "id",
        Text(&NAME),
        Required,
        r#""hue-phu-hoi""#,
        "Unique over all sites of an operations centre; part of every topic.",
    ),
    key(
        "timezone",
        Text(&TIMEZONE),
        Required,
        r#""Asia/Ho_Chi_Minh""#,
        "IANA name; schedules and the times in messages use it.",
    ),
    key(
        "calendar",
        Text(&NAME),
        Optional,
        r#""vietnam""#,
        "File under `pipelines/calendar/` with the holidays that `Hol`, `Fest` and `Work` in \
         schedules mean.",
    ),
];

static MQTT: &[Key] = &[
    key(
        "url",
        Text(&SECRET),
        Required,
        r#""mqtt://127.0.0.1:1883""#,
        "Broker: `mqtt://host[:port]` (port 1883 unless set) or, encrypted, `mqtts://host[:port]` \
         (8883).",
    ),
    key("username", Text(&SECRET), Optional, r#""hue-phu-hoi""#, "User name at the broker."),
    key(
        "password",
        Text(&SECRET),
        Optional,
        r#""${file:/run/credentials/viahe/mqtt}""#,
        "Password at the broker; keep it out of the file by a reference.",
    ),
    key(
        "ca",
        Text(&PATH),
        Optional,
        r#""/etc/ssl/certs/ca-certificates.crt""#,
        "PEM file of the authorities that may sign the broker's certificate; required with \
         `mqtts://`.",
    ),
    key(
        "cert",
        Text(&PATH),
        Optional,
        r#""/etc/viahe/box.pem""#,
        "PEM file of this box's certificate, for brokers that ask for one; with `key`.",
    ),
    key(
        "key",
        Text(&PATH),
        Optional,
        r#""/etc/viahe/box.key""#,
        "PEM file of the private key of `cert`.",
    ),
    key(
        "ack",
        OneOf(&["broker", "centre"]),
        Need::Text("broker"),
        r#""centre""#,
        "Whose acknowledgement removes an incident from the outbox: the `broker`'s, or that of \
         the operations `centre`, sent after it has stored the incident.",
    ),
];

static ENGINE: &[Key] = &[
    key(
        "state_dir",
        Text(&PATH),
        Need::Text("/var/lib/viahe"),
        r#""/var/lib/viahe""#,
        "Folder of the outbox, the saved state and the evidence.",
    ),
    key(
        "listen",
        Text(&LISTEN),
        Need::Text("127.0.0.1:9464"),
        r#""0.0.0.0:9464""#,
        "Address of `/metrics` and `/healthz`, or `\"off\"`.",
    ),
    key(
        "threads",
        Whole { min: 1, max: 64 },
        Need::Number(1.0),
        "2",
        "Inference threads of the vision worker.",
    ),
    key(
        "evidence_max_mb",
        Whole { min: 16, max: 10_000_000 },
        Need::Number(2000.0),
        "20000",
        "Most megabytes (10⁶ bytes) of evidence pictures kept; the oldest go first.",
    ),
];

static MODEL: &[Key] =
    &[key("package", Text(&NAME), Required, r#""ssdlite-coco""#, "Folder under `models/`.")];

static CAMERA: &[Key] = &[
    key("id", Text(&NAME), Required, r#""le-loi-03""#, "Unique in the file; part of every topic."),
    key(
        "url",
        Text(&SECRET),
        Required,
        r#""rtsp://viewer:${env:LE_LOI_03}@10.0.3.17:554/stream1""#,
        "Where the pictures come from: `rtsp://`, `rtsps://`, `file:///path.mp4` (a recording, \
         read once) or `pattern://640x360@10` (a test picture).",
    ),
    key("model", Text(&NAME), Required, r#""street""#, "One of the `[model.NAME]` of this file."),
    key(
        "transport",
        OneOf(&["tcp", "udp"]),
        Need::Text("tcp"),
        r#""tcp""#,
        "How RTSP media travels; UDP loses packets, TCP does not.",
    ),
    key(
        "ca",
        Text(&PATH),
        Optional,
        r#""le-loi-03.pem""#,
        "PEM file for `rtsps://` only: the certificate of the camera, or of the authority that \
         signed it. Without it the box's own list of authorities counts.",
    ),
    key(
        "position",
        Table(POSITION),
        Optional,
        "{ lat = 16.4637, lon = 107.5909 }",
        "Where the camera stands, WGS84.",
    ),
    key(
        "analyse_hz",
        Number { min: 0.05, max: 30.0 },
        Optional,
        "2.0",
        "Analysed frames per second. Without it: as often as the most demanding of its rules \
         looks, or once a second without rules.",
    ),
    key("zone", Named(ZONE), Optional, "", "A named part of the picture."),
    key("rule", Tables(RULE), Optional, "", "What must not happen in a zone."),
];

static POSITION: &[Key] = &[
    key(
        "lat",
        Number { min: -90.0, max: 90.0 },
        Required,
        "16.4637",
        "Latitude in degrees, north positive.",
    ),
    key(
        "lon",
        Number { min: -180.0, max: 180.0 },
        Required,
        "107.5909",
        "Longitude in degrees, east positive.",
    ),
];

static ZONE: &[Key] = &[key(
    "polygon",
    Corners,
    Required,
    "[[0.05, 0.60], [0.95, 0.60], [0.95, 0.98], [0.05, 0.98]]",
    "3 to 64 corners in order around the zone, as fractions of the frame: `[0, 0]` is top left, \
     `[1, 1]` bottom right.",
)];

const SEVERITIES: Kind = OneOf(&["info", "low", "medium", "high"]);
const CONFIDENCE: Kind = Number { min: 0.0, max: 1.0 };
const ABSENCE: Kind = Number { min: 0.5, max: 86_400.0 };

const DWELL_SECS: Key = key(
    "dwell_secs",
    Number { min: 0.1, max: 86_400.0 },
    Optional,
    "120",
    "Seconds for which the condition must hold before an incident opens.",
);
const COUNT_MIN: Key = key(
    "count_min",
    Whole { min: 2, max: 1000 },
    Optional,
    "10",
    "How many subjects at once are a crowd.",
);
const ALLOWED_DEG: Key = key(
    "allowed_deg",
    Number { min: 0.0, max: 360.0 },
    Optional,
    "270",
    "Allowed direction in the picture, degrees: 0 is right, 90 is down, 180 is left, 270 is up.",
);
const TOLERANCE_DEG: Key = key(
    "tolerance_deg",
    Number { min: 0.0, max: 179.0 },
    Optional,
    "90",
    "Degrees to either side of `allowed_deg` that are still allowed.",
);
const TRAVEL_MIN: Key = key(
    "travel_min",
    Number { min: 0.01, max: 1.0 },
    Optional,
    "0.15",
    "Distance that a subject must travel against the direction, as a fraction of the frame's \
     height.",
);

static RULE: &[Key] = &[
    key(
        "use",
        Text(&NAME),
        Required,
        r#""illegal-parking""#,
        "Entry of the catalogue: what kind of violation this is. It is the type of the incidents.",
    ),
    key(
        "id",
        Text(&NAME),
        Optional,
        r#""parking-night""#,
        "Unique in the camera. Without it: the name in `use`.",
    ),
    key("zone", Text(&NAME), Required, r#""kerb""#, "One of the camera's zones."),
    key(
        "schedule",
        List(&SPAN),
        Optional,
        r#"["Mon-Fri 06:00-22:00", "Sat,Sun 20:00-02:00"]"#,
        "When the rule applies, by the site's clock; a span may go on past midnight. Days are Mon \
         to Sun, Hol, Fest and Work. Without it: always.",
    ),
    key(
        "severity",
        SEVERITIES,
        Optional,
        r#""high""#,
        "How bad an incident is. Without it: the catalogue's.",
    ),
    key(
        "classes",
        List(&CLASS),
        Optional,
        r#"["vehicle.car", "vehicle.truck"]"#,
        "Which things are meant; a class covers its kinds. The camera's model must know each. \
         Without it: the catalogue's.",
    ),
    key(
        "confidence_min",
        CONFIDENCE,
        Optional,
        "0.4",
        "Observations that the detector is less sure of are ignored, 0 to 1. Without it: the \
         catalogue's.",
    ),
    key(
        "absence_secs",
        ABSENCE,
        Optional,
        "10",
        "An incident is over once its subject was not seen for so many seconds by a camera that \
         looked. Without it: the catalogue's.",
    ),
    DWELL_SECS,
    COUNT_MIN,
    ALLOWED_DEG,
    TOLERANCE_DEG,
    TRAVEL_MIN,
];

/// The parameters of all kinds of trigger.
pub(super) static PARAMETERS: &[Key] =
    &[DWELL_SECS, COUNT_MIN, ALLOWED_DEG, TOLERANCE_DEG, TRAVEL_MIN];

/// A catalogue entry.
pub(super) static CATALOGUE: &[Key] = &[
    key(
        "kind",
        OneOf(&["standing", "crowding", "wrong_way"]),
        Required,
        r#""standing""#,
        "What must hold for an incident to open.",
    ),
    key(
        "version",
        Whole { min: 1, max: 1_000_000 },
        Required,
        "1",
        "Counts changes of the entry; told with each incident.",
    ),
    key(
        "severity",
        SEVERITIES,
        Required,
        r#""medium""#,
        "How bad an incident is, unless the pipeline says otherwise.",
    ),
    key(
        "classes",
        List(&CLASS),
        Required,
        r#"["vehicle"]"#,
        "Things that are meant; the camera's model must know each.",
    ),
    key(
        "classes_when_known",
        List(&CLASS),
        Optional,
        r#"["goods"]"#,
        "Things that are meant as well where the camera's model knows them.",
    ),
    key("confidence_min", CONFIDENCE, Required, "0.35", "Weaker observations are ignored, 0 to 1."),
    key(
        "look_hz",
        Number { min: 0.05, max: 30.0 },
        Required,
        "1.0",
        "How often a frame must be analysed for the entry to work, per second.",
    ),
    key(
        "absence_secs",
        ABSENCE,
        Required,
        "10",
        "An incident is over after so many seconds without its subject.",
    ),
    key(
        "title",
        Table(LANGUAGES),
        Required,
        r#"{ vi = "Đỗ xe trái phép", en = "Illegal parking" }"#,
        "Name of the violation.",
    ),
    key(
        "guidance",
        Table(LANGUAGES),
        Required,
        r#"{ vi = "…", en = "…" }"#,
        "What a person should look for before confirming.",
    ),
    key(
        "parameters",
        Table(PARAMETERS),
        Optional,
        "{ dwell_secs = 180 }",
        "Defaults; a parameter without one must be set in each rule.",
    ),
    key(
        "trap",
        Tables(LANGUAGES),
        Optional,
        "",
        "A known reason for false incidents, and what to do about it.",
    ),
];

pub(super) static LANGUAGES: &[Key] = &[
    key("vi", Text(&TEXT), Required, r#""Đỗ xe trái phép""#, "Vietnamese."),
    key("en", Text(&TEXT), Required, r#""Illegal parking""#, "English."),
];
