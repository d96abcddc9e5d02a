//! One file a subcommand: its arguments, and `run`.

pub(crate) mod camera_sim;
pub(crate) mod capacity;
pub(crate) mod check;
pub(crate) mod console;
pub(crate) mod dataset;
pub(crate) mod demo;
pub(crate) mod detect;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod frame;
pub(crate) mod model;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod shadow;
pub(crate) mod test;
pub(crate) mod track;
pub(crate) mod tune;
pub(crate) mod worker;
