//! `pipelines/calendar/NAME.toml` → [`Calendar`]: days that are not like other days.
//!
//! Dates are written, not computed: lunar dates of a country follow its own time zone, and
//! governments move holidays.

use super::common::words;
use super::problem::{ConfigError, Fault, FileKind, Report, Source, closest, listed, quoted};
use super::read::{Node, document};
use super::rule_keys::LANGUAGES;
use super::schema::{Form, Key, Kind, Need, form, key};
use super::sources::PipelineSources;
use crate::id::Name;
use crate::plan::{Calendar, DayKind, SpecialDay};
use jiff::civil::Date;

/// Problems of the calendar are told after those of the catalogue.
const RANK: usize = usize::MAX;
/// A leap year, so that 29 February can be written without a year.
const ANY_YEAR: i16 = 2000;

static MONTH_DAY: Form = form("month and day", "^[0-9]{2}-[0-9]{2}$", |text| {
    month_day(text).map(|_| ()).ok_or_else(|| {
        Fault::not_a(text, "a day of every year", "write month and day as MM-DD, such as \"09-02\"")
    })
});
static DATE: Form = form("date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", |text| {
    date(text).map(|_| ()).ok_or_else(|| {
        Fault::not_a(text, "a date", "write year, month and day as YYYY-MM-DD: \"2026-02-17\"")
    })
});

/// A calendar file.
pub(super) static CALENDAR: &[Key] = &[
    key("fixed", Kind::Tables(FIXED), Need::Optional, "", "A day on the same date every year."),
    key("dated", Kind::Tables(DATED), Need::Optional, "", "A day whose date differs by year."),
];

const KIND: Key = key(
    "kind",
    Kind::OneOf(&["holiday", "festival"]),
    Need::Text("holiday"),
    r#""festival""#,
    "`Hol` or `Fest` in schedules; only a `holiday` is a day off.",
);
const NAME: Key = key(
    "name",
    Kind::Table(LANGUAGES),
    Need::Required,
    r#"{ vi = "Quốc khánh", en = "National Day" }"#,
    "Name of the day.",
);

static FIXED: &[Key] = &[
    key("date", Kind::Text(&MONTH_DAY), Need::Required, r#""09-02""#, "Month and day."),
    KIND,
    NAME,
];

static DATED: &[Key] = &[
    key(
        "dates",
        Kind::List(&DATE),
        Need::Required,
        r#"["2026-02-17", "2027-02-06"]"#,
        "All its dates in the Gregorian calendar.",
    ),
    KIND,
    NAME,
];

impl Calendar {
    /// Reads a calendar.
    ///
    /// # Errors
    /// Everything that is wrong with it, for the person who edits it.
    pub fn parse(name: Name, file: &str, text: &str) -> Result<Self, ConfigError> {
        let report = Report::default();
        let calendar = read(
            name,
            &Source { kind: FileKind::Calendar, name: file, text, rank: RANK, report: &report },
        );
        report.finish(calendar, file)
    }
}

/// Reads a calendar; `None` only after a problem was told.
fn read(name: Name, source: &Source) -> Option<Calendar> {
    let table = document(source)?;
    let root = Node::root(source, &table, CALENDAR);
    root.check();
    if !root.has("fixed") && !root.has("dated") {
        let remedy = "add a table [[fixed]] or [[dated]]";
        source.problem(0, "", Fault::new("the calendar has no days", remedy));
    }
    let mut calendar = Calendar::new(name);
    for node in root.children("fixed").into_iter().map(|child| child.node) {
        let (Some(day), Some(text)) = (special(&node), node.text("date")) else { continue };
        calendar.add_yearly(month_day(text)?, day);
    }
    for node in root.children("dated").into_iter().map(|child| child.node) {
        let Some(day) = special(&node) else { continue };
        for (at, text) in node.list("dates").unwrap_or_default() {
            let on = date(text)?;
            if calendar.has_dated(on, &day) {
                let what = format!("{} is there twice", quoted(text));
                let path = format!("{}.dates", node.path);
                source.problem(at, &path, Fault::new(what, "remove one, or correct the date"));
            }
            calendar.add_dated(on, day.clone());
        }
    }
    Some(calendar)
}

fn special(node: &Node) -> Option<SpecialDay> {
    let kind = match node.text("kind")? {
        "festival" => DayKind::Festival,
        _ => DayKind::Holiday,
    };
    Some(SpecialDay { kind, name: words(&node.child("name")?)? })
}

/// `YYYY-MM-DD` and nothing else: the parser would take times and other forms too.
fn date(text: &str) -> Option<Date> {
    let shape = text.bytes().map(|b| if b.is_ascii_digit() { b'0' } else { b });
    shape.eq(*b"0000-00-00").then(|| text.parse().ok()).flatten()
}

fn month_day(text: &str) -> Option<Date> {
    date(&format!("{ANY_YEAR}-{text}"))
}

/// The calendar that `[site]` names; `None` when it names none, or after a problem was told.
pub(super) fn of_site(site: &Node, sources: &PipelineSources, report: &Report) -> Option<Calendar> {
    if !site.has("calendar") {
        return None;
    }
    let name = site.name("calendar")?;
    match (sources.calendar)(&name) {
        Ok((file, text)) => read(
            name,
            &Source { kind: FileKind::Calendar, name: &file, text: &text, rank: RANK, report },
        ),
        Err(reason) => {
            site.tell("calendar", missing(&name, &reason, sources.calendar_names));
            None
        }
    }
}

fn missing(name: &Name, reason: &str, names: &[Name]) -> Fault {
    if names.is_empty() || names.contains(name) {
        let what = format!("the calendar {name} cannot be read: {reason}");
        return Fault::new(what, "repair it, or name another calendar");
    }
    let remedy = match closest(name.as_str(), names.iter().map(Name::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("calendars are {}", listed(names)),
    };
    Fault::new(format!("there is no calendar {name}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [[fixed]]
        date = "02-29"
        name = { vi = "Ngày nhuận", en = "Leap day" }
        [[dated]]
        kind = "festival"
        dates = ["2026-09-25", "2028-02-29"]
        name = { vi = "Tết Trung thu", en = "Mid-autumn" }
    "#;

    fn parse(text: &str) -> Result<Calendar, String> {
        let name = Name::try_from("test").unwrap();
        Calendar::parse(name, "test.toml", text).map_err(|e| e.to_string())
    }

    #[test]
    fn days_are_found_by_date() {
        let calendar = parse(TEXT).unwrap();
        let names = |text: &str| {
            let found = calendar.days(text.parse().unwrap());
            found.map(|day| day.name.en.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("2024-02-29"), ["Leap day"]);
        assert_eq!(names("2028-02-29"), ["Leap day", "Mid-autumn"], "both");
        assert_eq!(names("2026-09-25"), ["Mid-autumn"]);
        assert!(names("2027-09-25").is_empty() && names("2026-02-28").is_empty());
        let leap = "2024-02-29".parse().unwrap();
        assert!(calendar.is(DayKind::Holiday, leap) && !calendar.is(DayKind::Festival, leap));
        assert_eq!(calendar.last_year(), Some(2028));
        assert_eq!(calendar.ending("2028-10-31".parse().unwrap()), None);
        for late in ["2028-11-01", "2031-05-01"] {
            let told = calendar.ending(late.parse().unwrap()).unwrap();
            assert!(told.contains("no dates after 2028; add those of 2029"), "{told}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        for (from, to, want) in [
            (
                "\"02-29",
                "\"02-30",
                "\"02-30\" is not a day of every year; write month and day as MM",
            ),
            ("2026-09-25", "2026-9-25", "\"2026-9-25\" is not a date; write year"),
            ("2026-09-25", "2027-02-29", "\"2027-02-29\" is not a date; write year"),
            ("2026-09-25", "2028-02-29", "\"2028-02-29\" is there twice; remove one"),
            ("2026-09-25", "2026-09-25T10:00", "is not a date"),
            ("festival", "feast", "\"feast\" is not one of the options; use one of holiday"),
            (", en = \"Mid-autumn\"", "", "`en` is missing; add"),
            (TEXT, "", "test.toml:1: the calendar has no days; add a table [[fixed]]"),
        ] {
            let told = parse(&TEXT.replace(from, to)).expect_err(to);
            assert!(told.contains(want) && told.lines().count() == 1, "{to}:\n{told}");
        }
    }
}
