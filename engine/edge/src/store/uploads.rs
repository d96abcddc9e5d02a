//! Pictures that the console may lack, as they lie in the file: noted with the revision that names them.
//!
//! Each revision names all its pictures again, and the console is asked for each before it is sent: so nothing must be
//! remembered of those that it has.

use super::rows;
use rusqlite::{Connection, OptionalExtension as _, params};
use viahe_contract::message::Severity;
use viahe_contract::sha256::Sha256;

/// A picture that the console may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Which.
    pub sha256: Sha256,
    /// How often the console would not take it, or the disk not give it.
    pub tries: u32,
}

/// Notes the pictures that a message names, `named` ns after 1970.
pub(super) fn note(db: &Connection, payload: &[u8], named: i64) -> rusqlite::Result<()> {
    let message = rows::named(payload);
    for sha256 in message.pictures {
        put(db, &sha256.to_string(), message.severity as i64, named)?;
    }
    Ok(())
}

/// Notes a picture that somebody `asked` for, in ns after 1970, and waits for.
pub(super) fn note_asked(db: &Connection, sha256: Sha256, asked: i64) -> rusqlite::Result<()> {
    put(db, &sha256.to_string(), Severity::High as i64 + 1, asked)
}

fn put(db: &Connection, sha256: &str, gravity: i64, named: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO uploads (sha256, gravity, named) VALUES (?1, ?2, ?3)
         ON CONFLICT (sha256) DO UPDATE SET gravity = max(gravity, excluded.gravity),
         named = max(named, excluded.named)",
    )?
    .execute(params![sha256, gravity, named])?;
    Ok(())
}

/// The next one: of the gravest incident the newest; those that were not taken come after all others.
pub(super) fn next(db: &Connection) -> rusqlite::Result<Option<Upload>> {
    let mut select = db.prepare_cached(
        "SELECT sha256, tries FROM uploads ORDER BY tries, gravity DESC, named DESC LIMIT 1",
    )?;
    loop {
        let next = select.query_row([], |r| Ok((r.get::<_, String>(0)?, r.get(1)?))).optional()?;
        let Some((text, tries)) = next else { return Ok(None) };
        if let Ok(sha256) = Sha256::try_from(text.as_str()) {
            return Ok(Some(Upload { sha256, tries }));
        }
        tracing::error!(
            text,
            "a picture that was to be sent has no name any more, and is left out"
        );
        forget(db, &text)?;
    }
}

/// It is not to be sent any more.
pub(super) fn forget(db: &Connection, sha256: &str) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM uploads WHERE sha256 = ?1")?.execute([sha256])?;
    Ok(())
}

/// It comes after all that were put off less often.
pub(super) fn put_off(db: &Connection, sha256: &str) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE uploads SET tries = tries + 1 WHERE sha256 = ?1")?
        .execute([sha256])?;
    Ok(())
}

/// Leaves the gravest and newest `most`; says how many go.
pub(super) fn trim(db: &Connection, most: u64) -> rusqlite::Result<u64> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let noted: i64 =
        db.prepare_cached("SELECT uploads FROM totals")?.query_row([], |r| r.get(0))?;
    if noted <= most {
        return Ok(0);
    }
    let dropped = db.execute(
        "DELETE FROM uploads WHERE sha256 IN (
             SELECT sha256 FROM uploads ORDER BY gravity, named LIMIT ?1)",
        [noted - most],
    )?;
    tracing::warn!(dropped, most, "pictures are not sent to the console: more may not wait");
    Ok(dropped as u64)
}

/// Copies what a database that was set aside has of them, from one end; an older one has none.
pub(super) fn copy(old: &Connection, new: &Connection, order: &str) -> rusqlite::Result<()> {
    let mut select = old
        .prepare(&format!("SELECT sha256, gravity, named FROM uploads ORDER BY sha256 {order}"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let (Ok(sha256), Ok(gravity), Ok(named)) =
            (row.get::<_, String>(0), row.get(1), row.get(2))
        {
            put(new, &sha256, gravity, named)?;
        }
    }
    Ok(())
}
