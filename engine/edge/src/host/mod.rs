//! Who carries out what the engine asks for: see [`viahe_core::driver`].

pub mod live;
pub mod replay;
