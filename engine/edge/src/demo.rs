//! A street on one machine: cameras that show a clip, a broker, and a centre that hears what is told.

use crate::broker::{BrokerError, EmbeddedBroker};
use crate::camera_sim::{CameraSim, SimError, SimOptions};
use crate::publish::{Message, PublishError, Subscriber, SubscriberOptions};
use crossbeam_channel::{Sender, TryRecvError, bounded};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;
use viahe_contract::message::IncidentEvent;
use viahe_contract::topic::{About, Topic};
use viahe_core::plan::{Ack, Mqtt, Plan, Source, Transport};

/// How long to wait at the end for messages that are on their way.
const LAST_MESSAGES: Duration = Duration::from_millis(500);

/// Why there is no street.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// No cameras.
    #[error(transparent)]
    Cameras(#[from] SimError),
    /// Nobody listens.
    #[error(transparent)]
    Centre(#[from] PublishError),
    /// The system gives no thread.
    #[error("the centre of the demo got no thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Incident ids by violation, as they came over MQTT.
pub type Incidents = BTreeMap<String, BTreeSet<String>>;

/// What the centre has heard.
#[derive(Debug)]
pub enum Heard {
    /// A revision of an incident.
    Incident(Box<IncidentEvent>),
    /// Something that is none.
    Unreadable {
        /// On which topic.
        topic: String,
        /// Why not.
        why: serde_json::Error,
    },
}

/// All of it; ends when this is dropped, but for the broker, which lives as long as the process.
pub struct Demo {
    broker: EmbeddedBroker,
    /// Its cameras go with it.
    _cameras: CameraSim,
    centre: JoinHandle<Incidents>,
    ended: Sender<()>,
}

impl Demo {
    /// Puts it up for the cameras of `plan`, which are pointed at it and show `clip`. The centre tells `hears`,
    /// on a thread of its own.
    ///
    /// # Errors
    /// [`DemoError`].
    pub fn start(
        plan: &mut Plan,
        clip: PathBuf,
        hears: impl FnMut(&Heard) + Send + 'static,
    ) -> Result<Self, DemoError> {
        let broker = EmbeddedBroker::start(0)?;
        let options = SimOptions {
            clip,
            mounts: plan.cameras.iter().map(|c| c.id.to_string()).collect(),
            small: None,
            apart: false,
            port: 0,
            login: None,
            tls: None,
        };
        let cameras = CameraSim::start(&options)?;
        let mqtt = Mqtt {
            host: broker.address().ip().to_string(),
            port: broker.address().port(),
            tls: None,
            login: None,
            ack: Ack::Broker,
            version: None,
        };
        point(plan, &cameras, &mqtt);
        let subscriber = Subscriber::start(SubscriberOptions {
            mqtt,
            client_id: "viahe-demo-centre".into(),
            filter: Topic::all(&plan.site.id),
        })?;
        let (centre, ended) = listen(subscriber, hears)?;
        Ok(Self { broker, _cameras: cameras, centre, ended })
    }

    /// Where the broker listens.
    pub fn broker(&self) -> SocketAddr {
        self.broker.address()
    }

    /// What the centre has heard of, once it has heard everything.
    pub fn finish(self) -> Incidents {
        let _ = self.ended.send(());
        self.centre.join().unwrap_or_default()
    }
}

/// Points a plan at the simulated cameras and the embedded broker.
fn point(plan: &mut Plan, cameras: &CameraSim, mqtt: &Mqtt) {
    for camera in &mut plan.cameras {
        camera.source = Source::Rtsp {
            url: cameras.url(camera.id.as_str()),
            login: None,
            transport: Transport::Tcp,
            ca: None,
        };
    }
    plan.mqtt = Some(mqtt.clone());
    // The usual port may be an engine's that runs on this machine.
    plan.engine.listen = plan.engine.listen.map(|addr| (addr.ip(), 0).into());
}

/// The thread that stands for the operations centre.
fn listen(
    subscriber: Subscriber,
    mut hears: impl FnMut(&Heard) + Send + 'static,
) -> std::io::Result<(JoinHandle<Incidents>, Sender<()>)> {
    let (ended, end) = bounded(1);
    let thread = std::thread::Builder::new().name("centre".into());
    let thread = thread.spawn(move || {
        let mut incidents = Incidents::new();
        loop {
            let last = !matches!(end.try_recv(), Err(TryRecvError::Empty));
            while let Some(message) = subscriber.next(LAST_MESSAGES) {
                let Some(news) = read(message) else { continue };
                hears(&news);
                if let Heard::Incident(event) = news {
                    let ids = incidents.entry(event.violation.to_string()).or_default();
                    ids.insert(event.incident.incident.to_string());
                }
            }
            if last {
                return incidents;
            }
        }
    })?;
    Ok((thread, ended))
}

/// What a message says of an incident; none of anything else.
fn read(message: Message) -> Option<Heard> {
    let Ok(Topic { about: About::Incident { .. }, .. }) = message.topic.parse() else {
        return None;
    };
    Some(match serde_json::from_slice(&message.payload) {
        Ok(event) => Heard::Incident(Box::new(event)),
        Err(why) => Heard::Unreadable { topic: message.topic, why },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_incident_is_told_and_anything_else_is_nobodys_news() {
        let page = include_str!("../../../docs/mqtt.md");
        let block = page.split("```json incident\n").nth(1).unwrap().split("```").next().unwrap();
        let heard = |topic: &str, payload: &str| {
            let (topic, payload) = (topic.to_owned(), payload.as_bytes().to_vec());
            read(Message { topic, payload, retained: false })
        };
        let incident = "viahe/v1/ward/cam/le-loi-03/incident/shop-encroachment";
        assert!(matches!(heard(incident, block), Some(Heard::Incident(_))));
        assert!(matches!(heard(incident, "{}"), Some(Heard::Unreadable { .. })));
        assert!(heard("viahe/v1/ward/cam/le-loi-03/state", block).is_none());
        assert!(heard("another/topic", block).is_none());
    }
}
