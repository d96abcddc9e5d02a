//! What people say of incidents, and what boxes are told of it.

use super::audit::What;
use super::changes;
use super::codes::{local, ms, of_judgement};
use super::error::StoreError;
use super::handle::Store;
use super::people::Doer;
use super::summaries::{VERDICT, verdict_of};
use super::tally::{self, Cell};
use super::{grades, outgoing, rest, showing, words};
use crate::model::{EscalationTold, Judging, Person, PlaceId, Role, VerdictTold};
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;
use viahe_contract::id::{IncidentId, Name};
use viahe_contract::message::{self, Judgement, Verdict};
use viahe_contract::time::Timestamp;
use viahe_contract::topic::{About, Topic};

/// How long one may take back what one said; an admin always may.
pub(super) const UNDO: Duration = Duration::from_mins(10);

/// Who says something, and as whom the audit knows them.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// Who.
    pub person: Person,
    /// From where and when.
    pub doer: Doer,
}

impl Speaker {
    fn noted(&self, db: &Connection, what: What, case: &Case) -> rusqlite::Result<()> {
        self.doer.notes(db, what, &case.id, Some(&case.place.site))
    }

    /// They work.
    pub(super) fn acts(&self, db: &Connection) -> rusqlite::Result<()> {
        showing::acts(db, &self.person, self.doer.at)
    }
}

/// What came of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It stands.
    Stands(VerdictTold),
    /// The same person said the same, and it stands.
    Stood(VerdictTold),
    /// Somebody else's stands, and it was not said that this one takes its place.
    Conflict(VerdictTold),
    /// There is no such revision yet.
    NoRevision {
        /// The newest.
        newest: u32,
    },
    /// There is no such incident.
    Nothing,
}

/// What came of taking a verdict back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone {
    /// It is undone, now or before.
    Is(VerdictTold),
    /// It was somebody else's, or is too long ago.
    MayNot(&'static str),
    /// Another one stands in its place.
    Replaced(Option<VerdictTold>),
    /// There is no such verdict.
    Nothing,
}

impl Store {
    /// Gives a verdict, and has its box told.
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn judge(
        &self,
        id: String,
        judging: Judging,
        by: Speaker,
    ) -> Result<Judged, StoreError> {
        let judged = self.write(move |db| judge(db, &id, &judging, &by, None)).await;
        self.post().send_modify(|count| *count += 1);
        judged
    }

    /// Takes a verdict back, and has its box told.
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn undo(&self, id: String, no: i64, by: Speaker) -> Result<Undone, StoreError> {
        let undone = self.write(move |db| undo(db, &id, no, &by)).await;
        self.post().send_modify(|count| *count += 1);
        undone
    }

    /// Asks for somebody above; none when there is no such incident.
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn escalate(
        &self,
        id: String,
        note: String,
        by: Speaker,
    ) -> Result<Option<EscalationTold>, StoreError> {
        self.write(move |db| escalate(db, &id, &note, &by)).await
    }
}

/// An incident about which something is said.
struct Case {
    key: i64,
    id: String,
    revision: u32,
    offset_secs: i32,
    standing: Option<i64>,
    opened: i64,
    place: PlaceId,
    cell: Cell,
}

fn case_of(db: &Connection, id: &str) -> Result<Option<Case>, StoreError> {
    let sql = "SELECT i.key, i.id, i.revision, i.offset_secs, i.verdict, i.opened, p.site, p.camera, p.zone,
            i.judgement, i.heading, i.state, i.severity
        FROM incident i JOIN place p ON p.key = i.place WHERE i.id = ?";
    let found = db.prepare_cached(sql)?.query_row([id], |row| {
        Ok(Case {
            key: row.get(0)?,
            id: row.get(1)?,
            revision: row.get(2)?,
            offset_secs: row.get(3)?,
            standing: row.get(4)?,
            opened: row.get(5)?,
            place: PlaceId { site: row.get(6)?, camera: row.get(7)?, zone: row.get(8)? },
            cell: Cell {
                judgement: row.get(9)?,
                heading: row.get(10)?,
                state: row.get(11)?,
                severity: row.get(12)?,
            },
        })
    });
    Ok(found.optional()?)
}

fn verdict(db: &Connection, case: &Case, no: i64) -> Result<Option<VerdictTold>, StoreError> {
    let sql = format!("SELECT {VERDICT} FROM verdict v WHERE v.no = ? AND v.incident = ?");
    let mut statement = db.prepare_cached(&sql)?;
    let found =
        statement.query_row(params![no, case.key], |row| verdict_of(row, 0, case.offset_secs));
    Ok(found.optional()?)
}

/// Gives a verdict; `flood` is that with which it is judged, if it is.
pub(super) fn judge(
    db: &Connection,
    id: &str,
    judging: &Judging,
    speaker: &Speaker,
    flood: Option<i64>,
) -> Result<Judged, StoreError> {
    let (by, now) = (&speaker.person, speaker.doer.at);
    let Some(case) = case_of(db, id)? else { return Ok(Judged::Nothing) };
    if !(1..=case.revision).contains(&judging.revision) {
        return Ok(Judged::NoRevision { newest: case.revision });
    }
    let standing = case.standing.map(|no| verdict(db, &case, no)).transpose()?.flatten();
    if let Some(standing) = standing {
        let own = standing.by == by.name;
        let same = standing.judgement == judging.judgement
            && standing.reason == judging.reason
            && standing.note == judging.note;
        if own && same {
            return Ok(Judged::Stood(standing));
        }
        if !own && judging.replaces != Some(standing.no) {
            return Ok(Judged::Conflict(standing));
        }
    }
    let sql = "INSERT INTO verdict (incident, by, display_name, role, judgement, reason, note, revision, at, flood)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    db.prepare_cached(sql)?.execute(params![
        case.key,
        by.name,
        by.display_name,
        by.role.label(),
        of_judgement(judging.judgement),
        judging.reason,
        judging.note,
        judging.revision,
        ms(now),
        flood,
    ])?;
    let no = db.last_insert_rowid();
    stand(db, &case, Some(no), of_judgement(judging.judgement))?;
    words::of_notes(db, case.key)?;
    let said = Said {
        judgement: judging.judgement,
        reason: judging.reason_name(),
        revision: judging.revision,
        role: by.role,
    };
    tell(db, &case, said, now)?;
    speaker.acts(db)?;
    speaker.noted(db, What::Verdict, &case)?;
    let told = verdict(db, &case, no)?;
    Ok(told.map_or(Judged::Nothing, Judged::Stands))
}

/// Takes a verdict back.
pub(super) fn undo(
    db: &Connection,
    id: &str,
    no: i64,
    speaker: &Speaker,
) -> Result<Undone, StoreError> {
    let (by, now) = (&speaker.person, speaker.doer.at);
    let Some(case) = case_of(db, id)? else { return Ok(Undone::Nothing) };
    let Some(given) = verdict(db, &case, no)? else { return Ok(Undone::Nothing) };
    let is_admin = by.role == Role::Admin;
    if given.by != by.name && !is_admin {
        return Ok(Undone::MayNot("it is somebody else's"));
    }
    if given.undone.is_some() {
        return Ok(Undone::Is(given));
    }
    if now.since(given.at.at()) > UNDO && !is_admin {
        return Ok(Undone::MayNot("it was given more than ten minutes ago"));
    }
    if case.standing != Some(no) {
        let standing = case.standing.map(|no| verdict(db, &case, no)).transpose()?.flatten();
        return Ok(Undone::Replaced(standing));
    }
    let sql = "UPDATE verdict SET undone = ?, undone_by = ? WHERE no = ?";
    db.prepare_cached(sql)?.execute(params![ms(now), by.name, no])?;
    stand(db, &case, None, rest::again(db, case.key, &case.place, now)?.code())?;
    let said = Said {
        judgement: Judgement::Withdrawn,
        reason: None,
        revision: given.revision,
        role: by.role,
    };
    tell(db, &case, said, now)?;
    speaker.acts(db)?;
    speaker.noted(db, What::VerdictUndone, &case)?;
    Ok(verdict(db, &case, no)?.map_or(Undone::Nothing, Undone::Is))
}

/// From now on this verdict stands, or none; `code` says which, or where it waits.
fn stand(db: &Connection, case: &Case, verdict: Option<i64>, code: i64) -> Result<(), StoreError> {
    let before = grades::of(db, case.key)?;
    let sql = "UPDATE incident SET judgement = ?, verdict = ? WHERE key = ?";
    db.prepare_cached(sql)?.execute(params![code, verdict, case.key])?;
    tally::leave(db, &case.cell)?;
    tally::enter(db, &Cell { judgement: code, ..case.cell }, case.opened)?;
    grades::becomes(db, Some(&before), &grades::of(db, case.key)?)?;
    changes::note(db, "verdict", &case.place.site, (Some(&case.id), Some(&case.place)))?;
    Ok(())
}

/// What a box is told.
struct Said {
    judgement: Judgement,
    reason: Option<Name>,
    revision: u32,
    role: Role,
}

fn tell(db: &Connection, case: &Case, said: Said, now: Timestamp) -> Result<(), StoreError> {
    let name = |text: &str| Name::try_from(text).map_err(StoreError::Content);
    // A role of two letters is no name.
    let role = match said.role {
        Role::Ml => name("ml-engineer")?,
        role => name(role.label())?,
    };
    let verdict = Verdict {
        incident: IncidentId::try_from(case.id.as_str()).map_err(StoreError::Content)?,
        revision: said.revision,
        judgement: said.judgement,
        reason: said.reason,
        role,
        time: now.at_offset(case.offset_secs),
    };
    let topic = Topic::new(&name(&case.place.site)?, About::Verdict);
    outgoing::add(db, &topic, &message::to_bytes(&verdict), now)
}

fn escalate(
    db: &Connection,
    id: &str,
    note: &str,
    speaker: &Speaker,
) -> Result<Option<EscalationTold>, StoreError> {
    let (by, now) = (&speaker.person, speaker.doer.at);
    let Some(case) = case_of(db, id)? else { return Ok(None) };
    let sql = "INSERT INTO escalation (incident, by, display_name, role, note, at) VALUES (?, ?, ?, ?, ?, ?)";
    let role = by.role.label();
    let values = params![case.key, by.name, by.display_name, role, note, ms(now)];
    db.prepare_cached(sql)?.execute(values)?;
    let no = db.last_insert_rowid();
    db.prepare_cached("UPDATE incident SET escalated = 1 WHERE key = ?")?.execute([case.key])?;
    words::of_notes(db, case.key)?;
    speaker.acts(db)?;
    speaker.noted(db, What::Escalation, &case)?;
    changes::note(db, "verdict", &case.place.site, (Some(&case.id), Some(&case.place)))?;
    Ok(Some(EscalationTold {
        no,
        by: by.name.clone(),
        display_name: by.display_name.clone(),
        role: role.to_owned(),
        note: note.to_owned(),
        at: local(ms(now), case.offset_secs),
    }))
}
