//! A database that is emptied, removed or rots between two runs: told until somebody looked, and what the
//! disk still has arrives.

use crate::support::broker::Broker;
use crate::support::engine::{CameraSim, Engine, Pipeline};
use crate::support::gate::Gate;
use crate::support::{LONG, clip, until};
use std::fs;
use std::path::{Path, PathBuf};

fn set_aside(state_dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(state_dir).unwrap().map(|e| e.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    entries.filter(|path| name(path).starts_with("viahe.db.damaged-")).collect()
}

#[test]
fn an_emptied_database_is_told_and_what_its_log_has_arrives() {
    let broker = Broker::start();
    let ears = broker.listen();
    let gate = Gate::shut_before(broker.port);
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(gate.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 2);
    engine.process.kill();
    fs::write(pipeline.state_dir().join("viahe.db"), b"").unwrap();

    let engine = Engine::start(&pipeline);
    assert_eq!(engine.metric("viahe_trouble{trouble=\"store_damaged\"}"), 1);
    let health = engine.health();
    assert_ne!(health["status"], "ok", "{health}");
    assert!(health["reasons"].to_string().contains("set aside"), "{health}");
    assert_eq!(health["outbox_depth"], 2, "{health}");
    gate.open();
    ears.hear_incidents(2);
    // Until somebody took it away.
    let aside = set_aside(&pipeline.state_dir());
    assert!(aside.iter().any(|path| path.to_string_lossy().ends_with("-wal")), "{aside:?}");
    for path in aside {
        fs::remove_file(path).unwrap();
    }
    until("all is well again", LONG, || (engine.health()["status"] == "ok").then_some(()));
}

#[test]
fn a_changed_row_is_told_and_not_sent() {
    let broker = Broker::start();
    let ears = broker.listen();
    let gate = Gate::shut_before(broker.port);
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(gate.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 2);
    engine.process.kill();
    let db = rusqlite::Connection::open(pipeline.state_dir().join("viahe.db")).unwrap();
    let flip = "UPDATE outbox SET payload = CAST(replace(payload, 'parking', 'barking') AS BLOB)
                WHERE row = 1";
    assert_eq!(db.execute(flip, []).unwrap(), 1);
    drop(db);

    let engine = Engine::start(&pipeline);
    gate.open();
    let ids = ears.hear_incidents(1);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 0);
    assert_eq!(ears.ids(None), ids);
    assert_eq!(engine.metric("viahe_outbox_damaged_total"), 1);
    let health = engine.health();
    assert!(health["reasons"].to_string().contains("bytes had changed"), "{health}");
}
