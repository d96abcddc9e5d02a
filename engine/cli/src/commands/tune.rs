//! `viahe tune`: how does this box look fastest?

use super::run;
use crate::exit::Exit;
use crate::ui::{Progress, say};
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use viahe_core::plan::Plan;
use viahe_core::tune::{Book, Choice, Entry, best};
use viahe_edge::fleet::{installed, tuned};
use viahe_edge::models::{Installed, ModelError};
use viahe_edge::tune::{
    Standing, Subject, give_way, has_room, in_words, precision_in_words, shelf, subjects,
};

/// A model is measured within this.
const WITHIN: Duration = Duration::from_secs(30);
/// Other programs are worth a word from so much of the cores on.
const OTHERS_SHARE: f64 = 0.1;

/// Measures how the models of a pipeline are best run on this box.
///
/// Tries runs at once, threads of a run and pictures of a run side by side, for at most 30 s a model,
/// and keeps what it found in `tune.json` under `state_dir` of `[engine]`, for `viahe run` to use. What
/// is known already is not measured again. `viahe run` does this itself on a box that has never done it,
/// when looks are not late; but a box that does nothing else meanwhile tells more.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Also what is known already.
    #[arg(long)]
    again: bool,
    /// Leaves the processor to everybody else, and ends when standard input does.
    #[arg(long, hide = true)]
    idle: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    if args.idle {
        give_way();
        end_with_input()?;
    }
    let plan = run::load_without_secrets(&args.pipeline)?;
    let installed = installed(&plan).map_err(|errors| missing(&errors))?;
    let state_dir = &plan.engine.state_dir;
    let mut book = shelf::read(state_dir).unwrap_or_else(|why| {
        say(&format!("{why}; measured again"));
        Book::default()
    });
    let mut failures = Vec::new();
    for subject in subjects(&plan, &installed) {
        match entry(&subject, &installed, args) {
            Ok((entry, new)) => {
                say(&table(&entry, new, &plan.site.timezone));
                if new {
                    book.put(entry);
                    keep(state_dir, &book)?;
                }
            }
            Err(why) => failures.push(format!("model {}: {why}", subject.name)),
        }
    }
    say(&used(&plan));
    if failures.is_empty() { Ok(()) } else { Err(Exit::Failed(failures.join("\n"))) }
}

fn missing(errors: &[ModelError]) -> Exit {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    Exit::Missing(lines.join("\n"))
}

/// Who started this ends it by closing its input, also by dying.
fn end_with_input() -> Result<(), Exit> {
    let thread = std::thread::Builder::new().name("input".into());
    let ended = thread.spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(1);
    });
    ended.map(drop).map_err(Exit::failed)
}

/// What is known of a model, and whether it is new.
fn entry(subject: &Subject, installed: &Installed, args: &Args) -> Result<(Entry, bool), String> {
    if let (Standing::Known(entry), false) = (&subject.standing, args.again) {
        return Ok((entry.clone(), false));
    }
    if let Standing::Unknown(why) = &subject.standing {
        tracing::info!(model = %subject.name, why, "is measured");
    }
    if args.idle && !has_room() {
        return Err("the box at work leaves too little memory to measure beside it".to_owned());
    }
    let mut bar = None;
    let entry = subject.measure(installed, WITHIN, &mut |done, all| {
        if args.idle {
            // Nobody watches.
            return;
        }
        let bar = bar.get_or_insert_with(|| Progress::new(all as u64, "rounds"));
        bar.set(done as u64);
    });
    if let Some(bar) = bar {
        bar.finish();
    }
    Ok((entry?, true))
}

fn keep(state_dir: &Path, book: &Book) -> Result<(), Exit> {
    shelf::write(state_dir, book).map_err(|e| {
        let path = shelf::path(state_dir);
        Exit::Failed(format!("{}: {e}; run this as the user that viahe runs as", path.display()))
    })
}

/// All settings of a model, against the default.
fn table(entry: &Entry, new: bool, zone: &TimeZone) -> String {
    let Entry { name, runtime, key, measured, .. } = entry;
    let at = entry.at.rfc3339(zone);
    let known = if new { "measured now".to_owned() } else { format!("known, measured {at}") };
    let mut text =
        format!("{name}, ONNX Runtime {runtime}, {}, {} cores: {known}\n", key.cpu, key.cores);
    if let Some(precision) = precision_in_words(&entry.precisions) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {precision}");
    }
    let default = measured.first().map_or(1.0, |default| mean(&default.looks_hz));
    for of in measured {
        let (hz, cpu_ms) = (mean(&of.looks_hz), mean(&of.cpu_ms));
        let _ = writeln!(
            text,
            "  {:42} {hz:7.1} looks a second, {:4.2} times; {cpu_ms:6.1} CPU-ms a look",
            in_words(of.setting),
            hz / default
        );
    }
    let Choice { setting, gain, .. } = best(measured, 1);
    let _ =
        write!(text, "  best: {}, {gain:.2} times the default of one worker", in_words(setting));
    if let Some(others) = entry.others_cores.filter(|n| *n >= OTHERS_SHARE * key.cores as f64) {
        let _ = write!(
            text,
            "\n  Note: other programs used {others:.1} of {} cores meanwhile, so little could win; measure \
             again (--again) when the box is idle.",
            key.cores
        );
    }
    text
}

fn mean(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / of.len().max(1) as f64
}

/// What `viahe run` makes of it.
fn used(plan: &Plan) -> String {
    let mut text = "`viahe run` uses:".to_owned();
    for line in tuned(plan).told {
        let _ = write!(text, "\n  {line}");
    }
    text
}
