//! One worker, from its start to its end.

use super::shared::{Ear, Ended, Life, STOP_WITHIN, Shared, WorkerEvent};
use crate::clock;
use crate::telemetry::{foreign, redacted, relayed};
use crate::vision::memory::{self, LastWords};
use crate::vision::pipe;
use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::process::{Pid, Signal};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::id::WorkerId;
use viahe_core::seam::{FromWorker, ToWorker};

/// How long what a worker wrote before its end is waited for.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);

/// How glibc keeps memory in a worker, unless the environment says otherwise.
///
/// What is larger than 1 MiB goes back to the system as soon as it is free. glibc learns otherwise from the first
/// picture: it then keeps all of them among small things, and a camera of which all was decoded once costs 20 MB for
/// ever. And there is one heap for all threads, not one for each of them up to eight for each core: what one thread
/// has freed the others could not use, 19 MB with four cameras. They ask for little, so they seldom meet at its lock.
const HEAP: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "1048576"), ("MALLOC_ARENA_MAX", "1")];

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

/// Runs one worker to its end, which reads its orders from `inbox`; says how it ended.
pub(super) fn run_once(
    launch: &Launch,
    inbox: Receiver<ToWorker>,
    ear: &Ear,
    shared: &Arc<Shared>,
) -> Result<Ended, pipe::PipeError> {
    match launch {
        Launch::InProcess(serve) => {
            let (tx, rx) = bounded(1024);
            let serve = *serve;
            let thread = std::thread::Builder::new().name("worker".into());
            let worker = match thread.spawn(move || serve(&inbox, tx)) {
                Ok(worker) => worker,
                Err(error) => {
                    return Ok(Ended::other(format!("there is no thread for it: {error}")));
                }
            };
            for message in rx {
                shared.listen(&message);
                if !ear.tell(WorkerEvent::Said(message)) {
                    break;
                }
            }
            let panicked = worker.join().is_err();
            Ok(Ended::other(if panicked { "panicked" } else { "ended" }))
        }
        Launch::Process { program, args } => {
            let kills = memory::kernel_kills();
            let mut command = Command::new(program);
            command.envs(HEAP.iter().filter(|(name, _)| std::env::var_os(name).is_none()).copied());
            let mut child = relayed(&mut command)
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
    memory::bound(pid, shared.orders().limits().mapped);
    let (of, limit) = (Arc::clone(shared), Arc::clone(shared));
    let max = move || limit.orders().limits().used;
    memory::Watch::start(pid, max, Arc::clone(&shared.memory), move |used, max| {
        of.end(Some(Ended::for_memory(memory::too_much(used, max))));
    })
}

/// How a process ended that nobody here has ended.
pub(super) fn epitaph(status: ExitStatus, words: &LastWords, by_kernel: bool) -> Ended {
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
    let of = Arc::clone(shared);
    let writer = std::thread::Builder::new().name("to-worker".into()).spawn(move || {
        // Ends when the worker is gone or its sender was dropped; closing stdin stops the worker.
        for message in inbox {
            *of.unread() = Some(clock::monotonic());
            if pipe::write(&mut stdin, &message).is_err() {
                // One that is not about to end will read nothing any more.
                return;
            }
            *of.unread() = None;
        }
    });
    let writer = writer.map_err(|error| {
        std::io::Error::other(format!("there is no thread to write to it: {error}"))
    })?;
    let read = pipe::read_into(stdout, |message| {
        shared.listen(&message);
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
