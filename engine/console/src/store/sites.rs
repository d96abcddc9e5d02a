//! How boxes and cameras are, as last heard.

use super::changes;
use super::codes::{local, ms, read};
use super::crowd::{self, Crowd};
use super::error::StoreError;
use super::handle::Store;
use crate::model::{BoxTold, CameraTold, PlaceId, StillTold};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;
use viahe_contract::id::Name;
use viahe_contract::message::{BoxStatus, CameraState};
use viahe_contract::time::Timestamp;

/// What was told of a box or a camera.
#[derive(Clone, Debug)]
pub enum State {
    /// Of a box.
    Box(Name, Box<BoxStatus>),
    /// Of a camera of a site.
    Camera(Name, Name, Box<CameraState>),
}

/// What was told, as it came.
#[derive(Clone, Debug)]
pub struct StateHeard {
    /// What.
    pub state: State,
    /// The broker had kept it: whoever said it may be gone long since.
    pub retained: bool,
}

impl Store {
    /// Keeps how boxes and cameras are; gives the sites of which it did not keep something, as there is too much.
    ///
    /// # Errors
    /// When nothing was kept.
    pub async fn keep_states(
        &self,
        states: Vec<StateHeard>,
        now: Timestamp,
    ) -> Result<Vec<(Name, Crowd)>, StoreError> {
        let comes =
            |heard: &StateHeard| matches!(&heard.state, State::Box(_, told) if is_online(told));
        let come = states.iter().any(comes);
        let keep_all = move |db: &Connection| {
            let crowds = states.iter().map(|state| keep(db, state, now));
            crowds.filter_map(Result::transpose).collect()
        };
        let crowds = self.write(keep_all).await?;
        if come {
            // It hears what was said while it was away.
            self.post().send_modify(|count| *count += 1);
        }
        Ok(crowds)
    }

    /// All boxes that were heard.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn boxes(&self) -> Result<Vec<BoxTold>, StoreError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT site, heard, state FROM box ORDER BY site")?;
            let rows = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))?;
            rows.map(|row| {
                let (site, heard, state): (String, i64, String) = row?;
                Ok(BoxTold { site, heard: local(heard, 0), state: read(&state)? })
            })
            .collect()
        })
        .await
    }

    /// Is the box of a site there? None when it was never heard.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_online(&self, site: Name) -> Result<Option<bool>, StoreError> {
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT online FROM box WHERE site = ?")?;
            Ok(statement.query_row([site.as_str()], |row| row.get(0)).optional()?)
        })
        .await
    }

    /// Was this camera told of?
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn has_camera(&self, site: Name, camera: Name) -> Result<bool, StoreError> {
        self.read(move |db| {
            let sql = "SELECT 1 FROM camera WHERE site = ? AND camera = ?";
            Ok(db.prepare_cached(sql)?.exists([site.as_str(), camera.as_str()])?)
        })
        .await
    }

    /// All cameras that were told of.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn cameras(&self) -> Result<Vec<CameraTold>, StoreError> {
        self.read(|db| {
            let sql = "SELECT c.site, c.camera, c.heard, c.state, COALESCE(box.online, 0), still.sha256, still.at
                FROM camera c LEFT JOIN box ON box.site = c.site
                LEFT JOIN still ON still.key = (SELECT s.key FROM still s JOIN file f USING (sha256, site)
                    WHERE s.site = c.site AND s.camera = c.camera ORDER BY s.at DESC, s.key DESC LIMIT 1)
                ORDER BY c.site, c.camera";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                let (site, camera, heard): (String, String, i64) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                let (sha256, at): (Option<String>, Option<i64>) = (row.get(5)?, row.get(6)?);
                let still = sha256.zip(at);
                let still = still.map(|(sha256, at)| StillTold { sha256, taken: local(at, 0) });
                Ok((site, camera, heard, row.get::<_, String>(3)?, row.get(4)?, still))
            })?;
            rows.map(|row| {
                let (site, camera, heard, state, box_online, still) = row?;
                let (heard, mut state) = (local(heard, 0), read::<Value>(&state)?);
                if let (false, Some(state)) = (box_online, state.as_object_mut()) {
                    // Nobody says it of them any more.
                    state.insert("state".into(), "offline".into());
                }
                Ok(CameraTold { site, camera, heard, box_online, state, still })
            })
            .collect()
        })
        .await
    }
}

fn is_online(status: &BoxStatus) -> bool {
    matches!(status, BoxStatus::Online(_))
}

/// Keeps it, unless there is too much of its site, or of sites.
fn keep(
    db: &Connection,
    heard: &StateHeard,
    now: Timestamp,
) -> Result<Option<(Name, Crowd)>, StoreError> {
    let StateHeard { state, retained } = heard;
    let text = |json: Result<String, serde_json::Error>| {
        json.map_err(|error| StoreError::Content(error.to_string()))
    };
    match state {
        State::Box(site, status) => {
            if let Some(crowd) = crowd::of_box(db, site, now)? {
                return Ok(Some((site.clone(), crowd)));
            }
            let sql = "INSERT INTO box (site, heard, online, state) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT DO UPDATE
                SET heard = iif(?5, heard, excluded.heard), online = excluded.online, state = excluded.state,
                back = iif(?5 OR box.online OR NOT excluded.online, back, ?2)";
            let json = text(serde_json::to_string(status))?;
            let values = params![site.as_str(), ms(now), is_online(status), json, retained];
            db.prepare_cached(sql)?.execute(values)?;
            changes::note(db, "box", site.as_str(), (None, None))?;
        }
        State::Camera(site, camera, state) => {
            if let Some(crowd) = crowd::of_camera(db, (site, camera), now)? {
                return Ok(Some((site.clone(), crowd)));
            }
            // When it came back may tell why it says so much.
            let sql = "INSERT INTO camera (site, camera, heard, state) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE
                SET heard = iif(?5, heard, excluded.heard), state = excluded.state,
                back = iif(?5 OR camera.state ->> '$.state' = 'online' OR excluded.state ->> '$.state' <> 'online', back, ?3)";
            let json = text(serde_json::to_string(state))?;
            let values = params![site.as_str(), camera.as_str(), ms(now), json, retained];
            db.prepare_cached(sql)?.execute(values)?;
            let place =
                PlaceId { site: site.to_string(), camera: camera.to_string(), zone: String::new() };
            changes::note(db, "camera", site.as_str(), (None, Some(&place)))?;
        }
    }
    Ok(None)
}
