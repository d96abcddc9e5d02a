//! A message as it reads.

use crate::store::{Heard, State};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use viahe_contract::id::Name;
use viahe_contract::message::{BoxStatus, CameraState, IncidentEvent, Offline, Reply};
use viahe_contract::time::Timestamp;
use viahe_contract::topic::{About, Topic};

/// What a message says.
#[derive(Debug)]
pub(super) enum Said {
    /// A revision of an incident.
    Incident(Box<Heard>),
    /// How a box or camera is.
    State(State),
    /// What became of a command.
    Reply(Name, Box<Reply>),
}

impl Said {
    /// Whose it is, and of which time it tells; none of an answer.
    pub(super) fn told(&self) -> Option<(&Name, Timestamp)> {
        let (site, told) = match self {
            Self::Incident(heard) => (&heard.event.site, heard.event.incident.updated),
            Self::State(State::Camera(site, _, state)) => (site, state.time),
            Self::State(State::Box(site, status)) => match &**status {
                BoxStatus::Online(told) => (site, told.time),
                BoxStatus::Offline(Offline::Shutdown { time, .. }) => (site, *time),
                // Since when it was there.
                BoxStatus::Offline(Offline::Lost { connected, .. }) => (site, *connected),
            },
            Self::Reply(..) => return None,
        };
        Some((site, told.at()))
    }
}

/// Why a message does not read, as it is counted, and in words.
pub(super) type Unread = (&'static str, String);

/// Largest message that is kept: fifty times what boxes say. Lists of many are answered whole.
const KEPT_BYTES_MAX: usize = 128 << 10;

/// Only what the incident itself says, as it says it.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
}

pub(super) fn read(topic: &[u8], payload: &[u8], now: Timestamp) -> Result<Said, Unread> {
    let text = std::str::from_utf8(topic).map_err(|e| ("topic", e.to_string()))?;
    let topic: Topic = text.parse().map_err(|e| ("topic", e))?;
    let is_kept = !matches!(topic.about, About::Reply(_));
    if is_kept && payload.len() > KEPT_BYTES_MAX {
        let why = format!("it has {} bytes, and {KEPT_BYTES_MAX} are kept", payload.len());
        return Err(("too_large", why));
    }
    match topic.about {
        About::Incident { camera, violation } => {
            let event: IncidentEvent = parse(payload)?;
            let told = (&event.site, &event.incident.camera, &event.violation);
            if told != (&topic.site, &camera, &violation) {
                let why = "it is of another site, camera or violation than its topic";
                return Err(("contradiction", why.into()));
            }
            let envelope: Envelope = parse(payload)?;
            let payload = envelope.data.get().to_owned();
            // It is kept with what this version does not know, which may be nested too deeply to be told on.
            parse::<Value>(payload.as_bytes())?;
            Ok(Said::Incident(Box::new(Heard { event, payload, received: now })))
        }
        About::CameraState(camera) => {
            let state: CameraState = parse(payload)?;
            Ok(Said::State(State::Camera(topic.site, camera, Box::new(state))))
        }
        About::Status => {
            let status: BoxStatus = parse(payload)?;
            Ok(Said::State(State::Box(topic.site, Box::new(status))))
        }
        About::Reply(_) => Ok(Said::Reply(topic.site, Box::new(parse(payload)?))),
        _ => Err(("topic", "nothing for a console".into())),
    }
}

fn parse<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, Unread> {
    serde_json::from_slice(payload).map_err(|e| ("payload", e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use viahe_testing::incident::event;

    const TOPIC: &str = "viahe/v1/hue/cam/gate-east/incident/illegal-parking";

    /// Why an incident does not read with this in it, if it does not.
    fn with(value: &str) -> Option<&'static str> {
        let mut event = event("hue", 1, 1);
        event["data"]["of_a_later_version"] = json!("VALUE");
        let text = event.to_string().replace("\"VALUE\"", value);
        read(TOPIC.as_bytes(), text.as_bytes(), Timestamp(0)).err().map(|(why, _)| why)
    }

    #[test]
    fn what_cannot_be_told_on_is_not_kept() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        for well in ["null", "{\"a\": [1.5, \"\\u0000\"]}", &nested(50)] {
            assert_eq!(with(well), None, "{well}");
        }
        let most = |spaces: usize| format!("\"{}\"", " ".repeat(spaces));
        assert_eq!(with(&most(100_000)), None);
        assert_eq!(with(&most(KEPT_BYTES_MAX)), Some("too_large"));
        for odd in [&*nested(200), &nested(60_000), "1e999", "\"\\ud800\""] {
            assert_eq!(with(odd), Some("payload"), "{}", &odd[..odd.len().min(20)]);
        }
    }
}
