//! A link that breaks, and rows to send.
// A failed preparation ends the test.
#![allow(unreachable_pub, missing_docs, clippy::must_use_candidate)]

pub mod fake;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use viahe_core::id::Name;
use viahe_core::plan::{Ack, Mqtt};
use viahe_core::random::SplitMix64;
use viahe_core::time::Timestamp;
use viahe_edge::publish::{Message, PublishOptions, Subscriber, SubscriberOptions, Tuning};
use viahe_edge::store::{OutboxRow, Store};
use viahe_edge::trouble::Troubles;
use viahe_testing::certificates::Authority;
use viahe_testing::wait::eventually;

pub fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

/// What the seed decides.
pub struct Dice(SplitMix64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.draw() % (high - low)
    }
}

pub fn mqtt(port: u16, ack: Ack) -> Mqtt {
    Mqtt { host: "127.0.0.1".into(), port, tls: None, login: None, ack, version: None }
}

/// Options with short waits.
pub fn options(mqtt: Mqtt) -> PublishOptions {
    let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let mut options = PublishOptions::new(mqtt, name("hue"), zone, Troubles::default());
    options.tuning = Tuning {
        resend_after: Duration::from_millis(700),
        retry_after: Duration::from_millis(300),
        reconnect_after: [Duration::from_millis(10), Duration::from_millis(200)],
        ..options.tuning
    };
    options
}

pub fn subscribe(port: u16, id: &str, filter: &str) -> Subscriber {
    subscribe_to(mqtt(port, Ack::Broker), id, filter)
}

pub fn subscribe_to(mqtt: Mqtt, id: &str, filter: &str) -> Subscriber {
    let options = SubscriberOptions { mqtt, client_id: id.into(), filter: filter.into() };
    let subscriber = Subscriber::start(options).unwrap();
    eventually("subscribed", || subscriber.subscribed() > 0);
    subscriber
}

/// Sends one message with MQTT 5, with a response topic if there is one.
pub fn publish(port: u16, topic: &str, payload: &[u8], response_topic: Option<&str>) {
    use rumqttc::v5::mqttbytes::QoS;
    use rumqttc::v5::mqttbytes::v5::{Packet, PublishProperties};
    let options = rumqttc::v5::MqttOptions::new("somebody", "127.0.0.1", port);
    let (client, mut connection) = rumqttc::v5::Client::new(options, 8);
    let properties = PublishProperties {
        response_topic: response_topic.map(Into::into),
        correlation_data: response_topic.map(|_| vec![7].into()),
        ..PublishProperties::default()
    };
    let payload = payload.to_vec();
    let sent =
        client.try_publish_with_properties(topic, QoS::AtLeastOnce, false, payload, properties);
    sent.unwrap();
    for event in connection.iter() {
        if matches!(event.unwrap(), rumqttc::v5::Event::Incoming(Packet::PubAck(_))) {
            return;
        }
    }
}

pub fn said(topic: &str) -> viahe_edge::publish::Said {
    viahe_edge::publish::Said {
        topic: topic.into(),
        payload: b"{}".to_vec(),
        retained: false,
        correlation: None,
    }
}

pub type Key = (String, u32);

/// Row `n`: three revisions to an incident, like real ones in size.
pub fn row(n: u32) -> OutboxRow {
    sized_row(n, 900)
}

pub fn sized_row(n: u32, bytes: usize) -> OutboxRow {
    let opened = Timestamp::from_secs(1_795_000_000 + u64::from(n / 3));
    let (site, camera, rule) = (name("hue"), name("cam-01"), name("illegal-parking"));
    let incident = viahe_core::incident::incident_id(&site, Some(&camera), &rule, None, opened);
    let revision = n % 3 + 1;
    let filler = "x".repeat(bytes);
    let event = serde_json::json!({
        "id": format!("{incident}-r{revision}"),
        "data": { "incident": incident, "revision": revision, "filler": filler },
    });
    OutboxRow {
        incident,
        revision,
        topic: "viahe/v1/hue/cam/cam-01/incident/illegal-parking".into(),
        payload: event.to_string().into_bytes(),
        created: opened,
        closed: revision == 3,
        record: b"{}".to_vec(),
    }
}

pub fn key_of(message: &Message) -> Key {
    let event: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
    let data = &event["data"];
    (data["incident"].as_str().unwrap().into(), data["revision"].as_u64().unwrap() as u32)
}

pub fn keys(rows: &[OutboxRow]) -> BTreeSet<Key> {
    rows.iter().map(|row| (row.incident.as_str().to_owned(), row.revision)).collect()
}

/// Commits rows in groups, as an engine would.
pub fn commit_all(store: &mut Store, rows: &[OutboxRow]) {
    for group in rows.chunks(20) {
        assert_eq!(store.commit(group, None).unwrap().added, group.len());
    }
}

/// What arrived: how often, and whether revisions first came in order.
#[derive(Default)]
pub struct Arrivals {
    pub times: BTreeMap<Key, u32>,
    pub late: usize,
}

impl Arrivals {
    pub fn add(&mut self, (incident, revision): Key) {
        let newest = self.times.range((incident.clone(), 0)..(incident.clone(), u32::MAX)).last();
        let newest = newest.map_or(0, |((_, revision), _)| *revision);
        let times = self.times.entry((incident, revision)).or_default();
        *times += 1;
        self.late += usize::from(*times == 1 && revision < newest);
    }

    pub fn duplicates(&self) -> u32 {
        self.times.values().map(|n| n - 1).sum()
    }

    pub fn missing(&self, want: &BTreeSet<Key>) -> usize {
        want.iter().filter(|key| !self.times.contains_key(*key)).count()
    }
}

/// A link that breaks: forwards to a port and cuts each connection after some bytes from there,
/// drawn from a seed. `cuts_left` 0: it stays whole.
pub struct BadLink {
    pub port: u16,
    pub cuts: Arc<AtomicU64>,
}

impl BadLink {
    pub fn start(to: u16, seed: u64, cuts_max: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&cuts);
        std::thread::spawn(move || {
            let mut dice = Dice::new(seed);
            for client in listener.incoming().flatten() {
                let Ok(broker) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else { continue };
                let whole = counter.load(Ordering::SeqCst) >= cuts_max;
                let cut_after = if whole { u64::MAX } else { dice.between(1, 800) };
                forward(client, broker, cut_after, &counter);
            }
        });
        Self { port, cuts }
    }
}

fn forward(client: TcpStream, broker: TcpStream, cut_after: u64, cuts: &Arc<AtomicU64>) {
    let up = (client.try_clone().unwrap(), broker.try_clone().unwrap());
    std::thread::spawn(move || pump(up.0, up.1, u64::MAX));
    let cuts = Arc::clone(cuts);
    std::thread::spawn(move || {
        if pump(broker, client, cut_after) {
            cuts.fetch_add(1, Ordering::SeqCst);
        }
    });
}

/// Copies until the end, or until `cut_after` bytes; says whether it cut.
fn pump(mut from: TcpStream, mut to: TcpStream, cut_after: u64) -> bool {
    let mut buffer = [0; 4096];
    let mut left = cut_after;
    let cut = loop {
        match from.read(&mut buffer) {
            Ok(0) | Err(_) => break false,
            Ok(n) => {
                let pass = left.min(n as u64) as usize;
                left -= pass as u64;
                if to.write_all(&buffer[..pass]).is_err() {
                    break false;
                }
                if left == 0 {
                    break true;
                }
            }
        }
    };
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
    cut
}

/// A CA, and what it signed for 127.0.0.1 and for a box; returns the folder's files' prefix.
pub fn certificates(dir: &Path, ca: &str) -> PathBuf {
    let authority = Authority::new(dir, ca);
    for who in ["server", "box"] {
        authority.signs(who, "subjectAltName=IP:127.0.0.1");
    }
    dir.join(ca)
}
