//! Files → validated values. Parsing is pure; only a valid file yields a [`Plan`] or a [`Model`].

pub mod model;
pub mod plan;

pub use model::Model;
pub use plan::Plan;
