//! The keys of a pipeline file; those of rules, sensors and the like stand in tables of their own.

use super::engine_keys::ENGINE;
use super::permits::PERMIT;
use super::rule_keys::RULE;
use super::schema::Kind::{Corners, List, Named, Number, OneOf, Pairs, Table, Tables, Text};
use super::schema::Need::{self, Optional, Required};
use super::schema::{Key, NAME, PATH, POSITION, SECRET, TEXT, TIMEZONE, key};
use super::sensors::SENSOR;
use super::shadow_keys::SHADOW;
use super::tests_table::TEST;
use super::windows::WINDOW;

/// A pipeline file.
pub(super) static PIPELINE: &[Key] = &[
    key("site", Table(SITE), Required, "", "The place that this box watches."),
    key("mqtt", Table(MQTT), Optional, "", "How incidents leave the box. `viahe run` needs it."),
    key(
        "console",
        Table(CONSOLE),
        Optional,
        "",
        "Where evidence pictures go, beside the incidents that name them. Without it they stay on the box.",
    ),
    key("engine", Table(ENGINE), Optional, "", "How the engine runs."),
    key(
        "model",
        Named(MODEL),
        Optional,
        "",
        "A model that cameras may use, under a name of its own. A camera needs one.",
    ),
    key(
        "shadow",
        Table(SHADOW),
        Optional,
        "",
        "A candidate model that looks beside the one at work without being heard: `viahe model shadow`.",
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

static CONSOLE: &[Key] = &[
    key(
        "url",
        Text(&SECRET),
        Required,
        r#""https://ioc.example:8090""#,
        "The console of the operations centre: `https://host[:port]`, or `http://host[:port]` on this \
         machine or in a network that nobody else can listen to.",
    ),
    key(
        "token",
        Text(&SECRET),
        Optional,
        r#""${file:/run/credentials/viahe/console-token}""#,
        "What the console gave for this site's box; keep it out of the file by a reference. This or `cert` \
         is required; with both, the token counts.",
    ),
    key(
        "ca",
        Text(&PATH),
        Optional,
        r#""/etc/viahe/centre.pem""#,
        "PEM file of the authorities that may sign the console's certificate, with `https://`. \
         Without it: those that the system trusts.",
    ),
    key(
        "cert",
        Text(&PATH),
        Optional,
        r#""/etc/viahe/box.pem""#,
        "PEM file of this box's certificate, which names the site, for a console that knows boxes by \
         them; with `key` and `https://`.",
    ),
    key(
        "key",
        Text(&PATH),
        Optional,
        r#""/etc/viahe/box.key""#,
        "PEM file of the private key of `cert`.",
    ),
];

static MODEL: &[Key] = &[
    key("package", Text(&NAME), Required, r#""ssdlite-coco""#, "Folder under `models/`."),
    key(
        "refine",
        List(&NAME),
        Optional,
        r#"["helmets"]"#,
        "Classifiers of this file, each under a `[model.NAME]` of its own: they look at crops of what this detector \
         finds, and say what kind of thing each is. See [a second stage](models.md#a-second-stage).",
    ),
];

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
    key(
        "substream",
        Text(&SECRET),
        Optional,
        r#""rtsp://viewer:${env:LE_LOI_03}@10.0.3.17:554/stream2""#,
        "A smaller stream of the same camera and the same view, `rtsp://` or `rtsps://`. Looks are at it, \
         which costs a fraction; pictures for people are those of `url` at the same moment. It \
         travels and is trusted as `url` is. Zones are drawn on the picture of `url`.",
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
        "Analysed frames per second, whenever the camera is looked at. Without it: as often as the \
         most demanding of its rules looks that apply, and not at all without rules.",
    ),
    key(
        "regions",
        OneOf(&["auto", "off"]),
        Need::Text("auto"),
        r#""off""#,
        "With `auto`, where all rules are about a small part of the picture, that part is looked at closely, \
         and the whole picture less often: small and far things are seen. `viahe check` says what it gains. \
         With `off` the whole picture is looked at alone.",
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
