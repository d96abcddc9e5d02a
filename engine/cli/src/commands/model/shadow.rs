//! `viahe model shadow`: how a candidate fares beside the model at work, and what becomes of it.

use super::super::run::load_without_secrets;
use crate::exit::{Exit, OrUsage};
use crate::files::{has_folder, not_over, write_json};
use crate::ui::say;
use std::path::PathBuf;
use viahe_contract::id::IncidentId;
use viahe_core::plan::{Plan, Shadow};
use viahe_core::shadow::{Ruling, Score, Side};
use viahe_edge::clock;
use viahe_edge::shadow::{
    Book, Decision, Report, decision, exchange, judge, page, reset, write_decision,
};

/// Compares a candidate with the model at work, by incidents and by what operators said of them.
///
/// With `[shadow]` in the pipeline file `viahe run` has a candidate look at the same frames as the model at work, in a part of
/// the time. What both would tell is kept under `state_dir`, and told to nobody.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// How it stands.
    Status(Of),
    /// The whole comparison: a page with plots and pictures, or JSON.
    Report(ReportArgs),
    /// Says whether an incident is one that only a model in the shadow told.
    Judge(JudgeArgs),
    /// The candidate takes over: changes the pipeline file.
    Promote(PromoteArgs),
    /// The candidate does not take over; the trial ends.
    Reject(Of),
    /// Forgets all that was compared and decided.
    Reset(Of),
}

#[derive(clap::Args)]
struct Of {
    /// The pipeline file.
    #[arg(long, value_name = "FILE.toml")]
    pipeline: PathBuf,
}

#[derive(clap::Args)]
struct ReportArgs {
    #[command(flatten)]
    of: Of,
    /// Write the page here.
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// Write JSON here; it goes to standard output when nothing is said.
    #[arg(long, value_name = "FILE.json")]
    json: Option<PathBuf>,
}

#[derive(clap::Args)]
struct JudgeArgs {
    /// As the report names it.
    incident: String,
    /// Is it one?
    #[arg(value_enum)]
    said: Said,
    #[command(flatten)]
    of: Of,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Said {
    /// It is.
    Confirmed,
    /// It is not.
    Dismissed,
}

#[derive(clap::Args)]
struct PromoteArgs {
    #[command(flatten)]
    of: Of,
    /// Also when the rule of promotion does not say so.
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match &args.command {
        Command::Status(of) => with(of, status),
        Command::Report(args) => with(&args.of, |plan, shadow| report(args, plan, shadow)),
        Command::Judge(args) => with(&args.of, |plan, _| {
            let incident = IncidentId::try_from(args.incident.as_str()).or_usage()?;
            let confirmed = matches!(args.said, Said::Confirmed);
            judge(&plan.engine.state_dir, &incident, confirmed).map_err(Exit::Failed)?;
            say("noted; it counts at the next look at the scores");
            Ok(())
        }),
        Command::Promote(args) => with(&args.of, |plan, shadow| promote(args, plan, shadow)),
        Command::Reject(of) => with(of, reject),
        Command::Reset(of) => with(of, |plan, _| {
            reset(&plan.engine.state_dir).map_err(Exit::failed)?;
            say("forgotten; a trial begins anew within a minute");
            Ok(())
        }),
    }
}

fn with(of: &Of, act: impl FnOnce(&Plan, &Shadow) -> Result<(), Exit>) -> Result<(), Exit> {
    let plan = load_without_secrets(&of.pipeline)?;
    let shadow = plan.shadow.clone().ok_or_else(|| {
        Exit::Usage(format!(
            "{} has no [shadow]; add one with `candidate = \"…\"`",
            of.pipeline.display()
        ))
    })?;
    act(&plan, &shadow)
}

fn status(plan: &Plan, shadow: &Shadow) -> Result<(), Exit> {
    let report = Report::of(plan, shadow).map_err(Exit::Failed)?;
    let Report { incumbent, candidate, since, until, kept_up, all, .. } = &report;
    say(&format!("{} in the shadow of {}, {since} to {until}", candidate.name, incumbent.name));
    say(&format!("looks of both: {}, left out: {}", kept_up.hits, kept_up.of - kept_up.hits));
    if let (Some([one, other]), Some(cost)) = (report.cpu_ms, report.cost) {
        say(&format!("CPU-ms a look: {one:.1} and {other:.1} ({cost:.2} times)"));
    }
    let Score { both, missing, extra } = all.score;
    say(&format!(
        "incidents: {} of both, {} missing at the candidate, {} of it alone ({} not judged)",
        both.all(),
        missing.all(),
        extra.all(),
        extra.unjudged
    ));
    let precision = |side| {
        let of = all.score.precision(side);
        format!("{} of {}", of.hits, of.of)
    };
    say(&format!(
        "confirmed of what was judged: {} and {}",
        precision(Side::Incumbent),
        precision(Side::Candidate)
    ));
    say(&match (&report.decision, &report.ruling) {
        (Some(Decision::Promoted { from, .. }), _) => format!("it took over from {from}"),
        (Some(Decision::Rejected { .. }), _) => "it was rejected".into(),
        (Some(Decision::RolledBack { .. }), _) => "it took over, and was taken back".into(),
        (None, Ruling::Promote) => "it may take over: `viahe model shadow promote`".into(),
        (None, Ruling::Reject(why)) => format!("it may not take over: {why}"),
        (None, Ruling::Wait(open)) => open.to_string(),
    });
    Ok(())
}

fn report(args: &ReportArgs, plan: &Plan, shadow: &Shadow) -> Result<(), Exit> {
    for out in args.html.iter().chain(&args.json) {
        not_over(out, [args.of.pipeline.as_path()])?;
        has_folder(out)?;
    }
    let report = Report::of(plan, shadow).map_err(Exit::Failed)?;
    if let Some(path) = &args.html {
        let written = std::fs::write(path, page(&report));
        written.map_err(|e| Exit::Failed(format!("{}: {e}", path.display())))?;
    }
    match &args.json {
        Some(path) => write_json(path, &report)?,
        None if args.html.is_none() => {
            say(&serde_json::to_string_pretty(&report).map_err(Exit::failed)?);
        }
        None => {}
    }
    Ok(())
}

fn promote(args: &PromoteArgs, plan: &Plan, shadow: &Shadow) -> Result<(), Exit> {
    let report = Report::of(plan, shadow).map_err(Exit::Failed)?;
    undecided(&report)?;
    if report.ruling != Ruling::Promote && !args.force {
        let why = match &report.ruling {
            Ruling::Reject(why) => why.to_string(),
            Ruling::Wait(open) => open.to_string(),
            Ruling::Promote => String::new(),
        };
        return Err(Exit::Failed(format!(
            "the rule of promotion does not say so: {why}; --force does it all the same"
        )));
    }
    let Shadow { model, incumbent, candidate, .. } = shadow;
    let why = format!("{candidate} looks from now on: viahe model shadow promote");
    exchange(&args.of.pipeline, plan, model, candidate, &why).map_err(Exit::Failed)?;
    let decided = Decision::Promoted {
        candidate: report.candidate.clone(),
        at: clock::now(),
        from: incumbent.clone(),
        precision: report.all.score.precision(Side::Incumbent),
        auto: false,
    };
    write_decision(&plan.engine.state_dir, &decided).map_err(Exit::failed)?;
    say(&format!(
        "{} is changed; a running viahe takes it up by SIGHUP (`systemctl reload viahe`), and goes back by itself when \
         what operators say of its incidents gets worse",
        args.of.pipeline.display()
    ));
    Ok(())
}

fn reject(plan: &Plan, _shadow: &Shadow) -> Result<(), Exit> {
    let state_dir = &plan.engine.state_dir;
    let book = Book::read(state_dir).map_err(Exit::Failed)?;
    let book = book.ok_or_else(|| Exit::Failed("nothing was compared yet".into()))?;
    if let Some(decided) = decision(state_dir).map_err(Exit::Failed)?
        && *decided.candidate() == book.candidate
    {
        return Err(already());
    }
    let rejected = Decision::Rejected { candidate: book.candidate, at: clock::now(), why: None };
    write_decision(state_dir, &rejected).map_err(Exit::failed)?;
    say("the trial ends; its report stays until `viahe model shadow reset`");
    Ok(())
}

fn undecided(report: &Report) -> Result<(), Exit> {
    if report.decision.is_some() { Err(already()) } else { Ok(()) }
}

fn already() -> Exit {
    let what = "it was decided already; `viahe model shadow status` says how, and `viahe model shadow reset` begins anew";
    Exit::Failed(what.into())
}
