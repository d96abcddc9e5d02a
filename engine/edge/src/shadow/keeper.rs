//! The supervisor of the candidate's process, in the engine.
//!
//! The process is started when the pipeline has `[shadow]`, and anew when the plan is another one. When it dies, it is started
//! again a few times; a candidate that says why it cannot be tried is not. All that is told as a trouble, and by metrics.

use super::serve::Line;
use crate::clock;
use crate::telemetry::{Metrics, Shadowed, foreign, relayed};
use crate::trouble::{Trouble, Troubles};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use viahe_core::plan::Plan;

const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A process that dies is started again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// But not more often than this under one plan: judgement.
const DEATHS_MAX: u32 = 3;
/// Longest line that it may tell.
const LINE_BYTES_MAX: u64 = 64 << 10;
/// How long it may take to write down what it knows.
const END_WITHIN: Duration = Duration::from_secs(5);
/// As the log names what it writes beside its log.
const LIBRARY: &str = "shadow";

/// How the process of a candidate is run.
pub struct ShadowLaunch {
    /// Usually this executable.
    pub program: PathBuf,
    /// Usually `shadow PIPELINE`. It ends when its standard input does.
    pub args: Vec<std::ffi::OsString>,
    /// Has the pipeline read again.
    pub reload: Box<dyn Fn() + Send>,
}

/// Keeps the process of a candidate; ends with this.
pub struct Keeper {
    /// The newest plan that is not gone on under yet.
    next: Next,
    /// Wakes the thread, and ends it when it is gone.
    wake: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

type Next = Arc<Mutex<Option<Arc<Plan>>>>;

impl Keeper {
    /// Begins under a plan.
    ///
    /// # Errors
    /// No thread is to be had.
    pub fn start(
        launch: ShadowLaunch,
        plan: &Arc<Plan>,
        troubles: Troubles,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let (wake, woken) = bounded(1);
        let (plan, next) = (Arc::clone(plan), Next::default());
        let of = Arc::clone(&next);
        let thread = std::thread::Builder::new().name("shadow".into()).spawn(move || {
            let life = Life { plan, child: None, deaths: 0, not_before: clock::monotonic() };
            Watch { launch, life, troubles, metrics }.run(&woken, &of);
        })?;
        Ok(Self { next, wake: Some(wake), thread: Some(thread) })
    }

    /// Goes on under another plan.
    pub fn goes_on(&self, plan: &Arc<Plan>) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(plan));
        // One that waits already is enough.
        self.wake.iter().for_each(|wake| _ = wake.try_send(()));
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            // It reports for itself.
            let _ = thread.join();
        }
    }
}

struct Watch {
    launch: ShadowLaunch,
    life: Life,
    troubles: Troubles,
    metrics: Arc<Metrics>,
}

/// Under one plan.
struct Life {
    plan: Arc<Plan>,
    child: Option<Running>,
    deaths: u32,
    not_before: Instant,
}

struct Running {
    child: Child,
    lines: Receiver<Line>,
    /// Why it will not be tried again, when it said so.
    refused: Option<String>,
    /// It ends for one that begins anew, as it said.
    again: bool,
}

impl Watch {
    fn run(mut self, woken: &Receiver<()>, next: &Next) {
        loop {
            if woken.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Disconnected) {
                return self.end();
            }
            let plan = next.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(plan) = plan {
                self.change(plan);
            }
            self.look();
        }
    }

    fn change(&mut self, plan: Arc<Plan>) {
        if plan == self.life.plan {
            return;
        }
        self.end();
        self.life = Life { plan, child: None, deaths: 0, not_before: clock::monotonic() };
        if self.life.plan.shadow.is_none() {
            self.troubles.end(Trouble::Shadow);
            self.metrics.shadow(None);
        }
    }

    fn look(&mut self) {
        let is_wanted = self.life.plan.shadow.is_some() && self.life.deaths < DEATHS_MAX;
        if let Some(running) = &mut self.life.child {
            loop {
                match running.lines.try_recv() {
                    Ok(line) => {
                        hear(&line, &self.metrics);
                        if line.reload {
                            (self.launch.reload)();
                        }
                        running.again |= line.again;
                        match line.refused {
                            Some(why) => running.refused = Some(why),
                            None => self.troubles.end(Trouble::Shadow),
                        }
                    }
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return self.bury(),
                }
            }
        } else if is_wanted && clock::monotonic() >= self.life.not_before {
            match begin(&self.launch) {
                Ok(running) => self.life.child = Some(running),
                Err(error) => self.died(&error.to_string()),
            }
        }
    }

    /// It told its last.
    fn bury(&mut self) {
        let Some(Running { mut child, refused, again, .. }) = self.life.child.take() else {
            return;
        };
        let status = child.wait();
        match refused {
            None if again => {}
            Some(why) => {
                self.life.deaths = DEATHS_MAX;
                self.tell(&format!("the trial of a candidate ended: {why}"));
            }
            None => self.died(&status.map_or_else(|e| e.to_string(), |status| status.to_string())),
        }
    }

    fn died(&mut self, why: &str) {
        self.life.deaths += 1;
        self.life.not_before = clock::monotonic() + AGAIN_AFTER;
        let candidate = self.life.plan.shadow.as_ref();
        let candidate = candidate.map_or("", |shadow| shadow.candidate.as_str());
        let what = if self.life.deaths < DEATHS_MAX {
            "it is started again"
        } else {
            "it is not tried any more: look at the candidate by `viahe model bench`, or remove [shadow]"
        };
        self.tell(&format!(
            "the process of the candidate {candidate} in the shadow ended ({why}); the model at work goes on; {what}"
        ));
    }

    fn tell(&self, text: &str) {
        self.troubles.raise(Trouble::Shadow, text);
    }

    /// Gives it the time to write down what it knows.
    fn end(&mut self) {
        let Some(Running { mut child, lines, .. }) = self.life.child.take() else { return };
        drop(child.stdin.take());
        let until = clock::monotonic() + END_WITHIN;
        // Its output ends with it.
        while let Ok(line) = lines.recv_deadline(until) {
            hear(&line, &self.metrics);
        }
        // One that has ended is as well.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn hear(line: &Line, metrics: &Metrics) {
    let [both, incumbent, candidate] = line.incidents;
    let Line { looks, missed, failed, verdicts, .. } = *line;
    metrics.shadow(Some(Shadowed { looks, missed, failed, both, incumbent, candidate, verdicts }));
}

fn begin(launch: &ShadowLaunch) -> io::Result<Running> {
    let mut command = Command::new(&launch.program);
    relayed(&mut command).args(&launch.args).stdin(Stdio::piped()).stdout(Stdio::piped());
    // Ctrl-C is for the engine, which ends this with itself.
    let mut child = command.stderr(Stdio::piped()).process_group(0).spawn()?;
    let (stderr, stdout) = (child.stderr.take(), child.stdout.take());
    let (told, lines) = bounded(16);
    let log = std::thread::Builder::new().name("shadow-log".into()).spawn(move || {
        if let Some(stderr) = stderr {
            foreign::relay(stderr, LIBRARY, |_| ());
        }
    });
    let ear = std::thread::Builder::new().name("shadow-ear".into()).spawn(move || {
        let Some(stdout) = stdout else { return };
        let mut stdout = BufReader::new(stdout);
        let mut text = String::new();
        loop {
            text.clear();
            match (&mut stdout).take(LINE_BYTES_MAX).read_line(&mut text) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            // What is no line of it is a library's word.
            let Ok(line) = serde_json::from_str(&text) else { continue };
            if told.send(line).is_err() {
                return;
            }
        }
    });
    if let Err(error) = log.and(ear) {
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    Ok(Running { child, lines, refused: None, again: false })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use viahe_testing::wait::eventually;

    const PLAN: &str = "[site]\nid = \"hue\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n[model.street]\npackage = \"ssdlite-coco\"\n\
         [shadow]\ncandidate = \"night-eyes\"\n[[camera]]\nid = \"gate\"\nurl = \"pattern://64x64@1\"\nmodel = \"street\"\n";

    fn plan(text: &str) -> Arc<Plan> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipeline.toml");
        std::fs::write(&path, text).unwrap();
        Arc::new(crate::project::load(&path).unwrap())
    }

    fn keeper(script: &str, plan: &Arc<Plan>) -> (Keeper, Troubles, Receiver<()>) {
        let args = ["-c", script].map(Into::into).to_vec();
        let (asked, reloads) = bounded(8);
        let reload = Box::new(move || asked.send(()).unwrap());
        let launch = ShadowLaunch { program: "/bin/sh".into(), args, reload };
        let troubles = Troubles::default();
        let metrics = Metrics::new("0.0.0", troubles.clone());
        (Keeper::start(launch, plan, troubles.clone(), metrics).unwrap(), troubles, reloads)
    }

    fn text(troubles: &Troubles) -> Option<String> {
        troubles.lasting().first().map(|lasting| lasting.text.clone())
    }

    #[test]
    fn a_candidate_that_says_why_it_cannot_be_tried_is_told_and_not_started_again() {
        let dir = tempfile::tempdir().unwrap();
        let starts = dir.path().join("starts");
        let refused = Line { refused: Some("it sees nothing".into()), ..Line::default() };
        let script = format!(
            "echo 1 >>{}; echo '{}'",
            starts.display(),
            serde_json::to_string(&refused).unwrap()
        );
        let (keeper, troubles, _reloads) = keeper(&script, &plan(PLAN));
        eventually("it is told", || text(&troubles).is_some_and(|t| t.contains("it sees nothing")));
        assert_eq!(std::fs::read_to_string(&starts).unwrap(), "1\n");
        // Under another plan it is another matter.
        keeper.goes_on(&plan(&PLAN.replace("[shadow]\ncandidate = \"night-eyes\"\n", "")));
        eventually("it is over", || text(&troubles).is_none());
    }

    #[test]
    fn a_trial_begins_anew_once_all_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let starts = dir.path().join("starts");
        let again = serde_json::to_string(&Line { again: true, ..Line::default() }).unwrap();
        // More often than one may die.
        let script = format!(
            "echo 1 >>{0}; test $(wc -l <{0}) -gt 4 && read line || echo '{again}'",
            starts.display()
        );
        let (keeper, troubles, _reloads) = keeper(&script, &plan(PLAN));
        let begun =
            || std::fs::read_to_string(&starts).is_ok_and(|lines| lines.lines().count() == 5);
        eventually("it goes on", begun);
        assert_eq!(text(&troubles), None);
        drop(keeper);
    }

    #[test]
    fn one_that_dies_is_told_and_what_it_changed_is_read_again() {
        let reload = serde_json::to_string(&Line { reload: true, ..Line::default() }).unwrap();
        let script = format!("echo '{reload}'; read line; exit 3");
        let (keeper, troubles, reloads) = keeper(&script, &plan(PLAN));
        reloads.recv_timeout(Duration::from_secs(30)).unwrap();
        assert_eq!(text(&troubles), None);
        drop(keeper);
        let (keeper, troubles, _) = self::keeper("kill -9 $$", &plan(PLAN));
        eventually("it is told", || text(&troubles).is_some_and(|t| t.contains("signal: 9")));
        assert!(text(&troubles).unwrap().contains("night-eyes"), "{troubles:?}");
        drop(keeper);
    }
}
