//! `viahe model compare`: two models on the same labelled pictures.

use super::incidents;
use super::measure::{Options, measure, whole};
use super::{plots, text};
use crate::exit::Exit;
use crate::files::write_json;
use crate::ui::say;

/// Measures two models on the same labelled pictures, and what the second gains over the first.
///
/// As `viahe model eval` measures them; with --incidents also how much of what happened each tells of for a second of
/// processor time. Each is measured on the classes that it tells: where those differ, the means do too.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Model package under models/.
    before: String,
    /// The one that may take its place.
    after: String,
    #[command(flatten)]
    options: Options,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    if let Some((labels, out)) = args.options.incidents() {
        return incidents::run(&[&args.before, &args.after], labels, out);
    }
    let measured = measure(&[&args.before, &args.after], &args.options)?;
    let [before, after] = &measured[..] else { return Ok(()) };
    say(&text::beside(before, after));
    if let Some(json) = &args.options.json {
        write_json(json, &measured)?;
    }
    if let Some(html) = args.options.html() {
        plots::page(&measured).write(html)?;
    }
    whole(before, args.options.dataset())
}
