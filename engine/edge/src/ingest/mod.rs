//! Cameras → frames: GStreamer behind the [`Frame`](viahe_core::frame::Frame) trait.
