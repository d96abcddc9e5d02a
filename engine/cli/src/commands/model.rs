//! `viahe model`: models are listed, added, measured, quantised and exchanged.

mod activate;
mod add;
mod bench;
mod compare;
mod eval;
mod incidents;
mod list;
mod measure;
mod plots;
mod quantize;
mod shadow;
mod text;

use crate::exit::Exit;

/// Lists and adds models, measures them (what they find in labelled pictures, what rules tell by them, and what they cost), and
/// exchanges them.
///
/// A model is a folder below models/, by its name.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    List(list::Args),
    Add(add::Args),
    Eval(eval::Args),
    Compare(compare::Args),
    Bench(bench::Args),
    Quantize(quantize::Args),
    Activate(activate::Args),
    Shadow(shadow::Args),
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match &args.command {
        Command::List(args) => list::run(args),
        Command::Add(args) => add::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Quantize(args) => quantize::run(args),
        Command::Activate(args) => activate::run(args),
        Command::Shadow(args) => shadow::run(args),
    }
}
