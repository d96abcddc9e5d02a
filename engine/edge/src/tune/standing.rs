//! The models of a plan on this box: what is known of each, and what follows.

use super::measure::{self, MeasureError};
use super::{machine, precise, shelf};
use crate::infer::Runtime;
use crate::models::{Installed, Package};
use crate::{clock, load};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use viahe_contract::id::Name;
use viahe_contract::sha256::Sha256;
use viahe_core::attention::{Attention, Wants};
use viahe_core::model::Precision;
use viahe_core::plan::{Plan, Rule};
use viahe_core::rule::Bears;
use viahe_core::seam::ModelFiles;
use viahe_core::tune::{self, Choice, Entry, Key, Precise, Running, Setting, Why};

/// A model of a plan, on this box.
#[derive(Clone, Debug)]
pub struct Subject {
    /// As cameras name it.
    pub name: Name,
    /// What a measurement of it must be of.
    pub key: Key,
    /// Looks a second that the plan asks of it while all rules apply.
    pub looks_hz: f64,
    /// What is known.
    pub standing: Standing,
    files: ModelFiles,
}

/// What is known of a model.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It was measured here.
    Known(Entry),
    /// It was not; why, for people.
    Unknown(String),
}

/// How the workers of a box run their models.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuned {
    /// By the hashes of descriptions, how the whole box runs them; others run by default.
    pub running: BTreeMap<Sha256, Setting>,
    /// By their names, in which precision models are used that were measured in several; the others in their own.
    pub precisions: BTreeMap<Name, Precision>,
    /// All is decided: there is nothing that a measurement would tell.
    pub settled: bool,
    /// What is used and where that comes from, a line for each model, for people.
    pub told: Vec<String>,
}

impl Default for Tuned {
    fn default() -> Self {
        let (running, precisions) = (BTreeMap::new(), BTreeMap::new());
        Self { running, precisions, settled: true, told: Vec::new() }
    }
}

impl Tuned {
    /// How one of so many workers runs its models, be they more or fewer than those that it was measured for.
    /// What they cannot share evenly is run by default.
    pub(crate) fn of_worker(&self, workers: usize) -> BTreeMap<Sha256, Running> {
        let others = self.running.iter().filter(|(_, all)| **all != Setting::plain(workers));
        others.filter_map(|(model, all)| Some((*model, all.of_worker(workers)?))).collect()
    }
}

/// The models of a plan. A file that tells nothing is told as the reason.
pub fn subjects(plan: &Plan, installed: &Installed) -> Vec<Subject> {
    if installed.models.is_empty() {
        return Vec::new();
    }
    let book = shelf::read(&plan.engine.state_dir);
    let (cpu, cores) = (machine::cpu(), machine::cores());
    // A library that cannot be read is told by who needs it.
    let library = machine::sha256(&installed.library).unwrap_or(Sha256::from_bytes([0; 32]));
    let of = |(name, files): (&Name, &ModelFiles)| {
        let (cpu, provider) = (cpu.clone(), plan.engine.provider);
        let key = Key { model: files.sha256, library, cpu, cores, provider };
        let standing = match &book {
            Err(why) => Standing::Unknown(why.clone()),
            Ok(book) => match (book.of(&key), book.foreign(&key)) {
                (Some(entry), _) => known(entry, installed.variants.get(name)),
                (None, Some(other)) => {
                    let of = other.key.differs(&key);
                    Standing::Unknown(format!("what was measured is of {of}"))
                }
                (None, None) => Standing::Unknown("it was not measured on this box".to_owned()),
            },
        };
        let looks_hz = wanted_hz(plan, name);
        Subject { name: name.clone(), key, looks_hz, standing, files: files.clone() }
    };
    installed.models.iter().map(of).collect()
}

/// An entry tells what is to be used, unless weights have come since in a precision that it does not know.
fn known(entry: &Entry, installed: Option<&BTreeMap<Precision, PathBuf>>) -> Standing {
    let has =
        |precision: &&Precision| entry.precisions.iter().all(|of| of.precision != **precision);
    match installed.into_iter().flat_map(BTreeMap::keys).find(has) {
        Some(new) => {
            let label = new.label();
            Standing::Unknown(format!("its weights in {label} were not measured on this box"))
        }
        None => Standing::Known(entry.clone()),
    }
}

/// As if every rule applied at once and things were there.
fn wanted_hz(plan: &Plan, model: &Name) -> f64 {
    let wants = |rule: &Rule| Wants::Looks { gap: Bears::of(rule, plan.engine.lateness).close };
    let cameras = plan.cameras.iter().filter(|camera| camera.model == *model);
    cameras
        .map(|camera| f64::from(Attention::of(camera, |_, rule| wants(rule)).need.looks_hz))
        .sum()
}

impl Subject {
    /// Measures it within a time; `progress` hears how many rounds of how many are done.
    ///
    /// # Errors
    /// [`MeasureError`], or what of the files is wrong, for people.
    pub fn measure(
        &self,
        installed: &Installed,
        within: Duration,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Entry, String> {
        let text = |e: MeasureError| e.to_string();
        let runtime = Runtime::load(&installed.library).map_err(|e| e.to_string())?;
        let began = (clock::monotonic(), clock::process_cpu(), load::busy());
        let Key { cores, provider, .. } = self.key;
        let precisions = precise::measure(&runtime, installed, (&self.name, &self.files), provider);
        let used = tune::chosen_precision(&precisions);
        let used = installed.in_precisions(&[(self.name.clone(), used)].into());
        let files = used.get(&self.name).unwrap_or(&self.files);
        let package =
            Package::read(&self.name, files, &installed.taxonomies).map_err(|e| e.to_string())?;
        let measured = measure::measure(&runtime, (&package, provider), cores, within, progress)
            .map_err(text)?;
        let lasted = clock::monotonic() - began.0;
        let own = clock::process_cpu().saturating_sub(began.1);
        let others_cores = load::busy().zip(began.2).map(|(now, before)| {
            now.saturating_sub(before).saturating_sub(own).as_secs_f64() / lasted.as_secs_f64()
        });
        Ok(Entry {
            key: self.key.clone(),
            name: self.name.clone(),
            runtime: runtime.version().to_owned(),
            at: clock::now(),
            others_cores,
            precisions,
            measured,
        })
    }
}

/// How so many workers of a plan are to run their models.
pub fn tuned(plan: &Plan, installed: &Installed, workers: usize) -> Tuned {
    let mut tuned = Tuned::default();
    let subjects = subjects(plan, installed);
    for subject in &subjects {
        if let Standing::Known(entry) = &subject.standing
            && let Some(told) = precision_in_words(&entry.precisions)
        {
            tuned.precisions.insert(subject.name.clone(), entry.precision());
            tuned.told.push(format!("model {}: {told}", subject.name));
        }
    }
    if let Some(threads) = plan.engine.threads {
        let some = match threads {
            1 => "1 inference thread".to_owned(),
            n => format!("{n} inference threads"),
        };
        tuned.told.push(format!("{some} in each worker, as the pipeline says"));
        return tuned;
    }
    let load = load_of(&subjects, workers);
    for subject in &subjects {
        let line = match &subject.standing {
            Standing::Unknown(why) => {
                tuned.settled = false;
                format!("the default, since {why}; `viahe tune` measures")
            }
            Standing::Known(entry) => {
                let choice = tune::choose(&entry.measured, workers, load);
                if choice.why == Why::Wins {
                    tuned.running.insert(subject.key.model, choice.setting);
                }
                reason(choice, entry, workers, load)
            }
        };
        tuned.told.push(format!("model {}: {line}", subject.name));
    }
    tuned
}

/// Of the default, over all models that were measured.
fn load_of(subjects: &[Subject], workers: usize) -> f64 {
    let of = |subject: &Subject| match &subject.standing {
        Standing::Known(entry) => tune::load(&entry.measured, workers, subject.looks_hz),
        Standing::Unknown(_) => None,
    };
    subjects.iter().filter_map(of).sum()
}

fn reason(choice: Choice, entry: &Entry, workers: usize, load: f64) -> String {
    let used = in_words(choice.setting);
    let why = match choice.why {
        Why::Wins => format!("{:.2} times as many looks as the default", choice.gain),
        Why::NothingBetter => "the default, which nothing beats here by 5 %".to_owned(),
        Why::Untold => format!("the default, since nothing was measured for {workers} workers"),
        Why::Enough => {
            let best = tune::best(&entry.measured, workers);
            let (other, gain, load) = (in_words(best.setting), best.gain, load * 100.0);
            format!(
                "the default, since what the rules ask for takes {load:.0} % of its time; {other} would give \
                 {gain:.2} times as many looks"
            )
        }
    };
    let day = entry.at.in_zone(&jiff::tz::TimeZone::UTC).date();
    format!("{used}: {why} (measured {day})")
}

/// What looks cost in each precision and which is used, for people; none where there is one only.
pub fn precision_in_words(measured: &[Precise]) -> Option<String> {
    if measured.is_empty() {
        return None;
    }
    let of = |of: &Precise| match of.cpu_ms() {
        Some(ms) => format!("{ms:.1} in {}", of.precision.label()),
        None => format!("cannot be used in {}", of.precision.label()),
    };
    let all: Vec<String> = measured.iter().map(of).collect();
    let used = tune::chosen_precision(measured).label();
    Some(format!("weights in {used}, as CPU-ms a look are {}", all.join(", ")))
}

/// A setting, for people.
pub fn in_words(setting: Setting) -> String {
    let Setting { sessions, threads, batch } = setting;
    let runs = match sessions {
        1 => "one run at a time".to_owned(),
        n => format!("{n} runs at once"),
    };
    let threads = if threads > 1 { format!(", each of {threads} threads") } else { String::new() };
    let batch = if batch > 1 { format!(", up to {batch} pictures a run") } else { String::new() };
    runs + &threads + &batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_for_the_box_is_shared_among_the_workers_that_there_are() {
        let sha256 = |n: u8| Sha256::from_bytes([n; 32]);
        let four = Setting { threads: 2, ..Setting::plain(4) };
        let running = [(sha256(1), four), (sha256(2), Setting::plain(2))].into();
        let tuned = Tuned { running, ..Tuned::default() };
        let of = |workers, model| {
            let run = tuned.of_worker(workers).remove(&sha256(model));
            run.map(|run| (run.sessions, run.threads))
        };
        let first: Vec<_> = [1, 2, 3, 4, 8].map(|workers| of(workers, 1)).into();
        assert_eq!(first, [Some((4, 2)), Some((2, 2)), None, Some((1, 2)), None]);
        let second: Vec<_> = [0, 1, 2, 3].map(|workers| of(workers, 2)).into();
        assert_eq!(second, [Some((2, 1)), Some((2, 1)), None, None]);
    }
}
