//! What `/metrics` says of the event plane: readings, incidents, evidence, and how they are delivered.

use super::metrics::EngineStats;
use super::page::Page;
use std::fmt;
use viahe_core::id::Name;

impl Page<'_> {
    fn evidence(&mut self, engine: &EngineStats) -> fmt::Result {
        self.counter(
            "viahe_captures_failed",
            "Evidence pictures that were asked for and not taken or not kept.",
            engine.captures_failed,
        )?;
        self.counter(
            "viahe_captures_late",
            "Evidence pictures that took longer than incidents wait for them.",
            engine.captures_late,
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

    pub(super) fn events(&mut self, engine: &EngineStats) -> fmt::Result {
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
        let lost = engine.views_lost.iter();
        let lost = lost.map(|(camera, why)| (camera, why.to_string())).collect::<Vec<_>>();
        self.gauges(
            "viahe_camera_view_lost",
            "1 while the camera's rules say nothing because of what it shows, by reason.",
            lost.iter().map(|(camera, why)| {
                ([("camera", camera.as_str()), ("reason", why.as_str())], 1.0)
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
        self.gauge("viahe_incidents_open", "Incidents open now.", engine.incidents_open)?;
        self.counters(
            "viahe_verdicts",
            "What operators said of incidents, by judgement and violation.",
            engine.verdicts.iter().map(|((judgement, violation), n)| {
                ([("judgement", judgement.label()), ("violation", violation.as_str())], *n)
            }),
        )?;
        self.counters(
            "viahe_verdicts_refused",
            "Verdicts that were not kept, by reason.",
            engine.verdicts_refused.iter().map(|(reason, n)| ([("reason", *reason)], *n)),
        )
    }

    pub(super) fn delivery(&mut self, engine: &EngineStats) -> fmt::Result {
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
            "Rows left out because their bytes had changed on the disk.",
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
