//! The console: the centre's side of viahe. It takes incidents and evidence from every box, keeps
//! them, and gives people a web application to see, judge and act.
//!
//! It knows boxes by the contract alone: MQTT in and out, evidence over HTTP. It links no camera, no
//! model and no rule, and runs on a machine without any of them.

pub mod basemap;
pub mod broker;
pub mod clock;
pub mod config;
pub mod evidence;
pub mod http;
pub mod keeping;
pub mod live;
pub mod model;
pub mod pem;
pub mod people;
pub mod station;
pub mod store;
pub mod tend;
pub mod text;
pub mod vitals;
pub mod web;
pub mod workload;
