//! Files → validated values. Parsing is pure; only a valid file yields a [`Plan`], an [`Entry`],
//! a [`Calendar`] or a [`Model`](crate::model::Model).
//!
//! `problem` (how faults are told) → `schedule`, `secret`, `url` (forms of text) → `schema` (forms and
//! kinds of keys) → `…_keys` (the tables of keys) → `value`, `read` (text → checked tables) → `common` →
//! `catalogue`, `calendar` → `rules`, `permits`, `drawn`, `tests_table` → `pipeline`; `model` and `taxonomy`
//! stand beside it. `edit` changes the text, `view` tells what of it can be.

mod advice;
mod calendar;
mod catalogue;
mod common;
mod condition_keys;
mod console;
mod drawn;
mod edit;
mod engine_keys;
mod eyes;
mod hints;
mod language;
pub mod model;
mod model_keys;
mod parameter_words;
mod permits;
mod pipeline;
mod pipeline_keys;
mod problem;
mod quantities;
mod read;
mod reference;
mod refine;
mod rule_keys;
mod rules;
mod schedule;
mod schema;
mod secret;
mod sensors;
mod shadow;
mod shadow_keys;
mod sources;
mod taxonomy;
mod tests_table;
mod url;
mod value;
mod view;
mod windows;

pub use advice::{Warning, warnings};
pub use catalogue::Entry;
pub use edit::{difference, edited, wrote};
pub use hints::hints;
pub use language::Wanted;
pub use pipeline::parse;
pub use problem::{ConfigError, Problem};
pub use reference::{
    catalogue_reference, model_reference, model_schema, pipeline_reference, pipeline_schema,
    taxonomy_schema,
};
pub use secret::{SecretLookup, SecretRef};
pub use sources::{Lookup, PipelineSources};
pub use taxonomy::Taxonomy;
pub use view::{View, entry_view, view};
