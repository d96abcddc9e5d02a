//! `viahe schema`: the JSON Schema of files that people write, for editors.

use crate::exit::Exit;
use crate::ui::say;
use viahe_core::config::{model_schema, pipeline_schema, taxonomy_schema};

/// Prints the JSON Schema of pipeline files, of model files or of taxonomies.
///
/// Editors with a TOML language server complete and check such files with it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Of `model.toml`
    #[arg(long)]
    model: bool,
    /// Of `taxonomy.toml`
    #[arg(long, conflicts_with = "model")]
    taxonomy: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let schema = match (args.model, args.taxonomy) {
        (true, _) => model_schema(),
        (_, true) => taxonomy_schema(),
        _ => pipeline_schema(),
    };
    say(&serde_json::to_string_pretty(&schema).map_err(Exit::failed)?);
    Ok(())
}
