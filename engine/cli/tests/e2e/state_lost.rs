//! What the box remembered cannot be read after a restart: nothing stays open at the centre that nobody
//! knows any more, and everyone is told.

use crate::support::broker::{Broker, Ears};
use crate::support::engine::{CameraSim, Engine, Pipeline};
use crate::support::{LONG, clip, until};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

fn kept(state_dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(state_dir).unwrap().map(|e| e.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    entries.filter(|path| name(path).starts_with("state-unread-")).collect()
}

/// The last words on these incidents, once all are said.
fn last_words(ears: &Ears, ids: &[String]) -> Vec<Value> {
    until("all are closed", LONG, || {
        let heard = ears.incidents();
        let closed = heard.iter().map(|m| &m.payload["data"]).filter(|data| {
            let is_one = |id: &String| data["incident"] == **id;
            data["state"] == "closed" && ids.iter().any(is_one)
        });
        Some(closed.cloned().collect::<Vec<_>>()).filter(|closed| closed.len() >= ids.len())
    })
}

/// What may lie in the database instead of what was saved.
const WAYS: [(&str, &str); 3] = [
    ("garbage", "UPDATE state_parts SET state = x'00ff13'"),
    ("cut", "UPDATE state_parts SET state = substr(state, 1, length(state) / 2)"),
    ("one camera's part only", "DELETE FROM state_parts WHERE scope = 'site'"),
];

#[test]
fn what_was_open_is_closed_when_the_state_cannot_be_read() {
    let broker = Broker::start();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    for (way, sql) in WAYS {
        let ears = broker.listen();
        let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
        let engine = Engine::start(&pipeline);
        let ids = ears.hear_incidents(2);
        engine.until_metric("viahe_outbox_depth", |rows| rows == 0);
        engine.process.kill();
        let db = rusqlite::Connection::open(pipeline.state_dir().join("viahe.db")).unwrap();
        assert!(db.execute(sql, []).unwrap() > 0, "{way}");
        drop(db);

        let engine = Engine::start(&pipeline);
        for last in last_words(&ears, &ids) {
            assert_eq!(last["ended_by"], "state_lost", "{way}");
            assert_eq!(last["revision"], 2, "{way}");
        }
        assert_eq!(engine.metric("viahe_trouble{trouble=\"state_lost\"}"), 1, "{way}");
        let health = engine.health();
        assert!(health["reasons"].to_string().contains("state-unread-"), "{way}: {health}");
        let status = ears.hear_status("online").payload;
        let told = until("the status tells it", LONG, || {
            let heard = ears.heard();
            let newest = heard.iter().rev().find(|m| m.topic.ends_with("/status"))?;
            let troubles = newest.payload["troubles"].as_array()?.clone();
            troubles.iter().find(|t| t["trouble"] == "state_lost").cloned()
        });
        assert!(told["text"].as_str().unwrap().contains("could not be read"), "{way}: {status}");
        // What still stands there is told anew.
        let again = ears.hear_incidents(4);
        assert!(ids.iter().all(|id| again.contains(id)), "{way}");
        let files = kept(&pipeline.state_dir());
        assert_eq!(files.len(), 1, "{way}");
        let line = fs::read_to_string(&files[0]).unwrap();
        let line: Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
        assert_eq!(line["scope"], "camera/gate-east", "{way}");
        // Until somebody took it away.
        fs::remove_file(&files[0]).unwrap();
        engine.until_metric("viahe_trouble{trouble=\"state_lost\"}", |lasts| lasts == 0);
        assert_ne!(json!(again), json!(ids), "{way}");
        drop(engine);
    }
}
