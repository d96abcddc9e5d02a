//! What boxes say and are told, over MQTT 5.
//!
//! One session that the broker keeps while the console is away. A message is acknowledged there once what it
//! says is on the disk, and an incident on `…/ack` as well, repeats too: whatever is killed in between, the
//! broker or the box says it again, and it counts once. What cannot be read is counted, logged and
//! acknowledged; it never comes again, and ends nothing. Letters to boxes wait in the store until the broker
//! says that somebody got them while the box was there, and go once more when the box is heard later. Commands
//! wait for nothing but their answer, and not for long.

mod commands;
mod connection;
mod intake;
mod options;
mod post;
mod reading;
mod room;

pub use commands::{Commands, RealTime, Timer, ToSend, Unanswered};
pub use connection::Broker;
