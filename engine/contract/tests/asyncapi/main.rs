//! The `AsyncAPI` document and the types say the same: what the types can write is described, to the last
//! key, and what is described can be read, to the last value. Both are shown to fail when they should: each
//! key and each value is taken away from the document, and another one added.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod document;
mod told;

use document::{Fill, document, enums, faults, instance, objects, validator};
use jsonschema::Validator;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use viahe_contract::id::Name;
use viahe_contract::message::*;
use viahe_contract::topic::{About, Topic};

/// Fills and choices with which messages are made: more than any list of values is long.
const CHOICES: usize = 32;
/// Why a rule rests is one of eight reasons in one of eleven kinds of steps.
const CHOICES_OF_STORIES: usize = 8 * 11 + 2;
/// So much can be wrong with a camera.
const CHOICES_OF_CAMERAS: usize = 60;

/// So many messages of a type have each of its values among them; of stories thrice as many, for the same reason, and of the
/// status, which lists most.
const MANY: usize = 200;

/// A message of the document by its type.
struct Message {
    /// Of its payload.
    schema: &'static str,
    /// Messages as the type writes them.
    written: fn(&mut TestRunner) -> Value,
    /// A message read, and written again.
    again: fn(&Value) -> Result<Value, String>,
}

fn again<T: Serialize + DeserializeOwned>(message: &Value) -> Result<Value, String> {
    let read: T = serde_json::from_str(&message.to_string()).map_err(|e| e.to_string())?;
    serde_json::to_value(read).map_err(|e| e.to_string())
}

fn some<T: Serialize>(runner: &mut TestRunner, all: impl Strategy<Value = T>) -> Value {
    serde_json::to_value(all.new_tree(runner).unwrap().current()).unwrap()
}

/// What the document lists for texts of the status.
fn listed(place: &str) -> Vec<String> {
    let all = document().pointer(place).unwrap().as_array().unwrap().clone();
    all.into_iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

fn some_status(runner: &mut TestRunner) -> Value {
    const ONLINE: &str = "/components/schemas/status/oneOf/0/properties";
    let troubles = listed(&format!("{ONLINE}/troubles/items/properties/trouble/enum"));
    some(runner, told::status(troubles, listed(&format!("{ONLINE}/mqtt/enum"))))
}

fn some_command(runner: &mut TestRunner) -> Value {
    let command = told::command().new_tree(runner).unwrap().current();
    serde_json::from_slice(&command.to_bytes()).unwrap()
}

/// A command is read by its name: whichever takes these keys.
fn command_again(message: &Value) -> Result<Value, String> {
    let bytes = message.to_string().into_bytes();
    let read = NAMES.iter().map(|name| Command::read(name, &bytes));
    let why: Vec<String> = match read.collect::<Vec<_>>().into_iter().find_map(Result::ok) {
        Some(command) => return Ok(serde_json::from_slice(&command.to_bytes()).unwrap()),
        None => NAMES.iter().map(|n| format!("{:?}", Command::read(n, &bytes).err())).collect(),
    };
    Err(why.join("; "))
}

/// All commands; `the_commands_are_those_of_the_document` holds it.
const NAMES: [&str; 9] = [
    "snapshot", "suspend", "disaster", "reload", "pipeline", "edit", "revert", "preview", "explain",
];

/// Every message, and what replies have in `result`; `every_message_is_here` holds it.
const MESSAGES: [Message; 13] = [
    Message {
        schema: "incidentEvent",
        written: |runner| some(runner, told::incident_event()),
        again: again::<IncidentEvent>,
    },
    Message {
        schema: "cameraState",
        written: |runner| some(runner, told::camera_state()),
        again: again::<CameraState>,
    },
    Message { schema: "status", written: some_status, again: again::<BoxStatus> },
    Message {
        schema: "sensorState",
        written: |runner| some(runner, told::sensor_state()),
        again: again::<SensorState>,
    },
    Message {
        schema: "window",
        written: |runner| some(runner, told::window()),
        again: again::<WindowResult>,
    },
    Message {
        schema: "reply",
        written: |runner| some(runner, told::reply()),
        again: again::<Reply>,
    },
    Message { schema: "ack", written: |runner| some(runner, told::ack()), again: again::<Ack> },
    Message {
        schema: "verdict",
        written: |runner| some(runner, told::replayed::verdict()),
        again: again::<Verdict>,
    },
    Message { schema: "command", written: some_command, again: command_again },
    Message {
        schema: "siteView",
        written: |runner| some(runner, told::edit::site_view()),
        again: again::<SiteView>,
    },
    Message {
        schema: "edited",
        written: |runner| some(runner, told::edit::edited()),
        again: again::<Edited>,
    },
    Message {
        schema: "preview",
        written: |runner| some(runner, told::replayed::preview()),
        again: again::<Preview>,
    },
    Message {
        schema: "story",
        written: |runner| some(runner, told::replayed::story()),
        again: again::<Story>,
    },
];

/// Messages of each type, the same in each run, with every value of every enum among them.
fn written() -> BTreeMap<&'static str, Vec<Value>> {
    let mut runner = TestRunner::deterministic();
    let of = |message: &Message| {
        let many = if ["story", "status"].contains(&message.schema) { 3 * MANY } else { MANY };
        let all = (0..many).map(|_| (message.written)(&mut runner)).collect();
        (message.schema, all)
    };
    MESSAGES.iter().map(of).collect()
}

/// What of these is not described by the document.
fn undescribed(document: &Value, written: &BTreeMap<&str, Vec<Value>>) -> Option<String> {
    MESSAGES.iter().find_map(|message| {
        let validator: Validator = validator(document, message.schema);
        let first = written[message.schema].iter().find(|value| !validator.is_valid(value))?;
        Some(format!("{}: {:?} in {first}", message.schema, faults(&validator, first)))
    })
}

/// Makes what follows from the rest of a message follow from it.
fn derive(schema: &str, message: &mut Value) {
    if schema != "incidentEvent" {
        return;
    }
    let data = &mut message["data"];
    for evidence in data["evidence"].as_array_mut().into_iter().flatten() {
        let known =
            told::values::labels::<Moment>().iter().any(|moment| evidence["moment"] == **moment);
        let shown = evidence["kind"].as_str().unwrap().to_owned();
        if let (true, Some((_, moment))) = (known, shown.split_once('.')) {
            evidence["moment"] = moment.into();
        }
    }
    let (id, revision) = (data["incident"].as_str().unwrap(), &data["revision"]);
    let verb = match (data["state"].as_str().unwrap(), revision.as_u64().unwrap()) {
        ("open", 1) => "opened",
        ("open", _) => "updated",
        (other, _) => other,
    };
    let camera = data["camera"].as_str().map_or(String::new(), |camera| format!("/{camera}"));
    let (id, kind) = (format!("{id}-r{revision}"), format!("vn.viahe.incident.{verb}"));
    let updated = data["updated"].clone();
    message["id"] = id.into();
    message["source"] = format!("viahe/hue-phu-hoi{camera}").into();
    message["type"] = kind.into();
    message["time"] = updated;
}

/// The keys that a command of each kind has beside those of all; as many as the document has are tried.
fn commands_of(message: &Value) -> Vec<Value> {
    let with = |keys: &[&str]| {
        let own = [
            "camera", "rule", "until", "level", "base", "edits", "to", "why", "check", "minutes",
            "incident",
        ];
        let mut command = message.clone();
        let map = command.as_object_mut().unwrap();
        map.retain(|key, _| !own.contains(&key.as_str()) || keys.contains(&key.as_str()));
        command
    };
    let keys: [&[&str]; 8] = [
        &["camera"],
        &["camera", "rule", "until"],
        &["level", "until"],
        &[],
        &["base", "edits", "why", "check"],
        &["base", "to", "why", "check"],
        &["base", "edits", "camera", "minutes"],
        &["incident"],
    ];
    keys.map(with).to_vec()
}

/// What the document describes and no type reads, or reads and forgets.
fn unread(document: &Value) -> Option<String> {
    for message in &MESSAGES {
        let schema = &document["components"]["schemas"][message.schema];
        for fill in [Fill::Full, Fill::Nulls, Fill::Required] {
            let choices = match message.schema {
                "story" => CHOICES_OF_STORIES,
                "cameraState" => CHOICES_OF_CAMERAS,
                _ => CHOICES,
            };
            for n in 0..choices {
                let mut made = instance(document, schema, fill, n);
                derive(message.schema, &mut made);
                let all = if message.schema == "command" { commands_of(&made) } else { vec![made] };
                let wrong = all.iter().find_map(|made| {
                    let fault = match (message.again)(made) {
                        Ok(again) => forgotten(made, &again, "")?,
                        Err(why) => why,
                    };
                    Some(format!("{} ({fill:?}, {n}): {fault}: {made}", message.schema))
                });
                if wrong.is_some() {
                    return wrong;
                }
            }
        }
    }
    None
}

/// A key or value that is not there any more once a message was read and written. Commands leave out what
/// is null; the rest is as it was.
fn forgotten(before: &Value, after: &Value, place: &str) -> Option<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before.iter().find_map(|(key, value)| {
            let place = format!("{place}/{key}");
            match after.get(key) {
                Some(after) => forgotten(value, after, &place),
                None => Some(format!("{place} is passed over")),
            }
        }),
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            before.iter().zip(after).find_map(|(b, a)| forgotten(b, a, &format!("{place}[]")))
        }
        (Value::Number(b), Value::Number(a)) if b.as_f64() == a.as_f64() => None,
        (Value::String(b), Value::String(a)) if same_time(b, a) => None,
        _ => (before != after).then(|| format!("{place}: {before} becomes {after}")),
    }
}

fn same_time(a: &str, b: &str) -> bool {
    let time = |text: &str| text.parse::<viahe_contract::time::Timestamp>();
    a == b || time(a).is_ok_and(|a| time(b) == Ok(a))
}

#[test]
fn all_that_the_types_write_is_described() {
    assert_eq!(undescribed(&document(), &written()), None);
}

proptest! {
    #[test]
    fn whatever_the_types_write_is_described(seed in any::<[u8; 32]>()) {
        use proptest::test_runner::{Config, RngAlgorithm, TestRng};
        let document = document();
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        for message in &MESSAGES {
            let validator = validator(&document, message.schema);
            for _ in 0..4 {
                let written = (message.written)(&mut runner);
                let faults = faults(&validator, &written);
                prop_assert!(faults.is_empty(), "{}: {faults:?}: {written}", message.schema);
                let again = (message.again)(&written);
                prop_assert_eq!(again, Ok(written));
            }
        }
    }
}

#[test]
fn all_that_is_described_is_read() {
    assert_eq!(unread(&document()), None);
}

/// A key or a value that only the types have.
#[test]
fn what_is_taken_from_the_document_is_missed() {
    let (whole, written) = (document(), written());
    assert_eq!(undescribed(&whole, &written), None);
    let mut taken = 0;
    for place in objects(&whole) {
        let names = whole.pointer(&place).unwrap()["properties"].as_object().unwrap().keys();
        for name in names {
            let mut less = whole.clone();
            let schema = less.pointer_mut(&place).unwrap();
            schema["properties"].as_object_mut().unwrap().remove(name);
            if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
                required.retain(|key| key != name);
            }
            assert!(undescribed(&less, &written).is_some(), "{place}: nobody misses {name}");
            taken += 1;
        }
    }
    for place in enums(&whole) {
        for n in 0..whole.pointer(&place).unwrap().as_array().unwrap().len() {
            let mut less = whole.clone();
            let value = less.pointer_mut(&place).unwrap().as_array_mut().unwrap().remove(n);
            assert!(undescribed(&less, &written).is_some(), "{place}: nobody misses {value}");
            taken += 1;
        }
    }
    assert!(taken > 180, "only {taken}");
}

/// A key or a value that only the document has.
#[test]
fn what_is_added_to_the_document_is_found() {
    let whole = document();
    assert_eq!(unread(&whole), None);
    for place in objects(&whole) {
        let mut more = whole.clone();
        let schema = more.pointer_mut(&place).unwrap();
        schema["properties"]["more"] = json!({ "type": "string" });
        assert!(unread(&more).is_some(), "{place}: nobody finds `more`");
    }
    // These are texts in the types, for readers of boxes that are newer.
    let open = ["/trouble/enum", "/mqtt/enum"];
    for place in enums(&whole) {
        if open.iter().any(|end| place.ends_with(end))
            || place.ends_with("incidentEvent/properties/type/enum")
        {
            continue;
        }
        let mut more = whole.clone();
        more.pointer_mut(&place).unwrap().as_array_mut().unwrap().push(json!("snapshot.more"));
        assert!(unread(&more).is_some(), "{place}: nobody finds another value");
    }
}

#[test]
fn every_message_is_here() {
    let document = document();
    let told = document["components"]["messages"].as_object().unwrap().values();
    let payload = |message: &Value| {
        message["payload"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    };
    let results =
        document["components"]["schemas"]["reply"]["properties"]["result"]["oneOf"].clone();
    let results = results.as_array().unwrap().iter().filter_map(|way| way["$ref"].as_str());
    let results = results.map(|place| place.rsplit('/').next().unwrap().to_owned());
    let told: BTreeSet<String> = told.map(payload).chain(results).collect();
    assert_eq!(told, MESSAGES.iter().map(|m| m.schema.to_owned()).collect());
}

#[test]
fn the_commands_are_those_of_the_document() {
    let mut runner = TestRunner::deterministic();
    let orders = (0..200).map(|_| told::command().new_tree(&mut runner).unwrap().current().order);
    let known: BTreeSet<&str> = orders.map(|order| order.name()).collect();
    let told = listed("/channels/command/parameters/name/enum");
    assert_eq!(told.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
    assert_eq!(BTreeSet::from(NAMES), known);
    // By what the reader says of a key that there is not: `expected one of ...`.
    let error = Command::read("reload", br#"{"id":"a","":0}"#).unwrap_err().why;
    let keys: BTreeSet<&str> =
        error.split("expected").nth(1).unwrap().split('`').skip(1).step_by(2).collect();
    let document = document();
    let told = document["components"]["schemas"]["command"]["properties"].as_object().unwrap();
    assert_eq!(told.keys().map(String::as_str).collect::<BTreeSet<_>>(), keys);
}

/// Each channel is a topic that the types know, with the messages that stand there; and none is missing.
#[test]
fn the_channels_are_the_topics() {
    let name = |text: &str| Name::try_from(text).unwrap();
    let known = [
        (About::Incident { camera: Some(name("cam-1")), violation: name("vio-1") }, "incident"),
        (About::Incident { camera: None, violation: name("vio-1") }, "incident"),
        (About::CameraState(name("cam-1")), "cameraState"),
        (About::SensorState(name("sen-1")), "sensorState"),
        (About::Window(name("win-1")), "window"),
        (About::Status, "status"),
        (About::Ack, "ack"),
        (About::Verdict, "verdict"),
        (About::Command("snapshot".into()), "command"),
        (About::Reply("op-7".into()), "reply"),
    ];
    let known = known.map(|(about, message)| {
        // A new kind is a new line above.
        match &about {
            About::Incident { .. }
            | About::CameraState(_)
            | About::SensorState(_)
            | About::Window(_)
            | About::Status
            | About::Ack
            | About::Verdict
            | About::Command(_)
            | About::Reply(_) => (about, message.to_owned()),
        }
    });
    let values = [
        ("{site}", "site-1"),
        ("{camera}", "cam-1"),
        ("{violation}", "vio-1"),
        ("{sensor}", "sen-1"),
        ("{window}", "win-1"),
        ("{name}", "snapshot"),
        ("{id}", "op-7"),
    ];
    let document = document();
    let told = document["channels"].as_object().unwrap().values().map(|channel| {
        let address = channel["address"].as_str().unwrap().to_owned();
        let topic =
            values.iter().fold(address, |topic, (place, value)| topic.replace(place, value));
        let about = topic.parse::<Topic>().unwrap_or_else(|why| panic!("{why}")).about;
        let messages: Vec<&String> = channel["messages"].as_object().unwrap().keys().collect();
        assert_eq!(messages.len(), 1, "{topic}");
        (about, messages[0].clone())
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), known.into_iter().collect());
}

/// The examples of the page for people, and the last will.
#[test]
fn examples_are_as_the_document_says() {
    const GUIDE: &str = include_str!("../../../../docs/mqtt.md");
    let document = document();
    let schema = |label: &str| match label {
        "incident" => "incidentEvent",
        "camera" | "silent" => "cameraState",
        "status" | "stopped" | "lost" => "status",
        "streams" => "streams",
        "sensor" => "sensorState",
        "window" => "window",
        "reply" => "reply",
        "edit" => "command",
        "edited" => "edited",
        "story" => "story",
        "preview" => "preview",
        "ack" => "ack",
        "verdict" => "verdict",
        other => panic!("what is the example {other}?"),
    };
    let mut seen = 0;
    for block in GUIDE.split("\n```json ").skip(1) {
        let (label, rest) = block.split_once('\n').unwrap();
        let example = serde_json::from_str(rest.split("\n```").next().unwrap()).unwrap();
        let faults = faults(&validator(&document, schema(label)), &example);
        assert!(faults.is_empty(), "{label}: {faults:?}");
        seen += 1;
    }
    assert_eq!(seen, 16);
    let will = &document["servers"]["broker"]["bindings"]["mqtt"]["lastWill"]["message"];
    let will: Value = serde_json::from_str(will.as_str().unwrap()).unwrap();
    assert_eq!(faults(&validator(&document, "status"), &will), [""; 0]);
    assert!(again::<BoxStatus>(&will).is_ok());
}
