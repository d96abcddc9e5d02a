//! Whatever a broker answers, an incident is delivered, waits, or is set aside, and people are told.

use super::support::fake::*;
use super::support::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use viahe_core::plan::{Ack, MqttVersion};
use viahe_edge::publish::{PublishOptions, Publisher};
use viahe_edge::store::Store;
use viahe_edge::trouble::{Trouble, Troubles};
use viahe_testing::mosquitto::Mosquitto;
use viahe_testing::wait::{LONG, eventually};

/// A box with a store and a publisher.
struct Box {
    store: Store,
    publisher: Publisher,
    troubles: Troubles,
    _dir: TempDir,
}

impl Box {
    fn start(port: u16, ack: Ack, rows: u32) -> Self {
        Self::with(options(mqtt(port, ack)), rows)
    }

    fn with(options: PublishOptions, rows: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        commit_all(&mut store, &(0..rows).map(row).collect::<Vec<_>>());
        let troubles = options.troubles.clone();
        let publisher = Publisher::start(options, dir.path()).unwrap();
        Self { store, publisher, troubles, _dir: dir }
    }

    fn waiting(&self) -> u64 {
        self.store.depth().unwrap().rows
    }

    fn set_aside(&self) -> u64 {
        self.store.depth().unwrap().quarantined
    }

    fn told(&self, trouble: Trouble) -> Option<String> {
        let lasting = self.troubles.lasting();
        lasting.into_iter().find(|l| l.trouble == trouble).map(|l| l.text)
    }

    /// Waits for a trouble and returns its words.
    fn learns(&self, trouble: Trouble) -> String {
        eventually("told of trouble", || self.told(trouble).is_some());
        self.told(trouble).unwrap()
    }

    fn delivers(&self) {
        eventually("all delivered", || self.waiting() == 0);
        assert_eq!(self.set_aside(), 0);
    }
}

#[test]
fn what_nobody_hears_is_kept_and_told_until_somebody_listens() {
    let broker = Mosquitto::start("");
    let street = Box::start(broker.port, Ack::Broker, 45);
    let told = street.learns(Trouble::NobodyListens);
    assert!(told.contains("viahe/v1/hue/cam/cam-01/incident/illegal-parking"), "{told}");
    eventually("tried again", || street.publisher.counters().resent >= 2);
    let counters = street.publisher.counters();
    assert_eq!((street.waiting(), counters.acknowledged, counters.quarantined), (45, 0, 0));
    // Patience: one row is tried now and then, not all 45.
    assert!(counters.resent < 20, "{counters:?}");
    let reader = subscribe(broker.port, "reader", "viahe/v1/hue/cam/+/incident/#");
    street.delivers();
    let mut arrivals = Arrivals::default();
    while arrivals.times.len() < 45 {
        arrivals.add(key_of(&reader.next(LONG).expect("all arrive")));
    }
    assert_eq!(arrivals.late, 0);
    eventually("nothing more to tell", || street.told(Trouble::NobodyListens).is_none());
    assert_eq!(street.publisher.shutdown(Duration::from_secs(5)), 0);
}

#[test]
fn a_stop_does_not_wait_for_who_does_not_listen() {
    let broker = Mosquitto::start("");
    let street = Box::start(broker.port, Ack::Broker, 4);
    street.learns(Trouble::NobodyListens);
    let start = viahe_edge::clock::monotonic();
    assert_eq!(street.publisher.shutdown(LONG), 4, "they wait for the next start");
    assert!(start.elapsed() < LONG / 2, "{:?}", start.elapsed());
}

/// Each code of a PUBACK that there is, and some that there are not.
#[test]
fn no_refusal_is_taken_for_delivery() {
    let aside = [0x81, 0x82, 0x90, 0x95, 0x99];
    let codes = (1..=0xFF).filter(|code| *code <= 0x12 || (0x80..=0xA4).contains(code));
    let cases: Vec<_> = codes
        .map(|code: u8| {
            let says = Arc::new(AtomicU8::new(code));
            let theirs = Arc::clone(&says);
            let broker = Fake::start(Manners {
                publish: std::boxed::Box::new(move |message| {
                    let refused = message.topic.contains("/incident/");
                    Ok(if refused { theirs.load(Ordering::SeqCst) } else { 0 })
                }),
                ..Manners::default()
            });
            let street = Box::start(broker.port, Ack::Broker, 2);
            (code, says, broker, street)
        })
        .collect();
    for (code, says, broker, street) in &cases {
        if aside.contains(code) {
            eventually("set aside", || street.set_aside() == 2);
            continue;
        }
        // Not once: the third try shows that it is kept.
        eventually("tried again", || broker.incidents().len() > 2);
        let counters = street.publisher.counters();
        assert_eq!((street.waiting(), counters.acknowledged), (2, 0), "{code:#04x}");
        assert!(
            street.told(Trouble::NobodyListens).is_some()
                || street.told(Trouble::IncidentsRefused).is_some()
                || !counters.last_error.is_empty(),
            "{code:#04x} is not told"
        );
        says.store(0, Ordering::SeqCst);
    }
    for (_, _, _, street) in cases.iter().filter(|(code, ..)| !aside.contains(code)) {
        street.delivers();
    }
}

#[test]
fn a_broker_that_keeps_nothing_gets_the_incidents_all_the_same() {
    let refusing =
        Manners {
            connect: std::boxed::Box::new(|connect| {
                if connect.will_retain { refuse(0x9A) } else { welcome(5) }
            }),
            publish: std::boxed::Box::new(|m| if m.retain { Err(goodbye(0x9A)) } else { Ok(0) }),
            ..Manners::default()
        };
    // Says so in the CONNACK of its success, or only when something is to be kept.
    let telling = Manners {
        connect: std::boxed::Box::new(|_| Answer::Bytes(vec![0x20, 5, 0, 0, 2, 0x25, 0])),
        publish: std::boxed::Box::new(|m| if m.retain { Err(goodbye(0x9A)) } else { Ok(0) }),
        ..Manners::default()
    };
    let late = Manners {
        publish: std::boxed::Box::new(|m| if m.retain { Err(goodbye(0x9A)) } else { Ok(0) }),
        ..Manners::default()
    };
    for manners in [refusing, telling, late] {
        let broker = Fake::start(manners);
        let street = Box::start(broker.port, Ack::Broker, 9);
        street.delivers();
        let told = street.learns(Trouble::BrokerOffersLess);
        assert!(told.contains("retained"), "{told}");
        eventually("the status is told", || {
            broker.published().iter().any(|m| m.topic.ends_with("/status") && !m.retain)
        });
    }
}

#[test]
fn a_broker_without_qos_1_gets_the_incidents_all_the_same() {
    let refusing =
        Manners {
            connect: std::boxed::Box::new(|connect| {
                if connect.will_qos > 0 { refuse(0x9B) } else { welcome(5) }
            }),
            publish: std::boxed::Box::new(|m| if m.qos > 0 { Err(goodbye(0x9B)) } else { Ok(0) }),
            ..Manners::default()
        };
    let telling = Manners {
        connect: std::boxed::Box::new(|_| Answer::Bytes(vec![0x20, 5, 0, 0, 2, 0x24, 0])),
        publish: std::boxed::Box::new(|m| if m.qos > 0 { Err(goodbye(0x9B)) } else { Ok(0) }),
        ..Manners::default()
    };
    for manners in [refusing, telling] {
        let broker = Fake::start(manners);
        let mut options = options(mqtt(broker.port, Ack::Broker));
        options.tuning.keep_alive = Duration::from_secs(5);
        let street = Box::with(options, 9);
        eventually("sent", || broker.incidents().len() >= 9);
        assert_eq!(street.waiting(), 9, "nothing shows yet that the broker has read them");
        street.delivers();
        let told = street.learns(Trouble::BrokerOffersLess);
        assert!(told.contains("QoS 1") && told.contains("ack = \"centre\""), "{told}");
        assert!(broker.incidents().iter().all(|m| m.qos == 0));
    }
}

/// Whom the broker does not know by the usual name comes by a short one; without a will if need be.
#[test]
fn what_is_refused_on_connecting_is_left_out() {
    let broker = Fake::start(Manners {
        connect: std::boxed::Box::new(|connect| match connect {
            c if c.client_id.contains('-') || c.client_id.len() > 23 => refuse(0x85),
            c if c.has_will => refuse(0x90),
            _ => welcome(5),
        }),
        ..Manners::default()
    });
    let street = Box::start(broker.port, Ack::Broker, 3);
    street.delivers();
    let told = street.learns(Trouble::BrokerOffersLess);
    assert!(told.contains("client id") && told.contains("last will"), "{told}");
}

#[test]
fn two_boxes_with_one_client_id_slow_down_and_say_so() {
    let broker = Fake::start(Manners {
        publish: std::boxed::Box::new(|_| Err(goodbye(0x8E))),
        ..Manners::default()
    });
    let mut options = options(mqtt(broker.port, Ack::Broker));
    // Waits of seconds, not of hundredths, after what people must mend.
    options.tuning.reconnect_after = [Duration::from_millis(50), Duration::from_millis(200)];
    let street = Box::with(options, 3);
    let told = street.learns(Trouble::ClientIdTaken);
    assert!(told.contains("client id") && told.contains("[site] id"), "{told}");
    let start = viahe_edge::clock::monotonic();
    eventually("taken over again", || broker.connects().len() >= 4);
    assert!(start.elapsed() >= Duration::from_secs(3), "{:?} for four", start.elapsed());
    assert_eq!((street.waiting(), street.set_aside()), (3, 0));
}

/// The same with a real broker, and in 3.1.1, which has no word for it: both get their turn.
#[test]
fn two_boxes_with_one_client_id_get_their_incidents_through() {
    for version in [MqttVersion::V5, MqttVersion::V311] {
        let broker = Mosquitto::start("");
        let _reader = subscribe(broker.port, "reader", "viahe/v1/hue/cam/+/incident/#");
        let street = || {
            let mut mqtt = mqtt(broker.port, Ack::Broker);
            mqtt.version = Some(version);
            let mut options = options(mqtt);
            options.tuning.reconnect_after =
                [Duration::from_millis(50), Duration::from_millis(200)];
            Box::with(options, 30)
        };
        let both = [street(), street()];
        both.iter().for_each(Box::delivers);
        eventually("one of them says so", || {
            let words = ["client id", "the same [site] id"];
            let told = both.iter().flat_map(|street| street.troubles.lasting());
            told.into_iter().any(|l| words.iter().any(|word| l.text.contains(word)))
        });
    }
}

#[test]
fn refusals_of_a_connection_are_told_with_a_remedy() {
    let moved: Vec<u8> = {
        let to = b"mqtt.hue.example";
        let mut bytes = vec![0xE0, 0, 0x9D, 3 + to.len() as u8, 0x1C, 0, to.len() as u8];
        bytes.extend(to);
        bytes[1] = bytes.len() as u8 - 2;
        bytes
    };
    let cases: [(Answer, &[&str]); 8] = [
        (refuse(0x97), &["quota exceeded (0x97)", "raise the quota"]),
        (refuse(0x9D), &["moved", "set url in [mqtt]"]),
        (refuse(0x9C), &["another server", "set url in [mqtt]"]),
        (refuse(0x8A), &["banned", "lift the ban"]),
        (refuse(0x87), &["refused the login", "username and password"]),
        (refuse(0x89), &["server busy (0x89)"]),
        (refuse(0x9F), &["connection rate exceeded", "raise the limit"]),
        (Answer::BytesAndClose([&[0x20, 3, 0, 0, 0][..], &moved].concat()), &["mqtt.hue.example"]),
    ];
    for (answer, words) in cases {
        let broker = Fake::start(Manners {
            connect: std::boxed::Box::new(move |_| answer.clone()),
            ..Manners::default()
        });
        let street = Box::start(broker.port, Ack::Broker, 3);
        let told = street.learns(Trouble::NoBroker);
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
        assert!(told.contains(&format!("127.0.0.1:{}", broker.port)), "{told}");
        assert_eq!((street.waiting(), street.set_aside()), (3, 0));
    }
}

/// The centre cannot be heard; its incidents are sent all the same.
#[test]
fn a_refused_subscription_is_told_and_incidents_go() {
    for code in [0x80, 0x83, 0x87, 0x8F, 0x97, 0xA2, 0xC8] {
        let granted = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&granted);
        let broker = Fake::start(Manners {
            subscribe: std::boxed::Box::new(move |_| {
                Ok(if theirs.load(Ordering::SeqCst) { 1 } else { code })
            }),
            ..Manners::default()
        });
        let street = Box::start(broker.port, Ack::Centre, 6);
        let told = street.learns(Trouble::AcksUnheard);
        assert!(
            told.contains("viahe/v1/hue/ack") && told.contains(&format!("{code:02X}")),
            "{told}"
        );
        eventually("sent", || broker.incidents().len() >= 6);
        assert_eq!(street.waiting(), 6, "the centre's word decides");
        assert!(broker.connects().len() <= 3, "{code:#04x}: no loop of connections");
    }
}

/// A broker may close the connection over a right that is missing, in place of an answer.
#[test]
fn rights_that_close_the_connection_set_nothing_aside() {
    let allowed = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&allowed);
    let broker = Fake::start(Manners {
        publish: std::boxed::Box::new(move |message| {
            let mine = message.topic.contains("cam-02") || theirs.load(Ordering::SeqCst);
            if mine { Ok(0) } else { Err(goodbye(0x87)) }
        }),
        ..Manners::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let mut rows: Vec<_> = (0..9).map(row).collect();
    for row in &mut rows[3..6] {
        row.topic = row.topic.replace("cam-01", "cam-02");
    }
    commit_all(&mut store, &rows);
    let options = options(mqtt(broker.port, Ack::Broker));
    let troubles = options.troubles.clone();
    let publisher = Publisher::start(options, dir.path()).unwrap();
    eventually("what may pass passes", || store.depth().unwrap().rows == 6);
    eventually("told", || troubles.lasting().iter().any(|l| l.trouble == Trouble::StatesRefused));
    assert_eq!(store.depth().unwrap().quarantined, 0);
    allowed.store(true, Ordering::SeqCst);
    eventually("the rest follows", || store.depth().unwrap().rows == 0);
    assert_eq!(store.depth().unwrap().quarantined, 0);
    drop(publisher);
}

/// What is told of the box may be larger than the broker takes: that is no incident's fault.
#[test]
fn a_status_that_is_too_large_is_told() {
    let broker = Fake::start(Manners {
        connect: std::boxed::Box::new(|_| {
            Answer::Bytes(vec![0x20, 8, 0, 0, 5, 0x27, 0, 0, 0x06, 0x00])
        }),
        ..Manners::default()
    });
    let mut options = options(mqtt(broker.port, Ack::Broker));
    options.version = "x".repeat(2_000);
    let street = Box::with(options, 6);
    street.delivers();
    let told = street.learns(Trouble::StatesRefused);
    assert!(told.contains("hue/status") && told.contains("packet too large"), "{told}");
    assert_eq!(broker.connects().len(), 1);
    assert_eq!(street.publisher.shutdown(Duration::from_secs(5)), 0);
}

/// A Server Keep Alive of 0 asks for no signs of life, not for thousands.
#[test]
fn a_broker_that_wants_no_signs_of_life_gets_few() {
    let broker = Fake::start(Manners {
        connect: std::boxed::Box::new(|_| Answer::Bytes(vec![0x20, 6, 0, 0, 3, 0x13, 0, 0])),
        ..Manners::default()
    });
    let mut options = options(mqtt(broker.port, Ack::Broker));
    options.tuning.status_every = Duration::from_millis(100);
    let street = Box::with(options, 6);
    street.delivers();
    eventually("it lives on", || {
        broker.published().iter().filter(|m| m.topic.ends_with("/status")).count() >= 5
    });
    assert_eq!(broker.connects().len(), 1);
}

/// Refused states are told, and are no reason to hold back incidents.
#[test]
fn refused_states_are_told() {
    let broker = Fake::start(Manners {
        publish: std::boxed::Box::new(|m| Ok(if m.topic.ends_with("/status") { 0x87 } else { 0 })),
        ..Manners::default()
    });
    let street = Box::start(broker.port, Ack::Broker, 3);
    let told = street.learns(Trouble::StatesRefused);
    assert!(told.contains("viahe/v1/hue/status") && told.contains("not authorised"), "{told}");
    street.delivers();
}
