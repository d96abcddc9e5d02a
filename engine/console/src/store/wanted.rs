//! A filter as conditions of SQL.

use super::codes::{FOLDED, NOT_JUDGED, SHELVED, ms, of_severity};
use crate::model::{Bounds, Filter, Judged, Phase};
use crate::text;
use rusqlite::types::Value;

/// Conditions and the values of their places, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    sql: String,
    pub(super) values: Vec<Value>,
}

impl Wanted {
    /// Which cells of the tally, or which incidents. Columns are of `table`.
    pub(super) fn new(filter: &Filter, table: &str) -> Self {
        let mut wanted = Self::of_judgements(filter, table);
        wanted.kinds(filter, table);
        wanted.headings(filter, table, true);
        wanted
    }

    /// Judged as is asked.
    pub(super) fn of_judgements(filter: &Filter, table: &str) -> Self {
        let mut wanted = Self::default();
        let codes: Vec<String> = judgements(filter).iter().map(i64::to_string).collect();
        // So that each is a range of its own.
        wanted.and(&format!("{table}.judgement IN ({})", codes.join(", ")));
        wanted
    }

    /// Of the state and severity that are asked for.
    pub(super) fn kinds(&mut self, filter: &Filter, table: &str) {
        match filter.phase {
            Phase::All => {}
            Phase::Open => self.and(&format!("{table}.state = 0")),
            Phase::Closed => self.and(&format!("{table}.state = 1")),
        }
        if let Some(severity) = filter.severity {
            self.and_value(&format!("{table}.severity = ?"), of_severity(severity));
        }
    }

    /// Of the headings that are asked for: by place, violation and point, and by words if these are to count.
    pub(super) fn headings(&mut self, filter: &Filter, table: &str, words: bool) {
        let mut heading = Self::default();
        heading.places(filter);
        if let Some(violation) = &filter.violation {
            heading.and_value("violation = ?", violation.clone());
        }
        if let Some(bounds) = filter.bounds {
            let mut there = Self::default();
            there.within(bounds);
            heading.and(&format!("spot IN (SELECT key FROM spot{})", there.sql()));
            heading.values.append(&mut there.values);
        }
        if let Some(query) = query(filter).filter(|_| words) {
            heading.and_value(&format!("key IN ({HEADINGS_WITH_WORDS})"), query);
        }
        if !heading.sql.is_empty() {
            self.and(&format!("{table}.heading IN (SELECT key FROM heading{})", heading.sql()));
            self.values.append(&mut heading.values);
        }
    }

    /// Opened within the times that are asked for, by the columns of the first and of the last opening.
    pub(super) fn times(&mut self, filter: &Filter, [first, last]: [&str; 2]) {
        if let Some(from) = filter.from {
            self.and_value(&format!("{last} >= ?"), ms(from));
        }
        if let Some(to) = filter.to {
            self.and_value(&format!("{first} < ?"), ms(to));
        }
    }

    /// Of the flood that is asked for.
    pub(super) fn flood(&mut self, filter: &Filter, table: &str) {
        if let Some(flood) = filter.flood {
            self.and_value(&format!("{table}.flood = ?"), flood);
        }
    }

    fn places(&mut self, filter: &Filter) {
        let mut within = Self::default();
        if let Some(sites) = &filter.sites {
            let places = vec!["?"; sites.len()].join(", ");
            within.and(&format!("site IN ({places})"));
            within.values.extend(sites.iter().map(|site| Value::from(site.clone())));
        }
        if let Some(camera) = &filter.camera {
            within.and_value("camera = ?", camera.clone());
        }
        if let Some(place) = &filter.place {
            within.and_value("site = ?", place.site.clone());
            within.and_value("camera = ?", place.camera.clone());
            within.and_value("zone = ?", place.zone.clone());
        }
        if !within.sql.is_empty() {
            self.and(&format!("place IN (SELECT key FROM place{})", within.sql()));
            self.values.append(&mut within.values);
        }
    }

    /// At a point within these bounds.
    pub(super) fn within(&mut self, Bounds { west, south, east, north }: Bounds) {
        self.and("lat BETWEEN ? AND ?");
        self.and(if west <= east {
            "lon BETWEEN ? AND ?"
        } else {
            "(lon BETWEEN ? AND 180 OR lon BETWEEN -180 AND ?)"
        });
        self.values.extend([south, north, west, east].map(Value::from));
    }

    pub(super) fn and(&mut self, condition: &str) {
        if !self.sql.is_empty() {
            self.sql += " AND ";
        }
        self.sql += condition;
    }

    pub(super) fn and_value(&mut self, condition: &str, value: impl Into<Value>) {
        self.and(condition);
        self.values.push(value.into());
    }

    /// ` WHERE …`, or nothing.
    pub(super) fn sql(&self) -> String {
        if self.sql.is_empty() { String::new() } else { format!(" WHERE {}", self.sql) }
    }
}

/// Headings with these words.
pub(super) const HEADINGS_WITH_WORDS: &str =
    "SELECT rowid FROM heading_text WHERE heading_text MATCH ?";

/// The codes of the judgements that are asked for.
pub(super) fn judgements(filter: &Filter) -> &'static [i64] {
    match filter.judged {
        // Who looks for words finds also what waits among others of a flood.
        Judged::Not if query(filter).is_some() => &[NOT_JUDGED, FOLDED],
        Judged::Not => &[NOT_JUDGED],
        Judged::Confirmed => &[1],
        Judged::Dismissed => &[2],
        Judged::Shelved => &[SHELVED],
        Judged::Folded => &[FOLDED],
        Judged::All => &[NOT_JUDGED, 1, 2, SHELVED, FOLDED],
    }
}

/// The codes of the states that are asked for.
pub(super) fn states(filter: &Filter) -> &'static [i64] {
    match filter.phase {
        Phase::All => &[0, 1],
        Phase::Open => &[0],
        Phase::Closed => &[1],
    }
}

/// The words that are looked for, as FTS5 reads them; none when there are none.
pub(super) fn query(filter: &Filter) -> Option<String> {
    filter.words.as_deref().and_then(text::query)
}

/// Is there more in it than cells of the tally tell, but for words: times, or a flood?
pub(super) fn is_narrow(filter: &Filter) -> bool {
    filter.from.is_some() || filter.to.is_some() || filter.flood.is_some()
}

/// Numbers after which a page goes on, as one word.
pub(super) fn cursor(numbers: [i64; 3]) -> String {
    numbers.map(|number| number.to_string()).join("_")
}

/// The numbers of a cursor; none when it is none of ours.
pub(super) fn read_cursor(text: &str) -> Option<[i64; 3]> {
    let numbers: Result<Vec<i64>, _> = text.split('_').map(str::parse).collect();
    numbers.ok()?.try_into().ok()
}
