//! An edge box put together from a [`Plan`]: worker, event plane, MQTT, metrics.

use crate::evidence::{EvidenceError, EvidenceStore, Finisher, Needed, evidence_dir};
use crate::fleet::{self, Fleet, FleetOptions, vision_plan};
use crate::history::{self, History, history_dir};
use crate::host::live::{
    self, BoxClock, Centre, Channels, EventPlane, EventTime, Mqtt, Nobody, Observer, Parts,
    PlaneError, Reload,
};
use crate::models::ModelError;
use crate::publish::{Heard, PublishError, PublishOptions, Publisher, Wire, WireOptions};
use crate::record::{RecordError, RecordOptions, Recorder};
use crate::retrace::Retracer;
use crate::shadow::{Keeper, ShadowLaunch};
use crate::store::{Limits, Store, StoreError};
use crate::telemetry::{self, Metrics, TelemetryError};
use crate::trouble::Troubles;
use crate::tune::{Tuner, TunerLaunch};
use crate::upload::{UploadError, UploadOptions, Uploader};
use crate::vision::supervise::Launch;
use crate::{advice, clock};
use crossbeam_channel::{Receiver, never};
use std::sync::Arc;
use viahe_core::plan::{Mqtt as Broker, Plan};

/// Most pictures that wait for the console. Judgement: more than the usual budget of evidence holds.
const UPLOADS_MAX: u64 = 50_000;

/// How a box is to run, beside its plan.
pub struct StationOptions {
    /// How vision workers are run.
    pub launch: Launch,
    /// Record what is seen.
    pub record: Option<RecordOptions>,
    /// What measures models of which nothing is known, once the box is calm.
    pub tuner: Option<TunerLaunch>,
    /// How the process of a candidate model is run; none where there is to be none.
    pub shadow: Option<ShadowLaunch>,
    /// How the pipeline is read again.
    pub reload: Option<Reload>,
    /// The command line.
    pub observer: Box<dyn Observer>,
}

/// A box that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// Nobody would hear of its incidents.
    #[error(
        "the pipeline has no [mqtt] table, so incidents would reach nobody; add `[mqtt]` with `url = \"mqtt://HOST:1883\"`"
    )]
    NoMqtt,
    /// The outbox.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The evidence folder.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// MQTT.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The console.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The address of `/metrics`.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The recording, or the history.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// What the worker needs; one line for each part.
    #[error("{}", lines(.0))]
    Missing(Vec<ModelError>),
    /// The event plane.
    #[error(transparent)]
    Plane(#[from] PlaneError),
}

/// A box that is ready to run.
pub struct Station {
    /// Runs until stopped.
    pub plane: EventPlane,
    /// Where `/metrics` is.
    pub metrics_addr: Option<std::net::SocketAddr>,
    _server: Option<telemetry::Server>,
    _measurer: Option<Tuner>,
    _uploader: Option<Uploader>,
}

impl Station {
    /// Opens the store, starts the worker and connects to the broker. What fails here fails
    /// before any camera is touched.
    ///
    /// # Errors
    /// [`StationError`].
    pub fn open(plan: Arc<Plan>, options: StationOptions) -> Result<Self, StationError> {
        let mqtt = plan.mqtt.clone().ok_or(StationError::NoMqtt)?;
        Self::put_together(plan, options, Some(mqtt))
    }

    /// As [`Station::open`], for nobody: without broker, metrics and history. What it keeps, it keeps under
    /// `state_dir`, which is the caller's to remove.
    ///
    /// # Errors
    /// [`StationError`].
    pub fn open_alone(mut plan: Plan, options: StationOptions) -> Result<Self, StationError> {
        (plan.mqtt, plan.console, plan.engine.listen) = (None, None, None);
        plan.engine.history_bytes_max = 0;
        Self::put_together(Arc::new(plan), options, None)
    }

    fn put_together(
        plan: Arc<Plan>,
        options: StationOptions,
        mqtt: Option<Broker>,
    ) -> Result<Self, StationError> {
        let workers = fleet::workers_for(&options.launch, &plan);
        let tuned = fleet::tuned_for(&plan, workers);
        let vision_plan = vision_plan(&plan, &tuned, workers).map_err(StationError::Missing)?;
        tuned.told.iter().for_each(|line| tracing::info!("{line}"));
        for warning in advice::warnings(&plan) {
            tracing::warn!("{warning}");
        }
        let state_dir = &plan.engine.state_dir;
        let (store, store_error) = open_store(&plan)?;
        let event_time = EventTime::open(state_dir);
        let needs = store.needs();
        let needed = Needed::new(move |sha256| needs.has(sha256));
        let evidence = Arc::new(EvidenceStore::open_with(
            &evidence_dir(state_dir),
            plan.engine.evidence_bytes_max,
            Some(needed),
        )?);
        let recorder = options.record.as_ref().map(Recorder::create).transpose()?;
        let vision_plan = vision_plan.recorded(recorder.is_some());
        let history = History::open(
            &history_dir(state_dir),
            plan.engine.history_bytes_max,
            clock::monotonic(),
        )?;
        let version = env!("CARGO_PKG_VERSION");
        let troubles = Troubles::default();
        let metrics = Metrics::new(version, troubles.clone());
        let server = match plan.engine.listen {
            Some(addr) => Some(telemetry::serve(addr, Arc::clone(&metrics))?),
            None => None,
        };
        let (centre, from_wire) = match mqtt {
            Some(mqtt) => connect(&plan, mqtt, &store, &troubles)?,
            None => (Box::new(Nobody) as Box<dyn Centre>, never()),
        };
        let uploader = upload(&plan, &store, &evidence, &troubles, &metrics)?;
        let (heard, events) = crossbeam_channel::bounded(1024);
        let fleet = Fleet::start(options.launch, &vision_plan, FleetOptions::of(&plan), heard);
        let metrics_addr = server.as_ref().map(telemetry::Server::addr);
        let measurer = options.tuner.filter(|_| !tuned.settled);
        let measurer = measurer.and_then(|launch| begin_tuning(launch, &metrics));
        let shadow = options.shadow.and_then(|launch| keep(launch, &plan, &troubles, &metrics));
        let plane = EventPlane::new(Parts {
            plan,
            clock: Box::new(BoxClock),
            event_time,
            arrivals: Box::new(Channels { events, heard: from_wire }),
            store: Box::new(store),
            store_error,
            finisher: Box::new(Finisher::start(Arc::clone(&evidence))),
            evidence,
            fleet: Box::new(fleet),
            centre,
            metrics,
            troubles,
            recorder,
            history,
            retracer: Box::new(Retracer::default()),
            shadow,
            tuned,
            reload: options.reload,
            observer: options.observer,
        })?;
        Ok(Self { plane, metrics_addr, _server: server, _measurer: measurer, _uploader: uploader })
    }
}

/// The way to the centre, and what comes from there.
fn connect(
    plan: &Plan,
    mqtt: Broker,
    store: &Store,
    troubles: &Troubles,
) -> Result<(Box<dyn Centre>, Receiver<Heard>), StationError> {
    let site = plan.site.id.clone();
    let zone = plan.site.timezone.clone();
    let options = PublishOptions::new(mqtt.clone(), site.clone(), zone, troubles.clone());
    let publisher = Publisher::start_with(options, store.outbox())?;
    let wire = Wire::start(WireOptions::new(mqtt, site, live::filters(plan), troubles.clone()))?;
    let heard = wire.heard().clone();
    Ok((Box::new(Mqtt::new(publisher, wire)), heard))
}

/// What sends pictures to the console, if there is one.
fn upload(
    plan: &Plan,
    store: &Store,
    evidence: &Arc<EvidenceStore>,
    troubles: &Troubles,
    metrics: &Arc<Metrics>,
) -> Result<Option<Uploader>, StationError> {
    let Some(console) = plan.console.clone() else { return Ok(None) };
    let (troubles, metrics) = (troubles.clone(), Arc::clone(metrics));
    let options = UploadOptions::new(console, troubles, metrics, &plan.site.id);
    Ok(Some(Uploader::start(options, store.unsent(), Arc::clone(evidence))?))
}

/// Without it a box runs as well, by default.
fn begin_tuning(launch: TunerLaunch, metrics: &Arc<Metrics>) -> Option<Tuner> {
    let metrics = Arc::clone(metrics);
    let begun = Tuner::start(launch, move || metrics.looks_late());
    begun.inspect_err(|error| tracing::warn!(%error, "models are not measured")).ok()
}

/// Without a candidate a box runs as well.
fn keep(
    launch: ShadowLaunch,
    plan: &Arc<Plan>,
    troubles: &Troubles,
    metrics: &Arc<Metrics>,
) -> Option<Keeper> {
    let kept = Keeper::start(launch, plan, troubles.clone(), Arc::clone(metrics));
    kept.inspect_err(|error| tracing::warn!(%error, "no candidate is tried")).ok()
}

/// Opens the store. A full disk gives up history for it; one that takes nothing at all is no reason to
/// leave the street dark: the error is told while it lasts.
fn open_store(plan: &Plan) -> Result<(Store, Option<StoreError>), StoreError> {
    let state_dir = &plan.engine.state_dir;
    let uploads_max = if plan.console.is_some() { UPLOADS_MAX } else { 0 };
    let limits = Limits { uploads_max, ..Limits::default() };
    let (store, error) = Store::open_whatever_the_disk_says(state_dir, limits)?;
    let Some(error) = error else { return Ok((store, None)) };
    tracing::error!(%error, "the outbox cannot be opened");
    let freed = match error.fault() {
        Some(fault) if fault.is_lack_of_room() => history::give_up_all(&history_dir(state_dir)),
        _ => 0,
    };
    if freed == 0 {
        tracing::error!("open incidents of the last run may be forgotten");
        return Ok((store, Some(error)));
    }
    tracing::error!(freed, "the history is given up for the outbox");
    drop(store);
    Store::open_whatever_the_disk_says(state_dir, limits)
}

fn lines(errors: &[ModelError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
