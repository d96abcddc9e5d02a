//! The vision plane: cameras in, observations out.
//!
//! [`worker`] runs it, in a process of its own ([`pipe`]) under the engine's [`supervise`], or in
//! the engine's process for debugging. [`replay`] runs recordings through the same analysis in
//! event time.

mod analyse;
mod areas;
mod glance;
mod kinds;
mod lens;
mod memory;
mod photographer;
pub mod pipe;
mod playback;
pub mod replay;
mod second;
pub mod shadow;
pub mod share;
mod slots;
pub mod supervise;
pub mod worker;
