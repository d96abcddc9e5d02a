//! Cameras and recordings, by real RTSP and real files.

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
