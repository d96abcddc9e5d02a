//! The console dies again and again while boxes speak: nothing is lost, and nothing is there twice.

use crate::support::broker::Broker;
use crate::support::program::{Program, run_viahe, viahe};
use crate::support::{LONG, until};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use viahe_testing::incident::{event, id};
use viahe_testing::machine::free_port;
use viahe_testing::mosquitto::client;

const TOPIC: &str = "viahe/v1/hue/cam/gate-east/incident/illegal-parking";
const INCIDENTS: u32 = 1_200;
const REVISIONS: [u32; 2] = [1, 2];
/// How often it dies.
const DEATHS: usize = 6;

/// A console with a folder of its own.
struct Console {
    config: PathBuf,
    port: u16,
    /// Of a viewer.
    token: String,
}

impl Console {
    fn prepare(broker: &Broker, folder: &Path) -> Self {
        let (config, port) = (folder.join("console.toml"), free_port());
        let text = format!(
            "[console]\nlisten = \"127.0.0.1:{port}\"\ndata_dir = \"data\"\n[mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\n",
            broker.port
        );
        std::fs::write(&config, text).unwrap();
        let file = config.to_str().unwrap();
        let made = run_viahe(["console", file, "--add-token", "watcher", "--role", "viewer"]);
        assert_eq!(made.code, 0, "{made:?}");
        Self { config, port, token: made.stdout[0].clone() }
    }

    fn start(&self) -> Program {
        let program = Program::start(viahe(["console", self.config.to_str().unwrap()]));
        program.line("the console is open");
        program
    }

    fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let Self { token, .. } = self;
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: ioc.test\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    /// All incidents by id, each with the numbers of its revisions.
    fn incidents(&self) -> BTreeMap<String, Vec<u64>> {
        let (mut found, mut cursor) = (BTreeMap::new(), String::new());
        loop {
            let page = self.get(&format!("/v1/incidents?judgement=all&limit=200&cursor={cursor}"));
            for told in page["incidents"].as_array().unwrap() {
                let id = told["id"].as_str().unwrap().to_owned();
                let detail = self.get(&format!("/v1/incidents/{id}"));
                let revisions = detail["revisions"].as_array().unwrap().iter();
                let revisions = revisions.map(|told| told["revision"].as_u64().unwrap()).collect();
                assert_eq!(found.insert(id, revisions), None, "twice in the list");
            }
            let Some(next) = page["cursor"].as_str() else { return found };
            next.clone_into(&mut cursor);
        }
    }
}

/// Boxes that speak without pause, on a connection of their own.
fn speak(port: u16) -> std::thread::JoinHandle<()> {
    let mut command = client("mosquitto_pub", port, None);
    command.args(["-t", TOPIC, "-l"]).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::thread::spawn(move || {
        let mut into = child.stdin.take().unwrap();
        for (n, revision) in (0..INCIDENTS).flat_map(|n| REVISIONS.map(|revision| (n, revision))) {
            writeln!(into, "{}", event("hue", n, revision)).unwrap();
        }
        drop(into);
        assert!(child.wait().unwrap().success());
    })
}

fn acknowledged(acks: &Program) -> BTreeSet<String> {
    acks.lines().iter().filter(|line| line.to_stdout).map(|line| line.text.clone()).collect()
}

#[test]
fn a_console_that_dies_again_and_again_loses_and_repeats_nothing() {
    let broker = Broker::start();
    let folder = tempfile::tempdir().unwrap();
    let console = Console::prepare(&broker, folder.path());
    let mut process = console.start();
    let mut command = client("mosquitto_sub", broker.port, None);
    command.args(["-t", "viahe/v1/hue/ack"]);
    let acks = Program::start(command);
    // What nobody hears yet a box says again.
    let hears = id(INCIDENTS);
    until("the console hears, and its answer is heard", LONG, || {
        broker.say(TOPIC, &event("hue", INCIDENTS, 1));
        acknowledged(&acks).iter().any(|ack| ack.contains(&hears)).then_some(())
    });
    let speaking = speak(broker.port);
    let all = INCIDENTS as usize * REVISIONS.len();
    for death in 1..=DEATHS {
        let enough = all * death / (DEATHS + 1);
        until("it takes what comes", LONG, || (acknowledged(&acks).len() > enough).then_some(()));
        process.kill();
        process = console.start();
    }
    speaking.join().unwrap();
    let ack =
        |n: u32, revision: u32| json!({ "incident": id(n), "revision": revision }).to_string();
    until("every word is acknowledged", LONG, || {
        let all = acknowledged(&acks);
        let mut every = (0..INCIDENTS).flat_map(|n| REVISIONS.map(|revision| (n, revision)));
        every.all(|(n, revision)| all.contains(&ack(n, revision))).then_some(())
    });
    let kept = console.incidents();
    assert_eq!(kept.len(), INCIDENTS as usize + 1);
    let two: Vec<u64> = REVISIONS.map(u64::from).to_vec();
    let wrong = kept.iter().find(|(id, revisions)| **id != hears && **revisions != two);
    assert_eq!(wrong, None, "lost, or there twice");
    let queue = console.get("/v1/queue?judgement=all");
    assert_eq!(queue["total_incidents"], INCIDENTS + 1, "the queue counts each once");
    process.kill();
}
