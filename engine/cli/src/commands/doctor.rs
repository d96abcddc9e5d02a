//! stub
use crate::exit::Exit;
/// Doctor
#[derive(clap::Args)]
pub(crate) struct Args {}
pub(crate) fn run(_args: &Args) -> Result<(), Exit> { Ok(()) }
