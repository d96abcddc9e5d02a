//! What a key of a file may be. Every key that viahe's files may hold stands in a table of such, from
//! which the reader checks files and the JSON Schema and the reference in `docs/configuration.md`
//! are made.

use super::problem::{Fault, bare, closest, quoted};
use super::schedule;
use crate::id::Name;
use crate::observe::Class;
use jiff::tz::TimeZone;
use viahe_contract::message::EditFault;

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
    /// 1 to so many `[columns, rows]` in px, each whole and in range.
    Sizes {
        most: usize,
        min: i64,
        max: i64,
    },
    /// A list of exactly so many numbers.
    Numbers {
        count: usize,
        min: f64,
        max: f64,
    },
    /// A list of 1 to so many whole numbers.
    Wholes {
        most: usize,
        min: i64,
        max: i64,
    },
    /// A whole number, or this word.
    WholeOr {
        word: &'static str,
        min: i64,
        max: i64,
    },
    /// Texts under keys that the file chooses.
    Entries {
        keys: &'static Form,
        values: &'static Form,
    },
    /// Tables under keys that the file chooses.
    Titled {
        keys: &'static Form,
        table: &'static [Key],
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
pub(super) static DATE: Form =
    form("date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", |text| match text.parse::<jiff::civil::Date>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::not_a(text, "a date", "write it as 2025-01-01")),
    });
pub(super) static SPAN: Form =
    form("span of hours", "^.*[0-9]{2}:[0-9]{2} ?- ?[0-9]{2}:[0-9]{2} *$", |text| {
        let code = || EditFault::BadHours { text: bare(text) };
        schedule::span(text).map(|_| ()).map_err(|fault| fault.coded(code()))
    });
pub(super) static TIMEZONE: Form = form("time zone", "^[A-Za-z0-9_+/-]+$", timezone);
pub(super) static SECRET: Form =
    Form { title: "text or reference to a secret", secret: true, pattern: r"\S", check: not_empty };

fn not_empty(text: &str) -> Result<(), Fault> {
    let bad = text.trim().is_empty() || text.chars().any(|c| c == '\0');
    if bad {
        let fault = Fault::new("the text is empty", "write a value or remove the key");
        Err(fault.coded(EditFault::Empty))
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

pub(super) static POSITION: &[Key] = &[
    key(
        "lat",
        Kind::Number { min: -90.0, max: 90.0 },
        Need::Required,
        "16.4637",
        "Latitude in degrees, north positive.",
    ),
    key(
        "lon",
        Kind::Number { min: -180.0, max: 180.0 },
        Need::Required,
        "107.5909",
        "Longitude in degrees, east positive.",
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
