//! The process of the candidate: looks come over the socket, what follows is decided now and then, and how it goes is told in
//! lines of JSON on standard output. It ends with its standard input.

use super::bench::Bench;
use super::book::{Book, Decision, decision, is_kept, judgements, open_dir, write_decision};
use super::compare::{Compared, precision, verdicts};
use super::exchange::exchange;
use crate::clock;
use crate::models::Locations;
use crate::tune::give_way;
use crate::vision::shadow::{Asked, Candidate, CandidateError, answer, ask, listen, next};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use serde::{Deserialize, Serialize};
use std::io::{self, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use viahe_contract::message::ModelRef;
use viahe_core::plan::{Plan, Shadow};
use viahe_core::shadow::{Ruling, Side, fell};

/// How often it is told how it goes.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How often verdicts are looked at.
const DECIDE_EVERY: Duration = Duration::from_secs(10);
/// How often the book is written for looks alone; with new incidents it is when these are looked at. Judgement: a card wears
/// out by writing, and a minute of looks is no loss.
const SAVE_EVERY: Duration = Duration::from_mins(1);

/// How it goes: a line on standard output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Looks of both models.
    pub(super) looks: u64,
    /// Those that there was no time for.
    pub(super) missed: u64,
    /// Those that the candidate failed at.
    pub(super) failed: u64,
    /// Incidents of both, of the model at work alone, of the candidate alone.
    pub(super) incidents: [u64; 3],
    /// Verdicts on them.
    pub(super) verdicts: u64,
    /// What the rule of promotion says, for people.
    pub(super) told: Option<String>,
    /// Why the candidate cannot be tried any further.
    pub(super) refused: Option<String>,
    /// The pipeline file was changed and is to be read again.
    pub(super) reload: bool,
    /// All was forgotten after the trial had ended: this process ends for one that begins a new trial.
    #[serde(default)]
    pub(super) again: bool,
}

/// Why there is nothing to do any more.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The pipeline asks for none.
    #[error("the pipeline has no [shadow]")]
    NoShadow,
    /// The candidate, for people.
    #[error("{0}")]
    Candidate(String),
    /// What is known cannot be read, or nothing can be written.
    #[error("{0}")]
    State(String),
}

/// Serves until standard input ends.
///
/// # Errors
/// [`ServeError`]; the line that was told last says why as well.
pub fn serve(pipeline: &Path, plan: &Arc<Plan>) -> Result<(), ServeError> {
    give_way();
    let shadow = plan.shadow.clone().ok_or(ServeError::NoShadow)?;
    let served = Server::open(pipeline, plan, shadow).and_then(Server::run);
    if let Err(ServeError::Candidate(why) | ServeError::State(why)) = &served {
        tell(&Line { refused: Some(why.clone()), ..Line::default() });
    }
    served
}

struct Server<'a> {
    pipeline: &'a Path,
    plan: &'a Arc<Plan>,
    shadow: Shadow,
    candidate: ModelRef,
    /// None where the candidate does not look: it took over, or was rejected.
    bench: Option<Arc<Mutex<Bench>>>,
    /// Why the candidate cannot be tried any further.
    ended: Receiver<String>,
    line: Line,
    /// The book is on the disk, unless somebody has removed it.
    written: bool,
    /// The trial had ended, and a person wants another one.
    is_forgotten: bool,
}

impl<'a> Server<'a> {
    fn open(pipeline: &'a Path, plan: &'a Arc<Plan>, shadow: Shadow) -> Result<Self, ServeError> {
        let state_dir = &plan.engine.state_dir;
        let state = |why: String| ServeError::State(why);
        let dir = open_dir(state_dir).map_err(|error| state(error.to_string()))?;
        let locations = Locations::discover(Some(&plan.folder));
        let locations = locations.map_err(|error| ServeError::Candidate(error.to_string()))?;
        let model = |name| {
            let model = locations.describe(name);
            let model = model.map_err(|error| ServeError::Candidate(error.to_string()))?;
            Ok::<_, ServeError>(model.fingerprint())
        };
        let (incumbent, candidate) = (model(&shadow.incumbent)?, model(&shadow.candidate)?);
        let decided = decision(state_dir).map_err(state)?;
        let decided = decided.filter(|decided| *decided.candidate() == candidate);
        let (stop, ended) = bounded(1);
        let bench = if decided.is_some() || incumbent == candidate {
            None
        } else {
            let eyes = Candidate::load(&locations, &shadow.candidate);
            let eyes = eyes.map_err(|error| ServeError::Candidate(told(&shadow, &error)))?;
            let known = Book::read(state_dir).map_err(state)?;
            let known =
                known.filter(|book| book.incumbent == incumbent && book.candidate == candidate);
            let book =
                known.unwrap_or_else(|| Book::new(incumbent, candidate.clone(), clock::now()));
            let bench = Arc::new(Mutex::new(Bench::new(Arc::clone(plan), eyes, book)));
            let listener =
                listen(&dir).map_err(|error| state(format!("{}: {error}", dir.display())))?;
            hear_all(listener, &bench, &shadow, plan, stop)
                .map_err(|error| state(error.to_string()))?;
            Some(bench)
        };
        Ok(Self {
            pipeline,
            plan,
            shadow,
            candidate,
            bench,
            ended,
            line: Line::default(),
            written: false,
            is_forgotten: false,
        })
    }

    fn run(mut self) -> Result<(), ServeError> {
        let closed = input_ends().map_err(|error| ServeError::State(error.to_string()))?;
        let (mut decide, mut save) = (clock::monotonic(), clock::monotonic() + SAVE_EVERY);
        loop {
            let now = clock::monotonic();
            let decides = is_due(&mut decide, now, DECIDE_EVERY);
            if decides {
                self.decide()?;
            }
            let has_news = self.bench.as_ref().is_some_and(|bench| lock(bench).unsaved);
            if is_due(&mut save, now, SAVE_EVERY) || decides && has_news {
                self.save()?;
            }
            self.count();
            self.line.again = self.is_forgotten;
            tell(&self.line);
            if self.is_forgotten {
                return Ok(());
            }
            self.line.reload = false;
            if let Ok(why) = self.ended.try_recv() {
                self.save()?;
                return Err(ServeError::Candidate(why));
            }
            if closed.recv_timeout(TELL_EVERY) != Err(RecvTimeoutError::Timeout) {
                break;
            }
        }
        if let Some(bench) = &self.bench {
            lock(bench).end_all();
        }
        self.save()
    }

    fn count(&mut self) {
        let Some(bench) = &self.bench else { return };
        let looks = lock(bench).book.all_looks();
        (self.line.looks, self.line.missed, self.line.failed) =
            (looks.both, looks.missed, looks.failed);
    }

    fn save(&mut self) -> Result<(), ServeError> {
        let Some(bench) = &self.bench else { return Ok(()) };
        let state_dir = &self.plan.engine.state_dir;
        let mut bench = lock(bench);
        if self.written && !is_kept(state_dir) {
            // A person wants all to be forgotten.
            let Book { incumbent, candidate, .. } = &bench.book;
            bench.book = Book::new(incumbent.clone(), candidate.clone(), clock::now());
        }
        bench.unsaved = false;
        let written = bench.book.write(state_dir);
        self.written = written.is_ok();
        written.map_err(|error| {
            ServeError::State(format!("what is compared cannot be written: {error}"))
        })
    }

    /// Looks at the verdicts.
    fn decide(&mut self) -> Result<(), ServeError> {
        let state_dir = self.plan.engine.state_dir.clone();
        let decided = decision(&state_dir).map_err(ServeError::State)?;
        match decided.filter(|decided| *decided.candidate() == self.candidate) {
            None => self.weigh(),
            Some(Decision::Promoted { at, from, precision: before, .. }) => {
                self.end_trial();
                if self.shadow.incumbent != self.shadow.candidate {
                    let what = "it took over; the pipeline is not read again yet, or a person chose otherwise";
                    self.line.told = Some(what.into());
                    return Ok(());
                }
                let verdicts =
                    verdicts(&state_dir).map_err(|e| ServeError::State(e.to_string()))?;
                let now = precision(&verdicts, &self.candidate.sha256, at);
                self.line.told = Some(format!(
                    "it took over from {from}: {} of {} of its incidents since then were confirmed",
                    now.hits, now.of
                ));
                if !fell(&self.shadow.bounds, before, now) {
                    return Ok(());
                }
                let (candidate, at) = (self.candidate.clone(), clock::now());
                let back = Decision::RolledBack { candidate, at, before, now };
                self.change(&from, &back, "its incidents were less often true than those before")
            }
            Some(Decision::Rejected { why, .. }) => {
                self.end_trial();
                let why = why.map_or_else(|| "a person said so".to_owned(), |why| why.to_string());
                self.line.told = Some(format!("it was rejected: {why}"));
                Ok(())
            }
            Some(Decision::RolledBack { before, now, .. }) => {
                self.end_trial();
                self.line.told = Some(format!(
                    "it took over and was taken back: {} of {} of its incidents were confirmed, {} of {} before",
                    now.hits, now.of, before.hits, before.of
                ));
                Ok(())
            }
        }
    }

    /// Nobody looks with it any more.
    fn end_trial(&mut self) {
        if let Some(bench) = self.bench.take() {
            lock(&bench).end_all();
        }
    }

    /// What follows from the scores.
    fn weigh(&mut self) -> Result<(), ServeError> {
        let Some(bench) = &self.bench else {
            self.is_forgotten = self.shadow.incumbent != self.shadow.candidate;
            if !self.is_forgotten {
                self.line.told = Some("it is the model at work".into());
            }
            return Ok(());
        };
        let book = lock(bench).book.clone();
        let state_dir = &self.plan.engine.state_dir;
        // A database that is just being set aside is there again soon.
        let Ok(verdicts) = verdicts(state_dir) else { return Ok(()) };
        let own = judgements(state_dir).map_err(ServeError::State)?;
        let compared = Compared::with(&book, &verdicts, &own);
        let score = compared.grounds.score;
        self.line.incidents = [score.both.all(), score.missing.all(), score.extra.all()];
        self.line.verdicts = score.verdicts();
        let judged = compared.grounds.judge(&self.shadow.bounds, book.agenda);
        lock(bench).book.agenda = judged.agenda;
        let auto = self.shadow.auto;
        let (candidate, at) = (self.candidate.clone(), clock::now());
        match judged.ruling {
            Ruling::Wait(open) => self.line.told = Some(open.to_string()),
            Ruling::Reject(why) => {
                self.line.told = Some(format!("it may not take over: {why}"));
                if auto {
                    self.note(&Decision::Rejected { candidate, at, why: Some(why) })?;
                }
            }
            Ruling::Promote => {
                self.line.told = Some("it may take over: `viahe model shadow promote`".into());
                if auto {
                    let precision = score.precision(Side::Incumbent);
                    let from = self.shadow.incumbent.clone();
                    let decided = Decision::Promoted { candidate, at, from, precision, auto };
                    let to = self.shadow.candidate.clone();
                    self.change(&to, &decided, "it stood the rule of promotion of [shadow]")?;
                }
            }
        }
        Ok(())
    }

    /// Another model is to look.
    fn change(
        &mut self,
        package: &viahe_core::id::Name,
        decided: &Decision,
        why: &str,
    ) -> Result<(), ServeError> {
        let why = format!("{package} looks from now on: {why}");
        match exchange(self.pipeline, self.plan, &self.shadow.model, package, &why) {
            Ok(()) => {
                tracing::warn!("{why}");
                self.line.reload = true;
                self.note(decided)
            }
            Err(error) => {
                // It is tried again.
                tracing::error!(error, "the pipeline file cannot be changed");
                self.line.told = Some(format!("{why}; but the file cannot be changed: {error}"));
                Ok(())
            }
        }
    }

    fn note(&mut self, decided: &Decision) -> Result<(), ServeError> {
        self.save()?;
        self.end_trial();
        let written = write_decision(&self.plan.engine.state_dir, decided);
        written.map_err(|error| ServeError::State(error.to_string()))
    }
}

fn told(shadow: &Shadow, error: &CandidateError) -> String {
    format!("the candidate {} cannot be tried: {error}", shadow.candidate)
}

fn is_due(next: &mut Instant, now: Instant, every: Duration) -> bool {
    let due = now >= *next;
    if due {
        *next = now + every;
    }
    due
}

fn lock(bench: &Mutex<Bench>) -> MutexGuard<'_, Bench> {
    // What a panic left in the middle ends the process with its thread's hook.
    bench.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tell(line: &Line) {
    if let Ok(mut text) = serde_json::to_string(line) {
        text.push('\n');
        // Who is to hear it ends this by closing its other end.
        let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
    }
}

/// Closed when standard input is.
fn input_ends() -> io::Result<Receiver<()>> {
    let (open, closed) = bounded(0);
    std::thread::Builder::new().name("input".into()).spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        drop::<Sender<()>>(open);
    })?;
    Ok(closed)
}

/// Hears each worker that connects, until the candidate cannot be tried any further.
fn hear_all(
    listener: UnixListener,
    bench: &Arc<Mutex<Bench>>,
    shadow: &Shadow,
    plan: &Plan,
    ended: Sender<String>,
) -> io::Result<()> {
    let cameras = plan.cameras.iter().filter(|camera| camera.model == shadow.incumbent);
    let asked = Asked {
        cameras: cameras.map(|camera| camera.id.clone()).collect(),
        share: shadow.share,
        stretch_secs: shadow.stretch.as_secs(),
    };
    // Once the trial is over its bench is gone, and nobody listens any more.
    let (bench, shadow) = (Arc::downgrade(bench), shadow.clone());
    std::thread::Builder::new().name("workers".into()).spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            if bench.strong_count() == 0 {
                return;
            }
            if ask(&mut stream, &asked).is_err() {
                continue;
            }
            let (bench, ended, shadow) = (bench.clone(), ended.clone(), shadow.clone());
            let heard = std::thread::Builder::new().name("worker".into()).spawn(move || {
                let hear = |stream: &mut UnixStream| loop {
                    let said = match next(stream) {
                        Ok(Some(said)) => said,
                        Ok(None) => return,
                        Err(error) => {
                            return tracing::warn!(%error, "a worker is not heard any more");
                        }
                    };
                    let Some(bench) = bench.upgrade() else { return };
                    let heard = lock(&bench).hear(said.0, said.1);
                    if let Err(error) = heard {
                        // One that waits already is enough.
                        let _ = ended.try_send(told(&shadow, &error));
                        return;
                    }
                    if answer(stream).is_err() {
                        return;
                    }
                };
                hear(&mut stream);
            });
            if let Err(error) = heard {
                tracing::warn!(%error, "a worker is not heard");
            }
        }
    })?;
    Ok(())
}
