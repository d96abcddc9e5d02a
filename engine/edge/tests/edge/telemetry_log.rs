//! Logging as a process has it: set up once, on standard error. Each case is a child process of
//! this test program, because logging cannot be set up twice in one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use viahe_contract::id::WorkerId;
use viahe_edge::telemetry::{LogFormat, TelemetryError, init_logging, redact};
use viahe_edge::vision::supervise::{Epochs, Launch, Supervisor, WorkerEvent};

const FORMAT: &str = "VIAHE_TEST_FORMAT";
const SECRET: &str = "swordfish \"7\"";

/// What the child does; nothing when run as a test.
#[test]
fn child() {
    let Ok(format) = std::env::var(FORMAT) else { return };
    let format = if format == "json" { LogFormat::Json } else { LogFormat::Plain };
    init_logging(format, LevelFilter::INFO).unwrap();
    let again = init_logging(format, LevelFilter::INFO);
    assert!(matches!(again, Err(TelemetryError::Logging { .. })));
    assert!(redact(SECRET));
    tracing::info!(target: "viahe_edge::test", login = SECRET, "hello {SECRET}");
    tracing::debug!(target: "viahe_edge::test", "quiet");
    tracing::info!(target: "some_library", "chatty");
    let thread = std::thread::Builder::new().name("vision".into());
    let died = thread.spawn(|| panic!("cannot open rtsp://u:pw9@10.0.0.3 with {SECRET}")).unwrap();
    assert!(died.join().is_err());
    println!("the end");
}

fn run(format: &str, filter: Option<&str>) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "telemetry_log::child", "--nocapture"]).env(FORMAT, format);
    command.env_remove("RUST_LOG").env_remove("VIAHE_LOG").stdin(Stdio::null());
    if let Some(filter) = filter {
        command.env("VIAHE_LOG", filter);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    for hidden in ["swordfish", "pw9"] {
        assert!(!text.contains(hidden), "{text}");
    }
    text.lines().map(str::to_owned).collect()
}

#[test]
fn plain_lines() {
    let lines = lines(&run("plain", None));
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains(" INFO  hello ***"), "{lines:#?}");
    assert!(!lines[0].contains('\u{1b}'), "no colours where no terminal is");
    assert!(lines[1].contains(" ERROR panic: cannot open rtsp://***@10.0.0.3 with ***"));
    assert!(lines[1].contains("thread=vision"), "{lines:#?}");
}

#[test]
fn json_lines() {
    let lines = lines(&run("json", None));
    let values: Vec<serde_json::Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(values.len(), 2, "{lines:#?}");
    assert_eq!((&values[0]["message"], &values[0]["login"]), (&"hello ***".into(), &"***".into()));
    assert_eq!((&values[1]["level"], &values[1]["thread"]), (&"ERROR".into(), &"vision".into()));
}

#[test]
fn the_environment_says_how_much() {
    let all = lines(&run("plain", Some("debug")));
    assert!(all.iter().any(|l| l.contains("quiet")) && all.iter().any(|l| l.contains("chatty")));
    let bad = lines(&run("plain", Some("viahe=loud")));
    assert!(bad[0].contains("WARN") && bad[0].contains("VIAHE_LOG"), "{bad:#?}");
    assert!(bad[1].contains("hello"), "{bad:#?}");
}

/// A service whose log cannot be written works on.
#[test]
fn a_standard_error_that_fails_ends_nothing() {
    let exe = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .args(["-c", "exec \"$0\" --exact telemetry_log::child --nocapture 2>/dev/full"])
        .arg(exe)
        .env(FORMAT, "plain")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("the end"));
}

/// A worker that logs, whose libraries write what they like, and that dies with a last word.
#[test]
fn rough_worker() {
    if std::env::var_os(ROUGH).is_none() {
        return;
    }
    init_logging(LogFormat::Json, LevelFilter::INFO).unwrap();
    tracing::info!(target: "viahe_edge::test", "a line of ours");
    let mut raw = std::io::stderr().lock();
    for n in 0..5_000 {
        writeln!(raw, "(worker:{n}): Foreign-CRITICAL **: unref of 0x{n:x} failed").unwrap();
    }
    write!(raw, "last word of rtsp://admin:pw9@10.0.0.3").unwrap();
    std::process::abort();
}

const ROUGH: &str = "VIAHE_TEST_ROUGH";
const ENGINE: &str = "VIAHE_TEST_ENGINE";

/// The engine of that worker.
#[test]
fn engine_of_the_rough_worker() {
    if std::env::var_os(ENGINE).is_none() {
        return;
    }
    init_logging(LogFormat::Json, LevelFilter::INFO).unwrap();
    let (events, gone) = crossbeam_channel::bounded(64);
    let program = std::env::current_exe().unwrap();
    let args =
        ["--exact", "telemetry_log::rough_worker", "--nocapture"].map(str::to_owned).to_vec();
    let process = viahe_core::seam::ProcessPlan {
        version: viahe_core::seam::SEAM_VERSION,
        axis_zero: viahe_core::time::Timestamp::default(),
        threads: 1,
        running: BTreeMap::new(),
        provider: viahe_core::tune::Provider::Cpu,
        library: std::path::PathBuf::new(),
        taxonomies: Vec::new(),
        evidence_dir: std::path::PathBuf::new(),
        shadow_dir: None,
    };
    let (models, cameras) = (BTreeMap::new(), BTreeMap::new());
    let share = viahe_edge::vision::share::Share { process, models, cameras };
    let worker = Supervisor::start(
        WorkerId(0),
        Launch::Process { program, args },
        share,
        Epochs::default(),
        None,
        events,
    );
    let first = gone.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(matches!(first, (WorkerId(0), WorkerEvent::Gone(_))), "{first:?}");
    drop(gone);
    worker.stop();
}

#[test]
fn all_that_a_worker_writes_is_a_log_line_and_a_flood_is_a_few() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "telemetry_log::engine_of_the_rough_worker", "--nocapture"]);
    command.env(ENGINE, "1").env(ROUGH, "1").env_remove("RUST_LOG").env_remove("VIAHE_LOG");
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = lines(&output);
    let of = |line: &String| {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"))
    };
    let lines: Vec<_> = lines.iter().map(of).collect();
    let said = |text: &str| {
        lines.iter().filter(|l| l["message"].as_str().is_some_and(|m| m.contains(text))).count()
    };
    assert!(said("a line of ours") >= 1, "{lines:#?}");
    assert!((1..=3).contains(&said("Foreign-CRITICAL")), "{lines:#?}");
    assert!(said("last word of rtsp://***@10.0.0.3") >= 1, "{lines:#?}");
    let more = lines.iter().filter_map(|l| l["more"].as_u64()).max();
    assert!(more.is_some_and(|more| more >= 4_997), "{lines:#?}");
}
