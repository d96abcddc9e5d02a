//! Keeps a vision worker alive: starts it, notices its death, starts another.

use super::memory::{self, LastWords};
use super::pipe;
use crate::clock;
use crate::telemetry::{foreign, redacted, relayed};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use viahe_contract::id::WorkerId;
use viahe_core::seam::{FromWorker, ToWorker, VisionPlan};

/// A worker that lived shorter than this is restarted after a pause.
const HEALTHY_AFTER: Duration = Duration::from_secs(10);
/// As [`HEALTHY_AFTER`], for one that was ended for its memory: what grows takes its time.
const HEALTHY_WITH_MEMORY_AFTER: Duration = Duration::from_mins(10);
/// Longest pause before a restart: a street must not stay dark for a crash.
const PAUSE_MAX: Duration = Duration::from_millis(1500);
/// A worker that was asked to stop and does not is ended.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(3);
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
    Gone(Ended),
}

/// What is heard of workers, and of which.
pub type FromFleet = (WorkerId, WorkerEvent);

/// Counts the starts of all workers of an engine: none has the epoch of another, so neither have their
/// tracks.
#[derive(Clone, Debug, Default)]
pub struct Epochs(Arc<AtomicU32>);

impl Epochs {
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// The way to the engine.
struct Ear {
    worker: WorkerId,
    events: Sender<FromFleet>,
}

impl Ear {
    /// Waits for room; false when nobody listens any more.
    fn tell(&self, event: WorkerEvent) -> bool {
        self.events.send((self.worker, event)).is_ok()
    }
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// In words, with what to do where that is known.
    pub reason: String,
    /// It took more memory than it may, or got no more.
    pub for_memory: bool,
}

impl Ended {
    fn other(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), for_memory: false }
    }

    fn for_memory(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), for_memory: true }
    }
}

/// The engine's end of the seam.
pub struct Supervisor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// To the present worker, if there is one.
    to_worker: Mutex<Option<Sender<ToWorker>>>,
    life: Mutex<Life>,
    /// Bytes that the present worker process used when it was last looked at; 0 without one.
    memory: Arc<AtomicU64>,
    memory_max: u64,
    /// Behind it: the most that it may have mapped. What is mapped and not used grows with the plan,
    /// and is less than the usual limit.
    data_max: u64,
    starts: AtomicU32,
    stopping: AtomicBool,
    /// When the present worker was last heard, and whether it ever was.
    heard: Mutex<(Instant, bool)>,
}

/// The present worker process.
#[derive(Default)]
struct Life {
    /// None from the moment before it is reaped: then the number may be another's.
    pid: Option<Pid>,
    /// Why it was ended, if it was.
    ended_for: Option<Ended>,
}

impl Shared {
    fn life(&self) -> MutexGuard<'_, Life> {
        // Whole between any two statements.
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, spoken: bool) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = (clock::monotonic(), spoken);
    }

    /// Ends the worker process, if there is one, however it feels about it. The first reason counts.
    fn end(&self, why: Option<Ended>) {
        let mut life = self.life();
        let Some(pid) = life.pid else { return };
        if let (None, Some(why)) = (&life.ended_for, why) {
            life.ended_for = Some(why);
        }
        // It may just have ended by itself.
        let _ = kill_process(pid, Signal::KILL);
    }

    fn to_worker(&self) -> MutexGuard<'_, Option<Sender<ToWorker>>> {
        self.to_worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the process that has ended was ended. It is nobody's from here on.
    fn bury(&self) -> Option<Ended> {
        self.memory.store(0, Ordering::Relaxed);
        std::mem::take(&mut *self.life()).ended_for
    }
}

impl Supervisor {
    /// Starts the first worker; each one has the next of `epochs`. A worker process that uses more than
    /// `memory_max` bytes is ended; without it the limit follows from the plan. `events` are told as
    /// those of `worker`.
    pub fn start(
        worker: WorkerId,
        launch: Launch,
        plan: VisionPlan,
        epochs: Epochs,
        memory_max: Option<u64>,
        events: Sender<FromFleet>,
    ) -> Self {
        let ear = Ear { worker, events };
        let usual = memory::usual_max(&plan);
        let memory_max = memory_max.unwrap_or(usual);
        let shared = Arc::new(Shared {
            to_worker: Mutex::new(None),
            life: Mutex::default(),
            memory: Arc::default(),
            memory_max,
            data_max: memory_max.saturating_add(usual),
            starts: AtomicU32::new(0),
            stopping: AtomicBool::new(false),
            heard: Mutex::new((clock::monotonic(), false)),
        });
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name(format!("supervisor-{worker}"))
                .spawn(move || supervise(&launch, &plan, &epochs, &ear, &shared))
        };
        if let Err(error) = &thread {
            tracing::error!(%error, %worker, "no thread for the supervisor of a vision worker; viahe ends");
        }
        Self { shared, thread: thread.ok() }
    }

    /// Sends a message to the present worker; false when there is none or its pipe is full.
    pub fn send(&self, message: ToWorker) -> bool {
        let sender = self.shared.to_worker();
        sender.as_ref().is_some_and(|s| s.try_send(message).is_ok())
    }

    /// Does it still keep a worker alive?
    pub fn is_at_work(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Restarts so far.
    pub fn restarts(&self) -> u32 {
        self.shared.starts.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// Bytes that the present worker uses, when it is a process, and the most that it may.
    pub fn memory(&self) -> (Option<u64>, u64) {
        let used = self.shared.memory.load(Ordering::Relaxed);
        (Some(used).filter(|used| *used > 0), self.shared.memory_max)
    }

    /// Ends a worker process that has said nothing for long; another one is started. To be called
    /// now and then.
    pub fn end_if_silent(&self) {
        let (heard, spoken) = *self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = if spoken { SILENT_MAX } else { LOADING_MAX };
        if clock::monotonic().duration_since(heard) > patience && self.shared.life().pid.is_some() {
            let why = silent_for(patience, spoken);
            self.shared.hear(spoken);
            self.shared.end(Some(Ended::other(why)));
        }
    }

    /// Tells the worker to end, and that no other is to be started.
    pub fn ask_to_stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.send(ToWorker::Stop);
        // Dropping the sender closes the worker's input, which stops it as well.
        self.shared.to_worker().take();
    }

    /// Ends the worker and waits until it is gone.
    pub fn stop(self) {
        self.stop_by(clock::monotonic() + STOP_WITHIN);
    }

    /// As [`Supervisor::stop`]; one that is still there at `deadline` is killed.
    pub fn stop_by(mut self, deadline: Instant) {
        self.ask_to_stop();
        let Some(thread) = self.thread.take() else { return };
        while !thread.is_finished() && clock::monotonic() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        if !thread.is_finished() {
            self.shared.end(None);
        }
        let _ = thread.join();
    }
}

fn supervise(launch: &Launch, plan: &VisionPlan, epochs: &Epochs, ear: &Ear, shared: &Arc<Shared>) {
    let worker = ear.worker;
    let mut short_lives = 0u32;
    loop {
        let started = clock::monotonic();
        shared.starts.fetch_add(1, Ordering::Relaxed);
        shared.hear(false);
        let plan = VisionPlan { epoch: epochs.next(), ..plan.clone() };
        let ended = run_once(launch, plan, ear, shared)
            .unwrap_or_else(|error| Ended::other(error.to_string()));
        shared.to_worker().take();
        if shared.stopping.load(Ordering::Relaxed) {
            return;
        }
        let (reason, for_memory) = (&ended.reason, ended.for_memory);
        tracing::error!(reason, %worker, "vision worker ended; starting another");
        if !ear.tell(WorkerEvent::Gone(ended)) {
            return;
        }
        let lived = clock::monotonic().duration_since(started);
        short_lives = if is_short(lived, for_memory) { short_lives + 1 } else { 0 };
        if short_lives > 1 {
            std::thread::sleep((Duration::from_millis(200) * short_lives).min(PAUSE_MAX));
        }
    }
}

/// Does a life count as short? What grows takes its time, and does it again.
fn is_short(lived: Duration, for_memory: bool) -> bool {
    lived < if for_memory { HEALTHY_WITH_MEMORY_AFTER } else { HEALTHY_AFTER }
}

/// Runs one worker to its end; says how it ended.
fn run_once(
    launch: &Launch,
    plan: VisionPlan,
    ear: &Ear,
    shared: &Arc<Shared>,
) -> Result<Ended, pipe::PipeError> {
    let (to_worker, inbox) = bounded(64);
    match to_worker.try_send(ToWorker::Start(plan)) {
        Ok(()) | Err(TrySendError::Disconnected(_) | TrySendError::Full(_)) => {}
    }
    let publish = |sender| {
        *shared.to_worker() = Some(sender);
    };
    match launch {
        Launch::InProcess(serve) => {
            let (tx, rx) = bounded(1024);
            let serve = *serve;
            let worker = std::thread::spawn(move || serve(&inbox, tx));
            publish(to_worker);
            for message in rx {
                if !ear.tell(WorkerEvent::Said(message)) {
                    break;
                }
            }
            let panicked = worker.join().is_err();
            Ok(Ended::other(if panicked { "panicked" } else { "ended" }))
        }
        Launch::Process { program, args } => {
            let kills = memory::kernel_kills();
            let mut child = relayed(&mut Command::new(program))
                .args(args)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                // Ctrl-C is for the engine, which ends the worker when it is done with it.
                .process_group(0)
                .spawn()?;
            let cared_for = look_after(&child, shared)
                .and_then(|watch| Ok((watch, listen(child.stderr.take(), ear.worker)?)));
            let (watch, log) = match cared_for {
                Ok(both) => both,
                Err(error) => {
                    abandon(&mut child, shared);
                    return Err(error.into());
                }
            };
            publish(to_worker);
            let told = converse(&mut child, inbox, ear, shared);
            drop(watch);
            let status = wait_or_kill(&mut child, shared, told.as_ref().err());
            let ended_for = shared.bury();
            // Its last words come before it is told that it ended.
            let words = log.recv_timeout(LAST_WORDS_WITHIN).unwrap_or_default();
            if let Some(ended) = ended_for {
                return Ok(ended);
            }
            let status = status?;
            told?;
            let by_kernel = memory::kernel_kills() > kills;
            Ok(epitaph(status, &words, by_kernel))
        }
    }
}

/// Ends a process that nobody could look after.
fn abandon(child: &mut Child, shared: &Shared) {
    shared.life().pid = None;
    // It may just have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
    shared.bury();
}

/// From here on the process can be ended, and is when it uses too much memory.
fn look_after(child: &Child, shared: &Arc<Shared>) -> Result<memory::Watch, std::io::Error> {
    let pid = Pid::from_child(child);
    *shared.life() = Life { pid: Some(pid), ended_for: None };
    memory::bound(pid, shared.data_max);
    let max = shared.memory_max;
    let of = Arc::clone(shared);
    memory::Watch::start(pid, max, Arc::clone(&shared.memory), move |used| {
        of.end(Some(Ended::for_memory(memory::too_much(used, max))));
    })
}

fn silent_for(patience: Duration, spoken: bool) -> String {
    let secs = patience.as_secs();
    if spoken {
        format!("it had been silent for {secs} s: something in it hangs")
    } else {
        format!("it was not ready after {secs} s; look for a slow disk, or use a smaller model")
    }
}

/// How a process ended that nobody here has ended.
fn epitaph(status: ExitStatus, words: &LastWords, by_kernel: bool) -> Ended {
    if by_kernel && status.signal() == Some(Signal::KILL.as_raw()) {
        return Ended::for_memory(memory::KILLED_BY_KERNEL);
    }
    match words.text().filter(|_| !status.success()) {
        None => Ended::other(status.to_string()),
        Some(text) => {
            let text = redacted(text);
            if words.starved().is_some() {
                return Ended::for_memory(format!("{status}: {text}; {}", memory::REMEDY));
            }
            Ended::other(format!("{status}: {text}"))
        }
    }
}

/// Passes on what a worker writes to its standard error, and gives its last words when all is told.
fn listen(
    stderr: Option<ChildStderr>,
    worker: WorkerId,
) -> Result<Receiver<LastWords>, std::io::Error> {
    let (told, all) = bounded(1);
    if let Some(stderr) = stderr {
        std::thread::Builder::new().name("worker-log".into()).spawn(move || {
            let mut words = LastWords::default();
            foreign::relay(stderr, &format!("worker {worker}"), |line| words.hear(line));
            let _ = told.send(words);
        })?;
    }
    Ok(all)
}

/// Until the worker's output ends.
fn converse(
    child: &mut Child,
    inbox: Receiver<ToWorker>,
    ear: &Ear,
    shared: &Arc<Shared>,
) -> Result<(), pipe::PipeError> {
    // Both were asked for.
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Ok(());
    };
    let writer = std::thread::spawn(move || {
        // Ends when the worker is gone or its sender was dropped; closing stdin stops the worker.
        let _ = pipe::write_all(&mut stdin, &inbox);
    });
    let read = pipe::read_into(stdout, |message| {
        shared.hear(true);
        let taken = ear.tell(WorkerEvent::Said(message));
        // The engine may have been slow to take it; that is not the worker's silence.
        shared.hear(true);
        taken
    });
    shared.to_worker().take();
    let _ = writer.join();
    read
}

/// Its output has ended, so it is about to exit; one that is not is ended, for what was wrong with its output
/// if that is known.
fn wait_or_kill(
    child: &mut Child,
    shared: &Shared,
    broken: Option<&pipe::PipeError>,
) -> Result<ExitStatus, std::io::Error> {
    let deadline = clock::monotonic() + STOP_WITHIN;
    loop {
        {
            // Once it is reaped, its number may be another's.
            let mut life = shared.life();
            if let Some(status) = child.try_wait()? {
                life.pid = None;
                return Ok(status);
            }
        }
        if clock::monotonic() >= deadline {
            let why = || "it closed its output and went on; it is ended".to_owned();
            shared.end(Some(Ended::other(broken.map_or_else(why, ToString::to_string))));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests;
