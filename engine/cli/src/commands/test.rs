//! `viahe test`: do recordings still yield the incidents that the pipeline says?

use super::run::load_without_secrets;
use crate::exit::Exit;
use crate::ui::say;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use viahe_core::engine::TooLate;
use viahe_core::plan::{Plan, Test};
use viahe_core::scenario::{self, Run};
use viahe_edge::record::Recording;

/// Runs the `[[test]]` tables of a pipeline: its rules over recordings, against what must come.
///
/// No camera, model or secret is needed. Exit code 1 when a test fails.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Only this test.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = Arc::new(load_without_secrets(&args.pipeline)?);
    let tests = wanted(args, &plan)?;
    let mut failed = 0;
    for test in &tests {
        let differences = outcome(&args.pipeline, &plan, test)?;
        if differences.is_empty() {
            say(&format!("ok {}", test.name));
            continue;
        }
        failed += 1;
        say(&format!("FAILED {}", test.name));
        for line in &differences {
            say(&format!("  {line}"));
        }
    }
    let count = tests.len();
    say(&format!("{} of {count} tests ok", count - failed));
    if failed > 0 {
        return Err(Exit::Failed(format!("{failed} of {count} tests failed")));
    }
    Ok(())
}

fn wanted<'p>(args: &Args, plan: &'p Plan) -> Result<Vec<&'p Test>, Exit> {
    let file = args.pipeline.display();
    if plan.tests.is_empty() {
        return Err(Exit::Usage(format!("{file}: there is no [[test]]; add one")));
    }
    let Some(only) = &args.only else { return Ok(plan.tests.iter().collect()) };
    let tests: Vec<&Test> = plan.tests.iter().filter(|t| t.name.as_str() == only).collect();
    if tests.is_empty() {
        let names: Vec<&str> = plan.tests.iter().map(|t| t.name.as_str()).collect();
        let names = names.join(", ");
        return Err(Exit::Usage(format!("{file}: there is no test {only:?}; tests are {names}")));
    }
    Ok(tests)
}

/// What differs from what the test expects.
fn outcome(pipeline: &Path, plan: &Arc<Plan>, test: &Test) -> Result<Vec<String>, Exit> {
    let place = || format!("{}:{}: test {}", pipeline.display(), test.line, test.name);
    let wrong = |e| Exit::Usage(format!("{}: {e}", place()));
    let (mut run, mut start) = (Run::new(plan), None);
    Recording::open(&test.recording)
        .and_then(|recording| {
            recording.run_through(&mut run, |at| {
                start.get_or_insert(at);
            })
        })
        .map_err(wrong)?;
    if let Some(late) = run.too_late().first() {
        let TooLate { sensor, at, value, by, rule } = late;
        say(&format!(
            "warning: {}: a reading of {value} by {sensor}, measured at {at}, came {} s after a newer \
             one and was not used, and {rule} would have held by it; set lateness_secs to more than \
             that",
            test.name,
            by.as_secs()
        ));
    }
    Ok(scenario::compare(test, start.unwrap_or_default(), &run.finish().0))
}
