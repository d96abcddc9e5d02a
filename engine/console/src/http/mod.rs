//! The interface for people, boxes and machines: one file a resource.
//!
//! Every route is in the `OpenAPI` document, which is made from the handlers; every route goes through the
//! gate, which lets in by the table of [`crate::people`]; every error is a [`Problem`].

mod address;
mod app;
mod ask;
mod audit;
mod base_map;
mod between;
mod certificate;
mod connections;
mod cookie;
mod document;
mod events;
mod evidence;
mod explanation;
mod extract;
mod floods;
mod gate;
mod health;
mod incidents;
mod map;
mod metrics;
mod page;
mod pages;
mod patient;
mod people;
mod pipeline;
mod precision;
mod problem;
mod query;
mod router;
mod schema;
mod secure;
mod session;
mod shelves;
mod sites;
mod stills;
mod tls;
mod turns;
mod workload;

pub use app::App;
pub use connections::{Entrance, Limits, serve};
pub use pages::Pages;
pub use problem::{Kind, Problem};
pub use router::router;
pub use tls::Tls;
pub use turns::Turns;
