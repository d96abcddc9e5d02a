//! How weekly hours are written → [`Schedule`].

use super::problem::{Fault, quoted};
use crate::plan::WeekSpan;
use std::str::FromStr;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Days of a calendar: what is written, and its bit.
const CALENDAR_DAYS: [(&str, u16); 3] =
    [("hol", WeekSpan::HOLIDAY), ("fest", WeekSpan::FESTIVAL), ("work", WeekSpan::WORKDAY)];
const EVERY_DAY: u16 = 0b111_1111;
const DAY_MIN: u16 = 24 * 60;

impl FromStr for WeekSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        span(text).map_err(|f| format!("{}; {}", f.what, f.remedy))
    }
}

/// Reads `[DAYS ]HH:MM-HH:MM`, where DAYS is a list of days, ranges of days and calendar days.
pub(super) fn span(text: &str) -> Result<WeekSpan, Fault> {
    let tight = text.replace(" - ", "-");
    let (days, hours) = match tight.trim().rsplit_once(char::is_whitespace) {
        Some((days, hours)) => (self::days(days)?, hours),
        None => (EVERY_DAY, tight.trim()),
    };
    let (start, end) = hours.split_once('-').filter(|_| hours.contains(':')).ok_or_else(|| {
        let remedy = "write days and hours as \"Mon-Fri 06:00-22:00\"";
        Fault::not_a(text, "a span of hours", remedy)
    })?;
    let (start_min, end_min) = (minute(start)?, minute(end)?);
    if start_min == DAY_MIN {
        return Err(Fault::new("a span cannot start at 24:00", "start the next day at 00:00"));
    }
    // An end at 00:00 is the end of the day.
    Ok(WeekSpan { days, start_min, end_min: if end_min == 0 { DAY_MIN } else { end_min } })
}

fn days(text: &str) -> Result<u16, Fault> {
    text.split(',').try_fold(0, |mask, part| {
        let special = CALENDAR_DAYS.iter().find(|(name, _)| part.trim().eq_ignore_ascii_case(name));
        if let Some((_, bit)) = special {
            return Ok(mask | bit);
        }
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (day(from)?, day(to)?);
        // `Sat-Mon` goes on past Sunday.
        let count = (to + 7 - from) % 7 + 1;
        Ok((0..count).fold(mask, |mask, i| mask | 1 << ((from + i) % 7)))
    })
}

fn day(text: &str) -> Result<u16, Fault> {
    let text = text.trim();
    if let Some(i) = DAYS.iter().position(|d| text.eq_ignore_ascii_case(d)) {
        return Ok(i as u16);
    }
    if CALENDAR_DAYS.iter().any(|(name, _)| text.eq_ignore_ascii_case(name)) {
        let what = format!("{} cannot be the end of a range", quoted(text));
        return Err(Fault::new(what, "list it by itself, such as Sat,Sun,Hol"));
    }
    let remedy = "write days as Mon, Sat,Sun or Mon-Fri, or as Hol, Fest or Work";
    Err(Fault::not_a(text, "a day", remedy))
}

/// `HH:MM` → minutes after midnight, 0 to 1440.
fn minute(text: &str) -> Result<u16, Fault> {
    let digits = |t: &str| match t.as_bytes() {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(u16::from(a - b'0') * 10 + u16::from(b - b'0')),
        _ => None,
    };
    let read = || {
        let (hours, minutes) = text.trim().split_once(':')?;
        let (hours, minutes) = (digits(hours)?, digits(minutes)?);
        (minutes < 60 && hours * 60 + minutes <= DAY_MIN).then_some(hours * 60 + minutes)
    };
    read().ok_or_else(|| {
        let remedy = "write hours and minutes as HH:MM, from 00:00 to 24:00";
        Fault::new(format!("{} is not a time of day", quoted(text)), remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Name;
    use crate::plan::{Calendar, Schedule};
    use crate::time::Timestamp;
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    #[test]
    fn a_schedule_is_written_as_it_may_be_read() {
        for text in [
            "Mon-Sun 06:00-22:00",
            "Mon-Fri 06:00-22:00; Sat,Sun,Hol 22:00-06:00",
            "Mon,Wed,Fri-Sun,Fest,Work 00:00-24:00",
        ] {
            let spans: Vec<&str> = text.split("; ").collect();
            assert_eq!(schedule(&spans).to_string(), text);
        }
        assert_eq!(Schedule::default().to_string(), "always");
    }

    fn schedule(spans: &[&str]) -> Schedule {
        Schedule { spans: spans.iter().map(|s| s.parse().unwrap()).collect() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn spans_as_written() {
        let span = |days, start_min, end_min| WeekSpan { days, start_min, end_min };
        for (text, want) in [
            ("Mon-Fri 06:00-22:00", span(0b001_1111, 360, 1320)),
            ("Sat,Sun 20:00-02:00", span(0b110_0000, 1200, 120)),
            ("22:00-06:00", span(EVERY_DAY, 1320, 360)),
            ("mon 00:00-24:00", span(1, 0, 1440)),
            ("Sat-Mon,Wed 07:30-08:00", span(0b110_0101, 450, 480)),
            ("Mon - Fri 06:00 - 22:00", span(0b001_1111, 360, 1320)),
            ("  Sun   18:00-00:00 ", span(0b100_0000, 1080, 1440)),
            ("Mon, Tue 06:00-07:00", span(0b000_0011, 360, 420)),
            ("Hol 08:00-12:00", span(WeekSpan::HOLIDAY, 480, 720)),
            ("work 06:00-22:00", span(WeekSpan::WORKDAY, 360, 1320)),
            ("Sat, Sun,Fest 08:00-23:00", span(0b110_0000 | WeekSpan::FESTIVAL, 480, 1380)),
        ] {
            assert_eq!(text.parse(), Ok(want), "{text}");
        }
        for bad in [
            "",
            "Mon",
            "Mon 6-7",
            "Mon 06:00",
            "Mon 06:00-25:00",
            "Mon 06:60-07:00",
            "Mon 24:00-06:00",
            "Thứ2 06:00-07:00",
            "Mon- 06:00-07:00",
            "Mon 06:00-07:00-08:00",
            "Mon +6:00-07:00",
            "Hol-Fri 06:00-07:00",
            "Fri-Hol 06:00-07:00",
            "Holiday 06:00-07:00",
            "-",
            "99:99-24:01",
        ] {
            assert!(bad.parse::<WeekSpan>().is_err(), "{bad}");
        }
    }

    #[test]
    fn past_midnight_in_hue() {
        let hue = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let night = schedule(&["Fri 22:00-06:00"]);
        // 2026-11-20 is a Friday.
        for (time, want) in [
            ("2026-11-20T21:59:59.999+07:00", false),
            ("2026-11-20T22:00:00+07:00", true),
            ("2026-11-21T05:59:59.999+07:00", true),
            ("2026-11-21T06:00:00+07:00", false),
            ("2026-11-21T23:00:00+07:00", false),
            ("2026-11-20T05:00:00+07:00", false),
        ] {
            assert_eq!(night.active(at(time), &hue, None), want, "{time}");
        }
        assert!(schedule(&[]).active(at("2026-11-20T05:00:00Z"), &hue, None), "empty means always");
    }

    fn calendar(text: &str) -> Calendar {
        Calendar::parse(Name::try_from("test").unwrap(), "test.toml", text).unwrap()
    }

    #[test]
    fn the_days_of_a_calendar() {
        let hue = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        // A Friday and a Tuesday.
        let calendar = calendar(
            r#"
            fixed = [{ date = "05-01", name = { vi = "Lao động", en = "Labour" } }]
            [[dated]]
            kind = "festival"
            dates = ["2026-10-06"]
            name = { vi = "Trung thu", en = "Mid-autumn" }
        "#,
        );
        for (span, time, want) in [
            ("Hol 08:00-12:00", "2026-05-01T08:00:00+07:00", true),
            ("Hol 08:00-12:00", "2026-05-08T08:00:00+07:00", false),
            ("Fest 08:00-12:00", "2026-10-06T08:00:00+07:00", true),
            ("Fest 08:00-12:00", "2026-05-01T08:00:00+07:00", false),
            ("Work 08:00-12:00", "2026-10-06T08:00:00+07:00", true),
            ("Work 08:00-12:00", "2026-05-01T08:00:00+07:00", false),
            ("Work 08:00-12:00", "2026-05-02T08:00:00+07:00", false),
            ("Fri 08:00-12:00", "2026-05-01T08:00:00+07:00", true),
            ("Sat,Sun,Hol 08:00-12:00", "2026-05-01T09:00:00+07:00", true),
            ("Sat,Sun,Hol 08:00-12:00", "2026-05-02T09:00:00+07:00", true),
            // The night belongs to the day on which it began.
            ("Hol 22:00-06:00", "2026-05-02T05:00:00+07:00", true),
            ("Hol 22:00-06:00", "2026-05-01T05:00:00+07:00", false),
            ("Work 22:00-06:00", "2026-05-01T05:00:00+07:00", true),
            ("Work 22:00-06:00", "2026-05-02T05:00:00+07:00", false),
        ] {
            let got = schedule(&[span]).active(at(time), &hue, Some(&calendar));
            assert_eq!(got, want, "{span} at {time}");
        }
    }

    #[test]
    fn clock_changes_in_berlin() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        // Forward on 2026-03-29 at 02:00 CET: 02:00 to 03:00 does not exist.
        let gap = schedule(&["Sun 02:00-03:00"]);
        assert!(!gap.active(at("2026-03-29T01:59:00+01:00"), &berlin, None));
        assert!(!gap.active(at("2026-03-29T03:00:00+02:00"), &berlin, None));
        // Back on 2026-10-25 at 03:00 CEST: 02:00 to 03:00 comes twice.
        let fold = schedule(&["Sun 02:00-03:00"]);
        for (time, want) in [
            ("2026-10-25T01:59:00+02:00", false),
            ("2026-10-25T02:30:00+02:00", true),
            ("2026-10-25T02:30:00+01:00", true),
            ("2026-10-25T03:00:00+01:00", false),
        ] {
            assert_eq!(fold.active(at(time), &berlin, None), want, "{time}");
        }
        // A night that holds the change ends at six by the wall clock.
        let night = schedule(&["Sat 22:00-06:00"]);
        assert!(night.active(at("2026-03-29T05:59:00+02:00"), &berlin, None));
        assert!(!night.active(at("2026-03-29T06:00:00+02:00"), &berlin, None));
    }

    /// The minutes of a week that `spans` cover, one by one from each start.
    fn minutes_of_week(spans: &[WeekSpan]) -> Vec<bool> {
        let week = 7 * usize::from(DAY_MIN);
        let mut on = vec![spans.is_empty(); week];
        for span in spans {
            for day in (0..7).filter(|d| span.days & (1 << d) != 0) {
                let mut minute = usize::from(span.start_min);
                loop {
                    on[(day * usize::from(DAY_MIN) + minute) % week] = true;
                    minute += 1;
                    if minute % usize::from(DAY_MIN) == usize::from(span.end_min % DAY_MIN) {
                        break;
                    }
                }
            }
        }
        on
    }

    // Coarse hours meet their own ends often.
    fn any_span(days: std::ops::Range<u16>) -> impl Strategy<Value = WeekSpan> {
        (days, 0u16..48, 1u16..=48).prop_map(|(days, start, end)| WeekSpan {
            days,
            start_min: start * 30,
            end_min: end * 30,
        })
    }

    proptest! {
        #[test]
        fn agrees_with_counting_minutes(
            spans in proptest::collection::vec(any_span(0..128), 0..3),
            zone in proptest::sample::select(vec![
                "Asia/Ho_Chi_Minh", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "UTC",
            ]),
            first_day in 0i64..800,
        ) {
            let on = minutes_of_week(&spans);
            let schedule = Schedule { spans };
            let zone = TimeZone::get(zone).unwrap();
            let start = date(2025, 1, 1).at(0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap()
                .timestamp().as_second() as u64;
            // Three days in steps of 10 minutes, checked on the offset alone.
            for step in 0..3 * 144 {
                let secs = start + first_day as u64 * 86_400 + step * 600;
                let utc = i64::try_from(secs).unwrap();
                let offset = zone.to_offset(jiff::Timestamp::from_second(utc).unwrap());
                // 1970-01-01 was a Thursday: three days after a Monday.
                let wall = utc + i64::from(offset.seconds()) + 3 * 86_400;
                let minute = wall.div_euclid(60).rem_euclid(7 * 1440) as usize;
                let at = Timestamp::from_secs(secs);
                prop_assert_eq!(schedule.active(at, &zone, None), on[minute], "{} {:?}", at, &schedule);
            }
        }

        /// Three weeks minute by minute from each start, with holidays and festivals in them.
        #[test]
        fn agrees_with_counting_minutes_of_special_days(
            spans in proptest::collection::vec(any_span(0..1024), 1..3),
            holidays in proptest::collection::btree_set(1i8..=21, 0..5),
            festivals in proptest::collection::btree_set(1i8..=21, 0..5),
        ) {
            let dated = |kind: &str, days: &std::collections::BTreeSet<i8>| {
                if days.is_empty() {
                    return String::new();
                }
                    let dates: Vec<_> = days.iter().map(|d| date(2026, 6, *d).to_string()).collect();
                    let name = "{ vi = \"x\", en = \"x\" }";
                    format!("[[dated]]\nkind = \"{kind}\"\nname = {name}\ndates = {dates:?}\n")
            };
            let other = "fixed = [{ date = \"12-31\", name = { vi = \"x\", en = \"x\" } }]\n";
            let calendar = calendar(
                &[other, &dated("holiday", &holidays), &dated("festival", &festivals)].concat(),
            );
            // Minutes since 2026-06-01, a Monday; day 0 is not looked at, as its eve may reach in.
            let mut on = vec![false; 23 * 1440];
            for (span, day) in spans.iter().flat_map(|s| (0..21usize).map(move |day| (s, day))) {
                let (holiday, festival) =
                    (holidays.contains(&(day as i8 + 1)), festivals.contains(&(day as i8 + 1)));
                let kinds = (1u16 << (day % 7))
                    | u16::from(holiday) << 7
                    | u16::from(festival) << 8
                    | u16::from(day % 7 < 5 && !holiday) << 9;
                if span.days & kinds != 0 {
                    let length = (span.end_min + 1440 - span.start_min - 1) % 1440 + 1;
                    let start = day * 1440 + usize::from(span.start_min);
                    on[start..start + usize::from(length)].fill(true);
                }
            }
            let schedule = Schedule { spans };
            let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
            let monday = at("2026-06-01T00:00:00+07:00").0 / 1_000_000_000;
            for minute in (1440..21 * 1440).step_by(10) {
                let at = Timestamp::from_secs(monday + minute as u64 * 60);
                let got = schedule.active(at, &zone, Some(&calendar));
                prop_assert_eq!(got, on[minute], "{} {:?}", at, &schedule);
            }
        }
    }
}
