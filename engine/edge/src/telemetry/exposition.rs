//! `/metrics`: the numbers as `OpenMetrics` text. Each name here and in `events` is in `docs/operations.md`, which
//! a test holds.

use super::counter::Total;
use super::metrics::{Camera, Metrics, Presence, State, WorkerMemory};
use super::page::{Label, Page};
use crate::clock;
use crate::trouble::Trouble;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;
use viahe_contract::message::{CameraStatus, DecodeMode, StreamRole, StreamState, Streams};
use viahe_core::attention::Need;
use viahe_core::id::Name;
use viahe_core::seam::{CropStats, DropReason, LOOK_AGES_MS, ModelRun, Stage};

/// What [`render`] gives.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The registry of one engine: its only collector reads a snapshot at each scrape.
pub(super) fn registry(metrics: Arc<Metrics>) -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot(metrics)));
    registry
}

/// The series of a page, without their values.
#[cfg(test)]
pub(crate) fn series(metrics: &Arc<Metrics>) -> Vec<String> {
    let page = render(&registry(Arc::clone(metrics))).unwrap_or_default();
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
}

/// The page.
///
/// # Errors
/// Never in practice: writing to a `String` does not fail.
pub(super) fn render(registry: &Registry) -> Result<String, fmt::Error> {
    let mut page = String::with_capacity(16 << 10);
    text::encode(&mut page, registry)?;
    Ok(page)
}

#[derive(Debug)]
struct Snapshot(Arc<Metrics>);

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // A copy, so that a slow scrape never holds the engine loop.
        let state = self.0.state().clone();
        let now = clock::monotonic();
        let mut page = Page { encoder };
        page.process(&state, now)?;
        page.frames(&state)?;
        page.cameras(&state, now)?;
        page.streams(&state)?;
        page.events(&state.engine)?;
        page.delivery(&state.engine)?;
        page.uploads(state.uploads.as_ref())?;
        page.shadowed(state.shadowed.as_ref())
    }
}

impl Page<'_> {
    fn process(&mut self, state: &State, now: Instant) -> fmt::Result {
        self.encoder
            .encode_descriptor("viahe_build", "Which program this is.", None, MetricType::Info)?
            .encode_info(&[("version", state.version.as_str())])?;
        let uptime = now.saturating_duration_since(state.started).as_secs();
        self.gauge("viahe_uptime_seconds", "Time since the engine started.", uptime)?;
        self.workers(state, now)?;
        let lasting = state.troubles.lasting();
        let lasts = |trouble| u8::from(lasting.iter().any(|one| one.trouble == trouble));
        self.gauges(
            "viahe_trouble",
            "1 while it lasts.",
            Trouble::ALL.map(|t| ([("trouble", t.label())], f64::from(lasts(t)))),
        )?;
        self.counter(
            "viahe_seam_dropped",
            "Messages of workers lost because the engine did not read in time.",
            state
                .workers
                .values()
                .fold(0, |sum, worker| sum.saturating_add(worker.seam_dropped.get())),
        )?;
        let mut copied: BTreeMap<Stage, u64> = BTreeMap::new();
        for (stage, bytes) in state.workers.values().flat_map(|worker| worker.copied_bytes.iter()) {
            let sum = copied.entry(stage).or_default();
            *sum = sum.saturating_add(bytes);
        }
        self.counters(
            "viahe_copied_bytes",
            "Bytes of pixels and tensors moved, by stage of the copy ledger.",
            copied.into_iter().map(|(stage, bytes)| ([("stage", stage.label())], bytes)),
        )
    }

    fn workers(&mut self, state: &State, now: Instant) -> fmt::Result {
        let ids: Vec<String> = state.workers.keys().map(ToString::to_string).collect();
        let label = |n: usize| [("worker", ids[n].as_str())];
        let all = || state.workers.iter().enumerate();
        let employed = || all().filter(|(_, (_, worker))| worker.presence != Presence::Retired);
        self.gauges(
            "viahe_worker_up",
            "1 while the vision worker reports.",
            employed().map(|(n, (_, worker))| (label(n), f64::from(u8::from(worker.is_up(now))))),
        )?;
        self.counters(
            "viahe_worker_restarts",
            "Times that the vision worker ended and another was started.",
            all().map(|(n, (_, worker))| (label(n), worker.restarts)),
        )?;
        self.counters(
            "viahe_worker_cpu_seconds",
            "Processor time of the vision worker, with all its cameras.",
            all().map(|(n, (_, worker))| (label(n), worker.cpu_ms.get() / 1000.0)),
        )?;
        let memory = |of: fn(&WorkerMemory) -> u64| {
            let bytes = |id| state.engine.worker_memory.get(id).map_or(0, of) as f64;
            employed().map(|(n, (id, _))| (label(n), bytes(id))).collect::<Vec<_>>()
        };
        self.gauges(
            "viahe_worker_memory_bytes",
            "Memory that the vision worker uses, swapped out or not; 0 without one.",
            memory(|memory| memory.used.unwrap_or_default()),
        )?;
        self.gauges(
            "viahe_worker_memory_max_bytes",
            "The most that it may use.",
            memory(|memory| memory.max),
        )?;
        self.models(state)
    }

    fn models(&mut self, state: &State) -> fmt::Result {
        let runs: Vec<(String, &str, &ModelRun)> = state
            .workers
            .iter()
            .flat_map(|(id, worker)| {
                worker.models.iter().map(move |(name, run)| (id.to_string(), name.as_str(), run))
            })
            .collect();
        let ran = runs.iter().map(|(id, name, run)| {
            let labels = [
                ("worker", id.as_str()),
                ("model", name),
                ("asked", run.asked.label()),
                ("used", run.used.label()),
                ("precision", run.precision.label()),
            ];
            (labels, 1.0)
        });
        self.gauges(
            "viahe_model_provider",
            "1: the vision worker runs the model on what is used, and the pipeline asks for what is asked.",
            ran,
        )?;
        let memory = |of: fn(&ModelRun) -> u64| {
            let labels = |id, name| [("worker", id), ("model", name)];
            let bytes = runs
                .iter()
                .map(move |(id, name, run)| (labels(id.as_str(), *name), of(run) as f64));
            bytes.collect::<Vec<_>>()
        };
        self.gauges(
            "viahe_model_memory_bytes",
            "Memory on the processor that ONNX Runtime holds for the model in the vision worker, used or not.",
            memory(|run| run.held_bytes),
        )?;
        self.gauges(
            "viahe_model_memory_used_max_bytes",
            "The most that was in use at once, usually while the model was loaded.",
            memory(|run| run.used_bytes_max),
        )
    }

    fn looks(&mut self, state: &State) -> fmt::Result {
        let gated = state.cameras.iter().flat_map(|(name, c)| {
            let luma = c.frames_dropped.get(DropReason::Unchanged);
            [("luma", luma), ("sizes", c.looks_told.get())]
                .map(|(gate, looks)| ([camera(name), ("gate", gate)], looks))
        });
        self.counters(
            "viahe_looks_gated",
            "Looks that needed no inference because nothing had changed, by what said so.",
            gated,
        )?;
        let late = state.cameras.iter().map(|(name, c)| ([camera(name)], c.looks_late.get()));
        self.counters(
            "viahe_looks_late",
            "Times that the longest gap that the rules bear passed without a look.",
            late,
        )
    }

    /// Of cameras whose things were shown to a classifier.
    fn crops(&mut self, state: &State) -> fmt::Result {
        let labels = CropStats::default().labelled().map(|(label, _)| label);
        let shown = |c: &&Camera| c.crops.iter().any(|of| of.get() > 0);
        let cameras = state.cameras.iter().filter(|(_, c)| shown(c));
        let crops = cameras.flat_map(|(name, c)| {
            let of = labels.into_iter().zip(&c.crops);
            of.map(move |(result, of)| ([camera(name), ("result", result)], of.get()))
        });
        self.counters(
            "viahe_crops",
            "Crops that classifiers were to look at, by what became of them.",
            crops,
        )
    }

    fn frames(&mut self, state: &State) -> fmt::Result {
        let of = |count: fn(&Camera) -> u64| {
            state.cameras.iter().map(move |(name, c)| ([camera(name)], count(c)))
        };
        self.counters("viahe_frames", "Frames that the camera sent.", of(|c| c.frames_in.get()))?;
        self.counters(
            "viahe_frames_inferred",
            "Frames analysed.",
            of(|c| c.frames_inferred.get()),
        )?;
        let dropped = state.cameras.iter().flat_map(|(name, c)| {
            c.frames_dropped
                .iter()
                .map(move |(why, n)| ([camera(name), ("reason", why.label())], n))
        });
        self.counters("viahe_frames_dropped", "Frames not analysed, by reason.", dropped)?;
        self.looks(state)?;
        self.crops(state)?;
        let decoded = state.cameras.iter().flat_map(|(name, c)| {
            let modes = DecodeMode::ALL.iter().zip(&c.decoded_secs);
            modes.map(move |(mode, secs)| ([camera(name), ("mode", mode.label())], secs.get()))
        });
        self.counters("viahe_decode_seconds", "Time in each mode of decoding.", decoded)?;
        let stages = |c: &Camera| {
            [("decode", c.decode_cpu_ms), ("inference", c.infer_cpu_ms)]
                .map(|(stage, ms)| (stage, ms.get() / 1000.0))
        };
        let used = state.cameras.iter().flat_map(|(name, c)| {
            stages(c).map(|(stage, secs)| ([camera(name), ("stage", stage)], secs))
        });
        self.counters("viahe_cpu_seconds", "Processor time that a camera takes, by stage.", used)?;
        self.counters(
            "viahe_camera_reconnects",
            "Times that the camera's pictures came back after its connection was lost.",
            of(|c| c.reconnects.get()),
        )?;
        self.counters(
            "viahe_camera_tries",
            "Connections to the camera that were tried.",
            of(|c| c.tries.get()),
        )?;
        self.counters(
            "viahe_clock_steps",
            "Times that the camera's clock was set.",
            of(|c| c.clock_steps.get()),
        )?;
        // A histogram with one bucket: sum and count, from which the mean over any time follows.
        let mut family = self.encoder.encode_descriptor(
            "viahe_inference_seconds",
            "Preprocessing, inference and head decoding of one frame.",
            None,
            MetricType::Histogram,
        )?;
        for (name, c) in &state.cameras {
            let (secs, count) = (c.infer_ms.get() / 1000.0, c.frames_inferred.get());
            family.encode_family(&[camera(name)])?.encode_histogram::<NoLabelSet>(
                secs,
                count,
                &[(f64::INFINITY, count)],
                None,
            )?;
        }
        self.look_ages(state)
    }

    /// With real buckets: `histogram_quantile` over any time and over cameras.
    fn look_ages(&mut self, state: &State) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(
            "viahe_look_age_seconds",
            "From a frame's arrival to what it shows being known.",
            None,
            MetricType::Histogram,
        )?;
        let bounds = LOOK_AGES_MS.iter().map(|ms| *ms as f64 / 1000.0).chain([f64::INFINITY]);
        for (name, c) in &state.cameras {
            let counts = c.look_ages.iter().map(Total::get);
            let buckets: Vec<(f64, u64)> = bounds.clone().zip(counts).collect();
            family.encode_family(&[camera(name)])?.encode_histogram::<NoLabelSet>(
                c.look_age_ms.get() / 1000.0,
                buckets.iter().map(|(_, count)| count).sum(),
                &buckets,
                None,
            )?;
        }
        Ok(())
    }

    fn cameras(&mut self, state: &State, now: Instant) -> fmt::Result {
        let of = |value: &dyn Fn(&Camera) -> Option<f64>| -> Vec<_> {
            let watched = state.cameras.iter().filter(|(_, c)| c.watched);
            watched.filter_map(|(name, c)| Some(([camera(name)], value(c)?))).collect()
        };
        self.gauges(
            "viahe_camera_up",
            "1 while pictures come.",
            of(&|c| Some(f64::from(u8::from(state.status(c, now) == CameraStatus::Online)))),
        )?;
        let kept_away = state.cameras.iter().filter(|(_, c)| c.watched).map(|(name, _)| {
            ([camera(name)], f64::from(u8::from(state.quarantined.contains(name))))
        });
        self.gauges(
            "viahe_camera_quarantined",
            "1 while it is not looked at, because vision workers died while opening it.",
            kept_away.collect::<Vec<_>>(),
        )?;
        self.gauges(
            "viahe_camera_fps",
            "Frames per second that the camera sends.",
            of(&|c| Some(if state.is_looked_at(c, now) { f64::from(c.fps_in) } else { 0.0 })),
        )?;
        self.gauges(
            "viahe_camera_looks_wanted_hz",
            "Looks a second that the camera's rules ask for now.",
            of(&|c| c.need.filter(|_| c.watched).map(|need| f64::from(need.looks_hz))),
        )?;
        let gap = |need: Need| f64::from(need.gap_max_ms) / 1000.0;
        self.gauges(
            "viahe_camera_look_gap_max_seconds",
            "Longest time between two looks that the camera's rules bear now; absent while none is needed.",
            of(&|c| c.need.filter(|need| c.watched && *need != Need::NONE).map(gap)),
        )?;
        self.gauges(
            "viahe_key_interval_seconds",
            "Longest time between two key frames lately; absent until it is known.",
            of(&|c| c.decoding.and_then(|decoding| decoding.key_interval_secs)),
        )?;
        self.gauges(
            "viahe_frame_age_seconds",
            "Age of the newest frame; absent before the first.",
            of(&|c| c.frame_age(now).map(|age| age.as_secs_f64())),
        )?;
        self.gauges(
            "viahe_clock_offset_seconds",
            "The box's clock less the camera's; absent while the camera does not tell its own.",
            of(&|c| c.clock_offset_ms.map(|ms| ms as f64 / 1000.0)),
        )?;
        self.gauges("viahe_tracks", "Live tracks.", of(&|c| Some(f64::from(c.tracks))))
    }

    /// Of cameras that have two.
    fn streams(&mut self, state: &State) -> fmt::Result {
        let of = |value: fn(&Streams, StreamRole) -> bool| -> Vec<_> {
            let both =
                state.cameras.iter().filter_map(|(name, c)| Some((name, c.streams.as_ref()?)));
            let each = |(name, streams)| {
                StreamRole::ALL.map(|role| {
                    let value = f64::from(u8::from(value(streams, role)));
                    ([camera(name), ("stream", role.label())], value)
                })
            };
            both.flat_map(each).collect()
        };
        self.gauges(
            "viahe_stream_up",
            "1 while this stream of a camera that has two is there.",
            of(|streams, role| {
                let StreamState { state, .. } = match role {
                    StreamRole::Main => &streams.main,
                    StreamRole::Sub => &streams.sub,
                };
                *state == CameraStatus::Online
            }),
        )?;
        self.gauges(
            "viahe_stream_looked_at",
            "1 while looks are at this stream of a camera that has two.",
            of(|streams, role| streams.looks == role),
        )?;
        let both = state.cameras.iter().filter_map(|(name, c)| Some((name, c.streams.as_ref()?)));
        self.gauges(
            "viahe_stream_film_cut",
            "1 while the main stream of a camera that has two sends more without a key frame than is kept of it.",
            both.map(|(name, streams)| ([camera(name)], f64::from(u8::from(streams.film_cut)))),
        )?;
        let pictures = state.cameras.iter().flat_map(|(name, c)| {
            c.pictures.iter().map(move |(role, n)| ([camera(name), ("stream", role.label())], n))
        });
        self.counters(
            "viahe_stream_pictures",
            "Pictures for people of a camera that has two streams, by the stream that they come from.",
            pictures,
        )
    }
}

fn camera(name: &Name) -> Label<'_> {
    ("camera", name.as_str())
}
