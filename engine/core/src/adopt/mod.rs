//! A detector that nobody has described yet → its `model.toml`, with a reason for each line.
//!
//! An ONNX file says much of itself: shapes, types, what its exporter wrote down; so do files that lie beside it. What none of them says is guessed by
//! what is usual of such a head, in order of likelihood: [`Draft::tries`] are whole descriptions, and who has a picture [judges](verdict) what each makes of it. Nothing is
//! believed because it has the right shape.

mod beside;
mod draft;
mod edges;
mod fact;
mod heads;
mod hugging;
mod labels;
mod literal;
mod said;
mod scale;
mod text;
mod triton;
mod ultralytics;
mod verdict;

pub use self::beside::{Beside, BesideError};
pub use self::draft::{Draft, Given, draft};
pub use self::edges::Unusable;
pub use self::fact::{Fact, How};
pub use self::text::{Paper, Try};
pub use self::verdict::{Verdict, verdict};
