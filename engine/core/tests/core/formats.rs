//! What older versions wrote is read, and what is written today is what the newest version says.

use crate::support::{World, name, root};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use viahe_contract::id::{CaptureId, IncidentId};
use viahe_contract::message::{EndReason, State};
use viahe_core::engine::{Effect, Engine, Event, Saved, Saves, Scope, StateVersion};
use viahe_core::frame::FrameStamp;
use viahe_core::incident::Revision;
use viahe_core::observe::{Header, Observation, StreamVersion};
use viahe_core::plan::Plan;
use viahe_core::seam::{FromWorker, SeamVersion, ToWorker, version_of};
use viahe_core::time::{ClockSource, Timestamp};
use viahe_core::tune::{Book, TuneVersion};

/// The first look of the scene; the last is 39 s later.
const START: u64 = 1_795_000_000;

fn path(file: &str) -> PathBuf {
    root().join("fixtures/formats").join(file)
}

fn text(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// With `VIAHE_UPDATE_FORMATS` set, writes the file first.
fn is_written_so(file: &str, written: &str) {
    if std::env::var_os("VIAHE_UPDATE_FORMATS").is_some() {
        fs::write(path(file), written).unwrap();
    }
    assert!(text(file) == written, "{file} is not what is written today: give it a new version");
}

fn plan() -> Arc<Plan> {
    let plan = World::new().parse("street.toml", &text("street.toml"));
    Arc::new(plan.unwrap_or_else(|e| panic!("{e}")))
}

fn state(version: StateVersion) -> Saved {
    Saved::whole(text(&format!("state-{}.json", version.number())))
}

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(START + secs)
}

/// Nothing is there any more.
fn empty_street(secs: std::ops::Range<u64>) -> Vec<Event> {
    let look = |camera: &str, secs| {
        let (captured, clock) = (at(secs), ClockSource::Arrival);
        let frame = FrameStamp { seq: secs, captured, arrived: captured, offset_ms: 0, clock };
        let camera = name(camera);
        Event::Observed(Observation {
            camera,
            frame,
            size_px: [1280, 720],
            objects: Vec::new(),
            undecided: Vec::new(),
        })
    };
    let dry = |secs| Event::Reading { sensor: name("level"), at: at(secs), value: 1.0 };
    secs.flat_map(|secs| {
        [Event::Tick(at(secs)), dry(secs), look("gate", secs), look("market", secs)]
    })
    .collect()
}

fn said(effects: Vec<Effect>) -> Vec<Revision> {
    let said = effects.into_iter().filter_map(|effect| match effect {
        Effect::Publish(revision) => Some(*revision),
        _ => None,
    });
    said.collect()
}

/// Goes on until all is over: how each incident ended. Pictures are lost.
fn end(engine: &mut Engine) -> BTreeMap<IncidentId, (u32, Option<EndReason>)> {
    let mut ended = BTreeMap::new();
    let lost = engine.awaited().map(|capture| Event::Captured { capture, evidence: None });
    let mut todo: Vec<Event> = lost.collect();
    todo.extend(empty_street(40..400));
    todo.reverse();
    while let Some(event) = todo.pop() {
        let effects = engine.apply(event);
        for effect in &effects {
            if let Effect::Capture(capture) = effect {
                todo.push(Event::Captured { capture: capture.id, evidence: None });
            }
        }
        for revision in said(effects).into_iter().filter(|r| r.state == State::Closed) {
            ended.insert(revision.incident, (revision.revision, revision.ended_by));
        }
    }
    ended
}

#[test]
fn a_state_of_each_version_goes_on() {
    for version in StateVersion::ALL {
        let (mut engine, effects) = Engine::restore(plan(), &state(*version)).unwrap();
        assert_eq!(said(effects), [], "{version:?}: no rule is another one");
        assert_eq!(engine.open_incidents(), 3, "{version:?}");
        assert_eq!(
            engine.awaited().collect::<Vec<_>>(),
            [CaptureId(4)],
            "{version:?}: the lorry's"
        );
        let silenced = engine.orders(at(40)).silenced;
        assert_eq!(silenced[0].rules, [name("ordered-off")], "{version:?}");
        let open: Vec<IncidentId> = engine.incidents().cloned().collect();
        let ended = end(&mut engine);
        for incident in &open {
            assert_eq!(ended[incident], (2, Some(EndReason::Over)), "{version:?}");
        }
        assert_eq!(ended.len(), 3, "{version:?}");
    }
}

#[test]
fn state_is_written_as_the_newest_version_says() {
    let (engine, _) = Engine::restore(plan(), &state(StateVersion::V2)).unwrap();
    let newest = format!("state-{}.json", StateVersion::NEWEST.number());
    is_written_so(&newest, &engine.save().to_text());
    // By parts or as one text, it is the same.
    let (again, _) = Engine::restore(plan(), &engine.save()).unwrap();
    assert_eq!(again.save(), engine.save());
    let (again, _) = Engine::restore(plan(), &Saved::whole(engine.save().to_text())).unwrap();
    assert_eq!(again.save(), engine.save());
}

/// The parts, but for those that `spoil` changes or, with none, takes out.
fn spoilt(spoil: impl Fn(&Scope, &[u8]) -> Option<Vec<u8>>) -> Saved {
    let (engine, _) = Engine::restore(plan(), &state(StateVersion::V2)).unwrap();
    let saved = engine.save();
    saved.parts().filter_map(|(scope, part)| Some((scope.clone(), spoil(scope, part)?))).collect()
}

/// How a part is spoilt.
type Way<'a> = (&'a str, &'a dyn Fn(&[u8]) -> Vec<u8>);

#[test]
fn one_part_that_cannot_be_read_takes_no_other_with_it() {
    let gate = Scope::Camera(name("gate"));
    let future = |part: &[u8]| {
        String::from_utf8_lossy(part).replacen("\"version\":4", "\"version\":99", 1).into_bytes()
    };
    let ways: [Way<'_>; 5] = [
        ("garbage", &|_| b"\xff\x00\x13no state".to_vec()),
        ("nothing", &|_| Vec::new()),
        ("of the future", &future),
        ("cut", &|part| part[..part.len() / 2].to_vec()),
        ("of another form", &|_| br#"{"version":4,"state":{"id":"gate"}}"#.to_vec()),
    ];
    for (way, spoil) in ways {
        let saved =
            spoilt(|scope, part| Some(if *scope == gate { spoil(part) } else { part.to_vec() }));
        let restored = Engine::restore_what_can_be(plan(), &saved);
        let lost: Vec<&Scope> = restored.lost.iter().map(|lost| &lost.scope).collect();
        assert_eq!(lost, [&gate], "{way}");
        assert_eq!(restored.engine.open_incidents(), 2, "{way}");
        assert!(Engine::restore(plan(), &saved).is_err(), "{way}");
        // No times without the site.
        let saved = spoilt(|scope, part| {
            Some(if *scope == Scope::Site { spoil(part) } else { part.to_vec() })
        });
        let restored = Engine::restore_what_can_be(plan(), &saved);
        assert_eq!((restored.lost.len(), restored.engine.open_incidents()), (3, 0), "{way}");
    }
    let only_gate = spoilt(|scope, part| (*scope == gate).then(|| part.to_vec()));
    let restored = Engine::restore_what_can_be(plan(), &only_gate);
    assert_eq!((restored.lost.len(), restored.engine.open_incidents()), (1, 0));
    let without = spoilt(|scope, part| (*scope != gate).then(|| part.to_vec()));
    let restored = Engine::restore_what_can_be(plan(), &without);
    assert_eq!((restored.lost.len(), restored.engine.open_incidents()), (0, 2), "a new camera");
}

#[test]
fn a_picture_gets_no_number_that_a_camera_knows_of() {
    let saved = spoilt(|scope, part| {
        let mut part: serde_json::Value = serde_json::from_slice(part).unwrap();
        if *scope == Scope::Site {
            part["state"]["next_capture"] = 0.into();
        }
        Some(part.to_string().into_bytes())
    });
    let (engine, _) = Engine::restore(plan(), &saved).unwrap();
    let site = engine.save();
    let (_, site) = site.parts().next().unwrap();
    let site: serde_json::Value = serde_json::from_slice(site).unwrap();
    assert_eq!(site["state"]["next_capture"], 5);
}

#[test]
fn only_what_changed_is_saved_again_and_all_of_it() {
    let (mut engine, _) = Engine::restore(plan(), &state(StateVersion::V2)).unwrap();
    let all = engine.changes(&Saves::default());
    assert_eq!((all.anew, all.parts.len()), (true, 3));
    let mut kept: BTreeMap<Scope, Vec<u8>> = all.parts.into_iter().collect();
    let mut saves = all.saves;
    let none = engine.changes(&saves);
    assert_eq!((none.anew, none.parts.len(), none.gone.len()), (false, 0, 0));
    let mut events = empty_street(40..100);
    events.insert(30, Event::WorkerStarted { models: BTreeMap::new() });
    for event in events {
        let camera = match &event {
            Event::Observed(observation) => Some(observation.camera.clone()),
            _ => None,
        };
        engine.apply(event);
        let changes = engine.changes(&saves);
        if let Some(camera) = camera {
            let scopes = changes.parts.iter().map(|(scope, _)| scope);
            let cameras: Vec<&Scope> = scopes.filter(|scope| **scope != Scope::Site).collect();
            assert_eq!(cameras, [&Scope::Camera(camera)]);
        }
        kept.extend(changes.parts);
        saves = changes.saves;
        assert!(engine.save() == kept.clone().into_iter().collect(), "a change was not told");
    }
    // A camera that goes and comes again is another one.
    let without: String =
        text("street.toml").split("[[camera]]\nid = \"market\"").take(1).collect();
    let less = World::new().parse("street.toml", &without).unwrap_or_else(|e| panic!("{e}"));
    engine.reload(Arc::new(less));
    let changes = engine.changes(&saves);
    assert_eq!(changes.gone, [Scope::Camera(name("market"))]);
    engine.reload(plan());
    let changes = engine.changes(&saves);
    assert!(changes.parts.iter().any(|(scope, _)| *scope == Scope::Camera(name("market"))));
}

#[test]
fn recordings_of_each_version_are_read() {
    for version in StreamVersion::ALL {
        let file = text(&format!("recording-{}.jsonl", version.number()));
        let mut lines = file.lines();
        let header: Header = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!((header.version, header.check()), (version.number(), Ok(())));
        let events: Vec<Event> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut engine = Engine::new(plan());
        for event in events {
            drop(engine.apply(event));
        }
        assert_eq!(engine.open_incidents(), 3, "{version:?}");
    }
    let newer = Header { version: 99, ..Header::default() };
    assert_eq!(
        newer.check().unwrap_err().to_string(),
        "it is a recording of version 99, and this viahe knows versions 1 to 1"
    );
}

#[test]
fn lines_of_the_seam_are_those_of_its_version() {
    for version in SeamVersion::ALL {
        let file = format!("seam-{}.jsonl", version.number());
        let text = text(&file);
        let lines: Vec<(&str, &str)> = text.lines().map(|l| l.split_once(' ').unwrap()).collect();
        let said = lines.iter().filter_map(|(_, message)| version_of(message.as_bytes()));
        assert_eq!(said.collect::<Vec<_>>(), [version.number(); 2], "both ends say it");
        if *version != SeamVersion::NEWEST {
            continue;
        }
        let mut written = String::new();
        for (way, message) in lines {
            let message = match way {
                "to" => serde_json::to_string(&serde_json::from_str::<ToWorker>(message).unwrap()),
                _ => serde_json::to_string(&serde_json::from_str::<FromWorker>(message).unwrap()),
            };
            writeln!(written, "{way} {}", message.unwrap()).unwrap();
        }
        is_written_so(&file, &written);
    }
}

#[test]
fn what_was_measured_of_models_is_read() {
    for version in TuneVersion::ALL {
        let file = format!("tune-{}.json", version.number());
        let book = Book::read(&text(&file)).unwrap();
        if *version == TuneVersion::NEWEST {
            is_written_so(&file, &book.write());
        }
    }
}
