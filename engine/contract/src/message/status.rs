//! How a box is.

use super::camera::{Disaster, Suspension};
use super::incident::ModelRef;
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

/// What `…/status` says, kept by the broker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BoxStatus {
    /// It is there.
    Online(Online),
    /// It is gone.
    Offline(Offline),
}

/// What is told of a box that is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Online {
    /// Of viahe.
    pub version: String,
    /// The version of MQTT that is spoken.
    pub mqtt: String,
    /// What looks.
    pub models: Vec<ModelRef>,
    /// Revisions that wait to be delivered.
    pub outbox_depth: u64,
    /// Of these, those that are only in memory because the disk takes nothing.
    pub unsaved: u64,
    /// Revisions that the broker will not take.
    pub quarantined: u64,
    /// Pictures that the console may lack; 0 where there is none. Boxes of earlier versions leave it out.
    #[serde(default)]
    pub pictures_waiting: u64,
    /// What does not work now; empty when all is well.
    pub troubles: Vec<Trouble>,
    /// Rules that say nothing by order, of all cameras and of the site.
    pub suspensions: Vec<Suspension>,
    /// The disaster that is declared.
    pub disaster: Option<Disaster>,
    /// When this was said.
    pub time: LocalTime,
}

/// Something that does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// As in the metric `viahe_trouble`. New ones come with versions of viahe: a reader shows the text of
    /// those that it does not know.
    pub trouble: String,
    /// What is wrong and what to do.
    pub text: String,
    /// Since when.
    pub since: LocalTime,
}

/// Why a box is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Offline {
    /// It was stopped, and says so itself.
    Shutdown {
        /// Of viahe.
        version: String,
        /// When.
        time: LocalTime,
    },
    /// The connection broke; the broker says it, by the last will.
    Lost {
        /// Of viahe.
        version: String,
        /// When the lost connection was made.
        connected: LocalTime,
    },
}
