//! Weekly hours: `Mon-Fri 06:00-22:00`, `Hol 08:00-12:00`.
//!
//! A schedule speaks of wall clocks. Where a clock is set forward, the skipped minutes never
//! come; where it is set back, both passes of the repeated hour count.

use super::calendar::{Calendar, DayKind};
use crate::time::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt;

/// Weekly hours in the site's time zone; empty means always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Any of these.
    pub spans: Vec<WeekSpan>,
}

impl Schedule {
    /// Does it apply at this time in this zone? Without a calendar there are no holidays.
    pub fn active(&self, at: Timestamp, zone: &TimeZone, calendar: Option<&Calendar>) -> bool {
        let local = at.in_zone(zone);
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        self.spans.is_empty()
            || self.spans.iter().any(|span| span.holds(local.date(), minute, calendar))
    }
}

/// As it may be written: `Mon-Fri 06:00-22:00, Sat,Sun,Hol 08:00-12:00`, or `always`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.spans.is_empty() {
            return f.write_str("always");
        }
        for (i, span) in self.spans.iter().enumerate() {
            write!(f, "{}{span}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// `Mon-Fri 06:00-22:00`; a span whose end is not after its start goes on past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeekSpan {
    /// Days on which it starts, any of them: bit 0 is Monday, and [`WeekSpan::HOLIDAY`],
    /// [`WeekSpan::FESTIVAL`], [`WeekSpan::WORKDAY`].
    pub days: u16,
    /// Minutes after midnight, 0 to 1439.
    pub start_min: u16,
    /// Minutes after midnight, 1 to 1440; exclusive.
    pub end_min: u16,
}

impl WeekSpan {
    /// `Hol`: a holiday of the site's calendar, whatever day of the week.
    pub const HOLIDAY: u16 = 1 << 7;
    /// `Fest`: a festival of the site's calendar.
    pub const FESTIVAL: u16 = 1 << 8;
    /// `Work`: Monday to Friday, but no holiday.
    pub const WORKDAY: u16 = 1 << 9;

    /// Can it only be understood with a calendar?
    pub fn needs_calendar(self) -> bool {
        self.days & (Self::HOLIDAY | Self::FESTIVAL | Self::WORKDAY) != 0
    }

    /// Is this minute of this day in the span?
    fn holds(self, date: Date, minute: u16, calendar: Option<&Calendar>) -> bool {
        if self.end_min > self.start_min {
            return (self.start_min..self.end_min).contains(&minute)
                && self.starts_on(date, calendar);
        }
        // What began yesterday is yesterday's, even when today is a holiday.
        minute >= self.start_min && self.starts_on(date, calendar)
            || minute < self.end_min
                && date.yesterday().is_ok_and(|date| self.starts_on(date, calendar))
    }

    fn starts_on(self, date: Date, calendar: Option<&Calendar>) -> bool {
        let weekday = date.weekday().to_monday_zero_offset();
        if self.days >> weekday & 1 == 1 {
            return true;
        }
        if !self.needs_calendar() {
            return false;
        }
        let has = |bit| self.days & bit != 0;
        let is = |kind| calendar.is_some_and(|calendar| calendar.is(kind, date));
        has(Self::HOLIDAY) && is(DayKind::Holiday)
            || has(Self::FESTIVAL) && is(DayKind::Festival)
            || has(Self::WORKDAY) && weekday < 5 && !is(DayKind::Holiday)
    }
}

impl fmt::Display for WeekSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let has = |day: usize| self.days >> day & 1 == 1;
        let mut days: Vec<String> = Vec::new();
        let mut day = 0;
        while day < 7 {
            let last = (day..7).take_while(|d| has(*d)).last();
            match last {
                Some(last) if last > day + 1 => {
                    days.push(format!("{}-{}", NAMES[day], NAMES[last]));
                }
                Some(last) => days.extend((day..=last).map(|d| NAMES[d].to_owned())),
                None => {}
            }
            day = last.unwrap_or(day) + 1;
        }
        let special = [(Self::HOLIDAY, "Hol"), (Self::FESTIVAL, "Fest"), (Self::WORKDAY, "Work")];
        days.extend(
            special.iter().filter(|(bit, _)| self.days & bit != 0).map(|(_, n)| (*n).into()),
        );
        let [from, to] =
            [self.start_min, self.end_min].map(|m| format!("{:02}:{:02}", m / 60, m % 60));
        write!(f, "{} {from}-{to}", days.join(","))
    }
}
