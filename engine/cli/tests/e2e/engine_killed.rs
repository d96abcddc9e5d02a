//! The engine dies with incidents undelivered: the next one delivers them, remembers the vehicles
//! that stand there, and does not report them as new.

use crate::support::broker::Broker;
use crate::support::engine::{CameraSim, ENOUGH_LOOKS, Engine, Pipeline};
use crate::support::gate::Gate;
use crate::support::{LONG, clip, until};
use std::path::Path;

/// Ids of the incidents that wait in the outbox.
fn waiting(state_dir: &Path) -> Vec<String> {
    let db = rusqlite::Connection::open(state_dir.join("viahe.db")).unwrap();
    let mut rows = db.prepare("SELECT DISTINCT incident FROM outbox ORDER BY incident").unwrap();
    let ids = rows.query_map([], |row| row.get(0)).unwrap();
    ids.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_killed_engine_goes_on_where_it_was() {
    let broker = Broker::start();
    let ears = broker.listen();
    let gate = Gate::shut_before(broker.port);
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(gate.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 2);
    let worker = engine.worker();
    engine.process.kill();
    let proc = format!("/proc/{worker}/exe");
    until("the orphaned worker ends by itself", LONG, || {
        std::fs::read_link(&proc).is_err().then_some(())
    });
    let ids = waiting(&pipeline.state_dir());
    assert_eq!((ids.len(), ears.ids(None).len()), (2, 0), "nothing was delivered yet");

    let engine = Engine::start(&pipeline);
    gate.open();
    assert_eq!(ears.hear_incidents(2), ids);
    engine.until_looks(&["gate-east"], ENOUGH_LOOKS);
    assert_eq!(ears.ids(None), ids, "the vehicles stand there still");
    assert_eq!(engine.metric("viahe_incidents_open"), 2);
    engine.until_metric("viahe_outbox_depth", |rows| rows == 0);
    drop(engine);
    assert!(waiting(&pipeline.state_dir()).is_empty());
}

#[test]
fn a_stopped_engine_says_goodbye_and_goes_on_where_it_was() {
    let broker = Broker::start();
    let ears = broker.listen();
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let pipeline = Pipeline::new(broker.port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    let ids = ears.hear_incidents(2);
    engine.process.signal(rustix::process::Signal::TERM);
    engine.process.end(LONG).says(0, &[]);
    let goodbye = ears.hear_status("offline");
    assert_eq!(goodbye.payload["reason"], "shutdown");

    let engine = Engine::start(&pipeline);
    engine.until_looks(&["gate-east"], ENOUGH_LOOKS);
    assert_eq!(ears.ids(None), ids);
    assert_eq!(engine.metric("viahe_incidents_open"), 2);
}
