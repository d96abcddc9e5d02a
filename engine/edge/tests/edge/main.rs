//! The box as others use it: one program, as linking each test for itself takes longer than running it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod evidence;
mod gate;
mod infer;
mod ingest;
mod publish;
mod regions;
mod telemetry;
mod telemetry_log;
mod upload;
mod view_replay;
