//! `[[permit]]` → [`Permit`]: what is lawful for a time, or in a part of the picture.
//!
//! A permit that can have no effect is refused, like any other option without one: it names
//! cameras, zones and violations that the file has.

use super::common::{refuse_repeats, schedule};
use super::problem::{Fault, closest, listed};
use super::read::Node;
use super::schema::{Form, Key, Kind, NAME, Need, SPAN, form, key};
use crate::id::Name;
use crate::plan::{Permit, PermitReason};
use crate::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use viahe_contract::message::EditFault;

/// Most names that a remedy is searched in: bounds the work on an absurd file.
const CANDIDATES_MAX: usize = 1000;
/// Most names that a remedy lists.
const LISTED_MAX: usize = 20;

static MOMENT: Form =
    form("date and time", "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}.*$", |text| {
        // Which zone is of no matter for whether it is one.
        moment(text, &TimeZone::UTC).map(|_| ())
    });

/// `[[permit]]`.
pub(super) static PERMIT: &[Key] = &[
    key("id", Kind::Text(&NAME), Need::Required, r#""dong-ba-night""#, "Unique in the file."),
    key(
        "reason",
        Kind::OneOf(&[
            "night_market",
            "wedding",
            "funeral",
            "loading",
            "parking_bay",
            "event",
            "works",
        ]),
        Need::Required,
        r#""night_market""#,
        "Why it is lawful.",
    ),
    key(
        "uses",
        Kind::List(&NAME),
        Need::Required,
        r#"["illegal-parking"]"#,
        "Entries of the catalogue that it excepts; rules of its cameras must use each.",
    ),
    key(
        "cameras",
        Kind::List(&NAME),
        Need::Optional,
        r#"["le-loi-03"]"#,
        "Cameras that it is for. Without it: all.",
    ),
    key(
        "zones",
        Kind::List(&NAME),
        Need::Optional,
        r#"["kerb"]"#,
        "Zones of its cameras that it is for. Without it: all.",
    ),
    key(
        "schedule",
        Kind::List(&SPAN),
        Need::Optional,
        r#"["Fri-Sun 18:00-24:00", "Hol 18:00-24:00"]"#,
        "When it holds, as in rules. Without it: always.",
    ),
    key(
        "from",
        Kind::Text(&MOMENT),
        Need::Optional,
        r#""2026-12-01 17:00""#,
        "It does not hold before: by the site's clock, or RFC 3339 with an offset.",
    ),
    key(
        "until",
        Kind::Text(&MOMENT),
        Need::Optional,
        r#""2026-12-03 22:00""#,
        "It does not hold from then on.",
    ),
    key(
        "polygon",
        Kind::Corners,
        Need::Optional,
        "[[0.10, 0.70], [0.30, 0.70], [0.30, 0.90], [0.10, 0.90]]",
        "Only what touches the ground in here is excepted, such as in a painted bay; with one \
         camera in `cameras`. Without it: the whole zones.",
    ),
];

/// What a permit may name of a camera, as the file has it, good or bad.
struct CameraNames {
    id: Name,
    zones: BTreeSet<Name>,
    uses: BTreeSet<Name>,
}

/// Reads all permits; `None` only after a problem was told. Without a time zone of the site, which
/// was told, their times are not read.
pub(super) fn read(
    root: &Node,
    timezone: Option<&TimeZone>,
    has_calendar: bool,
) -> Option<Vec<Permit>> {
    let nodes: Vec<Node> = root.children("permit").into_iter().map(|child| child.node).collect();
    if nodes.is_empty() {
        return Some(Vec::new());
    }
    refuse_repeats(&nodes, |node| node.name("id"), "permits", "give each its own `id`");
    let cameras = camera_names(root);
    let permits: Vec<Option<Permit>> =
        nodes.iter().map(|node| permit(node, &cameras, timezone, has_calendar)).collect();
    permits.into_iter().collect()
}

fn camera_names(root: &Node) -> Vec<CameraNames> {
    let names = |node: &Node| {
        let rules = node.children("rule");
        Some(CameraNames {
            id: node.name("id")?,
            zones: node.children("zone").into_iter().filter_map(|zone| zone.name).collect(),
            uses: rules.iter().filter_map(|rule| rule.node.name("use")).collect(),
        })
    };
    root.children("camera").iter().filter_map(|camera| names(&camera.node)).collect()
}

fn permit(
    node: &Node,
    cameras: &[CameraNames],
    timezone: Option<&TimeZone>,
    has_calendar: bool,
) -> Option<Permit> {
    let wanted = names(node, "cameras");
    let all: BTreeSet<&Name> = cameras.iter().map(|camera| &camera.id).collect();
    refuse_unknown(node, "cameras", &all, "a camera of this file");
    let own: Vec<&CameraNames> =
        cameras.iter().filter(|c| wanted.is_empty() || wanted.contains(&c.id)).collect();
    // Of cameras that are not there nothing more can be said.
    if !own.is_empty() {
        let zones = own.iter().flat_map(|camera| &camera.zones).collect();
        refuse_unknown(node, "zones", &zones, "a zone of its cameras");
        let uses = own.iter().flat_map(|camera| &camera.uses).collect();
        refuse_unknown(node, "uses", &uses, "used by a rule of its cameras");
    }
    refuse_endless(node);
    if node.has("polygon") && wanted.len() != 1 {
        let what = "a polygon is a place in the picture of one camera";
        let remedy = "name that camera in `cameras`, and no other; write a permit for each";
        node.tell("polygon", Fault::new(what, remedy));
    }
    let (from, until) = (time(node, "from", timezone), time(node, "until", timezone));
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        let what = "the permit ends before it begins";
        node.tell("until", Fault::new(what, "set `until` to a time after `from`"));
    }
    Some(Permit {
        id: node.name("id")?,
        reason: reason(node.text("reason")?)?,
        cameras: wanted,
        zones: names(node, "zones"),
        uses: names(node, "uses"),
        schedule: schedule(node, has_calendar),
        from,
        until,
        polygon: if node.has("polygon") { Some(node.polygon("polygon")?) } else { None },
    })
}

/// Tells a permit that holds always and everywhere: a rule that nobody wants is removed instead.
fn refuse_endless(node: &Node) {
    let (from, until) = (node.has("from"), node.has("until"));
    if node.has("schedule") || node.has("polygon") || from && until {
        return;
    }
    let fault = match (from, until) {
        (true, false) => Fault::new("the permit has no end", "add `until`"),
        (false, true) => Fault::new("the permit has no beginning", "add `from`"),
        _ => {
            let what = "the permit does not say when or where it holds";
            Fault::new(what, "add `schedule`, `from` and `until`, or `polygon`")
        }
    };
    node.tell(if from { "from" } else { "until" }, fault);
}

fn names(node: &Node, key: &str) -> Vec<Name> {
    let list = node.list(key).unwrap_or_default();
    list.into_iter().filter_map(|(_, text)| Name::try_from(text).ok()).collect()
}

/// Tells each name of a list that is not `known`.
fn refuse_unknown(node: &Node, key: &str, known: &BTreeSet<&Name>, what: &str) {
    for (at, text) in node.list(key).unwrap_or_default() {
        let Ok(name) = Name::try_from(text) else { continue };
        if known.contains(&name) || node.source.is_full() {
            continue;
        }
        let near = closest(text, known.iter().take(CANDIDATES_MAX).map(|known| known.as_str()));
        let remedy = match near {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if known.is_empty() => "there is none; add one, or remove the name".into(),
            None if known.len() > LISTED_MAX => {
                format!("{} others are known here; look up its name", known.len())
            }
            None => format!("known here: {}", listed(known)),
        };
        let path = format!("{}.{key}", node.path);
        let fault = Fault::new(format!("{name} is not {what}"), remedy);
        node.source.problem(at, &path, fault.coded(EditFault::Unknown { name }));
    }
}

fn time(node: &Node, key: &str, timezone: Option<&TimeZone>) -> Option<Timestamp> {
    moment(node.text(key)?, timezone?).map_err(|fault| node.tell(key, fault)).ok()
}

/// A time on the site's clock, or one with an offset. Of an hour that comes twice, the first is
/// meant; one that is skipped counts from the hour before.
fn moment(text: &str, timezone: &TimeZone) -> Result<Timestamp, Fault> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let civil = || {
        // The parser would take a date alone as midnight.
        let civil: DateTime = text.contains(':').then(|| text.parse().ok()).flatten()?;
        let at = timezone.to_ambiguous_timestamp(civil).compatible().ok()?;
        u64::try_from(at.as_nanosecond()).ok().map(Timestamp)
    };
    civil().ok_or_else(|| {
        let remedy = "write \"2026-12-01 17:00\" for the site's clock, or an RFC 3339 time";
        Fault::not_a(text, "a date and time", remedy)
    })
}

fn reason(text: &str) -> Option<PermitReason> {
    Some(match text {
        "night_market" => PermitReason::NightMarket,
        "wedding" => PermitReason::Wedding,
        "funeral" => PermitReason::Funeral,
        "loading" => PermitReason::Loading,
        "parking_bay" => PermitReason::ParkingBay,
        "event" => PermitReason::Event,
        "works" => PermitReason::Works,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_site() {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        for (text, want) in [
            ("2026-12-01 17:00", "2026-12-01T10:00:00Z"),
            ("2026-12-01T17:00:30", "2026-12-01T10:00:30Z"),
            ("2026-12-01T17:00:00+07:00", "2026-12-01T10:00:00Z"),
            ("2026-12-01T17:00:00Z", "2026-12-01T17:00:00Z"),
        ] {
            assert_eq!(moment(text, &zone), Ok(want.parse().unwrap()), "{text}");
        }
        for bad in
            ["", "2026-12-01", "17:00", "2026-13-01 17:00", "1 Dec 2026 17:00", "0001-01-01 00:00"]
        {
            assert!(moment(bad, &zone).is_err(), "{bad}");
        }
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(
            moment("2026-10-25 02:30", &berlin),
            Ok("2026-10-25T00:30:00Z".parse().unwrap())
        );
    }
}
