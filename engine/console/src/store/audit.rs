//! Who did what, about what, when and from where. Only added to: triggers of the schema refuse to change or
//! to remove a row, so that no fault of ours and nothing that is smuggled into a statement can.

use super::rows;
use rusqlite::{Connection, params};
use viahe_contract::time::Timestamp;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Somebody logged in.
    Login,
    /// Somebody said a wrong password, or a name that nobody has.
    LoginFailed,
    /// Somebody logged out.
    Logout,
    /// Somebody changed the own password.
    PasswordChanged,
    /// Somebody else got a new password.
    PasswordReset,
    /// A person came.
    PersonAdded,
    /// Role, sites, name on the screen, may log in or not.
    PersonChanged,
    /// A token came.
    TokenAdded,
    /// A token ended.
    TokenRevoked,
    /// A picture was looked at.
    EvidenceSeen,
    /// Whoever had looked at a picture looked at it again, so often, within ten minutes.
    EvidenceSeenAgain,
    /// A verdict was given.
    Verdict,
    /// A verdict was taken back.
    VerdictUndone,
    /// An incident was handed on.
    Escalation,
    /// A flood was judged as a whole.
    FloodJudged,
    /// The verdicts on a flood were taken back.
    FloodUndone,
    /// Somebody said that a flood is none.
    FloodDissolved,
    /// A rule was shelved.
    Shelved,
    /// A shelf was ended before its time.
    Unshelved,
    /// A proposal to change a rule was put aside.
    ProposalAside,
    /// A camera was asked for a picture.
    StillAsked,
    /// A box was told to change its pipeline, or to take a change back.
    PipelineOrdered,
    /// It did so.
    PipelineChanged,
    /// Pictures were removed, as their time was over.
    PicturesRemoved,
    /// Incidents were removed, as their time was over.
    IncidentsRemoved,
}

impl What {
    /// As it is kept and told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::LoginFailed => "login_failed",
            Self::Logout => "logout",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::PersonAdded => "person_added",
            Self::PersonChanged => "person_changed",
            Self::TokenAdded => "token_added",
            Self::TokenRevoked => "token_revoked",
            Self::EvidenceSeen => "evidence_seen",
            Self::EvidenceSeenAgain => "evidence_seen_again",
            Self::Verdict => "verdict",
            Self::VerdictUndone => "verdict_undone",
            Self::Escalation => "escalation",
            Self::FloodJudged => "flood_judged",
            Self::FloodUndone => "flood_undone",
            Self::FloodDissolved => "flood_dissolved",
            Self::Shelved => "shelved",
            Self::Unshelved => "unshelved",
            Self::ProposalAside => "proposal_aside",
            Self::StillAsked => "still_asked",
            Self::PipelineOrdered => "pipeline_ordered",
            Self::PipelineChanged => "pipeline_changed",
            Self::PicturesRemoved => "pictures_removed",
            Self::IncidentsRemoved => "incidents_removed",
        }
    }
}

/// One line to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    /// When.
    pub(super) at: Timestamp,
    /// Name of the person or token; `console` for the command line.
    pub(super) who: &'a str,
    /// What was done.
    pub(super) what: What,
    /// About what: a name, an incident, the hash of a picture.
    pub(super) about: &'a str,
    /// Of which site, if of one.
    pub(super) site: Option<&'a str>,
    /// The address it was done from.
    pub(super) address: &'a str,
}

/// Writes a line, in the transaction of what it tells of.
pub(super) fn write(db: &Connection, entry: &Entry<'_>) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO audit (at, who, what, about, site, address) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let Entry { at, who, what, about, site, address } = *entry;
    statement.execute(params![rows::nanos(at), who, what.as_str(), about, site, address])?;
    Ok(())
}

/// A line as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Its number: they grow.
    pub no: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What, as [`What::as_str`] says it.
    pub what: String,
    /// About what.
    pub about: String,
    /// Of which site.
    pub site: Option<String>,
    /// From which address.
    pub address: String,
}

/// Which lines are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditWanted {
    /// Not older.
    pub from: Option<Timestamp>,
    /// Older.
    pub to: Option<Timestamp>,
    /// Of this person or token.
    pub who: Option<String>,
    /// With numbers below this one.
    pub before: Option<i64>,
    /// So many at most.
    pub limit: u32,
}

/// The newest lines that are `wanted`, newest first.
pub(super) fn read(db: &Connection, wanted: &AuditWanted) -> rusqlite::Result<Vec<AuditLine>> {
    // Numbers grow with time but for a clock that is set: rows are found by number, and held against the time.
    let mut statement = db.prepare_cached(
        "SELECT no, at, who, what, about, site, address FROM audit
         WHERE no < ?1 AND at >= ?2 AND at < ?3 AND (?4 IS NULL OR who = ?4)
         ORDER BY no DESC LIMIT ?5",
    )?;
    let time = |time: Option<Timestamp>, absent| time.map_or(absent, rows::nanos);
    let (before, who) = (wanted.before.unwrap_or(i64::MAX), wanted.who.as_deref());
    let (from, to) = (time(wanted.from, i64::MIN), time(wanted.to, i64::MAX));
    let rows = statement.query_map(params![before, from, to, who, wanted.limit], |row| {
        Ok(AuditLine {
            no: row.get(0)?,
            at: rows::time(row, 1)?,
            who: row.get(2)?,
            what: row.get(3)?,
            about: row.get(4)?,
            site: row.get(5)?,
            address: row.get(6)?,
        })
    })?;
    rows.collect()
}
