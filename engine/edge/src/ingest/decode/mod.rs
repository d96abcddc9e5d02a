//! How much of a stream is decoded: as much as the looks at it need, exactly, and no more.
//!
//! A [`Gate`] stands before the decoder. It knows of each access unit what it refers to
//! ([`coded::unit`](super::coded::unit)), measures how the stream is built ([`gop`]) and chooses the
//! sparsest [`DecodeMode`](viahe_contract::message::DecodeMode) that meets the [`Demand`]. What it feeds to the decoder always decodes to
//! the very pictures that decoding all of it would give: it begins at key frames only, leaves out only what
//! nothing fed refers to, and keeps the coded pictures since the newest key frame, so that it can
//! catch up with the stream at any moment instead of waiting for the next one.
//!
//! Pure: units are handles of any type, times are given. The probe that carries it out is
//! [`valve`](super::valve).

mod demand;
mod gate;
mod gop;
mod ring;
mod strain;

pub use demand::{Demand, Looks};
pub(super) use gate::{Arrived, Gate, LeftOut, Report, Step, Verdict};
pub use strain::Strain;
