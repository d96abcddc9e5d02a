//! The command link: what it may not hear, whom it answers, and what it says when it is gone.

use super::support::fake::*;
use super::support::*;
use std::time::Duration;
use viahe_core::plan::Ack;
use viahe_edge::publish::{Said, Wire, WireOptions};
use viahe_edge::trouble::{Trouble, Troubles};
use viahe_testing::mosquitto::Mosquitto;
use viahe_testing::wait::{LONG, eventually};

const CMD: &str = "viahe/v1/hue/cmd/+";

fn wire(port: u16, filters: &[&str]) -> (Wire, Troubles) {
    let troubles = Troubles::default();
    let filters = filters.iter().map(|&f| f.to_owned()).collect();
    let mqtt = mqtt(port, Ack::Broker);
    let options = WireOptions::new(mqtt, name("hue"), filters, troubles.clone());
    (Wire::start(options).unwrap(), troubles)
}

fn told(troubles: &Troubles) -> Option<String> {
    let lasting = troubles.lasting();
    lasting.into_iter().find(|l| l.trouble == Trouble::CommandLink).map(|l| l.text)
}

fn learns(troubles: &Troubles) -> String {
    eventually("told", || told(troubles).is_some());
    told(troubles).unwrap()
}

/// Each refusal names its topic and a remedy, once; the others are heard.
#[test]
fn what_may_not_be_heard_is_told() {
    for code in [0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2, 0xC8] {
        let broker = Fake::start(Manners {
            subscribe: Box::new(move |filter| Ok(if filter == CMD { code } else { 1 })),
            ..Manners::default()
        });
        let (wire, troubles) = wire(broker.port, &[CMD, "sensors/river"]);
        let text = learns(&troubles);
        assert!(text.contains(CMD) && text.contains(&format!("0x{code:02X}")), "{text}");
        assert!(!text.contains("sensors/river"), "{text}");
        eventually("the other is asked for", || {
            broker.subscribed().iter().any(|filter| filter == "sensors/river")
        });
        assert_eq!((wire.subscribed(), troubles.revision()), (0, 1), "told once");
        assert!(broker.connects().len() <= 2, "no loop of connections");
    }
}

/// One topic that is none must not cost the others.
#[test]
fn a_filter_that_is_none_is_told() {
    let broker = Mosquitto::start("");
    let (wire, troubles) = wire(broker.port, &["sensors/#/level", CMD]);
    let text = learns(&troubles);
    assert!(text.contains("sensors/#/level") && text.contains("topic filter invalid"), "{text}");
    eventually("the other one is heard", || {
        publish(broker.port, "viahe/v1/hue/cmd/reload", b"{}", None);
        wire.heard().try_recv().is_ok_and(|heard| heard.topic == "viahe/v1/hue/cmd/reload")
    });
}

/// `RabbitMQ` hands on `s/gauge.1/v` as `s/gauge/1/v`: it is no reading of anybody, and the log says so.
#[test]
fn what_nobody_asked_for_is_left_out() {
    let message = |topic: &str| {
        let mut bytes = vec![0x30, topic.len() as u8 + 4, 0, topic.len() as u8];
        bytes.extend_from_slice(topic.as_bytes());
        bytes.extend_from_slice(&[0, b'7']);
        bytes
    };
    let mut said = vec![0x90, 4, 0, 1, 0, 1];
    said.extend(message("s/gauge/1/v"));
    said.extend(message("s/gauge.1/v"));
    let broker = Fake::start(Manners {
        subscribe: Box::new(move |_| Err(Answer::Bytes(said.clone()))),
        ..Manners::default()
    });
    let (wire, troubles) = wire(broker.port, &["s/gauge.1/v"]);
    let heard = wire.heard().recv_timeout(LONG).unwrap();
    assert_eq!((&*heard.topic, &heard.payload[..]), ("s/gauge.1/v", &b"7"[..]));
    assert_eq!((wire.dropped(), troubles.revision()), ([0, 0], 0));
}

#[test]
fn a_link_that_is_gone_is_told_and_its_return_too() {
    let mut broker = Mosquitto::start("");
    let (wire, troubles) = wire(broker.port, &[CMD]);
    eventually("subscribed", || wire.subscribed() == 1);
    assert_eq!(told(&troubles), None);
    broker.kill();
    let text = learns(&troubles);
    assert!(text.contains("commands and readings") && text.contains("127.0.0.1"), "{text}");
    broker.restart();
    eventually("subscribed again", || wire.subscribed() == 2);
    eventually("over", || told(&troubles).is_none());
}

/// However often a link is up and subscribed for a moment, the waits grow.
#[test]
fn a_link_that_flaps_is_not_hammered() {
    let broker = Fake::start(Manners {
        subscribe: Box::new(|_| Err(Answer::BytesAndClose(vec![0x90, 4, 0, 1, 0, 1]))),
        ..Manners::default()
    });
    let (wire, _) = wire(broker.port, &[CMD]);
    eventually("up four times", || wire.subscribed() >= 4);
    let start = viahe_edge::clock::monotonic();
    eventually("up twice more", || wire.subscribed() >= 6);
    // The fourth and fifth waits are 1.6 to 6.4 s together at the least; without growth 0.4 s.
    assert!(start.elapsed() >= Duration::from_millis(1_600), "{:?}", start.elapsed());
}

#[test]
fn answers_go_below_reply_and_nowhere_else() {
    let broker = Mosquitto::start("");
    let reader = subscribe(broker.port, "reader", "#");
    let (wire, _) = wire(broker.port, &[CMD]);
    eventually("subscribed", || wire.subscribed() == 1);
    let ask = |to: &str| {
        publish(broker.port, "viahe/v1/hue/cmd/reload", b"{\"id\":\"a\"}", Some(to));
        wire.heard().recv_timeout(LONG).unwrap().answer_to
    };
    let mine = "viahe/v1/hue/reply/desk-4/x";
    assert_eq!(ask(mine), Some((mine.to_owned(), Some(vec![7]))));
    for strange in [
        "viahe/v1/hue/cam/cam-01/incident/illegal-parking",
        "viahe/v1/hue/status",
        "viahe/v1/hanoi/reply/x",
        "somewhere/else",
    ] {
        assert_eq!(ask(strange), None, "{strange}");
    }
    // What cannot be published is dropped and counted; the link lives.
    for bad in ["", "a/#", "a\0b"] {
        wire.say(said(bad));
    }
    wire.say(said(mine));
    loop {
        let message = reader.next(LONG).expect("the answer comes");
        if message.topic == mine {
            break;
        }
    }
    assert_eq!((wire.subscribed(), wire.dropped()), (1, [0, 3]));
}

/// Whoever lets the broker keep a command meant it for later too: that is seen at once, not only when
/// it comes again. A sensor whose readings are kept is heard all the same.
#[test]
fn a_command_that_the_broker_is_to_keep_is_seen_as_it_comes() {
    let broker = Mosquitto::start("");
    let (wire, _) = wire(broker.port, &[CMD, "sensors/river"]);
    eventually("subscribed", || wire.subscribed() == 1);
    let (command, reading) = ("viahe/v1/hue/cmd/reload", "sensors/river");
    for (topic, kept, seen) in [
        (command, true, true),
        (command, false, false),
        (reading, true, false),
        (reading, false, false),
    ] {
        wire.say(Said { retained: kept, ..said(topic) });
        let heard = wire.heard().recv_timeout(LONG).unwrap();
        assert_eq!((heard.topic.as_str(), heard.retained), (topic, seen), "kept: {kept}");
    }
}

/// What the broker refuses of what is said is told; that nobody listens to it is no fault.
#[test]
fn refused_answers_are_told() {
    for (code, fault) in [(0x10, false), (0x87, true), (0x97, true), (0x99, true)] {
        let broker =
            Fake::start(Manners { publish: Box::new(move |_| Ok(code)), ..Manners::default() });
        let (wire, troubles) = wire(broker.port, &[CMD]);
        eventually("subscribed", || wire.subscribed() == 1);
        wire.say(said("viahe/v1/hue/reply/op-7"));
        if fault {
            let text = learns(&troubles);
            assert!(text.contains("reply/op-7") && text.contains(&format!("{code:02X}")), "{text}");
        } else {
            eventually("said", || !broker.published().is_empty());
            assert_eq!(told(&troubles), None);
        }
    }
}

/// The answer to the last order goes out before the link does.
#[test]
fn what_was_said_last_is_heard() {
    let broker = Mosquitto::start("");
    let reader = subscribe(broker.port, "reader", "viahe/v1/hue/reply/#");
    let (wire, _) = wire(broker.port, &[CMD]);
    eventually("subscribed", || wire.subscribed() == 1);
    let topics: Vec<String> = (0..100).map(|n| format!("viahe/v1/hue/reply/op-{n}")).collect();
    for topic in &topics {
        wire.say(said(topic));
    }
    drop(wire);
    for topic in topics {
        assert_eq!(reader.next(LONG).map(|message| message.topic), Some(topic));
    }
}

/// A broker that answers nothing, or is not there, holds up no stop.
#[test]
fn a_silent_broker_holds_up_no_stop() {
    let broker = Mosquitto::start("");
    let (wire, _) = wire(broker.port, &[CMD]);
    eventually("subscribed", || wire.subscribed() == 1);
    drop(broker);
    wire.say(said("viahe/v1/hue/reply/op-1"));
    let start = viahe_edge::clock::monotonic();
    drop(wire);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
