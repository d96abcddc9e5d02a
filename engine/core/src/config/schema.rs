//! Every key that viahe's files may hold: one table, from which the reader checks files and the
//! JSON Schema and the reference in `docs/configuration.md` are made.

use super::engine_keys::ENGINE;
use super::permits::PERMIT;
use super::problem::{Fault, closest, quoted};
use super::schedule;
use super::sensors::SENSOR;
use super::tests_table::TEST;
use super::windows::WINDOW;
use crate::id::Name;
use crate::observe::Class;
use jiff::tz::TimeZone;

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
    /// `true` or `false`.
    Flag,
    Whole {
        min: i64,
        max: i64,
    },
    Number {
        min: f64,
        max: f64,
    },
    /// A number in range, or the name of a parameter that stands for one.
    Amount {
        min: f64,
        max: f64,
    },
    List(&'static Form),
    /// `[[x, y], …]` in fractions of the frame.
    Corners,
    /// So many `[a, b]`, each number in range.
    Pairs {
        count: usize,
        min: f64,
        max: f64,
    },
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

pub(super) static TEXT: Form = form("text", r"\S", not_empty);
pub(super) static PATH: Form = form("path", r"\S", not_empty);
pub(super) static NAME: Form =
    form("name", "^[a-z0-9-]{3,40}$", |text| match Name::try_from(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::not_a(text, "a name", "use 3 to 40 of a-z, 0-9 and '-'")),
    });
pub(super) static CLASS: Form =
    form("class", r"^[a-z_]+(\.[a-z_]+)*$", |text| match Class::try_from(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::not_a(text, "a class", "write it like vehicle.two_wheel.motorcycle")),
    });
pub(super) static SPAN: Form =
    form("span of hours", "^.*[0-9]{2}:[0-9]{2} ?- ?[0-9]{2}:[0-9]{2} *$", |text| {
        schedule::span(text).map(|_| ())
    });
static TIMEZONE: Form = form("time zone", "^[A-Za-z0-9_+/-]+$", timezone);
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

pub(super) fn timezone(text: &str) -> Result<(), Fault> {
    if TimeZone::get(text).is_ok() {
        return Ok(());
    }
    if let Some(remedy) = offset_remedy(text) {
        return Err(Fault::new(
            format!("{} is no place with a clock of its own", quoted(text)),
            remedy,
        ));
    }
    let names: Vec<String> = jiff::tz::db().available().map(|n| n.to_string()).collect();
    let remedy = match closest(text, names.iter().map(String::as_str)) {
        Some(name) => format!("did you mean {name:?}?"),
        None => "use a name of the IANA data base; all of Vietnam is \"Asia/Ho_Chi_Minh\"".into(),
    };
    Err(Fault::new(format!("{} is not a time zone", quoted(text)), remedy))
}

/// For who wrote how far the clock is from UTC, or what the clock is called.
fn offset_remedy(text: &str) -> Option<String> {
    const VIETNAM: &str = "Asia/Ho_Chi_Minh";
    let word = text.trim().to_ascii_uppercase();
    if ["ICT", "INDOCHINA TIME", "SE ASIA STANDARD TIME"].contains(&word.as_str()) {
        return Some(format!("write \"{VIETNAM}\""));
    }
    let number =
        ["UTC", "GMT", "Z"].iter().find_map(|name| word.strip_prefix(name)).unwrap_or(&word);
    let digits = number.trim().strip_prefix(['+', '-'])?;
    let (hours, minutes) = digits.split_once(':').unwrap_or(match digits.len() {
        4 => digits.split_at(2),
        _ => (digits, "0"),
    });
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let ahead = number.trim().starts_with('+');
    Some(match (ahead, hours, minutes) {
        (true, 7, 0) => format!("write \"{VIETNAM}\", which is 7 h ahead of UTC"),
        _ => {
            format!("write the name of a place that has this time; all of Vietnam is \"{VIETNAM}\"")
        }
    })
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

use super::rule_keys::RULE;
use Kind::{Corners, Named, Number, OneOf, Pairs, Table, Tables, Text};
use Need::{Optional, Required};

/// A pipeline file.
pub(super) static PIPELINE: &[Key] = &[
    key("site", Table(SITE), Required, "", "The place that this box watches."),
    key("mqtt", Table(MQTT), Optional, "", "How incidents leave the box. `viahe run` needs it."),
    key("engine", Table(ENGINE), Optional, "", "How the engine runs."),
    key(
        "model",
        Named(MODEL),
        Optional,
        "",
        "A model that cameras may use, under a name of its own. A camera needs one.",
    ),
    key(
        "camera",
        Tables(CAMERA),
        Optional,
        "",
        "A camera or a recording. A site has cameras, sensors, or both.",
    ),
    key("rule", Tables(RULE), Optional, "", "What sensors alone tell of, wherever cameras look."),
    key("sensor", Tables(SENSOR), Optional, "", "Something that measures, and says so over MQTT."),
    key("window", Tables(WINDOW), Optional, "", "What readings add up to over time."),
    key("permit", Tables(PERMIT), Optional, "", "What is lawful for a time or in a place."),
    key("test", Tables(TEST), Optional, "", "A recording, and what must come of it: `viahe test`."),
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
        "language",
        OneOf(&["vi", "en"]),
        Need::Text("vi"),
        r#""en""#,
        "Of the words that incidents carry for people.",
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
    key(
        "version",
        OneOf(&["5", "3.1.1"]),
        Optional,
        r#""3.1.1""#,
        "The MQTT that the broker speaks. Without the key it is `5`, and `3.1.1` where the broker \
         refuses that or hangs up on it.",
    ),
];

static MODEL: &[Key] =
    &[key("package", Text(&NAME), Required, r#""ssdlite-coco""#, "Folder under `models/`.")];

static CAMERA: &[Key] = &[
    key("id", Text(&NAME), Required, r#""le-loi-03""#, "Unique in the file; part of every topic."),
    key(
        "name",
        Text(&TEXT),
        Optional,
        r#""Lê Lợi, trước số 3""#,
        "What people call it; incidents carry it. Without it: the id.",
    ),
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
        OneOf(&["auto", "tcp", "udp"]),
        Need::Text("auto"),
        r#""auto""#,
        "How RTSP media travels; UDP loses packets, TCP does not. `auto` takes TCP, and UDP from a \
         camera that does not offer TCP.",
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
    key(
        "calibration",
        Table(CALIBRATION),
        Optional,
        "",
        "Where four points of the picture are on the ground: speeds in m/s need it.",
    ),
    key("zone", Named(ZONE), Optional, "", "A named part of the picture."),
    key("line", Named(LINE), Optional, "", "A named line in the picture, to be crossed."),
    key("rule", Tables(RULE), Optional, "", "What must not happen in a zone."),
];

pub(super) static POSITION: &[Key] = &[
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

static CALIBRATION: &[Key] = &[
    key(
        "picture",
        Pairs { count: 4, min: 0.0, max: 1.0 },
        Required,
        "[[0.2, 0.9], [0.8, 0.9], [0.6, 0.5], [0.4, 0.5]]",
        "Four points on the road, as fractions of the frame, no three on a line.",
    ),
    key(
        "ground_m",
        Pairs { count: 4, min: -10_000.0, max: 10_000.0 },
        Required,
        "[[0, 0], [6, 0], [6, 20], [0, 20]]",
        "The same points on the ground, in metres from any point of reference.",
    ),
];

static LINE: &[Key] = &[key(
    "points",
    Pairs { count: 2, min: 0.0, max: 1.0 },
    Required,
    "[[0.1, 0.7], [0.9, 0.7]]",
    "Its two ends, as fractions of the frame. Seen from the first to the second it has a left and \
     a right side.",
)];

static ZONE: &[Key] = &[
    key(
        "polygon",
        Corners,
        Required,
        "[[0.05, 0.60], [0.95, 0.60], [0.95, 0.98], [0.05, 0.98]]",
        "3 to 64 corners in order around the zone, as fractions of the frame: `[0, 0]` is top \
         left, `[1, 1]` bottom right.",
    ),
    key(
        "name",
        Text(&TEXT),
        Optional,
        r#""Vỉa hè trước chợ""#,
        "What people call the place; incidents carry it. Without it: the zone's id.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_an_offset_is_told_the_place() {
        for text in
            ["GMT+7", "UTC+7", "+07:00", "UTC+07:00", "+7", "+0700", "ict", "GMT +7", "utc+7:00"]
        {
            let told = timezone(text).unwrap_err();
            assert!(told.remedy.starts_with("write \"Asia/Ho_Chi_Minh\""), "{text}: {told:?}");
        }
        for text in ["GMT-7", "UTC+8", "+05:30", "GMT+99"] {
            let told = timezone(text).unwrap_err();
            assert!(told.remedy.contains("name of a place"), "{text}: {told:?}");
        }
        for good in ["UTC", "GMT", "Asia/Ho_Chi_Minh", "Etc/GMT-7", "Asia/Saigon", "GMT+0"] {
            assert!(timezone(good).is_ok(), "{good}");
        }
        assert!(timezone("Asia/Ho_Chi_Min").unwrap_err().remedy.contains("did you mean"));
    }
}
