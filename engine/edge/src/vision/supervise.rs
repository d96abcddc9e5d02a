//! Keeps a vision worker alive: starts it, notices its death, starts another.

use super::pipe;
use crate::clock;
use crate::telemetry::{foreign, relayed};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use viahe_core::seam::{FromWorker, ToWorker, VisionPlan};

/// A worker that lived shorter than this is restarted after a pause.
const HEALTHY_AFTER: Duration = Duration::from_secs(10);
/// Longest pause before a restart: a street must not stay dark for a crash.
const PAUSE_MAX: Duration = Duration::from_millis(1500);
/// A worker that was asked to stop and does not is ended.
const STOP_WITHIN: Duration = Duration::from_secs(3);
/// How long what a worker wrote before its end is waited for.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);
/// A worker reports once a second; one that has been silent for so long hangs.
const SILENT_MAX: Duration = Duration::from_secs(15);
/// Before its first word it loads its models, from a slow card perhaps.
const LOADING_MAX: Duration = Duration::from_mins(2);

/// How a worker is run.
#[derive(Clone, Debug)]
pub enum Launch {
    /// As a child process: this program with these arguments.
    Process {
        /// Usually this executable.
        program: PathBuf,
        /// Usually `worker`.
        args: Vec<String>,
    },
    /// As threads of this process; a crash takes the engine with it. For debugging.
    InProcess(fn(&Receiver<ToWorker>, Sender<FromWorker>)),
}

/// What the engine hears of a worker.
#[derive(Clone, Debug)]
pub enum WorkerEvent {
    /// It said something.
    Said(FromWorker),
    /// It is gone; pictures asked of it will not come. Another is on its way.
    Gone {
        /// How it ended.
        reason: String,
    },
}

/// The engine's end of the seam.
pub struct Supervisor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// To the present worker, if there is one.
    to_worker: Mutex<Option<Sender<ToWorker>>>,
    pid: AtomicU32,
    starts: AtomicU32,
    stopping: AtomicBool,
    /// When the present worker was last heard, and whether it ever was.
    heard: Mutex<(Instant, bool)>,
}

impl Shared {
    fn hear(&self, spoken: bool) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = (clock::monotonic(), spoken);
    }

    /// Ends the worker process, if there is one, however it feels about it.
    fn kill(&self) {
        let pid = i32::try_from(self.pid.load(Ordering::Relaxed)).ok();
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            // It may just have ended by itself.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

impl Supervisor {
    /// Starts the first worker. `plan.epoch` is the epoch of the first; each restart counts up.
    pub fn start(launch: Launch, plan: VisionPlan, events: Sender<WorkerEvent>) -> Self {
        let shared = Arc::new(Shared {
            to_worker: Mutex::new(None),
            pid: AtomicU32::new(0),
            starts: AtomicU32::new(0),
            stopping: AtomicBool::new(false),
            heard: Mutex::new((clock::monotonic(), false)),
        });
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("supervisor".into())
                .spawn(move || supervise(&launch, &plan, &events, &shared))
        };
        if let Err(error) = &thread {
            tracing::error!(%error, "no thread for the supervisor: no camera will be watched");
        }
        Self { shared, thread: thread.ok() }
    }

    /// Sends a message to the present worker; false when there is none or its pipe is full.
    pub fn send(&self, message: ToWorker) -> bool {
        let sender = self.shared.to_worker.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_some_and(|s| s.try_send(message).is_ok())
    }

    /// Restarts so far.
    pub fn restarts(&self) -> u32 {
        self.shared.starts.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// Process id of the present worker, when it is a process.
    pub fn pid(&self) -> Option<u32> {
        Some(self.shared.pid.load(Ordering::Relaxed)).filter(|pid| *pid != 0)
    }

    /// Ends a worker process that has said nothing for long; another one is started. To be called
    /// now and then.
    pub fn end_if_silent(&self) {
        let (heard, spoken) = *self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = if spoken { SILENT_MAX } else { LOADING_MAX };
        if clock::monotonic().duration_since(heard) > patience && self.pid().is_some() {
            let secs = patience.as_secs();
            tracing::error!("vision worker has been silent for {secs} s and is ended");
            self.shared.hear(spoken);
            self.shared.kill();
        }
    }

    /// Ends the worker and waits until it is gone.
    pub fn stop(mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.send(ToWorker::Stop);
        // Dropping the sender closes the worker's input, which stops it as well.
        self.shared.to_worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        let deadline = clock::monotonic() + STOP_WITHIN;
        while !thread.is_finished() && clock::monotonic() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        if !thread.is_finished() {
            self.shared.kill();
        }
        let _ = thread.join();
    }
}

fn supervise(
    launch: &Launch,
    plan: &VisionPlan,
    events: &Sender<WorkerEvent>,
    shared: &Arc<Shared>,
) {
    // A site of sensors alone: there is nothing to watch, and models need not be there.
    while plan.cameras.is_empty() {
        if shared.stopping.load(Ordering::Relaxed) {
            return;
        }
        std::thread::park();
    }
    let mut short_lives = 0u32;
    for epoch in plan.epoch.. {
        let started = clock::monotonic();
        shared.starts.fetch_add(1, Ordering::Relaxed);
        shared.hear(false);
        let plan = VisionPlan { epoch, ..plan.clone() };
        let reason = match run_once(launch, plan, events, shared) {
            Ok(reason) => reason,
            Err(error) => error.to_string(),
        };
        shared.to_worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        shared.pid.store(0, Ordering::Relaxed);
        if shared.stopping.load(Ordering::Relaxed) {
            return;
        }
        tracing::error!(reason, "vision worker ended; starting another");
        if events.send(WorkerEvent::Gone { reason }).is_err() {
            return;
        }
        let lived = clock::monotonic().duration_since(started);
        short_lives = if lived < HEALTHY_AFTER { short_lives + 1 } else { 0 };
        if short_lives > 1 {
            std::thread::sleep((Duration::from_millis(200) * short_lives).min(PAUSE_MAX));
        }
    }
}

/// Runs one worker to its end; says how it ended.
fn run_once(
    launch: &Launch,
    plan: VisionPlan,
    events: &Sender<WorkerEvent>,
    shared: &Arc<Shared>,
) -> Result<String, pipe::PipeError> {
    let (to_worker, inbox) = bounded(64);
    match to_worker.try_send(ToWorker::Start(plan)) {
        Ok(()) | Err(TrySendError::Disconnected(_) | TrySendError::Full(_)) => {}
    }
    let publish = |sender| {
        *shared.to_worker.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    };
    match launch {
        Launch::InProcess(serve) => {
            let (tx, rx) = bounded(1024);
            let serve = *serve;
            let worker = std::thread::spawn(move || serve(&inbox, tx));
            publish(to_worker);
            for message in rx {
                if events.send(WorkerEvent::Said(message)).is_err() {
                    break;
                }
            }
            let panicked = worker.join().is_err();
            Ok(if panicked { "panicked".into() } else { "ended".into() })
        }
        Launch::Process { program, args } => {
            let mut child = relayed(&mut Command::new(program))
                .args(args)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                // Ctrl-C is for the engine, which ends the worker when it is done with it.
                .process_group(0)
                .spawn()?;
            shared.pid.store(child.id(), Ordering::Relaxed);
            publish(to_worker);
            let log = listen(child.stderr.take())?;
            let ended = converse(&mut child, inbox, events, shared);
            // Its last words come before it is told that it ended.
            let _ = log.recv_timeout(LAST_WORDS_WITHIN);
            ended
        }
    }
}

/// Passes on what a worker writes to its standard error; the channel is closed when all is told.
fn listen(stderr: Option<ChildStderr>) -> Result<Receiver<()>, std::io::Error> {
    let (told, all) = bounded(0);
    if let Some(stderr) = stderr {
        std::thread::Builder::new().name("worker-log".into()).spawn(move || {
            foreign::relay(stderr, "worker");
            drop(told);
        })?;
    }
    Ok(all)
}

fn converse(
    child: &mut Child,
    inbox: Receiver<ToWorker>,
    events: &Sender<WorkerEvent>,
    shared: &Arc<Shared>,
) -> Result<String, pipe::PipeError> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Ok("has no pipes".into());
    };
    let writer = std::thread::spawn(move || {
        // Ends when the worker is gone or its sender was dropped; closing stdin stops the worker.
        let _ = pipe::write_all(&mut stdin, &inbox);
    });
    let read = pipe::read_into(stdout, |message| {
        shared.hear(true);
        let taken = events.send(WorkerEvent::Said(message)).is_ok();
        // The engine may have been slow to take it; that is not the worker's silence.
        shared.hear(true);
        taken
    });
    if let Err(error) = &read {
        tracing::error!(%error, "vision worker is ended");
    }
    shared.to_worker.lock().unwrap_or_else(PoisonError::into_inner).take();
    let _ = writer.join();
    let status = wait_or_kill(child)?;
    read?;
    Ok(status.to_string())
}

/// Its output has ended, so it is about to exit; one that is not is ended.
fn wait_or_kill(child: &mut Child) -> Result<std::process::ExitStatus, std::io::Error> {
    let deadline = clock::monotonic() + STOP_WITHIN;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if clock::monotonic() >= deadline {
            child.kill()?;
            return child.wait();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
