//! `viahe model`: models are exchanged.

mod activate;

use crate::exit::Exit;

/// What is done with model packages.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Activate(activate::Args),
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match &args.command {
        Command::Activate(args) => activate::run(args),
    }
}
