//! `pipelines/calendar/NAME.toml` → [`Calendar`]: days that are not like other days.
//!
//! Dates are written, not computed: lunar dates of a country follow its own time zone, and
//! governments move holidays.

use super::catalogue::{Words, words};
use super::pipeline::PipelineSources;
use super::problem::{ConfigError, Fault, Report, Source, closest, listed, quoted};
use super::read::{Node, document};
use super::rule_keys::LANGUAGES;
use super::schema::{Form, Key, Kind, Need, form, key};
use crate::id::Name;
use jiff::Span;
use jiff::civil::Date;
use std::collections::BTreeMap;

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

/// Is it a day off?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind {
    /// A public holiday: `Hol`, and not `Work`.
    Holiday,
    /// A festival on which people work: `Fest`.
    Festival,
}

/// A day that is not like other days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialDay {
    /// Is it a day off?
    pub kind: DayKind,
    /// Name of the day.
    pub name: Words,
}

/// Holidays and festivals by civil date of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Its file, without `.toml`.
    pub name: Name,
    /// On the same date every year; the year of the key is 2000.
    fixed: BTreeMap<Date, Vec<SpecialDay>>,
    dated: BTreeMap<Date, Vec<SpecialDay>>,
}

impl Calendar {
    /// Reads a calendar.
    ///
    /// # Errors
    /// Everything that is wrong with it, for the person who edits it.
    pub fn parse(name: Name, file: &str, text: &str) -> Result<Self, ConfigError> {
        let report = Report::default();
        let calendar = read(name, &Source { name: file, text, rank: RANK, report: &report });
        report.finish(calendar, file)
    }

    /// What is special about a date: most often nothing, now and then several things.
    pub fn days(&self, date: Date) -> impl Iterator<Item = &SpecialDay> {
        let yearly = in_any_year(date.month(), date.day());
        let fixed = yearly.and_then(|yearly| self.fixed.get(&yearly));
        fixed.into_iter().chain(self.dated.get(&date)).flatten()
    }

    /// Is the date a day of this kind?
    pub fn is(&self, kind: DayKind, date: Date) -> bool {
        self.days(date).any(|day| day.kind == kind)
    }

    /// The last year with a date of its own: after it, days whose date differs by year are not
    /// known. None when all days are yearly.
    pub fn last_year(&self) -> Option<i16> {
        self.dated.keys().next_back().map(|date| date.year())
    }

    /// What to say to whoever looks after a box on `today`, when the dates end within two months
    /// or have ended: schedules would take the new year's holidays for any day.
    pub fn ending(&self, today: Date) -> Option<String> {
        let last = self.last_year()?;
        let soon = today.saturating_add(Span::new().months(2)).year();
        let name = &self.name;
        (soon > last).then(|| {
            format!(
                "the calendar {name} has no dates after {last}; add those of {} to it, or schedules \
                 and permits with Hol, Fest and Work will be wrong",
                last + 1
            )
        })
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
    let mut calendar = Calendar { name, fixed: BTreeMap::new(), dated: BTreeMap::new() };
    for node in root.children("fixed").into_iter().map(|child| child.node) {
        let (Some(day), Some(text)) = (special(&node), node.text("date")) else { continue };
        calendar.fixed.entry(month_day(text)?).or_default().push(day);
    }
    for node in root.children("dated").into_iter().map(|child| child.node) {
        let Some(day) = special(&node) else { continue };
        for (at, text) in node.list("dates").unwrap_or_default() {
            let days = calendar.dated.entry(date(text)?).or_default();
            if days.contains(&day) {
                let what = format!("{} is there twice", quoted(text));
                let path = format!("{}.dates", node.path);
                source.problem(at, &path, Fault::new(what, "remove one, or correct the date"));
            }
            days.push(day.clone());
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

fn in_any_year(month: i8, day: i8) -> Option<Date> {
    Date::new(ANY_YEAR, month, day).ok()
}

/// The calendar that `[site]` names; `None` when it names none, or after a problem was told.
pub(super) fn of_site(site: &Node, sources: &PipelineSources, report: &Report) -> Option<Calendar> {
    if !site.has("calendar") {
        return None;
    }
    let name = site.name("calendar")?;
    match (sources.calendar)(&name) {
        Ok((file, text)) => read(name, &Source { name: &file, text: &text, rank: RANK, report }),
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
