//! What boxes say, through a real broker: kept before it is acknowledged, once, whatever is restarted.

use super::sample::{event, id};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use viahe_console::config;
use viahe_console::station::Station;
use viahe_console::store::Store;
use viahe_console::vitals::Vitals;
use viahe_contract::message::{Verdict, to_bytes};
use viahe_testing::machine::free_port;
use viahe_testing::mosquitto::{Mosquitto, client};
use viahe_testing::program::Program;
use viahe_testing::wait::eventually;

const TOPIC: &str = "viahe/v1/hue/cam/gate-east/incident/illegal-parking";

fn start(broker: &Mosquitto, folder: &Path) -> Station {
    let text = format!(
        "[console]\nlisten = \"127.0.0.1:{}\"\ndata_dir = \"data\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n",
        free_port(),
        broker.port
    );
    Station::start(&config::parse(&text, "console.toml", folder).unwrap()).unwrap()
}

/// Says these lines, each a message, and waits until the broker has them.
pub(crate) fn publish(broker: &Mosquitto, topic: &str, lines: &[String], more: &[&str]) {
    let mut command = client("mosquitto_pub", broker.port, None);
    command.args(["-t", topic, "-l"]).args(more).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let text = lines.join("\n") + "\n";
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn said(n: u32, revision: u32) -> String {
    String::from_utf8(to_bytes(&event("hue", n, revision))).unwrap()
}

pub(crate) fn hears(broker: &Mosquitto, topic: &str) -> Program {
    let mut command = client("mosquitto_sub", broker.port, None);
    command.args(["-t", topic, "-t", "hears", "-v"]);
    let program = Program::start(command);
    // It hears once it hears this.
    eventually("somebody listens", || {
        publish(broker, "hears", &["so".into()], &[]);
        program.lines().iter().any(|line| line.text == "hears so")
    });
    program
}

fn ack(n: u32, revision: u32) -> String {
    format!("viahe/v1/hue/ack {}", json!({ "incident": id(n), "revision": revision }))
}

/// Says it again and again, as a box does: the console subscribes by and by, and hears nothing before.
fn says_until_acknowledged(broker: &Mosquitto, acks: &Program, n: u32, revision: u32) {
    eventually("it is acknowledged", || {
        publish(broker, TOPIC, &[said(n, revision)], &[]);
        acks.lines().iter().any(|line| line.text == ack(n, revision))
    });
}

#[test]
fn what_boxes_say_is_kept_once_and_acknowledged_whatever_is_restarted() {
    let mut broker = Mosquitto::start("persistence true");
    let dir = tempfile::tempdir().unwrap();
    let acks = hears(&broker, "viahe/v1/hue/ack");
    let station = start(&broker, dir.path());
    says_until_acknowledged(&broker, &acks, 1, 2);
    let unreadable = ["", "{}", "[1]", "\u{1}", &said(1, 9).replace("hue", "da-nang")];
    publish(&broker, TOPIC, &unreadable.map(str::to_owned), &[]);
    // Older than what is known, then a repeat.
    publish(&broker, TOPIC, &[said(1, 1), said(1, 1), said(2, 1)], &[]);
    acks.line(&ack(1, 1));
    acks.line(&ack(2, 1));
    drop(station);
    let from = acks.lines().len();
    publish(&broker, TOPIC, &[said(3, 1), said(1, 3)], &[]);
    let station = start(&broker, dir.path());
    acks.line_from(from, &ack(3, 1));
    acks.line_from(from, &ack(1, 3));
    drop(acks);
    broker.kill();
    broker.restart();
    let acks = hears(&broker, "viahe/v1/hue/ack");
    says_until_acknowledged(&broker, &acks, 4, 1);
    drop(station);
    let store = Store::open(&dir.path().join("data"), &Vitals::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let detail = |n| runtime.block_on(store.detail(id(n))).unwrap().unwrap();
    let first = detail(1);
    let revisions: Vec<u32> = first.revisions.iter().map(|told| told.revision).collect();
    assert_eq!((first.summary.revision, revisions), (3, vec![1, 2, 3]));
    assert_eq!([2, 3, 4].map(|n| detail(n).revisions.len()), [1, 1, 1]);
}

/// A broker may send all that waited at once, whatever it was told to hold back: mosquitto 2.0 does.
#[test]
fn what_waited_at_the_broker_comes_in_one_session() {
    const WAITED: u32 = 5_000;
    let broker = Mosquitto::start("");
    let dir = tempfile::tempdir().unwrap();
    let station = start(&broker, dir.path());
    let acks = hears(&broker, "viahe/v1/hue/ack");
    says_until_acknowledged(&broker, &acks, 0, 1);
    drop(station);
    publish(&broker, TOPIC, &(1..=WAITED).map(|n| said(n, 1)).collect::<Vec<_>>(), &[]);
    let station = start(&broker, dir.path());
    acks.line(&ack(WAITED, 1));
    assert_eq!(sessions(&broker), 2);
    drop(station);
}

/// How often a console has connected.
fn sessions(broker: &Mosquitto) -> usize {
    let said = broker.process().lines();
    said.iter().filter(|line| line.text.contains(" as viahe-console-")).count()
}

/// With QoS 0 a broker holds nothing back.
#[test]
fn a_burst_that_nobody_holds_back_is_kept_whole_in_one_session() {
    const BURST: u32 = 8_000;
    let broker = Mosquitto::start("");
    let dir = tempfile::tempdir().unwrap();
    let station = start(&broker, dir.path());
    let acks = hears(&broker, "viahe/v1/hue/ack");
    says_until_acknowledged(&broker, &acks, 0, 1);
    let burst: Vec<String> = (1..=BURST).map(|n| said(n, 1)).collect();
    publish(&broker, TOPIC, &burst, &["-q", "0"]);
    acks.line(&ack(BURST, 1));
    assert_eq!(sessions(&broker), 1);
    drop(station);
    let db = rusqlite::Connection::open(dir.path().join("data/console.db")).unwrap();
    let kept: u32 = db.query_row("SELECT COUNT(*) FROM incident", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, BURST + 1);
}

#[test]
fn a_verdict_waits_for_its_box_and_goes_once_it_is_there() {
    let broker = Mosquitto::start("");
    let dir = tempfile::tempdir().unwrap();
    let station = start(&broker, dir.path());
    let acks = hears(&broker, "viahe/v1/hue/ack");
    says_until_acknowledged(&broker, &acks, 1, 1);
    drop(station);
    // Judged while the console speaks with nobody: kept all the same.
    let store = Store::open(&dir.path().join("data"), &Vitals::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(super::incidents::confirm(&store, 1));
    drop(store);
    let station = start(&broker, dir.path());
    let verdicts = hears(&broker, "viahe/v1/hue/verdict");
    let status = json!({
        "state": "online", "version": "1", "mqtt": "5", "models": [], "outbox_depth": 0, "unsaved": 0,
        "quarantined": 0, "troubles": [], "suspensions": [], "disaster": null,
        "time": "2026-11-30T07:00:00.000+07:00"
    });
    publish(&broker, "viahe/v1/hue/status", &[status.to_string()], &["-r"]);
    let line = verdicts.line("viahe/v1/hue/verdict ").text;
    let payload = line.split_once(' ').unwrap().1;
    let verdict: Verdict = serde_json::from_str(payload).unwrap();
    let told = serde_json::to_value(&verdict).unwrap();
    assert_eq!((&told["incident"], &told["judgement"]), (&json!(id(1)), &json!("confirmed")));
    assert_eq!((&told["reason"], &told["role"]), (&Value::Null, &json!("operator")));
    let db = rusqlite::Connection::open(dir.path().join("data/console.db")).unwrap();
    let went = "SELECT COUNT(went), COUNT(*) FROM outgoing";
    let went = || db.query_row(went, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    eventually("it went, and waits for the box to be heard again", || went() == (1, 1));
    drop(station);
}

/// What does not work, as the console says it.
fn troubles(station: &Station) -> Vec<String> {
    let mut stream = TcpStream::connect(station.address).unwrap();
    write!(stream, "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let health: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    let reasons = health["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| reason["trouble"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_not_kept_is_no_broker_that_is_away_and_is_over_once_it_is_kept() {
    let broker = Mosquitto::start("");
    let dir = tempfile::tempdir().unwrap();
    let station = start(&broker, dir.path());
    let acks = hears(&broker, "viahe/v1/hue/ack");
    says_until_acknowledged(&broker, &acks, 1, 1);
    let db = rusqlite::Connection::open(dir.path().join("data/console.db")).unwrap();
    let full =
        "CREATE TRIGGER full BEFORE INSERT ON incident BEGIN SELECT RAISE(ABORT, 'full'); END";
    db.execute_batch(full).unwrap();
    publish(&broker, TOPIC, &[said(2, 1)], &[]);
    eventually("it says so", || !troubles(&station).is_empty());
    assert_eq!(troubles(&station), ["disk"]);
    db.execute_batch("DROP TRIGGER full").unwrap();
    acks.line(&ack(2, 1));
    eventually("it works again", || troubles(&station).is_empty());
}

#[test]
fn a_site_that_speaks_of_anothers_incidents_is_named() {
    let broker = Mosquitto::start("");
    let dir = tempfile::tempdir().unwrap();
    let station = start(&broker, dir.path());
    eventually("it says so", || {
        publish(&broker, TOPIC, &[said(1, 1)], &[]);
        publish(
            &broker,
            &TOPIC.replace("hue", "hue-2"),
            &[said(1, 1).replace("hue", "hue-2")],
            &[],
        );
        troubles(&station) == ["foreign_incidents"]
    });
}

#[test]
fn a_box_whose_clock_is_ahead_is_named() {
    let broker = Mosquitto::start("");
    let dir = tempfile::tempdir().unwrap();
    let station = start(&broker, dir.path());
    let acks = hears(&broker, "viahe/v1/hue/ack");
    says_until_acknowledged(&broker, &acks, 1, 1);
    assert!(troubles(&station).is_empty());
    publish(&broker, TOPIC, &[said(2, 1).replace("2026-11-30", "2099-11-30")], &[]);
    acks.line(&ack(2, 1));
    assert_eq!(troubles(&station), ["clock_ahead"]);
}
