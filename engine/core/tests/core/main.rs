//! The core as others use it: one program, as linking each test for itself takes longer than running it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attention;
mod classifiers;
mod clock;
mod config;
mod config_docs;
mod doubt;
mod drawn;
mod driver;
mod edit_faults;
mod engine;
mod evaluate;
mod fast_movers;
mod formats;
mod late;
mod looks;
mod mot_shared;
mod mot_support;
mod mot_synthetic;
mod orders;
mod readings;
mod refine;
mod regions;
mod scenarios;
mod sensor_formats;
mod stories;
#[allow(dead_code, reason = "each test uses a part of it")]
mod street;
#[allow(dead_code, reason = "each test uses a part of it")]
mod support;
mod upgrade;
mod wording;
mod workers;
