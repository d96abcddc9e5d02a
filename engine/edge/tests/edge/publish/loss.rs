//! Nothing is lost: broken links, killed brokers, killed processes.

use super::support::*;
use std::time::Duration;
use viahe_core::plan::Ack;
use viahe_core::plan::MqttVersion::{self, V5, V311};
use viahe_edge::publish::{PublishOptions, Publisher, Subscriber};
use viahe_edge::store::Store;
use viahe_testing::mosquitto::Mosquitto;
use viahe_testing::wait::eventually;

const ROWS: u32 = 2_000;

fn options_in(version: MqttVersion, port: u16, ack: Ack) -> PublishOptions {
    let mut mqtt = mqtt(port, ack);
    mqtt.version = Some(version);
    options(mqtt)
}

fn drain(subscriber: &Subscriber, arrivals: &mut Arrivals, wait: Duration) -> usize {
    let mut taken = 0;
    while let Some(message) = subscriber.next(if taken == 0 { wait } else { Duration::ZERO }) {
        arrivals.add(key_of(&message));
        taken += 1;
    }
    taken
}

/// The broker stays; the link to it is cut again and again, with acknowledgements on the way.
/// So what the broker acknowledged it has, and a row that does not arrive was lost by us.
#[test]
fn a_link_that_breaks_loses_nothing() {
    for (seed, version) in [(1, V5), (2, V5), (3, V5), (4, V311), (5, V311)] {
        let broker = Mosquitto::start("persistence false");
        let link = BadLink::start(broker.port, seed, 40);
        let subscriber = subscribe(broker.port, "reader", "viahe/v1/hue/cam/+/incident/#");
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        let rows: Vec<_> = (0..ROWS).map(row).collect();
        let options = options_in(version, link.port, Ack::Broker);
        let publisher = Publisher::start(options, dir.path()).unwrap();

        let mut arrivals = Arrivals::default();
        for group in rows.chunks(100) {
            commit_all(&mut store, group);
            publisher.wake();
            drain(&subscriber, &mut arrivals, Duration::ZERO);
        }
        eventually("all acknowledged", || {
            drain(&subscriber, &mut arrivals, Duration::from_millis(20));
            store.depth().unwrap().rows == 0
        });
        let want = keys(&rows);
        eventually("all arrived", || {
            drain(&subscriber, &mut arrivals, Duration::from_millis(20));
            arrivals.missing(&want) == 0
        });
        let counters = publisher.counters();
        let cuts = link.cuts.load(std::sync::atomic::Ordering::SeqCst);
        println!(
            "seed {seed}, {version:?}: {ROWS} rows, {cuts} cuts, 0 lost, {} twice, {} resent, {} connections",
            arrivals.duplicates(),
            counters.resent,
            counters.connections
        );
        assert!(cuts >= 10, "the link broke only {cuts} times");
        assert_eq!((arrivals.late, counters.quarantined, subscriber.dropped()), (0, 0, 0));
        assert_eq!(counters.acknowledged, u64::from(ROWS));
        assert_eq!(publisher.shutdown(Duration::from_secs(5)), 0);
    }
}

/// The broker is killed and forgets what it had acknowledged. With the centre's own word nothing
/// is lost all the same.
#[test]
fn a_killed_broker_loses_nothing_when_the_centre_acknowledges() {
    for (seed, version) in [(7, V5), (8, V311)] {
        broker_kills_with_a_centre(seed, version);
    }
}

fn broker_kills_with_a_centre(seed: u64, version: MqttVersion) {
    let mut dice = Dice::new(seed);
    let mut broker = Mosquitto::start("persistence false");
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    let centre = Centre::start(broker.port);
    let options = options_in(version, broker.port, Ack::Centre);
    let publisher = Publisher::start(options, dir.path()).unwrap();

    let mut kills = 0;
    for group in rows.chunks(150) {
        let kill_at = centre.committed() + dice.between(1, 100) as usize;
        commit_all(&mut store, group);
        publisher.wake();
        eventually("some of the group reached the centre", || {
            centre.committed() >= kill_at || store.depth().unwrap().rows == 0
        });
        if store.depth().unwrap().rows > 0 {
            broker.kill();
            broker.restart();
            kills += 1;
        }
    }
    eventually("the centre confirmed everything", || store.depth().unwrap().rows == 0);
    let counters = publisher.counters();
    let arrivals = centre.stop();
    println!(
        "seed {seed}, {version:?}: {ROWS} rows, {kills} kills, {} lost, {} twice, {} resent",
        arrivals.missing(&keys(&rows)),
        arrivals.duplicates(),
        counters.resent
    );
    assert_eq!(arrivals.missing(&keys(&rows)), 0);
    assert!(kills >= 8, "the broker was killed only {kills} times");
    assert_eq!(counters.quarantined, 0);
    assert_eq!(counters.bad_acks, 0);
}

/// With the broker's word alone, what a killed broker had acknowledged and not passed on is gone;
/// how much is printed. Ours is only that the outbox drains and nothing is set aside.
#[test]
fn a_killed_broker_does_not_stop_delivery() {
    let seed = 11;
    let mut dice = Dice::new(seed);
    let mut broker = Mosquitto::start("persistence true\nautosave_interval 1");
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    let subscriber = subscribe(broker.port, "reader", "viahe/v1/hue/cam/+/incident/#");
    let mut options = options(mqtt(broker.port, Ack::Broker));
    // The reader comes back first, or it would miss what is sent before.
    options.tuning.reconnect_after = [Duration::from_secs(1); 2];
    let publisher = Publisher::start(options, dir.path()).unwrap();

    let (mut kills, mut arrivals) = (0, Arrivals::default());
    for (n, group) in rows.chunks(100).enumerate() {
        let before = publisher.counters().acknowledged;
        let kill_at = if n % 2 == 0 { before + dice.between(1, 50) } else { u64::MAX };
        commit_all(&mut store, group);
        publisher.wake();
        eventually("the group is on its way", || {
            let acknowledged = publisher.counters().acknowledged;
            acknowledged >= kill_at || store.depth().unwrap().rows == 0
        });
        if store.depth().unwrap().rows > 0 {
            let before_kill = subscriber.subscribed();
            broker.kill();
            broker.restart();
            kills += 1;
            eventually("subscribed again", || subscriber.subscribed() > before_kill);
        }
        eventually("all acknowledged", || {
            drain(&subscriber, &mut arrivals, Duration::from_millis(1));
            store.depth().unwrap().rows == 0
        });
    }
    while drain(&subscriber, &mut arrivals, Duration::from_millis(500)) > 0 {}
    let counters = publisher.counters();
    println!(
        "seed {seed}: {ROWS} rows, {kills} kills, {} lost by the broker, {} twice, {} resent",
        arrivals.missing(&keys(&rows)),
        arrivals.duplicates(),
        counters.resent
    );
    assert!(kills >= 3, "the broker was killed only {kills} times");
    assert_eq!((counters.acknowledged, counters.quarantined), (u64::from(ROWS), 0));
}

#[test]
fn a_broker_that_comes_later_gets_everything_in_order() {
    let mut broker = Mosquitto::prepare("persistence false");
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let rows: Vec<_> = (0..300).map(row).collect();
    commit_all(&mut store, &rows);
    let mut options = options(mqtt(broker.port, Ack::Broker));
    // The reader must be there first.
    options.tuning.reconnect_after = [Duration::from_millis(300); 2];
    let publisher = Publisher::start(options, dir.path()).unwrap();
    eventually("a failure is told", || !publisher.counters().last_error.is_empty());
    assert!(!publisher.counters().connected);
    assert_eq!(store.depth().unwrap().rows, 300);
    broker.restart();
    let subscriber = subscribe(broker.port, "reader", "viahe/v1/hue/cam/+/incident/#");
    eventually("all acknowledged", || store.depth().unwrap().rows == 0);
    let mut arrivals = Arrivals::default();
    drain(&subscriber, &mut arrivals, Duration::from_secs(5));
    println!("{} of 300 seen by a reader that came at the same time", arrivals.times.len());
    assert_eq!((arrivals.late, publisher.counters().acknowledged), (0, 300));
}

/// A stand-in for the operations centre: commits what it hears, then says so on `…/ack`.
struct Centre {
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    committed: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    thread: std::thread::JoinHandle<Arrivals>,
}

impl Centre {
    fn start(port: u16) -> Self {
        use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let committed = std::sync::Arc::new(AtomicUsize::new(0));
        let subscriber = subscribe(port, "centre-in", "viahe/v1/hue/cam/+/incident/#");
        let (stopped, count) = (stop.clone(), committed.clone());
        let thread = std::thread::spawn(move || {
            let mut acks = Acks::new(port);
            let mut arrivals = Arrivals::default();
            while !stopped.load(Ordering::SeqCst) {
                if let Some(message) = subscriber.next(Duration::from_millis(20)) {
                    let (incident, revision) = key_of(&message);
                    arrivals.add((incident.clone(), revision));
                    count.store(arrivals.times.len(), Ordering::SeqCst);
                    acks.send(&incident, revision);
                }
            }
            arrivals
        });
        Self { stop, committed, thread }
    }

    fn committed(&self) -> usize {
        self.committed.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn stop(self) -> Arrivals {
        self.stop.store(true, std::sync::atomic::Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

/// Sends acknowledgements; one that is lost on the way is simply lost.
struct Acks {
    client: rumqttc::v5::Client,
}

impl Acks {
    fn new(port: u16) -> Self {
        let options = rumqttc::v5::MqttOptions::new("centre-out", "127.0.0.1", port);
        let (client, mut connection) = rumqttc::v5::Client::new(options, 1_000);
        std::thread::spawn(move || {
            for event in connection.iter() {
                if event.is_err() {
                    std::thread::park_timeout(Duration::from_millis(20));
                }
            }
        });
        Self { client }
    }

    fn send(&mut self, incident: &str, revision: u32) {
        let ack = serde_json::json!({ "incident": incident, "revision": revision }).to_string();
        let _ = self.client.try_publish(
            "viahe/v1/hue/ack",
            rumqttc::v5::mqttbytes::QoS::AtLeastOnce,
            false,
            ack,
        );
    }
}
