//! Candidates in the shadow of the model at work: a better one, a broken one, a slow one; who wins takes over, and goes back when
//! operators say so.

use crate::added::made::{Made, ULTRALYTICS, placed};
use crate::support::broker::Broker;
use crate::support::edited::Edited;
use crate::support::engine::{CameraSim, Pipeline, SITE};
use crate::support::program::{Line, Program, run_viahe};
use crate::support::{LONG, clip, sha256, until};
use jiff::tz::TimeZone;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use viahe_contract::id::{IncidentId, Name};
use viahe_contract::message::{self, Judgement, ModelRef, Verdict};
use viahe_core::incident::{Revision, Wording};
use viahe_core::shadow::Told;
use viahe_core::time::{ClockSource, Timestamp};
use viahe_edge::models::Locations;
use viahe_edge::shadow::{Book, judge};
use viahe_edge::store::{OutboxRow, Store};
use viahe_testing::onnx::Cover;

const CAMERA: &str = "gate-east";
const TROUBLE: &str = "viahe_trouble{trouble=\"shadow\"}";
/// Somebody who is there, and somebody who is not.
const RIGHT: (usize, usize, f32) = (40, 0, 0.0);
const FALSE: (usize, usize, f32) = (50, 0, 22.0);

fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

/// Adds a made model.
fn install(models: &Path, name: &str, persons: &[(usize, usize, f32)], detour: usize) {
    fs::create_dir_all(models).unwrap();
    let file = models.with_file_name(format!("{name}.onnx"));
    // Rules about people on foot ask for what rides as well.
    let names = "{0: 'person', 1: 'car', 2: 'motorcycle'}";
    let metadata = ULTRALYTICS.map(|(key, of)| (key, if key == "names" { names } else { of }));
    let cover = Cover { metadata: &metadata, ..Cover::default() };
    let made = Made { outputs: vec![placed(3, persons)], detour, cover, ..Made::default() };
    fs::write(&file, made.bytes()).unwrap();
    let [file, models] = [&*file, models].map(|path| path.to_str().unwrap());
    run_viahe(["model", "add", file, "--into", models, "--name", name]).says(0, &[]);
}

/// A copy of an added model whose output is no number, as `viahe model add` would not take it.
fn install_broken(models: &Path, of: &str, name: &str) {
    let [from, to] = [of, name].map(|name| models.join(name));
    fs::create_dir(&to).unwrap();
    let (output, shape, values) = placed(3, &[RIGHT]);
    let nothing = vec![f32::NAN; values.len()];
    let made = Made { outputs: vec![(output, shape, nothing)], ..Made::default() };
    let bytes = made.bytes();
    fs::write(to.join(format!("{of}.onnx")), &bytes).unwrap();
    let text = fs::read_to_string(from.join("model.toml")).unwrap();
    let right = text.lines().find(|line| line.starts_with("sha256")).unwrap();
    let text = text.replacen(right, &format!("sha256 = \"{}\"", sha256(&bytes)), 1);
    let text = text.replacen(&format!("name = \"{of}\""), &format!("name = \"{name}\""), 1);
    fs::write(to.join("model.toml"), text).unwrap();
}

fn tables(url: &str, candidate: &str, more: &str) -> String {
    format!(
        "[model.street]\npackage = \"at-work\"\n\n\
         [shadow]\ncandidate = \"{candidate}\"\nshare = 1.0\nverdicts_min = 20\nrecall_min = 0.5\n{more}\n\
         [[camera]]\nid = \"{CAMERA}\"\nurl = \"{url}\"\nmodel = \"street\"\n\n\
         [camera.zone.road]\npolygon = [[0.01, 0.01], [0.99, 0.01], [0.99, 0.99], [0.01, 0.99]]\n\n\
         [[camera.rule]]\nuse = \"pedestrian-in-carriageway\"\nzone = \"road\"\ndwell_secs = 3\n"
    )
}

/// The comparison as it is on the disk now; none before there is one.
fn report(file: &Path) -> Option<Value> {
    let ended = run_viahe(["model", "shadow", "report", "--pipeline", file.to_str().unwrap()]);
    (ended.code == 0).then(|| serde_json::from_str(&ended.stdout.join("\n")).unwrap())
}

fn incidents(report: &Value, by: &str) -> u64 {
    let lines = report["incidents"].as_array().unwrap();
    lines.iter().filter(|line| line["by"] == by).count() as u64
}

#[test]
fn candidates_look_beside_the_model_at_work_and_nobody_hears_them() {
    let (broker, sim) = (Broker::start(), CameraSim::start(&clip(), &[CAMERA]));
    let ears = broker.listen();
    let pipeline = Pipeline::new(broker.port).engine("workers = 1").more(&tables(
        &sim.url(CAMERA),
        "better-eyes",
        "",
    ));
    let models = pipeline.dir.path().join("models");
    install(&models, "at-work", &[RIGHT, FALSE], 0);
    install(&models, "better-eyes", &[RIGHT], 0);
    install(&models, "slow-eyes", &[RIGHT, FALSE], 400);
    install_broken(&models, "at-work", "broken-eyes");
    let mut edited = Edited::start(&pipeline);
    let file = edited.file.clone();

    // A better one: what it does not tell is seen, with a picture; and nobody hears what it tells.
    let told = until("the incidents of both models", LONG, || {
        report(&file).filter(|r| incidents(r, "both") == 1 && incidents(r, "incumbent") == 1)
    });
    assert_eq!(incidents(&told, "candidate"), 0, "{told:#}");
    for line in told["incidents"].as_array().unwrap() {
        let picture = line["file"].as_str().unwrap();
        assert!(fs::read(picture).unwrap().starts_with(&[0xff, 0xd8, 0xff]), "{picture}");
    }
    let page = pipeline.dir.path().join("page.html");
    let pages = ["--html", page.to_str().unwrap(), "--pipeline", file.to_str().unwrap()];
    run_viahe(["model", "shadow", "report"].iter().chain(&pages)).says(0, &[]);
    let html = fs::read_to_string(&page).unwrap();
    assert_eq!(html.matches("data:image/jpeg;base64,/9j/").count(), 2, "{html}");
    assert_eq!(html.matches("<svg").count(), 4, "{html}");
    assert!(!html.contains("<script") && !html.contains("http://127"), "{html}");
    let said = run_viahe(["model", "shadow", "status", "--pipeline", file.to_str().unwrap()]);
    said.says(0, &[]);
    assert!(said.stdout.join("\n").contains("1 of both, 1 missing"), "{said:?}");
    assert_eq!(ears.hear_incidents(2).len(), 2, "of the model at work alone");

    // Broken ones: told, and the model at work goes on.
    let text = edited.text.clone();
    for (candidate, word) in [("broken-eyes", "NaN"), ("no-such-eyes", "not installed")] {
        edited.with(&text.replace("better-eyes", candidate));
        edited.engine.until_metric(TROUBLE, |n| n == 1);
        let health = until("why", LONG, || {
            let health = edited.engine.health();
            health["reasons"].to_string().contains(word).then_some(health)
        });
        assert_eq!(health["status"], "degraded", "{health}");
        edited.engine.until_looks(&[CAMERA], 4);
        let lines = edited.engine.process.lines();
        let told: Vec<&Line> = lines.iter().filter(|line| line.text.contains(word)).collect();
        assert_eq!(told.len(), 1, "{told:#?}");
    }

    // A slow one: what it costs is told.
    edited.with(&text.replace("better-eyes", "slow-eyes"));
    edited.engine.until_metric(TROUBLE, |n| n == 0);
    let told = until("what it costs", LONG, || {
        let told = report(&file).filter(|r| r["candidate"]["name"] == "slow-eyes")?;
        told["cost"].as_f64().is_some().then_some(told)
    });
    assert!(told["cost"].as_f64().unwrap() > 2.0, "{:#}", told["cost"]);
    edited.engine.until_looks(&[CAMERA], 4);
    assert_eq!(edited.restarts(1), 0);
    assert_eq!(ears.ids(None).len(), 2, "nobody hears a candidate");
    edited.engine.process.signal(Signal::TERM);
    edited.engine.process.end(LONG).says(0, &[]);
}

fn told(n: u64) -> Told {
    let at = |secs| Timestamp::from_secs(1_795_000_000 + n * 1_000 + secs);
    Told {
        incident: IncidentId::from_bits(n.into()),
        camera: name(CAMERA),
        rule: name("pedestrian-in-carriageway"),
        violation: name("pedestrian-in-carriageway"),
        zone: None,
        title: "Người đi bộ dưới lòng đường".into(),
        first_seen: at(0),
        opened: at(3),
        last: at(30),
        closed: true,
        subject: None,
        picture: None,
    }
}

/// An incident of the box by this model, as it lies in the store.
fn of_box(n: u64, model: &ModelRef, opened: Timestamp) -> Revision {
    let rule = name("pedestrian-in-carriageway");
    Revision {
        incident: IncidentId::from_bits(n.into()),
        revision: 1,
        state: message::State::Open,
        rule: rule.clone(),
        violation: rule,
        rule_version: 1,
        severity: message::Severity::Medium,
        camera: Some(name(CAMERA)),
        zone: None,
        stage: None,
        offence: 1,
        citations: Vec::new(),
        measured: Vec::new(),
        ended_by: None,
        position: None,
        first_seen: opened,
        opened,
        updated: opened,
        closed: None,
        subjects: Vec::new(),
        geometry: message::Geometry::default(),
        evidence: Vec::new(),
        evidence_state: message::EvidenceState::Complete,
        model: Some(model.clone()),
        clock: message::ClockRef { source: ClockSource::Arrival, offset_ms: 0 },
        wording: Wording::default(),
    }
}

/// As if both had looked for hours: of 24 incidents the candidate tells 16.
fn compared(incumbent: ModelRef, candidate: &ModelRef) -> Book {
    let mut book = Book::new(incumbent, candidate.clone(), Timestamp::from_secs(1_795_000_000));
    book.incumbent_told = (0..24).map(told).collect();
    let own = |n: u64| Told { incident: IncidentId::from_bits((100 + n).into()), ..told(n) };
    book.candidate_told = (0..16).map(own).collect();
    book.looks.entry(name(CAMERA)).or_default().both = 1_000;
    book
}

/// Both in turn: the process looks at the verdicts once before it sees that nobody listens.
#[test]
fn who_wins_by_verdicts_takes_over_and_who_turns_bad_is_taken_back() {
    let pipeline =
        Pipeline::new(1).more(&tables("pattern://64x64@1", "better-eyes", "promote = \"auto\"\n"));
    let models = pipeline.dir.path().join("models");
    install(&models, "at-work", &[RIGHT, FALSE], 0);
    install(&models, "better-eyes", &[RIGHT], 0);
    let (file, state) = (pipeline.write(), pipeline.state_dir());
    let locations = Locations::discover(Some(pipeline.dir.path())).unwrap();
    let [incumbent, candidate] = ["at-work", "better-eyes"]
        .map(|package| locations.describe(&name(package)).unwrap().fingerprint());
    compared(incumbent, &candidate).write(&state).unwrap();
    let package = || {
        let text = fs::read_to_string(&file).unwrap();
        text.lines().find(|line| line.starts_with("package")).unwrap().to_owned()
    };
    let serve = || {
        let ended = run_viahe(["shadow", file.to_str().unwrap()]);
        ended.says(0, &[]);
        serde_json::from_str::<Value>(&ended.stdout[0]).unwrap()
    };
    let shadow =
        |what: &str| run_viahe(["model", "shadow", what, "--pipeline", file.to_str().unwrap()]);

    let line = serve();
    assert_eq!(
        (line["reload"].clone(), line["incidents"].clone()),
        (false.into(), serde_json::json!([16, 8, 0]))
    );
    shadow("promote").says(1, &["0 verdicts so far", "--force"]);
    for n in 0..24_u64 {
        judge(&state, &IncidentId::from_bits(n.into()), n < 16).unwrap();
    }
    assert_eq!(serve()["reload"], true);
    assert_eq!(package(), "package = \"better-eyes\"");
    shadow("promote").says(1, &["decided already"]);

    // Its own incidents are judged on the street.
    let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let now = viahe_edge::clock::now();
    let mut store = Store::open(&state).unwrap();
    let mut hear = |from: u64, to: u64, judgement: Judgement| {
        for n in from..to {
            let incident = of_box(1_000 + n, &candidate, now);
            let row = OutboxRow::new(&incident, &name(SITE), &zone).unwrap();
            store.commit(&[row], None).unwrap();
            let (time, role) = (now.local(&zone), name("ward-officer"));
            let incident = incident.incident;
            let said = Verdict { incident, revision: 1, judgement, reason: None, role, time };
            store.judge(&[said]).unwrap();
        }
    };
    hear(0, 12, Judgement::Confirmed);
    let line = serve();
    assert_eq!(line["reload"], false);
    assert!(line["told"].as_str().unwrap().contains("12 of 12"), "{line}");
    hear(12, 60, Judgement::Dismissed);
    assert_eq!(serve()["reload"], true);
    assert_eq!(package(), "package = \"at-work\"");
    let line = serve();
    assert!(line["told"].as_str().unwrap().contains("taken back: 12 of 60"), "{line}");
    let said = shadow("status");
    said.says(0, &[]);
    assert!(said.stdout.join("\n").contains("taken back"), "{said:?}");

    begins_anew_once_forgotten(&file);
}

/// The process of an ended trial makes room for one that begins anew.
fn begins_anew_once_forgotten(file: &Path) {
    let input = file.with_file_name("input");
    let held = "mkfifo \"$2\" && exec \"$0\" shadow \"$1\" <>\"$2\"";
    let mut command = Command::new("sh");
    command.args(["-c", held, env!("CARGO_BIN_EXE_viahe")]).args([file, &input]);
    let process = Program::start(command);
    process.line("taken back");
    let reset = ["model", "shadow", "reset", "--pipeline", file.to_str().unwrap()];
    run_viahe(reset).prints(0, &["begins anew"]);
    process.line("\"again\":true");
    process.end(LONG).says(0, &[]);
}
