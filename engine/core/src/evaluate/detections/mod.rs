//! Boxes of a detector against the truth.
//!
//! Input: [`Pictures`], with classes as numbers. Output: average precision as pycocotools reckons it ([`average_precision`]; Lin
//! et al. 2014, "Microsoft COCO"; 2.0.11 was read and run), and what was found at the one confidence that rules use
//! ([`judge`]), also by how tall things are. [`Report`] is all of it. [`Mapping`] makes one set of classes of a model's and a data set's.

mod classes;
mod height;
mod judge;
mod matching;
mod pictures;
mod precision;
mod report;

pub use classes::{Mapping, MappingError};
pub use height::Height;
pub use judge::{Judged, judge};
pub use pictures::{Found, Kind, Pictures, Truth};
pub use precision::{Average, SIZES, average_precision};
pub use report::{Heights, Object, Report, Row, Seen, Sizes};
