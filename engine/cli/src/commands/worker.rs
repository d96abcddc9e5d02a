//! `viahe worker`: the vision process that the engine starts. Not for people.

use crate::exit::Exit;
use viahe_edge::vision::{pipe, worker};

/// The vision process that `viahe run` starts; speaks the seam on standard input and output.
#[derive(clap::Args)]
#[command(hide = true)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args) -> Result<(), Exit> {
    // A thread that panicked would leave a camera dark without a word: better a new process.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        std::process::abort();
    }));
    pipe::serve_stdio(worker::serve).map_err(Exit::failed)
}
