//! End-to-end tests: the real program, clip, model, RTSP server and broker, seen from outside.
//!
//! One test binary, so that the long tests, which mostly wait, run side by side. A test waits for
//! what it expects (a line, a message, a file, a number of `/metrics`) and never for time to pass;
//! the bounds only make a failure end. Everything that a test starts dies with it.

// A failed preparation ends the test; names of files are our own.
#![allow(clippy::unwrap_used, clippy::case_sensitive_file_extension_comparisons)]

mod added;
mod attention;
mod broker_lost;
mod brokers;
mod camera_lost;
mod capacity;
mod check;
mod commands;
mod console_killed;
mod dataset;
mod demo;
mod disk_damaged;
mod disk_full;
mod edits;
mod engine_killed;
mod explain;
mod fleet;
mod help;
mod hostile;
mod installed;
mod judged;
mod live;
mod looped;
mod measured;
mod models;
mod orders;
mod quantized;
mod questions;
mod readme;
mod replay;
mod run;
mod second_stage;
mod secrets;
mod shadow;
mod state_lost;
mod stills;
mod substream;
mod support;
mod tune;
mod upgrade;
mod worker_lost;
mod wrong_model;
mod zones;
