//! What crosses a wire between a box and others, in both directions: names, times, classes, hashes,
//! topics, and every MQTT message. The document is `docs/mqtt.asyncapi.yaml`.
//!
//! Values in, values out: no I/O, no clock. A message that was read is well-formed as far as its types
//! go: names can be topics and file names, hashes are hashes, times have an offset. Keys that a reader
//! does not know are ignored, so that a box may say more than an older centre knows; only commands,
//! which make a box do something, are refused with a key too many.

pub mod class;
pub mod id;
pub mod message;
pub mod place;
pub mod sha256;
pub mod time;
pub mod topic;
