//! Every message of the contract, as it reads on the wire.
//!
//! A type here is one JSON object. What is unknown or does not apply is `null`, never left out, so that
//! a reader sees what there is to know; commands leave out what they do not need.

mod advice;
mod asked;
mod bytes;
mod camera;
mod cause;
mod command;
mod edit;
mod evidence;
mod fault;
mod geometry;
mod incident;
mod preview;
mod refusal;
mod reply;
mod seen_by;
mod sensor;
mod site;
mod status;
mod story;
mod stream;
mod verdict;
mod window;

pub use advice::Advice;
pub use asked::{
    Asked, AskedCondition, AskedCrossing, AskedHeading, AskedMotion, AskedOf, AskedPlace,
    AskedRelation, AskedRelationKind, AskedTest, AskedThing,
};
pub use bytes::to_bytes;
pub use camera::{
    CameraState, CameraStatus, ClockOf, ClockStep, DecodeMode, DecodeReason, Decoding, Disaster,
    Looks, Quarantine, Rest, Resting, RulesSuspended, StreamState, Streams, Suspension, WhySilent,
};
pub use cause::{CameraFault, Cause};
pub use command::{Command, CommandError, Order, id_of};
pub use edit::{
    Calibration, DiffKind, DiffLine, Edit, EditProblem, Edited, PermitWritten, RuleWritten,
};
pub use evidence::{Evidence, EvidenceState, Medium, Moment, moment_of};
pub use fault::EditFault;
pub use geometry::{Boxes, Geometry};
pub use incident::{
    Ack, Citation, ClockRef, EndReason, Incident, IncidentEvent, Measured, ModelRef, Severity,
    Stage, State, Subject,
};
pub use preview::{Preview, PreviewIncident, Previewed};
pub use refusal::{Lock, Refusal};
pub use reply::{File, Reply};
pub use seen_by::SeenBy;
pub use sensor::{SensorHealth, SensorState};
pub use site::{
    CameraView, EntryNeeds, EntryView, InBoth, LineView, MeasureView, ModelView, ParameterKind,
    ParameterView, PipelineVersion, SiteView, ZoneView,
};
pub use status::{BoxStatus, Offline, Online, Trouble};
pub use story::{Story, StoryCode, StoryKnown, StoryStep, StorySubject, WhyRests};
pub use stream::{Carrier, StreamRole};
pub use verdict::{Judgement, Verdict};
pub use window::{Certainty, WindowResult};
