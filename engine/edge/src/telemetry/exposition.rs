//! `/metrics`: the numbers as `OpenMetrics` text. Each name here is in `docs/operations.md`, which
//! a test holds.

use super::counter::Total;
use super::metrics::{Camera, EngineStats, Metrics, Presence, State, WorkerMemory};
use crate::clock;
use crate::trouble::Trouble;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;
use viahe_contract::message::{CameraStatus, DecodeMode};
use viahe_core::attention::Need;
use viahe_core::id::Name;
use viahe_core::seam::{LOOK_AGES_MS, Stage};

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
        page.events(&state.engine)?;
        page.delivery(&state.engine)
    }
}

struct Page<'a> {
    encoder: DescriptorEncoder<'a>,
}

type Label<'a> = (&'static str, &'a str);

impl Page<'_> {
    /// One family of counters; `_total` is added to `name` by the encoder.
    fn counters<'l, const N: usize, V: EncodeCounterValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = ([Label<'l>; N], V)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in samples {
            let mut sample = family.encode_family(&labels)?;
            sample.encode_counter::<NoLabelSet, _, f64>(&value, None)?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.encoder
            .encode_descriptor(name, help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, _, f64>(&value, None)
    }

    fn gauges<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = ([Label<'l>; N], f64)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in samples {
            family.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
    }

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
        let decoded = state.cameras.iter().flat_map(|(name, c)| {
            let modes = DecodeMode::ALL.iter().zip(&c.decoded_secs);
            modes.map(move |(mode, secs)| ([camera(name), ("mode", mode.label())], secs.get()))
        });
        self.counters("viahe_decode_seconds", "Time in each mode of decoding.", decoded)?;
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

    fn evidence(&mut self, engine: &EngineStats) -> fmt::Result {
        self.counter(
            "viahe_captures_failed",
            "Evidence pictures that were asked for and not taken or not kept.",
            engine.captures_failed,
        )?;
        let workers: Vec<String> =
            engine.worker_refused.keys().map(|(worker, _)| worker.to_string()).collect();
        let refused = engine.worker_refused.iter().zip(&workers);
        self.counters(
            "viahe_worker_refused",
            "What vision workers said and did not fit what they were given, by reason.",
            refused.map(|(((_, why), n), worker)| {
                ([("worker", worker.as_str()), ("reason", *why)], *n)
            }),
        )?;
        self.gauge("viahe_evidence_bytes", "Evidence on disk.", engine.evidence_bytes)?;
        self.counter(
            "viahe_evidence_evicted",
            "Evidence pictures deleted to keep the budget.",
            engine.evidence_evicted,
        )
    }

    fn events(&mut self, engine: &EngineStats) -> fmt::Result {
        self.counter("viahe_observations", "Observations applied.", engine.observations)?;
        self.counter(
            "viahe_observations_late",
            "Observations dropped because their time had been decided.",
            engine.observations_late,
        )?;
        self.counter(
            "viahe_box_clock_steps",
            "Times that the box's clock was set while the engine ran.",
            engine.clock_steps,
        )?;
        self.readings(engine)?;
        self.counter(
            "viahe_subjects_dropped",
            "Subjects that rules had no room for.",
            engine.subjects_dropped,
        )?;
        self.counter("viahe_reloads", "Times that the pipeline was read again.", engine.reloads)?;
        self.counter(
            "viahe_reloads_refused",
            "Times that the pipeline could not be used when it was read again.",
            engine.reloads_refused,
        )?;
        let [heard, said] = engine.wire_dropped;
        let way = |name, n| ([("way", name)], n);
        self.counters(
            "viahe_wire_dropped",
            "Readings, commands, replies and results dropped, by their way.",
            [way("in", heard), way("out", said)],
        )?;
        self.gauge(
            "viahe_disaster_level",
            "Level of the disaster that was declared; 0 is none.",
            u64::from(engine.disaster_level),
        )?;
        self.gauges(
            "viahe_rules_silent",
            "Rules that say nothing by order, by camera and reason.",
            engine.rules_silent.iter().map(|((camera, reason), n)| {
                ([("camera", camera.as_str()), ("reason", *reason)], *n as f64)
            }),
        )?;
        self.counter(
            "viahe_commands_refused",
            "Commands that were not carried out.",
            engine.commands_refused,
        )?;
        self.incidents(engine)?;
        self.evidence(engine)?;
        self.gauges(
            "viahe_queue_depth",
            "Items that wait, by queue.",
            engine.queue_depths.iter().map(|(queue, n)| ([("queue", *queue)], *n as f64)),
        )
    }

    fn readings(&mut self, engine: &EngineStats) -> fmt::Result {
        self.counter("viahe_readings", "Readings of sensors applied.", engine.readings)?;
        self.counter(
            "viahe_readings_late",
            "Readings too late for their sensor's lateness_secs.",
            engine.readings_late,
        )?;
        self.counter(
            "viahe_readings_repeated",
            "Readings that came again: the same time and value.",
            engine.readings_repeated,
        )?;
        self.counter(
            "viahe_readings_corrected",
            "Readings that came after newer ones, in time to correct.",
            engine.readings_corrected,
        )?;
        self.counter(
            "viahe_readings_passed_over",
            "Messages of sensors' topics that were of another kind.",
            engine.readings_passed_over,
        )?;
        self.counter(
            "viahe_readings_bad",
            "Payloads of sensors that could not be read.",
            engine.readings_bad,
        )
    }

    fn incidents(&mut self, engine: &EngineStats) -> fmt::Result {
        let by = |(violation, n): (_, &u64)| ([("violation", Name::as_str(violation))], *n);
        self.counters(
            "viahe_incidents_opened",
            "Incidents opened, by violation.",
            engine.incidents_opened.iter().map(by),
        )?;
        self.counters(
            "viahe_incidents_closed",
            "Incidents closed, by violation.",
            engine.incidents_closed.iter().map(by),
        )?;
        self.gauge("viahe_incidents_open", "Incidents open now.", engine.incidents_open)
    }

    fn delivery(&mut self, engine: &EngineStats) -> fmt::Result {
        self.counter(
            "viahe_store_commit_errors",
            "Commits of the store that failed.",
            engine.store_commit_errors,
        )?;
        self.counters(
            "viahe_write_errors",
            "Writes that the disk refused, by what was to be written.",
            engine.write_errors.iter().map(|(what, n)| ([("what", *what)], *n)),
        )?;
        self.counter(
            "viahe_given_up_bytes",
            "Bytes of history and pictures deleted early because the disk was full.",
            engine.given_up_bytes,
        )?;
        self.gauge(
            "viahe_outbox_depth",
            "Incident revisions that wait for their acknowledgement.",
            engine.outbox_depth,
        )?;
        self.gauge(
            "viahe_outbox_unsaved",
            "Of these, those that are only in memory.",
            engine.unsaved,
        )?;
        self.counter(
            "viahe_outbox_damaged",
            "Rows set aside because their bytes had changed on the disk.",
            engine.rows_damaged,
        )?;
        self.counter(
            "viahe_outbox_quarantined",
            "Revisions set aside because they cannot be delivered.",
            engine.outbox_quarantined,
        )?;
        self.counter(
            "viahe_outbox_refused",
            "Revisions lost because the outbox was full.",
            engine.outbox_refused,
        )?;
        self.counter("viahe_published", "Revisions sent first.", engine.published)?;
        self.counter("viahe_acknowledged", "Revisions acknowledged.", engine.acknowledged)?;
        self.counter("viahe_resent", "Revisions sent again.", engine.resent)?;
        let [refused, unheard] = engine.not_taken;
        let because = |reason, n| ([("reason", reason)], n);
        self.counters(
            "viahe_not_taken",
            "Answers by which the broker did not take a revision, by reason; it is sent again.",
            [because("refused", refused), because("unheard", unheard)],
        )?;
        let connected = u64::from(engine.mqtt_connected);
        self.gauge("viahe_mqtt_connected", "1 while the broker is there.", connected)?;
        self.counter(
            "viahe_mqtt_reconnects",
            "Connections to the broker after the first.",
            engine.mqtt_reconnects,
        )?;
        let spoken = |of| ([("version", of)], f64::from(u8::from(of == engine.mqtt_version)));
        let spoken = [spoken("5"), spoken("3.1.1")];
        self.gauges("viahe_mqtt_version", "1 for the version of MQTT that is spoken.", spoken)
    }
}

fn camera(name: &Name) -> Label<'_> {
    ("camera", name.as_str())
}
