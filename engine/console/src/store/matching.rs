//! Incidents that match, one by one, the newest or gravest first.
//!
//! Three statements find them, each of which reads of an index only. *By cell*: the tally says which cells match,
//! and of each its incidents are read. *By time*: incidents are read from the newest on until there are enough.
//! The tally also says how many match, so the shorter way is taken; where all do, none is asked. Those of a flood have an index of their own, and so
//! have those that are somewhere. *Single ones* have the words in what people wrote on them, or in their id; they are
//! found beside the others. Very many may have them: then the newest are looked at, and the answer says so.

use super::codes::of_severity;
use super::error::StoreError;
use super::wanted::{HEADINGS_WITH_WORDS, Wanted, judgements, query, states};
use crate::model::{Bounds, Filter, Order};
use crate::text;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

/// Incidents that are read by cell at most: with more, enough of them are among the newest. 50,000 take some 30 ms,
/// and are a twentieth of a million.
/// Tests have few incidents, and take both ways.
const BY_CELL_MAX: i64 = if cfg!(test) { 20 } else { 50_000 };

/// Incidents that are looked at one by one, the newest: those with words in their notes, and those whose id begins so.
/// 20,000 take some 50 ms. Of ids, six characters are a quarter of an hour of all boxes.
pub(super) const SINGLES_MAX: usize = if cfg!(test) { 200 } else { 20_000 };

/// An incident that matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) key: i64,
    pub(super) place: i64,
    pub(super) judgement: i64,
    pub(super) severity: i64,
    pub(super) opened: i64,
}

impl Match {
    /// What they are ordered by, the greatest first.
    fn rank(&self, order: Order) -> [i64; 3] {
        [if order == Order::Severity { self.severity } else { 0 }, self.opened, self.key]
    }
}

/// When an incident opened, first and last.
const OPENED: [&str; 2] = ["i.opened"; 2];

/// When and with which key the page before ended.
pub(super) type After = Option<(i64, i64)>;

/// The first `most` that match, in their order. And may there be others, at which nobody looked?
pub(super) fn first(
    db: &Connection,
    filter: &Filter,
    order: Order,
    after: After,
    most: usize,
) -> Result<(Vec<Match>, bool), StoreError> {
    let (mut found, others) = single(db, filter, order, after, most)?;
    if filter.flood.is_some() {
        found.append(&mut read(db, &by_flood(filter, order, after, most))?);
    } else if !is_open_to_all(filter) && count(db, filter)? <= BY_CELL_MAX {
        found.append(&mut read(db, &by_cell(filter, order, after, most))?);
    } else if let (Some(bounds), Order::Newest) = (filter.bounds, order) {
        for state in states(filter) {
            found.append(&mut read(db, &by_where(filter, bounds, *state, after, most))?);
        }
    } else {
        found.append(&mut newest(db, filter, order, after, most)?);
    }
    found.sort_unstable_by_key(|found| std::cmp::Reverse(found.rank(order)));
    found.truncate(most);
    Ok((found, others))
}

/// Does it ask for judgements and times alone? Then from the newest on no row is read in vain.
fn is_open_to_all(filter: &Filter) -> bool {
    let Filter { judged, from, to, .. } = filter;
    *filter == Filter { judged: *judged, from: *from, to: *to, ..Filter::all() }
}

/// The first `most` of those that match by what people wrote on them or by their id, and not by their heading. And may
/// there be others, at which nobody looked?
pub(super) fn single(
    db: &Connection,
    filter: &Filter,
    order: Order,
    after: After,
    most: usize,
) -> Result<(Vec<Match>, bool), StoreError> {
    let Some(mut singles) = Singles::of(filter) else { return Ok((Vec::new(), false)) };
    let others = singles.narrow(db)?;
    Ok((read(db, &singly(filter, &singles, order, after, most))?, others))
}

/// By time: gravest first if that is asked, else from the newest of each judgement.
fn newest(
    db: &Connection,
    filter: &Filter,
    order: Order,
    after: After,
    most: usize,
) -> Result<Vec<Match>, StoreError> {
    let severities: &[Option<i64>] = match order {
        Order::Severity => &[Some(3), Some(2), Some(1), Some(0)],
        Order::Newest => &[None],
    };
    let mut found = Vec::new();
    for severity in severities {
        for judgement in judgements(filter) {
            found.append(&mut read(db, &by_time(filter, *judgement, *severity, after, most))?);
        }
        if found.len() >= most {
            break;
        }
    }
    Ok(found)
}

/// A statement with its values.
pub(super) type Asked = (String, Vec<Value>);

fn read(db: &Connection, (sql, values): &Asked) -> Result<Vec<Match>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        Ok(Match {
            key: row.get(0)?,
            place: row.get(1)?,
            judgement: row.get(2)?,
            severity: row.get(3)?,
            opened: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many match by their heading, of cells that may hold some of the time that is asked for.
fn count(db: &Connection, filter: &Filter) -> Result<i64, StoreError> {
    let (sql, values) = counted(filter);
    let mut statement = db.prepare_cached(&sql)?;
    Ok(statement.query_row(params_from_iter(&values), |row| row.get(0))?)
}

pub(super) fn counted(filter: &Filter) -> Asked {
    let cells = cells_in_time(filter);
    (format!("SELECT COALESCE(SUM(t.count), 0) FROM tally t{}", cells.sql()), cells.values)
}

fn cells_in_time(filter: &Filter) -> Wanted {
    let mut wanted = Wanted::new(filter, "t");
    wanted.times(filter, ["t.first", "t.newest"]);
    wanted
}

pub(super) fn by_cell(filter: &Filter, order: Order, after: After, most: usize) -> Asked {
    let mut wanted = cells_in_time(filter);
    wanted.times(filter, OPENED);
    beyond(&mut wanted, after);
    let sql = format!(
        "SELECT i.key, t.place, i.judgement, i.severity, i.opened FROM tally t
        CROSS JOIN incident i INDEXED BY incident_cell ON i.heading = t.heading AND i.judgement = t.judgement
            AND i.state = t.state AND i.severity = t.severity{}
        ORDER BY {}i.opened DESC, i.key DESC LIMIT {most}",
        wanted.sql(),
        gravest(order),
    );
    (sql, wanted.values)
}

/// Of a flood: there are not many.
pub(super) fn by_flood(filter: &Filter, order: Order, after: After, most: usize) -> Asked {
    let mut wanted = Wanted::new(filter, "i");
    wanted.flood(filter, "i");
    wanted.times(filter, OPENED);
    beyond(&mut wanted, after);
    let sql = format!(
        "SELECT i.key, i.place, i.judgement, i.severity, i.opened FROM incident i INDEXED BY incident_flood{}
        ORDER BY {}i.opened DESC, i.key DESC LIMIT {most}",
        wanted.sql(),
        gravest(order),
    );
    (sql, wanted.values)
}

pub(super) fn by_time(
    filter: &Filter,
    judgement: i64,
    severity: Option<i64>,
    after: After,
    most: usize,
) -> Asked {
    let mut wanted = Wanted::default();
    wanted.and_value("i.judgement = ?", judgement);
    let index = if let Some(severity) = severity {
        wanted.and_value("i.severity = ?", severity);
        "incident_grave"
    } else {
        "incident_opened"
    };
    wanted.kinds(filter, "i");
    wanted.times(filter, OPENED);
    beyond(&mut wanted, after);
    wanted.headings(filter, "i", true);
    let sql = format!(
        "SELECT i.key, (SELECT place FROM heading WHERE key = i.heading), i.judgement, i.severity, i.opened
        FROM incident i INDEXED BY {index}{} ORDER BY i.opened DESC, i.key DESC LIMIT {most}",
        wanted.sql()
    );
    (sql, wanted.values)
}

/// Within bounds that hold much of all: from the newest on, past what is elsewhere.
pub(super) fn by_where(
    filter: &Filter,
    bounds: Bounds,
    state: i64,
    after: After,
    most: usize,
) -> Asked {
    let mut wanted = Wanted::of_judgements(filter, "i");
    wanted.and_value("i.state = ?", state);
    wanted.and("i.lat IS NOT NULL");
    wanted.within(bounds);
    if let Some(severity) = filter.severity {
        wanted.and_value("i.severity = ?", of_severity(severity));
    }
    wanted.times(filter, OPENED);
    beyond(&mut wanted, after);
    wanted.headings(&Filter { bounds: None, ..filter.clone() }, "i", true);
    let sql = format!(
        "SELECT i.key, (SELECT place FROM heading WHERE key = i.heading), i.judgement, i.severity, i.opened
        FROM incident i INDEXED BY incident_where{} ORDER BY i.opened DESC, i.key DESC LIMIT {most}",
        wanted.sql()
    );
    (sql, wanted.values)
}

/// Which incidents are looked at one by one.
pub(super) struct Singles {
    /// The words that are asked for.
    words: String,
    /// From this key on.
    notes_from: i64,
    /// From one id up to another, if what was typed may begin one.
    ids: Option<[String; 2]>,
}

impl Singles {
    /// None when no words are asked for.
    pub(super) fn of(filter: &Filter) -> Option<Self> {
        let beginning = filter.words.as_deref().and_then(text::beginning_of_id);
        // `~` comes after all that ids are made of.
        let ids = beginning.map(|beginning| [beginning.clone(), beginning + "~"]);
        Some(Self { words: query(filter)?, notes_from: 0, ids })
    }

    /// The words, as they stand in notes and not in the heading alone.
    fn noted(&self) -> String {
        let Self { words, .. } = self;
        format!("({words}) NOT heading : ({words})")
    }

    /// Of too many, the newest: are there others?
    fn narrow(&mut self, db: &Connection) -> Result<bool, StoreError> {
        let (sql, values) = self.last_noted();
        let mut statement = db.prepare_cached(&sql)?;
        let noted = statement.query_row(params_from_iter(values), |row| row.get(0)).optional()?;
        self.notes_from = noted.unwrap_or(self.notes_from);
        let Some((sql, values)) = self.last_id() else { return Ok(noted.is_some()) };
        let mut statement = db.prepare_cached(&sql)?;
        let id = statement.query_row(params_from_iter(values), |row| row.get(0)).optional()?;
        let others = noted.is_some() || id.is_some();
        if let (Some([from, _]), Some(id)) = (&mut self.ids, id) {
            *from = id;
        }
        Ok(others)
    }

    /// Beyond this one nobody looks.
    pub(super) fn last_noted(&self) -> Asked {
        let sql = format!(
            "SELECT rowid FROM note_text WHERE note_text MATCH ?
            ORDER BY rowid DESC LIMIT 1 OFFSET {SINGLES_MAX}"
        );
        (sql, vec![self.noted().into()])
    }

    /// The same of ids.
    pub(super) fn last_id(&self) -> Option<Asked> {
        let sql = format!(
            "SELECT id FROM incident WHERE id >= ? AND id < ?
            ORDER BY id DESC LIMIT 1 OFFSET {SINGLES_MAX}"
        );
        self.ids.clone().map(|ids| (sql, ids.map(Value::from).into()))
    }
}

pub(super) fn singly(
    filter: &Filter,
    singles: &Singles,
    order: Order,
    after: After,
    most: usize,
) -> Asked {
    let mut values = vec![Value::from(singles.noted()), singles.notes_from.into()];
    let mut ids = "";
    if let Some(range) = &singles.ids {
        values.extend(range.clone().map(Value::from));
        ids = " UNION SELECT key FROM incident WHERE id >= ? AND id < ?";
    }
    let mut wanted = Wanted::of_judgements(filter, "i");
    wanted.kinds(filter, "i");
    wanted.headings(filter, "i", false);
    // A place may have got another name since its notes were written down.
    let words = singles.words.clone();
    wanted.and_value(&format!("i.heading NOT IN ({HEADINGS_WITH_WORDS})"), words);
    wanted.flood(filter, "i");
    wanted.times(filter, OPENED);
    beyond(&mut wanted, after);
    let sql = format!(
        "SELECT i.key, i.place, i.judgement, i.severity, i.opened
        FROM (SELECT rowid AS key FROM note_text WHERE note_text MATCH ? AND rowid >= ?{ids}) s
        CROSS JOIN incident i ON i.key = s.key{} ORDER BY {}i.opened DESC, i.key DESC LIMIT {most}",
        wanted.sql(),
        gravest(order),
    );
    values.append(&mut wanted.values);
    (sql, values)
}

/// The first `most` of those that match and have one of these ids, the newest first.
pub(super) fn of_ids(
    db: &Connection,
    filter: &Filter,
    ids: &[String],
    most: usize,
) -> Result<Vec<Match>, StoreError> {
    read(db, &by_id(filter, ids, most))
}

pub(super) fn by_id(filter: &Filter, ids: &[String], most: usize) -> Asked {
    let mut wanted = Wanted::new(filter, "i");
    wanted.times(filter, OPENED);
    let sql = format!(
        "SELECT i.key, i.place, i.judgement, i.severity, i.opened
        FROM (SELECT key FROM incident WHERE id IN ({})) s
        CROSS JOIN incident i ON i.key = s.key{} ORDER BY i.opened DESC, i.key DESC LIMIT {most}",
        vec!["?"; ids.len()].join(", "),
        wanted.sql(),
    );
    let mut values: Vec<Value> = ids.iter().map(|id| Value::from(id.clone())).collect();
    values.append(&mut wanted.values);
    (sql, values)
}

fn gravest(order: Order) -> &'static str {
    if order == Order::Severity { "i.severity DESC, " } else { "" }
}

fn beyond(wanted: &mut Wanted, after: After) {
    let Some((opened, key)) = after else { return };
    // The first bounds the index.
    wanted.and_value("i.opened <= ?", opened);
    wanted.and("(i.opened, i.key) < (?, ?)");
    wanted.values.extend([opened, key].map(Value::from));
}
