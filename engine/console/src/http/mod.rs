//! The interface for people, boxes and machines: one file a resource.
//!
//! Every route is in the `OpenAPI` document, which is made from the handlers; every route goes through the
//! gate, which lets in by the table of [`crate::people`]; every error is a [`Problem`].

mod address;
mod app;
mod audit;
mod cookie;
mod extract;
mod gate;
mod health;
mod page;
mod people;
mod problem;
mod router;
mod secure;
mod session;

pub use app::App;
pub use problem::{Kind, Problem};
pub use router::router;
