//! `viahe model bench`: what a model costs on this box.

use crate::exit::{Exit, OrUsage};
use crate::eye::installed;
use crate::files::{has_folder, write_json};
use crate::ui::{Progress, say};
use std::fmt::Write as _;
use std::path::PathBuf;
use viahe_core::id::Name;
use viahe_core::tune::THREADS_MAX;
use viahe_edge::models::Locations;
use viahe_edge::tune::{Costs, cores, costs};

/// Measures what one look of a model costs on this box, by threads, and how much memory it takes.
///
/// One image at a time, and nothing else: what several cameras get out of a box is told by `viahe tune` and `viahe capacity`. Stop
/// what else the box does, or compare processor time alone.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Model package under models/.
    model: String,
    /// Threads inside a run. [default: 1, 2, 4 … as far as the box has cores]
    #[arg(long, value_delimiter = ',', value_name = "N,N…")]
    threads: Vec<usize>,
    /// Rounds of five runs for each number of threads.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// Writes all figures into this file; replaced when there.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    if let Some(json) = &args.json {
        has_folder(json)?;
    }
    if let Some(bad) = args.threads.iter().find(|n| !(1..=THREADS_MAX).contains(*n)) {
        return Err(Exit::Usage(format!("--threads {bad}: 1 to {THREADS_MAX}")));
    }
    let locations = Locations::discover(None).map_err(Exit::missing)?;
    let name = Name::try_from(args.model.as_str()).or_usage()?;
    let (package, runtime) = installed(&locations, &name)?;
    let threads = if args.threads.is_empty() { usual() } else { args.threads.clone() };
    let rounds = args.rounds as usize;
    let progress = Progress::new(u64::from(args.rounds), "rounds");
    let mut tell = |done: usize| progress.set(done as u64);
    let costs = costs(&runtime, &package, &threads, rounds, &mut tell).map_err(Exit::failed)?;
    progress.finish();
    let model = &package.model;
    let [width, height] = model.input.size();
    say(&format!(
        "{} version {}, {width}x{height} px, ONNX Runtime {}\n{}",
        model.name,
        model.version,
        runtime.version(),
        table(&costs)
    ));
    args.json.as_ref().map_or(Ok(()), |json| write_json(json, &costs))
}

/// Powers of two up to the cores.
fn usual() -> Vec<usize> {
    let most = cores().min(THREADS_MAX);
    std::iter::successors(Some(1), |n| Some(n * 2)).take_while(|n| *n <= most).collect()
}

fn table(costs: &Costs) -> String {
    let Costs { cpu, cores, memory_bytes, by_threads } = costs;
    let memory = *memory_bytes as f64 / 1e6;
    let mut text = format!(
        "{cpu}, {cores} cores; one session takes {memory:.0} MB\nthreads  ms an image  p95 ms  CPU-ms"
    );
    for cost in by_threads {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n{:7}  {:11.2}  {:6.2}  {:6.2}",
            cost.threads, cost.ms, cost.ms_p95, cost.cpu_ms
        );
    }
    text
}
