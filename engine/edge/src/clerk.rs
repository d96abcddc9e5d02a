//! The pipeline file of a box, told and changed by order of the centre.
//!
//! A change becomes a whole text first, which the same reader validates as at a start. Then that text lies
//! among the texts that the file had, with who and why; only then it takes the file's place. Whenever the
//! power goes, the file is whole, the old one or the new one, and which one it is decides what is remembered
//! of the change.

mod file;
mod texts;

use crate::advice;
use crate::models::Locations;
use crate::project::{self, ProjectError};
use crate::redact::redacted;
use crate::refused::Refused;
use file::{File, version_of};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use texts::{Head, Texts};
use viahe_contract::id::{CommandId, Name};
use viahe_contract::message::{self, Advice, Edit, EditProblem, Edited, PipelineVersion, SiteView};
use viahe_contract::sha256::Sha256;
use viahe_core::config::{
    View, Warning, difference, edited, entry_view, hints, view, warnings, wrote,
};
use viahe_core::model::{Model, Recall};
use viahe_core::plan::Plan;
use viahe_core::tensor::FitMode;
use viahe_core::time::Timestamp;

/// The file is not what runs.
const UNREAD: &str =
    "somebody has changed the file on the box and it was not read since; that is taken up too";

/// Who keeps the file.
pub struct Clerk {
    path: PathBuf,
    /// Where it is taken to lie: what it names is looked for from there.
    read_at: PathBuf,
    /// What is otherwise in this run than the file says.
    adjust: Adjust,
    /// Reads a text.
    reader: fn(&Path, &str) -> Result<Plan, ProjectError>,
    texts: Texts,
    /// Held while file and texts are brought together: a preview may look while an edit is made.
    together: Mutex<()>,
}

type Adjust = Box<dyn Fn(&mut Plan) + Send + Sync>;

/// A change of the file.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// These edits of it.
    Edits(&'a [Edit]),
    /// The text of a version that it had.
    Back(&'a Sha256),
}

/// Who changes it, and why.
#[derive(Clone, Debug)]
pub struct Reason {
    /// The command; it is done once.
    pub command: CommandId,
    /// For people.
    pub by: Option<String>,
    /// For people.
    pub why: String,
    /// By the box's clock.
    pub at: Timestamp,
}

/// A change that can be made.
#[derive(Debug)]
pub struct Draft {
    /// What runs then.
    pub plan: Plan,
    /// What comes of it.
    pub edited: Edited,
    old: File,
    text: String,
}

/// A change that cannot be made.
#[derive(Debug)]
pub enum Refusal {
    /// The file has another version than the one that is to be changed; it has this one.
    Conflict(Sha256),
    /// The file would be wrong.
    Wrong(Box<Edited>),
    /// Another reason.
    Other(Refused),
}

impl Clerk {
    /// Keeps the pipeline file at `path`, and its texts in the state folder.
    pub fn new(path: &Path, state_dir: &Path) -> Self {
        let (path, texts) = (path.to_owned(), Texts::of(state_dir));
        let together = Mutex::default();
        let (read_at, reader) = (path.clone(), project::load_as);
        Self { path, read_at, adjust: Box::new(|_| ()), reader, texts, together }
    }

    /// As [`Clerk::new`], for who may not read the secrets of the cameras.
    pub fn without_secrets(path: &Path, state_dir: &Path) -> Self {
        Self { reader: project::load_as_without_secrets, ..Self::new(path, state_dir) }
    }

    /// Keeps a copy of the file at `of`, in a run where something is otherwise than it says.
    #[must_use]
    pub fn of_copy(self, of: &Path, adjust: impl Fn(&mut Plan) + Send + Sync + 'static) -> Self {
        Self { read_at: of.to_owned(), adjust: Box::new(adjust), ..self }
    }

    /// What runs under a text.
    fn plan(&self, text: &str) -> Result<Plan, ProjectError> {
        let mut plan = (self.reader)(&self.read_at, text)?;
        (self.adjust)(&mut plan);
        Ok(plan)
    }

    /// What runs under the file as it is now.
    ///
    /// # Errors
    /// All that is wrong with it, for people.
    pub fn load(&self) -> Result<Plan, String> {
        self.plan(&self.read()?.text).map_err(|error| error.to_string())
    }

    /// What the file has.
    ///
    /// # Errors
    /// Why it cannot be read, for people.
    pub fn site(&self, zone: &TimeZone) -> Result<SiteView, String> {
        let file = self.read()?;
        let View { mut cameras, models: named, rules, permits, sensors, windows } =
            view(&file.text);
        let locations = Locations::discover(self.read_at.parent()).map_err(|e| e.to_string())?;
        let mut models: BTreeMap<Name, Option<Model>> = BTreeMap::new();
        for camera in &mut cameras {
            let described = || locations.describe(&camera.model).ok();
            if let Some(model) = models.entry(camera.model.clone()).or_insert_with(described) {
                camera.input_px = Some(model.input.size().map(|side| side as u32));
                camera.letterbox = matches!(model.input.fit, FitMode::Letterbox { .. });
                camera.height_min_px = model.recall.as_ref().and_then(Recall::height_min_px);
            }
        }
        let catalogue = project::catalogue(&self.read_at).map_err(|e| e.to_string())?;
        let installed = locations.installed().into_iter();
        let locked = file::locked(&self.path);
        Ok(SiteView {
            version: file.version,
            lock: locked.as_ref().and_then(|locked| match locked.code {
                Some(message::Refusal::Locked { lock }) => Some(lock),
                _ => None,
            }),
            locked: locked.map(|locked| locked.text),
            cameras,
            models: named,
            packages: installed.filter_map(|name| Name::try_from(name.as_str()).ok()).collect(),
            rules,
            permits,
            sensors,
            windows,
            catalogue: catalogue.iter().map(|(name, entry)| entry_view(name, entry)).collect(),
            history: self.history(&file, zone),
        })
    }

    fn history(&self, file: &File, zone: &TimeZone) -> Vec<PipelineVersion> {
        let heads = self.texts.heads();
        let by_hand = heads.first().is_none_or(|newest| newest.version != file.version);
        let now = by_hand.then(|| Head::found(file.version, file.written));
        let all = now.into_iter().chain(heads);
        let told = |Head { version, time, by, why, .. }: Head| PipelineVersion {
            version,
            time: time.local(zone),
            by,
            why,
        };
        all.map(told).collect()
    }

    /// Was this command done? Then what came of it.
    pub fn done(&self, command: &CommandId) -> Option<Sha256> {
        // One that was cut off is known only now.
        self.settled().ok()?;
        let heads = self.texts.heads();
        heads.iter().find(|head| head.command.as_ref() == Some(command)).map(|head| head.version)
    }

    /// What would come of a change of the version `base`, beside `running`.
    ///
    /// # Errors
    /// [`Refusal`]; the file is as it was.
    pub fn draft(
        &self,
        base: Sha256,
        change: Change<'_>,
        running: &Plan,
    ) -> Result<Draft, Refusal> {
        let old = self.settled().map_err(|why| Refusal::Other(why.into()))?;
        if old.version != base {
            return Err(Refusal::Conflict(old.version));
        }
        let wrong = |problems: Vec<EditProblem>| {
            Refusal::Wrong(Box::new(Edited { problems, ..Edited::nothing(old.version) }))
        };
        let (edits, text) = match change {
            Change::Edits(edits) => (edits, edited(&old.text, edits).map_err(&wrong)?),
            Change::Back(to) => {
                let text = self.texts.text(*to).ok_or_else(|| {
                    let remedy = "ask for the pipeline again and choose one of its history";
                    let text = format!("the text of version {to} is not kept; {remedy}");
                    Refusal::Other(Refused::new(message::Refusal::VersionGone, text))
                })?;
                ([].as_slice(), text)
            }
        };
        let plan = match self.plan(&text) {
            Ok(plan) => plan,
            Err(error) => return Err(wrong(self.problems(error, edits))),
        };
        let mut diff = difference(&old.text, &text);
        for line in &mut diff {
            line.text = redacted(&line.text).into_owned();
        }
        let known = advice_of(running);
        let mut warnings = advice_of(&plan);
        warnings.retain(|warning| !known.contains(warning));
        if self.plan(&old.text).is_ok_and(|written| written != *running) {
            let advice = Advice::NotWhatRuns;
            warnings.insert(0, Warning { text: UNREAD.to_owned(), advice });
        }
        let (warnings, advice) =
            warnings.into_iter().map(|Warning { text, advice }| (text, advice)).unzip();
        let (version, problems) = (version_of(&text), Vec::new());
        let edited = Edited { version, diff, problems, warnings, advice };
        Ok(Draft { plan, edited, old, text })
    }

    /// What the reader says of a text, at its fields.
    fn problems(&self, error: ProjectError, edits: &[Edit]) -> Vec<EditProblem> {
        let ProjectError::Config(error) = error else {
            let (field, remedy) = (String::new(), "see to the files on the box".to_owned());
            let text = error.to_string();
            return vec![EditProblem { field, edit: None, text, remedy, fault: None }];
        };
        let own = self.read_at.display().to_string();
        let told = error.problems.into_iter().map(|problem| {
            let is_own = problem.file == own;
            let text = if is_own {
                problem.what
            } else {
                format!("{}:{}: {}", problem.file, problem.line, problem.what)
            };
            let field = if is_own { problem.path } else { String::new() };
            let edit = wrote(edits, &field);
            let fault = if is_own { problem.fault } else { None };
            EditProblem { field, edit, text, remedy: problem.remedy, fault }
        });
        told.collect()
    }

    /// Makes a change, durably.
    ///
    /// # Errors
    /// Why not, for people; the file is as it was.
    pub fn write(&self, draft: &Draft, reason: &Reason) -> Result<(), Refused> {
        if let Some(why) = file::locked(&self.path) {
            return Err(why);
        }
        let Draft { old, text, edited, .. } = draft;
        let _together = self.together();
        let head = Head {
            version: edited.version,
            time: reason.at,
            by: reason.by.clone(),
            why: Some(reason.why.clone()),
            command: Some(reason.command.clone()),
        };
        let not_written = |text| Refused::new(message::Refusal::NotWritten, text);
        let not_kept = |error| {
            not_written(format!(
                "the history of the pipeline file cannot be written, so it was left as it is: {error}"
            ))
        };
        self.texts.found(&Head::found(old.version, reason.at), &old.text).map_err(not_kept)?;
        self.texts.begin(&head, text).map_err(not_kept)?;
        let written = file::replace(&self.path, text, old.version);
        // Whatever became of it: which version the file has now decides.
        let now = if written.is_ok() { edited.version } else { old.version };
        self.texts.settle(now);
        let path = self.path.display();
        written.map_err(|error| not_written(format!("{path}: {error}; it is as it was")))
    }

    /// The file, once it is known whether the last change of it was made.
    fn settled(&self) -> Result<File, String> {
        let _together = self.together();
        let file = self.read()?;
        self.texts.settle(file.version);
        Ok(file)
    }

    fn together(&self) -> MutexGuard<'_, ()> {
        self.together.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Result<File, String> {
        File::read(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// What a right pipeline is told all the same.
fn advice_of(plan: &Plan) -> Vec<Warning> {
    let mut all = warnings(plan);
    all.extend(hints(plan));
    all.extend(advice::warnings(plan));
    all
}

#[cfg(test)]
mod tests;
