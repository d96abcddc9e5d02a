//! Measures beside a box at work, once, when nothing is known of its models.
//!
//! It is done by a process of its own, which asks for the processor only when nobody else does, takes no
//! memory from the workers, and ends with this one. It begins when no look has long been late, and is ended as soon as
//! looks are late. What it finds is used from the next start on: to change threads is to start workers
//! anew, and no street goes dark for that.

use crate::clock;
use crate::telemetry::{foreign, relayed};
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Looks were in time for so long. Judgement: cameras are there by then, and what a start costs is over.
const CALM: Duration = Duration::from_mins(1);
/// After so many tries that were ended, this run of the box is left in peace.
const TRIES_MAX: u32 = 5;
/// As the log names what measures.
const LIBRARY: &str = "tune";
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What measures.
#[derive(Clone, Debug)]
pub struct TunerLaunch {
    /// Usually this executable.
    pub program: PathBuf,
    /// Usually `tune --idle PIPELINE`. It ends when its standard input does.
    pub args: Vec<std::ffi::OsString>,
}

/// Somebody who measures when it disturbs nobody; ends with this.
pub struct Tuner {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Tuner {
    /// Begins to wait for a calm box; `looks_late` says how many looks have been late up to now.
    ///
    /// # Errors
    /// No thread is to be had.
    pub fn start(
        launch: TunerLaunch,
        looks_late: impl Fn() -> u64 + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = bounded(0);
        let thread = std::thread::Builder::new().name("tuner".into()).spawn(move || {
            let mut watch =
                Watch { launch, child: None, pace: Pace::new(clock::monotonic(), CALM) };
            let mut late = Late(looks_late());
            while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                if !watch.look(late.is_more(looks_late())) {
                    return;
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Tuner {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It reports for itself.
            let _ = thread.join();
        }
    }
}

/// How many looks were late when that was last asked.
struct Late(u64);

impl Late {
    fn is_more(&mut self, now: u64) -> bool {
        // A camera that leaves takes its own with it.
        now > std::mem::replace(&mut self.0, now)
    }
}

/// When to measure. Pure.
struct Pace {
    calm: Duration,
    calm_since: Instant,
    tries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Wait,
    Begin,
    End,
    GiveUp,
}

impl Pace {
    fn new(now: Instant, calm: Duration) -> Self {
        Self { calm, calm_since: now, tries: 0 }
    }

    fn step(&mut self, now: Instant, late: bool, running: bool) -> Step {
        if late {
            self.calm_since = now;
            return if running { Step::End } else { Step::Wait };
        }
        if running || now.saturating_duration_since(self.calm_since) < self.calm {
            return Step::Wait;
        }
        if self.tries == TRIES_MAX {
            return Step::GiveUp;
        }
        self.tries += 1;
        Step::Begin
    }
}

struct Watch {
    launch: TunerLaunch,
    child: Option<Child>,
    pace: Pace,
}

impl Watch {
    /// Once in a while; false when there is nothing more to do.
    fn look(&mut self, late: bool) -> bool {
        if let Some(ended) = self.child.as_mut().and_then(|child| child.try_wait().transpose()) {
            self.child = None;
            return tell(ended);
        }
        match self.pace.step(clock::monotonic(), late, self.child.is_some()) {
            Step::Wait => {}
            Step::Begin => {
                tracing::info!("models are measured on this box, with what it has to spare");
                match self.begin() {
                    Ok(child) => self.child = Some(child),
                    Err(error) => return tell(Err(error)),
                }
            }
            Step::End => {
                tracing::info!("looks are late, so models are measured another time");
                self.end();
            }
            Step::GiveUp => {
                tracing::info!(
                    "models are not measured: looks are late again and again; measure when the box is idle: `viahe tune`"
                );
                return false;
            }
        }
        true
    }

    fn begin(&self) -> io::Result<Child> {
        let TunerLaunch { program, args } = &self.launch;
        let mut command = Command::new(program);
        relayed(&mut command).args(args).stdin(Stdio::piped()).stdout(Stdio::null());
        // Ctrl-C is for the engine, which ends this with itself.
        let mut child = command.stderr(Stdio::piped()).process_group(0).spawn()?;
        let stderr = child.stderr.take();
        let log = std::thread::Builder::new().name("tuner-log".into()).spawn(move || {
            if let Some(stderr) = stderr {
                foreign::relay(stderr, LIBRARY, |_| ());
            }
        });
        if let Err(error) = log {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
        Ok(child)
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that has ended is as well.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}

/// There is nothing more to do after this, whatever it was.
fn tell(ended: io::Result<ExitStatus>) -> bool {
    match ended {
        Ok(status) if status.success() => {
            tracing::info!(
                "models were measured; what follows is used from the next start on, and `viahe check` says it"
            );
        }
        Ok(status) => {
            tracing::warn!(%status, "not all models could be measured; those run by default, and `viahe check` says which");
        }
        Err(error) => tracing::warn!(%error, "models could not be measured; they run by default"),
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_camera_that_leaves_with_its_late_looks_is_no_late_look() {
        let mut late = Late(7);
        let said = [7, 8, 3, 3, 4].map(|now| late.is_more(now));
        assert_eq!(said, [false, true, false, false, true]);
    }

    #[test]
    fn it_begins_when_all_is_calm_and_gives_way() {
        let begin = clock::monotonic();
        let mut pace = Pace::new(begin, CALM);
        let mut at =
            |secs: u64, late, running| pace.step(begin + Duration::from_secs(secs), late, running);
        assert_eq!(at(59, false, false), Step::Wait);
        assert_eq!(at(60, true, false), Step::Wait, "late at the last moment");
        assert_eq!(at(119, false, false), Step::Wait);
        assert_eq!(at(120, false, false), Step::Begin);
        assert_eq!(at(125, false, true), Step::Wait);
        assert_eq!(at(126, true, true), Step::End);
        for round in 2..6 {
            assert_eq!(at(round * 100, false, false), Step::Begin);
            assert_eq!(at(round * 100 + 1, true, true), Step::End);
        }
        assert_eq!(at(900, false, false), Step::GiveUp);
    }

    fn watch(script: &str) -> Watch {
        let args = ["-c", script].map(Into::into).to_vec();
        let launch = TunerLaunch { program: "/bin/sh".into(), args };
        Watch { launch, child: None, pace: Pace::new(clock::monotonic(), Duration::ZERO) }
    }

    #[test]
    fn it_ends_with_its_work_and_when_looks_are_late() {
        let mut done = watch("echo words >&2; exit 3");
        assert!(done.look(false) && done.child.is_some());
        viahe_testing::wait::eventually("it has ended", || !done.look(false));
        let told = || foreign::heard(LIBRARY) == 1;
        viahe_testing::wait::eventually("what it says is a line of our log", told);
        let mut busy = watch("read line");
        assert!(busy.look(false));
        let pid = busy.child.as_ref().unwrap().id();
        assert!(busy.look(true) && busy.child.is_none());
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "ended and buried");
        assert!(busy.look(false) && busy.child.is_some(), "another try");
    }
}
