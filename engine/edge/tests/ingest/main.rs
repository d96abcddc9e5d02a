//! Cameras and recordings, by real RTSP and real files.

#![allow(clippy::unwrap_used)] // All of it is test code.

mod clock;
mod decode;
mod file;
mod live;
mod quirks;
mod rtsp;
mod substream;
mod support;

/// Serves for `SimProcess`; nothing when run as a test.
#[test]
fn sim_child() {
    support::serve_as_child();
}
