//! Days that are not like other days.

use super::words::Words;
use crate::id::Name;
use jiff::Span;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// A leap year, so that 29 February is a day of every year.
const ANY_YEAR: i16 = 2000;

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
    /// A calendar without special days.
    pub fn new(name: Name) -> Self {
        Self { name, fixed: BTreeMap::new(), dated: BTreeMap::new() }
    }

    /// Adds a day on the same date every year. The year of `date` does not matter; that of a leap
    /// year lets it be 29 February.
    pub fn add_yearly(&mut self, date: Date, day: SpecialDay) {
        if let Some(yearly) = in_any_year(date.month(), date.day()) {
            self.fixed.entry(yearly).or_default().push(day);
        }
    }

    /// Adds a day on one date.
    pub fn add_dated(&mut self, date: Date, day: SpecialDay) {
        self.dated.entry(date).or_default().push(day);
    }

    /// Is the day there by this very date already?
    pub fn has_dated(&self, date: Date, day: &SpecialDay) -> bool {
        self.dated.get(&date).is_some_and(|days| days.contains(day))
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

fn in_any_year(month: i8, day: i8) -> Option<Date> {
    Date::new(ANY_YEAR, month, day).ok()
}
