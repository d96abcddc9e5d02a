//! What the event plane is made of, and what comes out of a run.

use super::day::EventTime;
use super::outside::{Arrivals, Centre, Clock, Finish, Lookers, Retraces, Storage};
use crate::clerk::Clerk;
use crate::evidence::EvidenceStore;
use crate::history::History;
use crate::record::Recorder;
use crate::shadow::Keeper;
use crate::store::StoreError;
use crate::telemetry::{Metrics, WorkerMemory};
use crate::trouble::Troubles;
use crate::tune::Tuned;
use std::collections::BTreeMap;
use std::sync::Arc;
use viahe_contract::id::WorkerId;
use viahe_core::attention::Attention;
use viahe_core::id::Name;
use viahe_core::incident::Revision;
use viahe_core::plan::{Camera, Plan};
use viahe_core::seam::{CameraReport, WorkerStats};

/// Who is told what happens, beside MQTT and metrics: the command line.
pub trait Observer: Send {
    /// The worker's counters, once a second.
    fn stats(&mut self, _stats: &WorkerStats) {}
    /// A camera went on or off line.
    fn camera(&mut self, _report: &CameraReport) {}
    /// So much a camera is looked at from now on.
    fn attends(&mut self, _camera: &Camera, _attention: &Attention) {}
    /// What workers use of the box's memory, once a second.
    fn memory(&mut self, _workers: &BTreeMap<WorkerId, WorkerMemory>) {}
    /// An incident was committed.
    fn committed(&mut self, _revision: &Revision) {}
}

/// An observer that does not look.
pub struct Unobserved;

impl Observer for Unobserved {}

/// How a pipeline is read again.
pub struct Reload {
    /// Reads it; the error is for people.
    pub load: Box<dyn Fn() -> Result<Plan, String> + Send>,
    /// Somebody on the box asks for it: SIGHUP.
    pub asked: crossbeam_channel::Receiver<()>,
    /// Tells and changes the file by order; none where the centre may not.
    pub clerk: Option<Arc<Clerk>>,
}

impl Reload {
    /// Of the file that this clerk keeps.
    pub fn of(clerk: Clerk, asked: crossbeam_channel::Receiver<()>) -> Self {
        let clerk = Arc::new(clerk);
        let own = Arc::clone(&clerk);
        Self { load: Box::new(move || own.load()), asked, clerk: Some(clerk) }
    }
}

/// Everything that the event plane owns.
pub(crate) struct Parts {
    /// What runs.
    pub(crate) plan: Arc<Plan>,
    /// What time it is.
    pub(crate) clock: Box<dyn Clock>,
    /// By which events are timed.
    pub(crate) event_time: EventTime,
    /// What workers say, and what comes over MQTT.
    pub(crate) arrivals: Box<dyn Arrivals>,
    /// Outbox and saved state.
    pub(crate) store: Box<dyn Storage>,
    /// Why the outbox could not be opened, if it could not.
    pub(crate) store_error: Option<StoreError>,
    /// Pictures.
    pub(crate) evidence: Arc<EvidenceStore>,
    /// Does what is to be done to them.
    pub(crate) finisher: Box<dyn Finish>,
    /// The workers.
    pub(crate) fleet: Box<dyn Lookers>,
    /// MQTT.
    pub(crate) centre: Box<dyn Centre>,
    /// `/metrics`.
    pub(crate) metrics: Arc<Metrics>,
    /// What does not work.
    pub(crate) troubles: Troubles,
    /// Where observations are recorded, if anywhere.
    pub(crate) recorder: Option<Recorder>,
    /// What was seen lately, if it is kept.
    pub(crate) history: Option<History>,
    /// Who goes through it to answer questions.
    pub(crate) retracer: Box<dyn Retraces>,
    /// Who keeps the process of a candidate model, if there may be one.
    pub(crate) shadow: Option<Keeper>,
    /// How models are run, as it was decided at the start.
    pub(crate) tuned: Tuned,
    /// How the pipeline is read again; none when there is no file.
    pub(crate) reload: Option<Reload>,
    /// The command line.
    pub(crate) observer: Box<dyn Observer>,
}

/// Why a run ended other than by being stopped.
#[derive(Debug, thiserror::Error)]
pub enum PlaneError {
    /// The worker cannot work here.
    #[error("{0}")]
    PartMissing(String),
    /// Nobody keeps a worker alive any more.
    #[error("the supervisor of a vision worker ended; start viahe again")]
    Supervisor,
    /// Saved state cannot be read, or nothing can be saved any more.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Incidents opened, by violation.
    pub opened: BTreeMap<Name, u64>,
    /// Incidents closed, by violation.
    pub closed: BTreeMap<Name, u64>,
    /// Newest counters of the worker.
    pub worker: WorkerStats,
    /// Revisions that neither disk nor broker took before the end.
    pub lost: u64,
}
