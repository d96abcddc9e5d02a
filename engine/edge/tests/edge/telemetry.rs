//! `/metrics` and `/healthz` over a real connection, read as strictly as a scraper may.

mod grafana;
mod openmetrics;

use openmetrics::Page;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::id::WorkerId;
use viahe_contract::message::{CameraStatus, Judgement, StreamRole, StreamState, Streams};
use viahe_core::id::Name;
use viahe_core::model::Precision;
use viahe_core::plan::program::CameraTrouble;
use viahe_core::seam::{
    CameraReport, CameraStats, CropStats, DropReason, ModelRun, Stage, WorkerStats,
};
use viahe_core::tune::Provider;
use viahe_edge::telemetry::{EngineStats, Metrics, Server, TelemetryError, WorkerMemory, serve};
use viahe_edge::trouble::Troubles;

const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

const ONE: WorkerId = WorkerId(0);

fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

fn start() -> (Arc<Metrics>, Server) {
    let metrics = Metrics::new("1.2.3", Troubles::default());
    let server = serve(LOOPBACK, Arc::clone(&metrics)).unwrap();
    (metrics, server)
}

struct Answer {
    code: u16,
    head: String,
    body: String,
}

/// Sends `request` and reads to the end. Times out instead of hanging.
fn exchange(addr: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { code, head: head.to_ascii_lowercase(), body: body.into() }
}

fn get(addr: SocketAddr, path: &str) -> Answer {
    exchange(addr, &format!("GET {path} HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n"))
}

fn scrape(addr: SocketAddr) -> Page {
    let answer = get(addr, "/metrics");
    assert_eq!(answer.code, 200);
    assert!(answer.head.contains("content-type: application/openmetrics-text; version=1.0.0"));
    Page::parse(&answer.body).unwrap_or_else(|e| panic!("{e}\n{}", answer.body))
}

fn streams() -> Streams {
    let [main, sub] = [CameraStatus::Offline, CameraStatus::Online].map(|state| StreamState {
        state,
        reason: String::new(),
        resolution: None,
    });
    Streams { looks: StreamRole::Sub, main, sub, aspects_differ: false, film_cut: true }
}

/// What a worker says after `n` frames; its counters began at its start.
fn worker(n: u64) -> WorkerStats {
    let camera = CameraStats {
        status: CameraStatus::Online,
        frames_in: 10 * n,
        frames_inferred: n,
        frames_dropped: [(DropReason::Superseded, 9 * n)].into(),
        looks_late: n / 4,
        looks_told: n / 2,
        reconnects: n / 4,
        tries: n / 3,
        carrier: None,
        look_ages: vec![0, 0, n / 2, 0, 0, n - n / 2],
        look_age_ms_sum: 125.0 * n as f64,
        infer_ms_sum: 31.25 * n as f64,
        decode_cpu_ms: 62.5 * n as f64,
        infer_cpu_ms: 15.625 * n as f64,
        frame_age_ms: Some(40),
        decoding: None,
        decoded_secs: BTreeMap::new(),
        fps_in: 9.5,
        size_px: [768, 576],
        clock_offset_ms: Some(-125),
        clock_steps: n / 5,
        clock_step: None,
        tracks: 3,
        crops: CropStats { looked_at: n, left_out: n / 2, failed: n / 9 },
        streams: Some(streams()),
        pictures: [(StreamRole::Main, n), (StreamRole::Sub, n / 3)].into(),
    };
    WorkerStats {
        models_wrong: BTreeMap::new(),
        models_refused: BTreeMap::new(),
        classifiers_refused: BTreeMap::new(),
        models: BTreeMap::from([(name("ssdlite-coco"), model_run())]),
        cameras: BTreeMap::from([(name("le-loi-03"), camera)]),
        copied_bytes: BTreeMap::from([(Stage::Preprocess, 1000 * n)]),
        seam_dropped: n / 8,
        cpu_ms: 125.0 * n as f64,
    }
}

fn model_run() -> ModelRun {
    ModelRun {
        asked: Provider::Openvino,
        used: Provider::Cpu,
        why: "it sees something else there".into(),
        precision: Precision::Int8,
        held_bytes: 90_000_000,
        used_bytes_max: 60_000_000,
    }
}

fn engine(n: u64) -> EngineStats {
    EngineStats {
        observations: n,
        observations_late: n / 9,
        readings: n,
        readings_late: n / 9,
        readings_repeated: n / 9,
        readings_corrected: n / 9,
        readings_passed_over: n / 9,
        readings_bad: n / 9,
        subjects_dropped: n / 9,
        reloads: n / 9,
        reloads_refused: n / 9,
        wire_dropped: [n / 9, n / 8],
        clock_steps: n / 9,
        disaster_level: 2,
        rules_silent: BTreeMap::from([(("le-loi-03".to_owned(), "ordered"), 2)]),
        views_lost: BTreeMap::from([(name("le-loi-03"), CameraTrouble::TooDark)]),
        commands_refused: n / 9,
        verdicts: BTreeMap::from([((Judgement::Dismissed, name("illegal-parking")), n / 9)]),
        verdicts_refused: BTreeMap::from([("unreadable", n / 9)]),
        incidents_opened: BTreeMap::from([(name("illegal-parking"), n / 3)]),
        incidents_closed: BTreeMap::from([(name("illegal-parking"), n / 4)]),
        incidents_open: 1,
        worker_memory: BTreeMap::from([(
            ONE,
            WorkerMemory { used: Some(200_000_000), max: 768_000_000 },
        )]),
        captures_failed: n / 7,
        captures_late: n / 6,
        worker_refused: BTreeMap::from([((ONE, "camera"), n / 9)]),
        evidence_bytes: 81_234,
        evidence_evicted: n / 9,
        store_commit_errors: n / 9,
        write_errors: BTreeMap::from([("database", n / 9)]),
        given_up_bytes: n / 9,
        unsaved: 1,
        rows_damaged: n / 9,
        outbox_depth: 2,
        outbox_quarantined: n / 9,
        outbox_refused: n / 9,
        published: n,
        acknowledged: n / 2,
        resent: n / 5,
        not_taken: [n / 9, n / 8],
        mqtt_version: "5",
        mqtt_reconnects: n / 6,
        mqtt_connected: true,
        queue_depths: BTreeMap::from([("observations", 5)]),
    }
}

/// Exact: every number here is a small multiple of a power of two.
fn same(page: &Page, sample: &str, want: f64) {
    let got = page.value(sample);
    assert!((got - want).abs() < 1e-9, "{sample} is {got}, not {want}");
}

#[test]
fn counters_never_go_back_when_the_worker_does() {
    let (metrics, server) = start();
    let mut before = scrape(server.addr());
    let mut analysed = 0;
    for epoch in 0..4u64 {
        metrics.worker_started(ONE);
        for n in 1..=6 {
            metrics.worker(ONE, &worker(n * (epoch + 1)));
            metrics.engine(&engine(epoch * 10 + n));
            let now = scrape(server.addr());
            now.assert_no_counter_went_back(&before);
            before = now;
        }
        analysed += 6 * (epoch + 1);
        // The third end is noticed only by its counters.
        if epoch != 2 {
            metrics.worker_restarted(ONE);
        }
        let now = scrape(server.addr());
        now.assert_no_counter_went_back(&before);
        before = now;
    }
    let analysed = analysed as f64;
    same(&before, "viahe_frames_total{camera=\"le-loi-03\"}", 10.0 * analysed);
    same(&before, "viahe_frames_inferred_total{camera=\"le-loi-03\"}", analysed);
    let dropped = "viahe_frames_dropped_total{camera=\"le-loi-03\",reason=\"superseded\"}";
    same(&before, dropped, 9.0 * analysed);
    same(&before, "viahe_inference_seconds_sum{camera=\"le-loi-03\"}", 0.03125 * analysed);
    same(&before, "viahe_inference_seconds_count{camera=\"le-loi-03\"}", analysed);
    let cpu = |stage| format!("viahe_cpu_seconds_total{{camera=\"le-loi-03\",stage=\"{stage}\"}}");
    same(&before, &cpu("decode"), 0.0625 * analysed);
    same(&before, &cpu("inference"), 0.015_625 * analysed);
    same(&before, "viahe_worker_cpu_seconds_total{worker=\"0\"}", 0.125 * analysed);
    same(&before, "viahe_look_age_seconds_sum{camera=\"le-loi-03\"}", 0.125 * analysed);
    for (le, share) in [("0.05", 0.0), ("0.075", 0.5), ("0.15", 0.5), ("0.2", 1.0), ("+Inf", 1.0)] {
        let bucket = format!("viahe_look_age_seconds_bucket{{le=\"{le}\",camera=\"le-loi-03\"}}");
        same(&before, &bucket, (share * analysed).floor());
    }
    same(&before, "viahe_copied_bytes_total{stage=\"preprocess\"}", 1000.0 * analysed);
    same(&before, "viahe_worker_restarts_total{worker=\"0\"}", 3.0);
    same(&before, "viahe_worker_memory_bytes{worker=\"0\"}", 200_000_000.0);
    same(&before, "viahe_worker_memory_max_bytes{worker=\"0\"}", 768_000_000.0);
    same(&before, "viahe_incidents_opened_total{violation=\"illegal-parking\"}", 12.0);
    same(&before, "viahe_queue_depth{queue=\"observations\"}", 5.0);
    let lost = "viahe_camera_view_lost{camera=\"le-loi-03\",reason=\"too_dark\"}";
    same(&before, lost, 1.0);
    same(&before, "viahe_build_info{version=\"1.2.3\"}", 1.0);
}

#[test]
fn gauges_tell_the_present() {
    let (metrics, server) = start();
    metrics.plan([(name("le-loi-03"), ONE), (name("hung-vuong-1"), ONE)]);
    metrics.worker(ONE, &worker(1));
    let page = scrape(server.addr());
    same(&page, "viahe_camera_up{camera=\"le-loi-03\"}", 1.0);
    same(&page, "viahe_camera_up{camera=\"hung-vuong-1\"}", 0.0);
    let of = "worker=\"0\",model=\"ssdlite-coco\"";
    let ran = "asked=\"openvino\",used=\"cpu\",precision=\"int8\"";
    same(&page, &format!("viahe_model_provider{{{of},{ran}}}"), 1.0);
    same(&page, &format!("viahe_model_memory_bytes{{{of}}}"), 90_000_000.0);
    same(&page, &format!("viahe_model_memory_used_max_bytes{{{of}}}"), 60_000_000.0);
    same(&page, "viahe_clock_offset_seconds{camera=\"le-loi-03\"}", -0.125);
    assert!(page.value("viahe_frame_age_seconds{camera=\"le-loi-03\"}") >= 0.04);
    assert!(!page.has("viahe_frame_age_seconds{camera=\"hung-vuong-1\"}"), "no frame so far");
    metrics.worker_restarted(ONE);
    let page = scrape(server.addr());
    same(&page, "viahe_camera_up{camera=\"le-loi-03\"}", 0.0);
    same(&page, "viahe_camera_fps{camera=\"le-loi-03\"}", 0.0);
    same(&page, "viahe_worker_up{worker=\"0\"}", 0.0);
}

#[test]
fn health_over_http() {
    let (metrics, server) = start();
    metrics.plan([(name("le-loi-03"), ONE)]);
    let health = || {
        let answer = get(server.addr(), "/healthz");
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        (answer.code, body)
    };
    let (code, body) = health();
    assert_eq!((code, &body["status"]), (200, &"starting".into()));
    assert_eq!(body["version"], "1.2.3");
    metrics.worker(ONE, &worker(1));
    metrics.engine(&engine(1));
    let (code, body) = health();
    assert_eq!((code, &body["status"]), (200, &"ok".into()), "{body}");
    assert_eq!((&body["outbox_depth"], &body["mqtt_connected"]), (&2.into(), &true.into()));
    assert_eq!(body["cameras"]["le-loi-03"]["view_lost"], "too_dark");
    metrics.camera(&CameraReport {
        camera: name("le-loi-03"),
        status: CameraStatus::Offline,
        reason: "connection refused".into(),
        causes: Vec::new(),
    });
    let (code, body) = health();
    assert_eq!((code, &body["status"]), (200, &"degraded".into()));
    assert_eq!(body["cameras"]["le-loi-03"]["reason"], "connection refused");
    assert_eq!(body["unsaved"], 1);
}

#[test]
fn read_only_and_nothing_else() {
    let (_metrics, server) = start();
    let code = |request: &str| exchange(server.addr(), request).code;
    let tail = "HTTP/1.1\r\nHost: box\r\nConnection: close\r\n";
    assert_eq!(get(server.addr(), "/").code, 404);
    assert_eq!(get(server.addr(), "/metrics/../etc/passwd").code, 404);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(code(&format!("{method} /metrics {tail}Content-Length: 0\r\n\r\n")), 405);
    }
    // The body is never read, however long it claims to be.
    assert_eq!(code(&format!("GET /healthz {tail}Content-Length: 999999999\r\n\r\n")), 200);
    assert_eq!(code("nonsense\r\n\r\n"), 400);
    let mut long = format!("GET /healthz {tail}");
    for i in 0..200 {
        write!(long, "X-{i}: 1\r\n").unwrap();
    }
    assert_eq!(code(&(long + "\r\n")), 431);
}

/// However many connections sit there, and whatever they are at.
#[test]
fn connections_that_sit_there_do_not_lock_scrapers_out() {
    let half: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: b";
    let unread = "GET /metrics HTTP/1.1\r\nHost: box\r\n\r\n".repeat(2_000).into_bytes();
    for (name, first) in
        [("silent", &b""[..]), ("one byte", b"G"), ("half a request", half), ("unread", &unread)]
    {
        let (metrics, server) = start();
        metrics.worker(ONE, &worker(1));
        let sitting: Vec<TcpStream> = (0..64)
            .map(|_| {
                let mut stream = TcpStream::connect(server.addr()).unwrap();
                stream.set_write_timeout(Some(Duration::from_millis(10))).unwrap();
                // One that is closed meanwhile, or takes no more, is what is tried here.
                let _ = stream.write_all(first);
                stream
            })
            .collect();
        let asked = viahe_edge::clock::monotonic();
        assert_eq!(get(server.addr(), "/healthz").code, 200, "{name}");
        let took = asked.elapsed();
        println!("{name}: {took:?}");
        assert!(took < Duration::from_secs(1), "{name}: {took:?}");
        drop(sitting);
    }
}

/// Bytes that trickle in buy no time.
#[test]
fn a_request_that_trickles_in_is_given_up() {
    let (_metrics, server) = start();
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    let began = viahe_edge::clock::monotonic();
    stream.set_read_timeout(Some(Duration::from_millis(250))).unwrap();
    let ended = loop {
        let _ = stream.write_all(b"G");
        match stream.read(&mut [0; 256]) {
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            ended => break ended,
        }
        assert!(began.elapsed() < Duration::from_secs(20), "a byte a moment keeps it open");
    };
    assert!(!matches!(ended, Ok(n) if n > 0), "no answer: {ended:?}");
    assert!(began.elapsed() > Duration::from_secs(2), "{:?}", began.elapsed());
}

/// A scraper's connection is kept from one scrape to the next.
#[test]
fn a_connection_serves_one_request_after_the_other() {
    let (_metrics, server) = start();
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = vec![0; 4096];
    for _ in 0..3 {
        stream.write_all(b"GET /nowhere HTTP/1.1\r\nHost: box\r\n\r\n").unwrap();
        let bytes = stream.read(&mut answer).unwrap();
        assert!(answer[..bytes].starts_with(b"HTTP/1.1 404"), "{bytes} bytes");
    }
}

#[test]
fn a_port_in_use_is_said_clearly() {
    let taken = TcpListener::bind(LOOPBACK).unwrap();
    let addr = taken.local_addr().unwrap();
    let error = serve(addr, Metrics::new("1.2.3", Troubles::default())).unwrap_err();
    assert!(matches!(error, TelemetryError::InUse { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(&addr.to_string()) && text.contains("listen"), "{text}");
    let nowhere = "192.0.2.1:9464".parse().unwrap();
    let error = serve(nowhere, Metrics::new("1.2.3", Troubles::default())).unwrap_err();
    assert!(matches!(error, TelemetryError::Bind { .. }), "{error}");
}

#[test]
fn dropping_the_server_frees_the_port() {
    let (metrics, server) = start();
    let addr = server.addr();
    let open = TcpStream::connect(addr).unwrap();
    drop(server);
    let again = serve(addr, metrics).unwrap();
    assert_eq!(get(again.addr(), "/healthz").code, 200);
    drop(open);
}

/// The table in the handbook and the page list the same names.
#[test]
fn every_metric_is_in_the_handbook() {
    let (metrics, server) = start();
    metrics.worker(ONE, &worker(9));
    metrics.engine(&engine(9));
    // Only a box with a console, or with a candidate, tells of these.
    metrics.uploads(viahe_edge::telemetry::Uploads::default());
    metrics.shadow(Some(viahe_edge::telemetry::Shadowed::default()));
    let page = scrape(server.addr());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
    let handbook = std::fs::read_to_string(path).unwrap();
    let rows = handbook.lines().filter_map(|line| line.strip_prefix("| `viahe_"));
    let mut told: Vec<String> = rows
        .filter_map(|row| row.split(['`', '{']).next())
        .map(|name| format!("viahe_{name}"))
        .collect();
    told.sort();
    let mut shown = page.family_names();
    shown.sort();
    assert_eq!(told, shown, "left: docs/operations.md, right: /metrics");
}
