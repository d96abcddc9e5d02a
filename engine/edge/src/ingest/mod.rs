//! Cameras and recordings → frames: GStreamer behind the
//! [`Frame`](viahe_core::frame::Frame) trait.
//!
//! - [`LiveCamera`] watches one camera for years: newest frame wins, any fault leads to a new
//!   connection.
//! - [`FileReader`] reads a recording: each frame once, in order, the decoder waits for the reader.
//!
//! Invariants: no pixel is copied on the way (the decoder's buffers are mapped where they are); no
//! queue grows; each frame that is not delivered has a counter; event time of a camera never runs
//! backwards; no text holds a login or an address. Not here: what a frame shows.
//!
//! Why it is built so: `docs/adr/0004-ingest.md`.

mod area;
mod camera;
mod carrier;
mod codec;
mod coded;
mod decode;
mod error;
mod fault;
mod file;
mod film;
mod frame;
mod graph;
mod labour;
mod link;
mod live;
mod meter;
mod pace;
mod pool;
mod probe;
mod pulse;
mod rate;
mod reel;
mod remote;
mod rtsp;
mod session;
mod stamp;
mod tls;
mod valve;

pub use camera::{CameraOptions, FeedState, FrameSink};
pub use decode::{Demand, Looks, Strain};
pub use error::IngestError;
pub use file::FileReader;
pub use film::Taken;
pub use frame::GstFrame;
pub use live::LiveCamera;
pub use meter::{CameraCounters, Dropped};
pub use reel::{Developed, NoPicture};
pub use remote::Remote;

pub(crate) use codec::Codec;
pub(crate) use file::{Container, container_of};
pub(crate) use graph::{element, init};
