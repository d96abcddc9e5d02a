//! `viahe model`: models are added, measured and exchanged.

mod activate;
mod add;
mod bench;
mod compare;
mod eval;
mod measure;
mod text;

use crate::exit::Exit;

/// Adds models, measures them (what they find in labelled pictures, and what they cost), and exchanges them.
///
/// A model is a folder below models/, by its name.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Add(add::Args),
    Eval(eval::Args),
    Compare(compare::Args),
    Bench(bench::Args),
    Activate(activate::Args),
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match &args.command {
        Command::Add(args) => add::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Activate(args) => activate::run(args),
    }
}
