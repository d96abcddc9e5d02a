//! Readings of sensors, as they come over MQTT.

use crate::publish::Heard;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use viahe_contract::message::SensorHealth;
use viahe_core::engine::{Event, TooLate};
use viahe_core::id::Name;
use viahe_core::plan::{Plan, Sensor};
use viahe_core::sensor::{DecodeError, Format, Sample, decode, decode_kept, recognise, topic};
use viahe_core::time::Timestamp;

/// The same is said of a sensor once in so long.
const COMPLAIN_EVERY: Duration = Duration::from_mins(10);

/// Reads what sensors send, and counts what cannot be read.
#[derive(Default)]
pub(super) struct Readings {
    /// When something was last said, by sensor and what.
    said: BTreeMap<(Name, &'static str), Instant>,
    /// The topic on which a sensor with a wildcard and nothing else to tell it by was heard.
    heard_on: BTreeMap<Name, String>,
    /// Sensors of which was said what becomes of a message that the broker kept.
    kept_told: BTreeSet<Name>,
    /// Payloads that could not be read, by sensor and reason.
    pub(super) bad: BTreeMap<(Name, &'static str), u64>,
    /// Messages of another kind.
    pub(super) passed_over: u64,
}

/// Topics of sensors to subscribe to: none that another one means as well.
pub(super) fn filters(plan: &Plan) -> Vec<String> {
    let mut wanted: Vec<&str> = Vec::new();
    for topic in plan.sensors.iter().map(|sensor| sensor.topic.as_str()) {
        if !wanted.iter().any(|wide| topic::covers(wide, topic)) {
            wanted.retain(|narrow| !topic::covers(topic, narrow));
            wanted.push(topic);
        }
    }
    wanted.into_iter().map(str::to_owned).collect()
}

impl Readings {
    /// One message may be of several sensors: a station that sends all in one pack.
    ///
    /// `newest` tells when a sensor's newest reading was measured, as far as is known.
    pub(super) fn read(
        &mut self,
        plan: &Plan,
        heard: &Heard,
        newest: impl Fn(&Name) -> Option<Timestamp>,
        now: Instant,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        for sensor in plan.sensors.iter().filter(|s| topic::matches(&s.topic, &heard.topic)) {
            if heard.retained {
                events.extend(self.kept(sensor, heard, newest(&sensor.id), now));
                continue;
            }
            match decode(&sensor.decoder, &heard.payload, heard.at) {
                Ok(samples) if samples.is_empty() => self.passed_over += 1,
                Ok(samples) => {
                    self.refuse_others(sensor, &heard.topic, now);
                    events.extend(samples.into_iter().map(|sample| reading(sensor, sample)));
                }
                Err(error) => {
                    let what = in_words(&error, sensor, heard);
                    self.complain(&sensor.id, error.kind(), &what, now);
                }
            }
        }
        events
    }

    /// What the broker kept is of an unknown time ago, and was perhaps counted already: it is a
    /// reading only where it says itself when it was measured, lately, and after all that is known.
    fn kept(
        &mut self,
        sensor: &Sensor,
        heard: &Heard,
        newest: Option<Timestamp>,
        now: Instant,
    ) -> Vec<Event> {
        if let Some(what) = recognise(&heard.topic, &heard.payload).filter(|_| is_odd(heard)) {
            self.complain(&sensor.id, "payload", &what, now);
            return Vec::new();
        }
        let age = |sample: &Sample| heard.at.since(sample.at);
        let taken = match decode_kept(&sensor.decoder, &heard.payload, heard.at) {
            Ok(samples) => {
                let timed = !samples.is_empty();
                let news: Vec<Sample> =
                    samples.into_iter().filter(|s| newest.is_none_or(|at| s.at > at)).collect();
                if timed && news.is_empty() {
                    // Known already: the broker hands it on with each new connection.
                    return Vec::new();
                }
                let after = sensor.health.silent_after;
                let (fresh, old): (Vec<_>, Vec<_>) =
                    news.into_iter().partition(|sample| age(sample) <= after);
                match old.last() {
                    Some(old) if fresh.is_empty() => {
                        Err(format!("it was measured at {}, longer than silent_secs ago", old.at))
                    }
                    _ if fresh.is_empty() => Err(
                        "it does not say when it was measured; where the payload tells, set `time`"
                            .to_owned(),
                    ),
                    _ => Ok(fresh),
                }
            }
            Err(error) => Err(error.to_string()),
        };
        let first = self.kept_told.insert(sensor.id.clone());
        let id = &sensor.id;
        match &taken {
            Ok(fresh) if first => {
                let at = fresh.last().map(|sample| sample.at.to_string()).unwrap_or_default();
                tracing::info!(sensor = %id, %at, "the value that the broker kept is used, as of when it was measured");
            }
            Err(why) if first => tracing::warn!(
                sensor = %id,
                "the value that the broker kept is not used: {why}. Until its next message nothing is known of this sensor, unless from before the start"
            ),
            _ => {}
        }
        taken.unwrap_or_default().into_iter().map(|sample| reading(sensor, sample)).collect()
    }

    /// With a wildcard alone, two devices would pass for one sensor.
    fn refuse_others(&mut self, sensor: &Sensor, topic: &str, now: Instant) {
        let named = sensor.decoder.when.as_ref().is_some_and(|when| when.is.is_some());
        if named || !topic::is_wild(&sensor.topic) {
            return;
        }
        let first = self.heard_on.entry(sensor.id.clone()).or_insert_with(|| topic.to_owned());
        if first != topic {
            let what = format!(
                "readings come on {first} and on {topic}, and both pass for this sensor; write the \
                 level that names it into `topic`, or set `when` and `when_is`"
            );
            topic.clone_into(first);
            self.complain(&sensor.id, "topic", &what, now);
        }
    }

    fn complain(&mut self, sensor: &Name, kind: &'static str, what: &str, now: Instant) {
        *self.bad.entry((sensor.clone(), kind)).or_default() += 1;
        if self.may_speak(sensor, "bad", now) {
            tracing::warn!(%sensor, "a reading cannot be used: {what}");
        }
    }

    /// A reading was too late for its sensor's lateness, and would have told of something.
    pub(super) fn too_late(&mut self, told: &TooLate, now: Instant) {
        let TooLate { sensor, at, value, by, rule } = told;
        if self.may_speak(sensor, "late", now) {
            let by_secs = by.as_secs() + 1;
            tracing::warn!(
                %sensor, %at, value, by_secs, %rule,
                "a reading came too late to be used, and the rule would have held by it; set \
                 lateness_secs = {by_secs} or more for this sensor"
            );
        }
    }

    fn may_speak(&mut self, sensor: &Name, what: &'static str, now: Instant) -> bool {
        let last = self.said.get(&(sensor.clone(), what));
        let may = last.is_none_or(|last| now.duration_since(*last) >= COMPLAIN_EVERY);
        if may {
            self.said.insert((sensor.clone(), what), now);
        }
        may
    }
}

fn reading(sensor: &Sensor, sample: Sample) -> Event {
    Event::Reading { sensor: sensor.id.clone(), at: sample.at, value: sample.value }
}

/// What is wrong with a message: what it looks like, where that says more than what it is not.
fn in_words(error: &DecodeError, sensor: &Sensor, heard: &Heard) -> String {
    let looks = match error {
        DecodeError::Payload(_) | DecodeError::Missing(_) | DecodeError::Value(_) => {
            recognise(&heard.topic, &heard.payload)
        }
        DecodeError::Unit(_) | DecodeError::Time(_) => None,
    };
    let plain = sensor.decoder.format == Format::Plain;
    let json = plain && heard.payload.trim_ascii_start().starts_with(b"{");
    let of_json = || {
        let remedy =
            "set format = \"json\", and `value` to where the value stands, such as \"/level\"";
        format!("this looks like JSON; {remedy}")
    };
    looks.or_else(|| json.then(of_json)).unwrap_or_else(|| error.to_string())
}

/// Can it be no reading, whatever the sensor's format?
fn is_odd(heard: &Heard) -> bool {
    std::str::from_utf8(&heard.payload).is_err() || heard.payload.starts_with(b"{")
}

/// What is said of a sensor whose state changed.
pub(super) fn log_state(sensor: &Sensor, state: SensorHealth, ever: bool) {
    let (id, topic) = (&sensor.id, &sensor.topic);
    let secs = sensor.health.silent_after.as_secs();
    match state {
        SensorHealth::Good => tracing::info!(sensor = %id, "its values are good"),
        SensorHealth::Silent if ever => tracing::warn!(
            sensor = %id, topic,
            "silent: nothing new came for {secs} s, and its last value is not used; look at it"
        ),
        SensorHealth::Silent => tracing::warn!(
            sensor = %id, topic,
            "silent: nothing came for {secs} s since the start; compare `topic` with what the broker has"
        ),
        SensorHealth::OutOfRange => tracing::warn!(
            sensor = %id,
            "out of range: what it says cannot be, and is not used; look at it, or set `min`, `max` or `unit`"
        ),
        SensorHealth::Jumping => tracing::warn!(
            sensor = %id,
            "jumping: its values change faster than can be, and are not used; look at it, or set `jump_max`"
        ),
        SensorHealth::Stuck => tracing::warn!(
            sensor = %id,
            "stuck: it says the same for too long, and is not used; look at it, or set `stuck_secs`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn plan(sensors: &str) -> Plan {
        let text = format!("[site]\nid = \"site\"\ntimezone = \"UTC\"\n{sensors}");
        let no = |_: &Name| Err("none".to_owned());
        let sources = viahe_core::config::PipelineSources {
            file: "test.toml",
            text: &text,
            catalogue: &|_| Err("none".into()),
            catalogue_names: &[],
            calendar: &|_| Err("none".into()),
            calendar_names: &[],
            models: &no,
            model_names: &[],
            secrets: &|_| Err("none".into()),
        };
        viahe_core::config::parse(&sources).unwrap_or_else(|e| panic!("{e}"))
    }

    fn heard(topic: &str, payload: &[u8]) -> Heard {
        Heard {
            topic: topic.into(),
            payload: payload.to_vec(),
            at: Timestamp::from_secs(1_790_000_000),
            retained: false,
            answer_to: None,
        }
    }

    const STATIONS: &str = r#"
        [[sensor]]
        id = "rain-1"
        topic = "application/+/device/+/event/up"
        quantity = "rain"
        format = "json"
        value = "/object/rain"
        when = "/deviceInfo/devEui"
        when_is = "a1"
        optional = true
        [[sensor]]
        id = "rain-2"
        topic = "application/+/device/a2/event/up"
        quantity = "rain"
        format = "json"
        value = "/object/rain"
        [[sensor]]
        id = "level-1"
        topic = "levels/#"
        quantity = "water_level"
    "#;

    #[test]
    fn wildcards_are_read_and_who_is_meant_is_told_apart() {
        let plan = plan(STATIONS);
        assert_eq!(filters(&plan), ["application/+/device/+/event/up", "levels/#"]);
        let (mut readings, now) = (Readings::default(), clock::monotonic());
        let mut read = |topic: &str, payload: &str| {
            let events = readings.read(&plan, &heard(topic, payload.as_bytes()), |_| None, now);
            let told = events.iter().map(|event| match event {
                Event::Reading { sensor, value, .. } => (sensor.to_string(), *value),
                other => panic!("{other:?}"),
            });
            (told.collect::<Vec<_>>(), readings.passed_over, readings.bad.values().sum::<u64>())
        };
        let up = |eui: &str, more: &str| {
            format!(r#"{{"deviceInfo":{{"devEui":"{eui}"}},"object":{{{more}}}}}"#)
        };
        let one = |id: &str, value: f64| vec![(id.to_owned(), value)];
        let topic = "application/7/device/a1/event/up";
        assert_eq!(read(topic, &up("a1", r#""rain":0.2"#)), (one("rain-1", 0.2), 0, 0));
        assert_eq!(read(topic, &up("a1", r#""battery":3"#)), (vec![], 1, 0));
        let topic = "application/7/device/a2/event/up";
        assert_eq!(read(topic, &up("a2", r#""rain":0.4"#)), (one("rain-2", 0.4), 2, 0));
        assert_eq!(read(topic, &up("a2", r#""battery":3"#)), (vec![], 3, 1), "that is a fault");
        assert_eq!(read("levels/a", "12"), (one("level-1", 12.0), 3, 1));
        assert_eq!(read("levels/b", "13"), (one("level-1", 13.0), 3, 2), "two devices");
        assert_eq!(read("elsewhere", "1"), (vec![], 3, 2));
    }

    #[test]
    fn a_kept_message_is_no_reading_and_may_still_be_named() {
        let plan = plan(STATIONS);
        let (mut readings, now) = (Readings::default(), clock::monotonic());
        let mut kept = heard("levels/a", b"12");
        kept.retained = true;
        assert_eq!(readings.read(&plan, &kept, |_| None, now), []);
        assert!(readings.bad.is_empty());
        kept.payload = br#"{"stat_t":"levels/a/state","uniq_id":"1"}"#.to_vec();
        readings.read(&plan, &kept, |_| None, now);
        assert_eq!(readings.bad.values().sum::<u64>(), 1);
    }

    #[test]
    fn a_kept_reading_counts_from_when_it_was_measured() {
        let plan = plan(
            r#"
            [[sensor]]
            id = "door-1"
            topic = "doors/1"
            quantity = "door"
            format = "json"
            value = "/open"
            time = "/at"
            clock = "sensor"
            silent_secs = 3600
            [[sensor]]
            id = "level-1"
            topic = "levels/1"
            quantity = "water_level"
            format = "senml"
            clock = "sensor"
            silent_secs = 3600
            [[sensor]]
            id = "level-2"
            topic = "levels/2"
            quantity = "water_level"
            format = "json"
            value = "/cm"
            time = "/at"
            clock = "arrival"
            "#,
        );
        let (mut readings, now) = (Readings::default(), clock::monotonic());
        let at = heard("", b"").at;
        let ago = |secs: u64| Timestamp(at.0 - secs * 1_000_000_000);
        let mut read = |topic: &str, payload: String, newest: Option<Timestamp>| {
            let mut kept = heard(topic, payload.as_bytes());
            kept.retained = true;
            let events = readings.read(&plan, &kept, |_| newest, now);
            let told = events.into_iter().map(|event| match event {
                Event::Reading { at: measured, value, .. } => (at.since(measured).as_secs(), value),
                other => panic!("{other:?}"),
            });
            told.collect::<Vec<_>>()
        };
        let door =
            |measured: Timestamp| format!(r#"{{"open":true,"at":{}}}"#, measured.0 / 1_000_000_000);
        assert_eq!(read("doors/1", door(ago(600)), None), [(600, 1.0)]);
        assert_eq!(read("doors/1", door(ago(600)), Some(ago(600))), [], "known");
        assert_eq!(read("doors/1", door(ago(600)), Some(ago(5))), [], "a newer one is known");
        assert_eq!(read("doors/1", door(ago(600)), Some(ago(601))), [(600, 1.0)]);
        assert_eq!(read("doors/1", door(ago(3600)), None), [(3600, 1.0)]);
        assert_eq!(read("doors/1", door(ago(3601)), None), [], "too old to be believed");
        // Seconds since 1970 are a time; what counts back from the arrival is none.
        let secs = ago(60).0 / 1_000_000_000;
        let pack = format!(r#"[{{"n":"l","u":"cm","v":12,"bt":{secs}}}]"#);
        assert_eq!(read("levels/1", pack, None), [(60, 12.0)]);
        assert_eq!(read("levels/1", r#"[{"n":"l","u":"cm","v":12}]"#.into(), None), []);
        assert_eq!(read("levels/1", r#"[{"n":"l","u":"cm","v":12,"t":-5}]"#.into(), None), []);
        let payload = format!(r#"{{"cm":12,"at":{secs}}}"#);
        assert_eq!(read("levels/2", payload, None), [], "the sensor's clock is not believed");
        assert!(readings.bad.is_empty());
    }

    #[test]
    fn the_message_names_what_came() {
        let words = |payload: &[u8], format: &str| {
            let plan = plan(&format!(
                "[[sensor]]\nid = \"gauge\"\ntopic = \"g\"\nquantity = \"water_level\"\n{format}"
            ));
            let heard = heard("g", payload);
            let error = decode(&plan.sensors[0].decoder, payload, heard.at).unwrap_err();
            in_words(&error, &plan.sensors[0], &heard)
        };
        let json = "format = \"json\"\nvalue = \"/level\"";
        for (payload, format, want) in [
            (&[0x1f, 0x8b, 8][..], json, "gzip"),
            (b"12.5", json, "format = \"plain\""),
            (b"a=1&level=2", "", "format = \"form\""),
            (br#"{"stat_t":"g/state","dev":{}}"#, json, "\"g/state\""),
            (br#"{"lvl":1}"#, json, "there is no value at \"/level\""),
            (br#"{"level":"x"}"#, json, "\"x\" is not a number"),
            (b"abc", "", "\"abc\" is not a number"),
            (b" {\"level\":1}", "", "format = \"json\""),
        ] {
            let told = words(payload, format);
            assert!(told.contains(want), "{payload:?}: {told}");
        }
    }
}
