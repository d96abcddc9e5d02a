//! Models are measured once on a box, what was measured is used, and what cannot be read is told.

use crate::support::broker::Broker;
use crate::support::engine::{Engine, Pipeline};
use crate::support::program::run_viahe;
use crate::support::{LONG, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn tune(file: &Path, more: &[&str]) -> String {
    let ended = run_viahe([&["tune", file.to_str().unwrap()], more].concat());
    let told = ended.stdout.join("\n");
    ended.says(0, &[]);
    told
}

fn check(file: &Path) -> String {
    let ended = run_viahe(["check", file.to_str().unwrap()]);
    ended.prints(0, &["no problem found"]);
    ended.stdout.join("\n")
}

#[test]
fn a_box_is_measured_once_and_a_damaged_file_is_told_and_measured_again() {
    let pipeline = Pipeline::new(1).camera("gate", "pattern://640x360@10");
    let (file, kept) = (pipeline.write(), pipeline.state_dir().join("tune.json"));
    assert!(check(&file).contains("the default, since it was not measured on this box"));
    let told = tune(&file, &[]);
    assert!(told.contains("measured now") && told.contains("1.00 times"), "{told}");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&kept).unwrap();
    let told = tune(&file, &[]);
    assert!(told.contains("known, measured 20") && told.contains("`viahe run` uses:"), "{told}");
    assert_eq!(fs::read_to_string(&kept).unwrap(), text, "it was left alone");
    assert!(check(&file).contains("(measured 20"));
    let other = text.replacen("\"cores\": ", "\"cores\": 1", 1);
    fs::write(&kept, other).unwrap();
    assert!(check(&file).contains("what was measured is of another number of cores"));
    fs::write(&kept, &text[..text.len() / 2]).unwrap();
    assert!(check(&file).contains("it is no file of measured models, or damaged"));
    let told = tune(&file, &[]);
    assert!(told.contains("damaged") && told.contains("measured again"), "{told}");
    assert!(told.contains("measured now"), "{told}");
    assert!(check(&file).contains("(measured 20"));
}

/// As if this box took a second for a look, and did two at once, not more.
fn make_slow(kept: &Path) {
    let mut book: Value = serde_json::from_str(&fs::read_to_string(kept).unwrap()).unwrap();
    for of in book["models"][0]["settings"].as_array_mut().unwrap() {
        let sessions = of["sessions"].as_f64().unwrap();
        let runs = if of["batch"] == 1 && sessions <= 2.0 { sessions } else { 0.5 };
        for (key, value) in [("looks_hz", runs), ("cpu_ms", 900.0)] {
            let rounds = of[key].as_array().unwrap().len();
            of[key] = json!(vec![value; rounds]);
        }
    }
    fs::write(kept, book.to_string()).unwrap();
}

/// Threads of a process that look.
fn lookers(pid: u32) -> usize {
    // It may end meanwhile.
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm"));
    tasks.filter_map(|task| name(task.ok()?).ok()).filter(|n| n.starts_with("infer-")).count()
}

/// Reads another pipeline; that many threads look in the end, by workers.
fn until_lookers(engine: &Engine, file: &Path, text: &str, wanted: &[usize]) {
    fs::write(file, text).unwrap();
    engine.process.signal(Signal::HUP);
    until("the threads of the workers", LONG, || {
        let told: Vec<usize> = engine.workers().into_iter().map(lookers).collect();
        (told == wanted).then_some(())
    });
}

#[test]
fn a_box_runs_its_models_as_it_was_measured_unless_the_pipeline_says_otherwise() {
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        println!("SKIPPED: a box of one core has nothing to choose from");
        return;
    }
    let broker = Broker::start();
    let pipeline = Pipeline::new(broker.port).camera("gate-a", "pattern://640x360@10");
    let pipeline = pipeline.camera("gate-b", "pattern://640x360@10");
    let (file, kept) = (pipeline.write(), pipeline.state_dir().join("tune.json"));
    tune(&file, &[]);
    make_slow(&kept);
    let said = "model ssdlite-coco: 2 runs at once: 2.00 times as many looks as the default";
    assert!(check(&file).contains(said), "{}", check(&file));
    let engine = Engine::start(&pipeline);
    engine.until_looks(&["gate-a", "gate-b"], 1);
    assert_eq!(lookers(engine.worker()), 2);
    // To read the pipeline again ends no worker, whatever is known by then.
    let worker = engine.worker();
    fs::remove_file(&kept).unwrap();
    engine.process.signal(Signal::HUP);
    engine.until_metric("viahe_reloads_total", |n| n == 1);
    engine.until_looks(&["gate-a", "gate-b"], 1);
    assert_eq!((engine.worker(), lookers(worker)), (worker, 2));
    // Two workers share what was measured for one.
    let text = fs::read_to_string(&file).unwrap();
    let two = text.replacen("[engine]\n", "[engine]\nworkers = 2\n", 1);
    until_lookers(&engine, &file, &two, &[1, 1]);
    engine.until_looks(&["gate-a", "gate-b"], 1);
    drop(engine);
    let pipeline = pipeline.engine("threads = 1");
    let file = pipeline.write();
    assert!(check(&file).contains("1 inference thread in each worker, as the pipeline says"));
    let engine = Engine::start(&pipeline);
    engine.until_looks(&["gate-a", "gate-b"], 1);
    assert_eq!(lookers(engine.worker()), 1);
    until_lookers(&engine, &file, &text.replacen("[engine]\n", "[engine]\nthreads = 2\n", 1), &[2]);
    until_lookers(&engine, &file, &text, &[1]);
}
