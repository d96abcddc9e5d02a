//! `viahe dataset`: footage becomes data to learn from.

mod coco;
mod export;

use crate::exit::Exit;

/// Makes data sets of what cameras showed and operators judged.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Export(export::Args),
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match &args.command {
        Command::Export(args) => export::run(args),
    }
}
