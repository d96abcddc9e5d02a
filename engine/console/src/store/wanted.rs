//! A filter as conditions of SQL.

use super::codes::{ms, of_severity};
use crate::model::{Filter, Judged, Phase};
use crate::text;
use rusqlite::types::Value;

/// Conditions and the values of their places, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    sql: String,
    pub(super) values: Vec<Value>,
}

impl Wanted {
    /// What can be said of a cell of the tally and of an incident alike. Columns are of `table`.
    pub(super) fn of_cells(filter: &Filter, table: &str) -> Self {
        let mut wanted = Self::default();
        let judgements = match filter.judged {
            // Who looks for words finds also what waits among others of a flood.
            Judged::Not if has_words(filter) => "IN (0, 4)",
            Judged::Not => "= 0",
            Judged::Shelved => "= 3",
            Judged::Folded => "= 4",
            Judged::Confirmed => "= 1",
            Judged::Dismissed => "= 2",
            // So that each is a range of its own.
            Judged::All => "IN (0, 1, 2, 3, 4)",
        };
        wanted.and(&format!("{table}.judgement {judgements}"));
        match filter.phase {
            Phase::All => {}
            Phase::Open => wanted.and(&format!("{table}.state = 0")),
            Phase::Closed => wanted.and(&format!("{table}.state = 1")),
        }
        if let Some(severity) = filter.severity {
            wanted.and_value(&format!("{table}.severity = ?"), of_severity(severity));
        }
        if let Some(violation) = &filter.violation {
            wanted.and_value(&format!("{table}.violation = ?"), violation.clone());
        }
        wanted.places(filter, table);
        wanted
    }

    /// Of an incident, with all that is said; the words are those of `incident_text`, if it is joined.
    pub(super) fn of_incidents(filter: &Filter, table: &str) -> Self {
        let mut wanted = Self::of_cells(filter, table);
        if let Some(from) = filter.from {
            wanted.and_value(&format!("{table}.opened >= ?"), ms(from));
        }
        if let Some(to) = filter.to {
            wanted.and_value(&format!("{table}.opened < ?"), ms(to));
        }
        if let Some(flood) = filter.flood {
            wanted.and_value(&format!("{table}.flood = ?"), flood);
        }
        if let Some(query) = filter.words.as_deref().and_then(text::query) {
            wanted.and_value("incident_text MATCH ?", query);
        }
        wanted
    }

    fn places(&mut self, filter: &Filter, table: &str) {
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
            self.and(&format!("{table}.place IN (SELECT key FROM place{})", within.sql()));
            self.values.append(&mut within.values);
        }
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

/// Is there more in it than cells of the tally tell?
pub(super) fn is_narrow(filter: &Filter) -> bool {
    filter.from.is_some() || filter.to.is_some() || filter.flood.is_some() || has_words(filter)
}

/// Is there a word to look for?
pub(super) fn has_words(filter: &Filter) -> bool {
    filter.words.as_deref().and_then(text::query).is_some()
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
