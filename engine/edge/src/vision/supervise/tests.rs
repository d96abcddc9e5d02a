//! With real processes: this program again, as a child that does as it is told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::process::epitaph;
use super::*;
use crate::telemetry::foreign;
use crate::vision::memory::{self, LastWords};
use crate::vision::share::plain;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use viahe_contract::message::CameraStatus;
use viahe_core::plan::Source;
use viahe_core::seam::{
    Assign, CameraReport, FromWorker, ProcessPlan, SEAM_VERSION, VisionCamera, WorkerStats,
};

/// What the child does, and how much it does of it.
const DO: &str = "VIAHE_TEST_WORKER";
const SOON: Duration = Duration::from_secs(30);
/// How often a child says that it lives.
const PULSE: Duration = Duration::from_millis(100);
const MB: u64 = 1_000_000;
const WORKER: WorkerId = WorkerId(7);

fn share(cameras: usize, threads: usize, models: &[&str]) -> Share {
    let need = viahe_core::attention::Need::steady(1.0);
    let camera = |n: usize| plain::camera(&format!("camera-{n}"), models[n % models.len()], need);
    let process = ProcessPlan { threads, ..plain::process() };
    let cameras = (0..cameras).map(camera).collect();
    Share { process, models: BTreeMap::new(), cameras }
}

/// A supervised child that does `what`, and what is heard of it.
fn supervised(what: &str, memory_max: u64) -> (Supervisor, Receiver<FromFleet>) {
    supervised_with(what, share(1, 1, &["street"]), memory_max)
}

fn supervised_with(what: &str, share: Share, memory_max: u64) -> (Supervisor, Receiver<FromFleet>) {
    let program = std::env::current_exe().unwrap();
    // The harness writes to the standard output, which is the seam: it gets another one, and the
    // seam stays open.
    let command = format!(
        "{DO}={what} exec \"$0\" --exact vision::supervise::tests::child --nocapture 3>&1 >/dev/null"
    );
    let args = vec!["-c".to_owned(), command, program.to_str().unwrap().to_owned()];
    let (events, heard) = bounded(64);
    let launch = Launch::Process { program: "sh".into(), args };
    (Supervisor::start(WORKER, launch, share, Epochs::default(), Some(memory_max), events), heard)
}

fn gone(heard: &Receiver<FromFleet>) -> Ended {
    match heard.recv_timeout(SOON).unwrap() {
        (WORKER, WorkerEvent::Gone(ended)) => ended,
        (_, message) => panic!("{message:?}"),
    }
}

/// As [`gone`], of one that says something before.
fn gone_after_all(heard: &Receiver<FromFleet>) -> Ended {
    let deadline = clock::monotonic() + SOON;
    loop {
        if let (WORKER, WorkerEvent::Gone(ended)) = heard.recv_deadline(deadline).unwrap() {
            return ended;
        }
    }
}

fn until_it_runs(supervisor: &Supervisor) {
    let deadline = clock::monotonic() + SOON;
    while supervisor.memory().0.is_none() {
        assert!(clock::monotonic() < deadline);
        std::thread::yield_now();
    }
}

/// Not a test: what the children do.
#[test]
fn child() {
    let Ok(what) = std::env::var(DO) else { return };
    let mut held = Vec::new();
    match what.as_str() {
        // 550 MB, and no more: a test that fails must not fill the machine. The child holds them until
        // somebody ends it.
        "grow" => held.push(vec![1u8; 550_000_000]),
        // Asked for at once; never touched, so it costs nothing where it is given.
        "leap" => held.push(Vec::with_capacity(4_000_000_000)),
        "deaf" => {
            let (_alive, ended) = bounded(0);
            return pulse(seam(), &ended);
        }
        "heap" => {
            let of = |name: &str| std::env::var(name).unwrap_or_default();
            eprintln!("{} {}", of("MALLOC_ARENA_MAX"), of("MALLOC_MMAP_THRESHOLD_"));
            std::process::exit(1);
        }
        "look" => return look(|_| false),
        "die" => {
            return look(|camera| {
                let [width, _] = match camera.source {
                    Source::Pattern { size_px, .. } => size_px,
                    _ => [0; 2],
                };
                camera.id.as_str() == "camera-1" && width == 64
            });
        }
        _ => {}
    }
    std::hint::black_box(&held);
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).unwrap();
}

/// Descriptor 3.
fn seam() -> File {
    std::fs::OpenOptions::new().write(true).open("/proc/self/fd/3").unwrap()
}

/// Says that it lives, until `ended` or nobody listens.
fn pulse(mut seam: File, ended: &Receiver<()>) {
    let stats = FromWorker::Stats(WorkerStats::default());
    while crate::vision::pipe::write(&mut seam, &stats).is_ok()
        && ended.recv_timeout(PULSE) == Err(RecvTimeoutError::Timeout)
    {}
}

/// A worker that opens whatever it is given, until it dies of it.
fn look(dies_of: impl Fn(&VisionCamera) -> bool) {
    let seam = seam();
    let say = |message: FromWorker| crate::vision::pipe::write(&mut &seam, &message).unwrap();
    let pulses = seam.try_clone().unwrap();
    // Ends with this function.
    let (_alive, ended) = bounded::<()>(0);
    std::thread::spawn(move || pulse(pulses, &ended));
    let report = |camera: Name, status| {
        let (reason, causes) = (String::new(), Vec::new());
        FromWorker::Camera(CameraReport { camera, status, reason, causes })
    };
    say(FromWorker::Hello { version: SEAM_VERSION });
    let read = crate::vision::pipe::read_into(std::io::stdin(), |message: ToWorker| {
        match message {
            ToWorker::Assign(Assign { camera, .. }) => {
                say(FromWorker::Opening(camera.id.clone()));
                if dies_of(&camera) {
                    std::process::abort();
                }
                say(report(camera.id, CameraStatus::Online));
            }
            ToWorker::Unassign(camera) => say(report(camera, CameraStatus::Offline)),
            ToWorker::Stop => return false,
            _ => {}
        }
        true
    });
    read.unwrap();
}

#[test]
fn a_worker_that_grows_past_its_limit_is_ended_with_the_reason_and_another_started() {
    let (supervisor, heard) = supervised("grow", 200 * MB);
    for restarts in 0..2 {
        let ended = gone(&heard);
        assert!(ended.for_memory, "{ended:?}");
        let Ended { reason, .. } = ended;
        let used = reason.split_whitespace().find_map(|word| word.parse::<u64>().ok()).unwrap();
        assert!((201..600).contains(&used), "what it was seen to use: {reason}");
        for words in ["its limit is 200 MB", "`worker_memory_max_mb`"] {
            assert!(reason.contains(words), "{reason}");
        }
        assert!(supervisor.restarts() >= restarts);
    }
    supervisor.stop();
}

#[test]
fn a_worker_that_leaps_gets_no_memory_and_says_so() {
    let (supervisor, heard) = supervised("leap", 200 * MB);
    let ended = gone(&heard);
    assert!(ended.for_memory, "{ended:?}");
    for words in
        ["SIGABRT", "memory allocation of 4000000000 bytes failed", "`worker_memory_max_mb`"]
    {
        assert!(ended.reason.contains(words), "{ended:?}");
    }
    supervisor.stop();
}

#[test]
fn a_worker_within_its_limit_is_left_alone_and_its_memory_known() {
    let (supervisor, heard) = supervised("grow", 900 * MB);
    let deadline = clock::monotonic() + SOON;
    loop {
        let (used, max) = supervisor.memory();
        assert_eq!(max, 900 * MB);
        if used.is_some_and(|used| used > 500 * MB) {
            break;
        }
        assert!(clock::monotonic() < deadline, "{used:?}");
        std::thread::yield_now();
    }
    assert!(heard.is_empty());
    supervisor.stop();
}

#[test]
fn a_worker_that_is_silent_is_ended_with_the_reason() {
    for (spoken, ago, words) in [
        (false, LOADING_MAX, "it was not ready after 120 s"),
        (true, SILENT_MAX, "it had been silent for 15 s"),
    ] {
        let (supervisor, heard) = supervised("nothing", 900 * MB);
        until_it_runs(&supervisor);
        supervisor.end_if_silent(clock::monotonic());
        assert!(heard.is_empty(), "not yet");
        let then = clock::monotonic().checked_sub(ago + Duration::from_secs(1)).unwrap();
        *supervisor.shared.heard() = (then, spoken);
        supervisor.end_if_silent(clock::monotonic());
        let ended = gone(&heard);
        assert!(ended.reason.contains(words) && !ended.for_memory, "{ended:?}");
        supervisor.stop();
    }
}

/// With a heap for each thread a worker of four cameras takes 19 MB more.
#[test]
fn a_worker_has_one_heap_from_which_pictures_go_back() {
    let (_supervisor, heard) = supervised("heap", 1 << 40);
    assert_eq!(gone(&heard), Ended::other("exit status: 1: 1 1048576"));
}

#[test]
fn what_nobody_here_has_ended_tells_what_is_known() {
    let of = |raw: i32, line: &str, by_kernel: bool| {
        let mut words = LastWords::default();
        if !line.is_empty() {
            words.hear(foreign::Line::Foreign(line));
        }
        epitaph(ExitStatus::from_raw(raw), &words, by_kernel)
    };
    let (killed, aborted, failed) = (9, 6, 1 << 8);
    assert!(of(killed, "", true).for_memory);
    assert!(of(killed, "", true).reason.contains("dmesg"));
    assert!(!of(killed, "", false).for_memory);
    assert!(!of(aborted, "", true).for_memory, "the kernel ended something else");
    assert!(of(aborted, "std::bad_alloc", false).for_memory);
    let other = of(failed, "cannot open rtsp://u:p@10.0.0.3/", false);
    assert_eq!(other, Ended::other("exit status: 1: cannot open rtsp://***@10.0.0.3/"));
    assert_eq!(of(0, "a warning", false), Ended::other("exit status: 0"));
}

#[test]
fn the_usual_limit_follows_from_what_is_watched() {
    for (cameras, threads, models, mb) in [
        (1, 1, &["street"][..], 768),
        // More threads than cameras are not started.
        (1, 4, &["street"], 768),
        (8, 1, &["street"], 2560),
        (8, 4, &["street"], 3328),
        (8, 4, &["street", "night"], 4352),
    ] {
        assert_eq!(
            memory::usual_max(&share(cameras, threads, models)),
            mb * MB,
            "{cameras} {threads}"
        );
    }
}

#[test]
fn what_was_ended_for_memory_counts_as_short_for_longer() {
    let secs = Duration::from_secs;
    assert!(is_short(secs(9), false) && !is_short(secs(10), false));
    assert!(is_short(secs(599), true) && !is_short(secs(600), true));
}

#[test]
fn another_process_is_started_at_once_where_it_must_be_another_and_it_is_no_fault() {
    let (supervisor, heard) = supervised("nothing", 900 * MB);
    for n in 2..5 {
        // Orders that come before a worker was started for others need no second one.
        until_it_runs(&supervisor);
        supervisor.direct(share(1, n, &["street"]), Some((900 + n as u64) * MB));
        let ended = gone(&heard);
        assert_eq!(ended, Ended::other("the pipeline was changed"));
        assert_eq!(supervisor.memory().1, (900 + n as u64) * MB);
    }
    assert!(heard.is_empty());
    supervisor.stop();
}

#[test]
fn a_dismissed_worker_that_goes_on_is_ended_and_another_started() {
    let (supervisor, heard) = supervised("deaf", 900 * MB);
    heard.recv_timeout(SOON).unwrap();
    supervisor.direct(share(1, 2, &["street"]), Some(900 * MB));
    supervisor.end_if_silent(clock::monotonic());
    let said = |(_, event): FromFleet| matches!(event, WorkerEvent::Said(_));
    // It has time to finish, and talks all the while.
    for _ in 0..2 {
        assert!(said(heard.recv_timeout(SOON).unwrap()), "not yet");
    }
    let then = clock::monotonic().checked_sub(STOP_WITHIN + Duration::from_secs(1)).unwrap();
    *supervisor.shared.dismissed() = Some(then);
    supervisor.end_if_silent(clock::monotonic());
    assert_eq!(gone_after_all(&heard), Ended::other("the pipeline was changed"));
    // The next one was told nothing of the kind.
    heard.recv_timeout(SOON).unwrap();
    supervisor.end_if_silent(clock::monotonic());
    assert!(said(heard.recv_timeout(SOON).unwrap()));
    assert_eq!(supervisor.restarts(), 1);
    drop(heard);
    supervisor.stop();
}

#[test]
fn a_dismissed_worker_that_dies_for_memory_is_told_as_any_other() {
    let (supervisor, heard) = supervised("deaf", 900 * MB);
    heard.recv_timeout(SOON).unwrap();
    supervisor.direct(share(1, 2, &["street"]), Some(900 * MB));
    supervisor.shared.end(Some(Ended::for_memory("too much")));
    assert_eq!(gone_after_all(&heard), Ended::for_memory("too much"));
    drop(heard);
    supervisor.stop();
}

/// What the child has said of cameras until it died, or was asked to say so.
fn until_it_says(heard: &Receiver<FromFleet>, what: &str) -> Vec<String> {
    let mut said = Vec::new();
    loop {
        match heard.recv_timeout(SOON).unwrap() {
            (WORKER, WorkerEvent::Said(FromWorker::Camera(report))) => {
                said.push(format!("{} {:?}", report.camera, report.status).to_lowercase());
            }
            (WORKER, WorkerEvent::Gone(_)) => said.push("gone".to_owned()),
            _ => {}
        }
        if said.last().is_some_and(|last| last == what) {
            return said;
        }
    }
}

#[test]
fn a_running_worker_takes_up_loses_and_changes_cameras() {
    let (supervisor, heard) = supervised_with("look", share(2, 1, &["street"]), 900 * MB);
    until_it_says(&heard, "camera-1 online");
    supervisor.direct(share(3, 1, &["street"]), Some(901 * MB));
    assert_eq!(until_it_says(&heard, "camera-2 online"), ["camera-2 online"]);
    supervisor.direct(share(1, 1, &["street"]), Some(901 * MB));
    assert_eq!(until_it_says(&heard, "camera-2 offline"), ["camera-1 offline", "camera-2 offline"]);
    let mut other = share(1, 1, &["street"]);
    other.cameras.values_mut().for_each(|camera| camera.need.looks_hz = 3.0);
    supervisor.direct(other, Some(901 * MB));
    assert_eq!(until_it_says(&heard, "camera-0 online"), ["camera-0 online"]);
    assert_eq!(supervisor.restarts(), 0);
    supervisor.stop();
}

/// Many at once: more than may wait.
const MANY: usize = 400;

#[test]
fn a_running_worker_takes_any_number_of_orders_at_once() {
    let (supervisor, heard) = supervised_with("look", share(1, 1, &["street"]), 900 * MB);
    until_it_says(&heard, "camera-0 online");
    supervisor.direct(share(MANY, 1, &["street"]), Some(900 * MB));
    let mut online = 1;
    while online < MANY {
        match heard.recv_timeout(SOON).unwrap() {
            (_, WorkerEvent::Said(FromWorker::Camera(_))) => online += 1,
            (_, WorkerEvent::Gone(ended)) => panic!("after {online}: {ended:?}"),
            _ => {}
        }
    }
    assert_eq!(supervisor.restarts(), 0);
    supervisor.stop();
}

#[test]
fn a_worker_that_dies_with_orders_waiting_is_told_with_its_own_end() {
    let (supervisor, heard) = supervised_with("die", share(1, 1, &["street"]), 900 * MB);
    until_it_says(&heard, "camera-0 online");
    supervisor.direct(share(MANY, 1, &["street"]), Some(900 * MB));
    let ended = gone_after_all(&heard);
    assert!(ended.reason.contains("SIGABRT"), "{ended:?}");
    // Nobody listens to the next one.
    drop(heard);
    supervisor.stop();
}

#[test]
fn a_worker_that_takes_no_orders_is_ended_with_the_reason() {
    let (supervisor, heard) = supervised("deaf", 900 * MB);
    // The first is known to have been heard once the second is here; until then patience is that of a start.
    for _ in 0..2 {
        heard.recv_timeout(SOON).unwrap();
    }
    let camera: Name = "camera-0".try_into().unwrap();
    let (mut written, mut same, mut looks_hz) = (None, 0, 1.0);
    let deadline = clock::monotonic() + SOON;
    // Until the pipe is full.
    while same < 1_000 {
        looks_hz += 1.0;
        supervisor.attend(&camera, Need::steady(looks_hz));
        let now = *supervisor.shared.unread();
        same = if now.is_some() && now == written { same + 1 } else { 0 };
        written = now;
        assert!(clock::monotonic() < deadline);
        std::thread::yield_now();
    }
    supervisor.end_if_silent(clock::monotonic());
    assert!(heard.try_iter().all(|(_, event)| matches!(event, WorkerEvent::Said(_))), "not yet");
    let then = clock::monotonic().checked_sub(SILENT_MAX + Duration::from_secs(1)).unwrap();
    *supervisor.shared.unread() = Some(then);
    supervisor.end_if_silent(clock::monotonic());
    let ended = gone_after_all(&heard);
    assert!(ended.reason.contains("it had taken no orders for 15 s"), "{ended:?}");
    drop(heard);
    supervisor.stop();
}

#[test]
fn a_camera_that_workers_die_of_is_quarantined_and_its_neighbours_go_on() {
    // Dies as soon as it opens `camera-1`.
    let (supervisor, heard) = supervised_with("die", share(3, 1, &["street"]), 900 * MB);
    let camera: Name = "camera-1".try_into().unwrap();
    let mut said = Vec::new();
    for _ in 0..3 {
        said.extend(until_it_says(&heard, "gone"));
    }
    let quarantine = supervisor.quarantined();
    assert_eq!(quarantine.keys().collect::<Vec<_>>(), [&camera]);
    let Quarantine { deaths, reason, next_try } = &quarantine[&camera];
    assert_eq!(*deaths, 3);
    assert!(reason.contains("SIGABRT"), "{reason}");
    assert!(*next_try > clock::monotonic() + Duration::from_secs(30));
    // Once it is known which one it is, the others are there before each death, and after the last.
    assert!(said.iter().filter(|said| *said == "camera-0 online").count() >= 2, "{said:?}");
    let mut after = until_it_says(&heard, "camera-2 online");
    after.sort();
    assert_eq!(after, ["camera-0 online", "camera-2 online"]);
    assert_eq!(supervisor.restarts(), 3);

    // Another camera of that name is tried at once.
    let mut mended = share(3, 1, &["street"]);
    mended.cameras.get_mut(&camera).unwrap().source = Source::Pattern { size_px: [32, 32], fps: 1 };
    supervisor.direct(mended, Some(900 * MB));
    assert!(supervisor.quarantined().is_empty());
    until_it_says(&heard, "camera-1 online");
    assert_eq!(supervisor.restarts(), 3);
    supervisor.stop();
}
