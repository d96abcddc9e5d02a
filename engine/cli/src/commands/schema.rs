//! `viahe schema`: the JSON Schema of pipeline files, for editors.

use crate::exit::Exit;
use crate::ui::say;

/// Prints the JSON Schema of pipeline files.
///
/// Editors with a TOML language server complete and check pipelines with it.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args) -> Result<(), Exit> {
    let schema = viahe_core::config::pipeline_schema();
    say(&serde_json::to_string_pretty(&schema).map_err(Exit::failed)?);
    Ok(())
}
