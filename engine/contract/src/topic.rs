//! Topics: where each message stands, read and written.

use crate::id::Name;
use std::fmt;

/// What all topics begin with: the contract and its version.
const ROOT: &str = "viahe/v1";

/// Longest last part of a topic that is answered to.
const REPLY_CHARS_MAX: usize = 200;

/// A topic of a site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    /// Whose.
    pub site: Name,
    /// Which message.
    pub about: About,
}

/// Which message it is, and about what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// A revision of an incident.
    Incident {
        /// None when only sensors tell of it.
        camera: Option<Name>,
        /// The catalogue entry.
        violation: Name,
    },
    /// How a camera is.
    CameraState(Name),
    /// How a sensor is.
    SensorState(Name),
    /// A result of a window.
    Window(Name),
    /// How the box is.
    Status,
    /// A centre has a revision.
    Ack,
    /// What an operator says of an incident.
    Verdict,
    /// A command, by its name; it need not be one that there is.
    Command(String),
    /// An answer; below `reply/` the centre writes what it likes.
    Reply(String),
}

impl Topic {
    /// Of this site.
    pub fn new(site: &Name, about: About) -> Self {
        Self { site: site.clone(), about }
    }

    /// A filter for all commands of a site.
    pub fn commands(site: &Name) -> String {
        format!("{ROOT}/{site}/cmd/+")
    }

    /// A filter for all that a site says and hears.
    pub fn all(site: &Name) -> String {
        format!("{ROOT}/{site}/#")
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ROOT}/{}/", self.site)?;
        match &self.about {
            About::Incident { camera: Some(camera), violation } => {
                write!(f, "cam/{camera}/incident/{violation}")
            }
            About::Incident { camera: None, violation } => write!(f, "incident/{violation}"),
            About::CameraState(camera) => write!(f, "cam/{camera}/state"),
            About::SensorState(sensor) => write!(f, "sensor/{sensor}/state"),
            About::Window(window) => write!(f, "window/{window}"),
            About::Status => f.write_str("status"),
            About::Ack => f.write_str("ack"),
            About::Verdict => f.write_str("verdict"),
            About::Command(name) => write!(f, "cmd/{name}"),
            About::Reply(rest) => write!(f, "reply/{rest}"),
        }
    }
}

impl std::str::FromStr for Topic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let foreign = || format!("{text:?} is no topic of {ROOT}");
        let rest = text.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/'));
        let (site, rest) = rest.and_then(|rest| rest.split_once('/')).ok_or_else(foreign)?;
        let site = Name::try_from(site)?;
        if let Some(rest) = rest.strip_prefix("reply/") {
            let about = About::Reply(rest.to_owned());
            return if is_reply(rest) { Ok(Self { site, about }) } else { Err(foreign()) };
        }
        let levels: Vec<&str> = rest.split('/').collect();
        let about = match levels.as_slice() {
            ["cam", camera, "incident", violation] => About::Incident {
                camera: Some(Name::try_from(*camera)?),
                violation: Name::try_from(*violation)?,
            },
            ["incident", violation] => {
                About::Incident { camera: None, violation: Name::try_from(*violation)? }
            }
            ["cam", camera, "state"] => About::CameraState(Name::try_from(*camera)?),
            ["sensor", sensor, "state"] => About::SensorState(Name::try_from(*sensor)?),
            ["window", window] => About::Window(Name::try_from(*window)?),
            ["status"] => About::Status,
            ["ack"] => About::Ack,
            ["verdict"] => About::Verdict,
            ["cmd", name] => About::Command((*name).to_owned()),
            _ => return Err(foreign()),
        };
        Ok(Self { site, about })
    }
}

/// What may stand below `reply/`: as much as MQTT takes, without wildcards and control characters.
fn is_reply(rest: &str) -> bool {
    let plain = |c: char| !c.is_control() && !matches!(c, '+' | '#' | '\u{feff}');
    (1..=REPLY_CHARS_MAX).contains(&rest.chars().count()) && rest.chars().all(plain)
}

/// May an answer go to `topic`? Only below the box's own `reply/`: who gives commands must not be able
/// to make the box speak as somebody else.
pub fn is_reply_topic(site: &Name, topic: &str) -> bool {
    let read = topic.parse::<Topic>();
    read.is_ok_and(|topic| topic.site == *site && matches!(topic.about, About::Reply(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::try_from(text).unwrap()
    }

    #[test]
    fn a_topic_reads_as_it_was_written() {
        let (camera, site) = (name("le-loi-03"), name("hue-phu-hoi"));
        for about in [
            About::Incident { camera: Some(camera.clone()), violation: name("illegal-parking") },
            About::Incident { camera: None, violation: name("flooding") },
            About::CameraState(camera),
            About::SensorState(name("river-1")),
            About::Window(name("rain-24h")),
            About::Status,
            About::Ack,
            About::Verdict,
            About::Command("snapshot".into()),
            About::Reply("op-7/tầng 3".into()),
        ] {
            let topic = Topic::new(&site, about);
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
        for foreign in [
            "",
            "viahe/v1",
            "viahe/v1/",
            "viahe/v2/hue/status",
            "viahe/v1/hue",
            "viahe/v1/hue/cam/../state",
            "viahe/v1/hue/cam/+/state",
            "viahe/v1/hue/cmd/a/b",
            "x/viahe/v1/hue/status",
            "viahe/v1/HUE/status",
        ] {
            assert!(foreign.parse::<Topic>().is_err(), "{foreign}");
        }
    }

    #[test]
    fn answers_go_below_reply_only() {
        let site = name("hue");
        for topic in ["viahe/v1/hue/reply/op-7", "viahe/v1/hue/reply/tầng 3/x"] {
            assert!(is_reply_topic(&site, topic), "{topic}");
        }
        let long = format!("viahe/v1/hue/reply/{}", "x".repeat(201));
        for topic in [
            "",
            "reply/x",
            "viahe/v1/hue/reply/",
            "viahe/v1/hue/reply",
            "viahe/v1/hue/replyx/y",
            "viahe/v1/hanoi/reply/x",
            "viahe/v1/hue/cam/gate-01/incident/illegal-parking",
            "viahe/v1/hue/reply/#",
            "viahe/v1/hue/reply/+/x",
            "viahe/v1/hue/reply/a\0b",
            "viahe/v1/hue/reply/a\nb",
            "$SYS/broker",
            long.as_str(),
        ] {
            assert!(!is_reply_topic(&site, topic), "{topic}");
        }
    }

    /// The page for people names each topic, and its filters hear each incident.
    #[test]
    fn every_topic_is_in_the_guide() {
        let page = include_str!("../../../docs/mqtt.md");
        let [camera, sensor, window] = ["camera", "sensor", "window"].map(name);
        let of = |camera| About::Incident { camera, violation: name("type") };
        let incidents = [of(Some(camera.clone())), of(None)];
        let others = [
            About::CameraState(camera),
            About::SensorState(sensor),
            About::Window(window),
            About::Status,
            About::Ack,
            About::Verdict,
            About::Command("name".into()),
            About::Reply("id".into()),
        ];
        let site = name("site");
        for about in incidents.iter().cloned().chain(others) {
            let topic = Topic::new(&site, about).to_string();
            // Only the last of a kind is a place: `sensor/sensor/state`.
            let places = ["site", "camera", "sensor", "window", "type", "name", "id"];
            let levels: Vec<&str> = topic.split('/').collect();
            let shown = levels.iter().enumerate().map(|(n, level)| {
                let is_place = places.contains(level) && levels.get(n + 1) != Some(level);
                if is_place { format!("{{{level}}}") } else { (*level).to_owned() }
            });
            let row = format!("| `{}` |", shown.collect::<Vec<_>>().join("/"));
            assert!(page.contains(&row), "no row {row}");
        }
        let look = page.split("## Look at it\n").nth(1).unwrap().lines();
        let command = look.into_iter().find(|line| line.contains("incident/#")).unwrap();
        let filters: Vec<&str> = command.split('\'').skip(1).step_by(2).collect();
        for about in incidents {
            let topic = Topic::new(&site, about).to_string();
            let hears = |filter: &&str| {
                let wanted = filter.trim_end_matches("/#").split('/');
                wanted.zip(topic.split('/')).all(|(want, level)| want == "+" || want == level)
            };
            assert!(filters.iter().any(hears), "{topic}: {filters:?}");
        }
    }
}
