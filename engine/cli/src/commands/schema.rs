//! `viahe schema`: the JSON Schema of files that people write, for editors.

use crate::exit::Exit;
use crate::ui::say;
use viahe_core::config::{model_schema, pipeline_schema};

/// Prints the JSON Schema of pipeline files, or of model files.
///
/// Editors with a TOML language server complete and check such files with it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Of `model.toml`
    #[arg(long)]
    model: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let schema = if args.model { model_schema() } else { pipeline_schema() };
    say(&serde_json::to_string_pretty(&schema).map_err(Exit::failed)?);
    Ok(())
}
