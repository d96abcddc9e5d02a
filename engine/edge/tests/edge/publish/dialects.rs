//! Brokers without MQTT 5: found out, told once, and served as well as 3.1.1 allows.

use super::support::fake::*;
use super::support::*;
use serde_json::Value;
use std::time::Duration;
use viahe_core::plan::{Ack, MqttTls, MqttVersion};
use viahe_edge::publish::{Publisher, Wire, WireOptions};
use viahe_edge::store::Store;
use viahe_edge::trouble::{Trouble, Troubles};
use viahe_testing::mosquitto::Mosquitto;
use viahe_testing::wait::{LONG, eventually};

/// Speaks 3.1.1, and answers MQTT 5 with `five`.
fn old_broker(five: Answer) -> Fake {
    Fake::start(Manners {
        connect: Box::new(
            move |connect| {
                if connect.level == 5 { five.clone() } else { welcome(connect.level) }
            },
        ),
        ..Manners::default()
    })
}

fn statuses(broker: &Fake) -> Vec<Value> {
    let all = broker.published().into_iter().filter(|m| m.topic.ends_with("/status"));
    all.map(|m| serde_json::from_slice(&m.payload).unwrap()).collect()
}

fn delivers(broker: &Fake, version: Option<MqttVersion>, rows: u32) -> Publisher {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    commit_all(&mut store, &(0..rows).map(row).collect::<Vec<_>>());
    let mut mqtt = mqtt(broker.port, Ack::Broker);
    mqtt.version = version;
    let publisher = Publisher::start(options(mqtt), dir.path()).unwrap();
    eventually("all delivered", || store.depth().unwrap().rows == 0);
    assert_eq!(publisher.counters().quarantined, 0);
    publisher
}

#[test]
fn a_broker_that_refuses_mqtt_5_is_spoken_to_in_3_1_1() {
    let code_1 = vec![0x20, 2, 0, 1];
    for five in [
        // As aedes and RabbitMQ do, as the NATS gateway does, as MQTT 5 wants it.
        Answer::Close,
        Answer::BytesAndClose(code_1),
        refuse(0x84),
        refuse(0x01),
        Answer::BytesAndClose(b"no MQTT 5 here\r\n".to_vec()),
    ] {
        let broker = old_broker(five.clone());
        let publisher = delivers(&broker, None, 9);
        let connects = broker.connects();
        assert_eq!((connects[0].level, connects[1].level), (5, 4), "{five:?}");
        let will = &connects[1];
        assert!(will.has_will && will.will_retain && will.will_qos == 1, "{will:?}");
        assert_eq!(publisher.counters().version, "3.1.1");
        eventually("the status says so", || statuses(&broker).iter().any(|s| s["mqtt"] == "3.1.1"));
        assert!(broker.published().iter().any(|m| m.topic.ends_with("/status") && m.retain));
        assert_eq!(publisher.shutdown(Duration::from_secs(5)), 0);
        assert_eq!(statuses(&broker).last().unwrap()["reason"], "shutdown");
    }
}

/// It leaves the connection open after its 3.1.1-shaped refusal.
#[test]
fn a_refusal_that_mqtt_5_cannot_read_is_found_out_by_time() {
    let broker = old_broker(Answer::Bytes(vec![0x20, 2, 0, 1]));
    delivers(&broker, None, 3);
    assert_eq!(broker.connects().iter().map(|c| c.level).take(2).collect::<Vec<_>>(), [5, 4]);
}

#[test]
fn a_version_that_is_written_down_is_the_only_one() {
    let broker = old_broker(Answer::Close);
    delivers(&broker, Some(MqttVersion::V311), 3);
    assert!(broker.connects().iter().all(|connect| connect.level == 4));

    let broker = old_broker(refuse(0x84));
    let mut mqtt = mqtt(broker.port, Ack::Broker);
    mqtt.version = Some(MqttVersion::V5);
    let dir = tempfile::tempdir().unwrap();
    let _store = Store::open(dir.path()).unwrap();
    let options = options(mqtt);
    let troubles = options.troubles.clone();
    let publisher = Publisher::start(options, dir.path()).unwrap();
    eventually("told", || !troubles.lasting().is_empty());
    let told = &troubles.lasting()[0].text;
    assert!(told.contains("does not speak") && told.contains("version in [mqtt]"), "{told}");
    assert!(broker.connects().iter().all(|connect| connect.level == 5));
    drop(publisher);
}

#[test]
fn where_neither_is_understood_the_question_is_asked() {
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    for answer in [Answer::Close, Answer::BytesAndClose(http)] {
        let broker = Fake::start(Manners {
            connect: Box::new(move |_| answer.clone()),
            ..Manners::default()
        });
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        commit_all(&mut store, &[row(0)]);
        let options = options(mqtt(broker.port, Ack::Broker));
        let troubles = options.troubles.clone();
        let publisher = Publisher::start(options, dir.path()).unwrap();
        eventually("told", || !troubles.lasting().is_empty());
        let lasting = troubles.lasting();
        assert_eq!(lasting[0].trouble, Trouble::NoBroker);
        assert!(lasting[0].text.contains("does it speak MQTT?"), "{}", lasting[0].text);
        eventually("both are tried", || {
            [4, 5].iter().all(|level| broker.connects().iter().any(|c| c.level == *level))
        });
        assert_eq!((store.depth().unwrap().rows, publisher.counters().quarantined), (1, 0));
    }
}

/// Certificates on both sides, in 3.1.1 too.
#[test]
fn tls_is_spoken_in_both_versions() {
    let files = tempfile::tempdir().unwrap();
    let ca = certificates(files.path(), "our-ca");
    let at = |end: &str| std::path::PathBuf::from(format!("{}{end}", ca.display()));
    let broker = Mosquitto::start(&format!(
        "cafile {0}.pem\ncertfile {0}-server.pem\nkeyfile {0}-server.key\n\
         require_certificate true",
        ca.display()
    ));
    for version in [MqttVersion::V5, MqttVersion::V311] {
        let mut mqtt = mqtt(broker.port, Ack::Broker);
        mqtt.version = Some(version);
        mqtt.tls = Some(MqttTls { ca: at(".pem"), client: Some((at("-box.pem"), at("-box.key"))) });
        let reader = subscribe_to(mqtt.clone(), "reader", "viahe/v1/hue/#");
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        commit_all(&mut store, &[row(0), row(1)]);
        let publisher = Publisher::start(options(mqtt.clone()), dir.path()).unwrap();
        eventually("delivered", || store.depth().unwrap().rows == 0);
        assert_eq!(publisher.counters().version, version.label());
        drop((publisher, reader));
        // A box that the broker does not know: the certificate is at fault, not the version.
        mqtt.version = None;
        mqtt.tls = Some(MqttTls { ca: at(".pem"), client: None });
        let options = options(mqtt);
        let troubles = options.troubles.clone();
        let publisher = Publisher::start(options, dir.path()).unwrap();
        eventually("refused", || !troubles.lasting().is_empty());
        let told = troubles.lasting()[0].text.clone();
        assert!(told.contains("check ca, cert and key"), "{told}");
        drop(publisher);
    }
}

/// Commands, readings and answers without MQTT 5.
#[test]
fn the_command_link_speaks_3_1_1_too() {
    let broker = Mosquitto::start("");
    let mut mqtt = mqtt(broker.port, Ack::Broker);
    mqtt.version = Some(MqttVersion::V311);
    let reader = subscribe(broker.port, "reader", "viahe/v1/hue/reply/#");
    let filters = vec!["viahe/v1/hue/cmd/+".into(), "sensors/river".into()];
    let troubles = Troubles::default();
    let wire = Wire::start(WireOptions::new(mqtt, name("hue"), filters, troubles.clone())).unwrap();
    eventually("subscribed", || wire.subscribed() > 0);
    publish(broker.port, "viahe/v1/hue/cmd/reload", b"{}", None);
    let heard = wire.heard().recv_timeout(LONG).unwrap();
    assert_eq!((heard.topic.as_str(), heard.answer_to), ("viahe/v1/hue/cmd/reload", None));
    wire.say(said("viahe/v1/hue/reply/op-7"));
    assert_eq!(reader.next(LONG).unwrap().topic, "viahe/v1/hue/reply/op-7");
    assert_eq!(troubles.lasting(), Vec::new());
}
