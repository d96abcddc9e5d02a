//! What operators say, at good times and bad ones.

use super::fakes::BEGIN;
use super::street::{Street, secs};
use crate::publish::Heard;
use crate::store::verdicts_on;
use crate::telemetry::series;
use std::sync::{Arc, Mutex};
use viahe_contract::id::IncidentId;
use viahe_contract::message::{self, Judgement, Verdict};

/// Says `payload` on the site's topic.
fn heard(payload: Vec<u8>) -> Heard {
    let topic = "viahe/v1/formats/verdict".to_owned();
    Heard { topic, payload, at: BEGIN, retained: false, answer_to: None }
}

fn verdict(incident: &str, said: u64, judgement: Judgement) -> Verdict {
    let time = BEGIN.plus(secs(said as f64)).local(&jiff::tz::TimeZone::UTC);
    let role = "ward-officer".try_into().unwrap();
    let incident = incident.try_into().unwrap();
    Verdict { incident, revision: 1, judgement, reason: None, role, time }
}

/// The operator speaks of the incident that was told, so late and of this time.
fn says(street: &Street, at: f64, said: u64, judgement: Judgement) {
    street.world.then(secs(at), move |world| {
        let told = world.state().taken[0].1["data"]["incident"].as_str().unwrap().to_owned();
        let verdict = verdict(&told, said, judgement);
        world.heard(world.passed(), heard(message::to_bytes(&verdict)));
    });
}

fn numbers(street: &Street) -> Vec<String> {
    let mut all = series(&street.metrics);
    all.retain(|series| series.starts_with("viahe_verdicts"));
    all
}

#[test]
fn a_verdict_is_kept_and_counted_once_and_nonsense_by_its_reason() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    says(&street, 20.0, 18, Judgement::Dismissed);
    says(&street, 21.0, 18, Judgement::Dismissed);
    says(&street, 80.0, 70, Judgement::Withdrawn);
    let strange = "01KANWBRKGQ4H5ZD0ZJ3M7V8XC";
    let unknown = message::to_bytes(&verdict(strange, 1, Judgement::Confirmed));
    for payload in [unknown, b"{}".to_vec(), vec![0xff; 7], vec![b' '; 5_000]] {
        street.world.heard(secs(30.0), heard(payload));
    }
    let log = street.run_logged(100.0);
    assert_eq!(street.told().len(), 2, "it changes nothing that is told");
    let incident = incident(&street);
    let kept = verdicts_on(street.dir(), &incident).unwrap();
    let judgements: Vec<Judgement> = kept.iter().map(|verdict| verdict.judgement).collect();
    assert_eq!(judgements, [Judgement::Dismissed, Judgement::Withdrawn]);
    assert_eq!(
        numbers(&street),
        [
            r#"viahe_verdicts_total{judgement="dismissed",violation="standing"}"#,
            r#"viahe_verdicts_total{judgement="withdrawn",violation="standing"}"#,
            r#"viahe_verdicts_refused_total{reason="unknown_incident"}"#,
            r#"viahe_verdicts_refused_total{reason="unreadable"}"#,
        ]
    );
    assert_eq!(log.matches(": verdict ").count(), 2, "{log}");
    assert_eq!(log.matches("a verdict is not kept").count(), 4, "{log}");
}

fn incident(street: &Street) -> IncidentId {
    street.messages()[0]["data"]["incident"].as_str().unwrap().try_into().unwrap()
}

#[test]
fn while_the_disk_takes_nothing_a_verdict_waits() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    // The incident itself is only in memory when somebody speaks of it.
    street.world.then(secs(5.0), |world| world.state().disk_full = true);
    says(&street, 20.0, 18, Judgement::Confirmed);
    let (dir, seen) = (street.dir().to_owned(), Arc::new(Mutex::new(None)));
    let see = Arc::clone(&seen);
    street.world.then(secs(70.0), move |world| {
        let told = world.state().taken[0].1["data"]["incident"].as_str().unwrap().to_owned();
        let incident = told.as_str().try_into().unwrap();
        *see.lock().unwrap() = Some(verdicts_on(&dir, &incident).unwrap().len());
        world.state().disk_full = false;
    });
    street.run(120.0);
    assert_eq!(*seen.lock().unwrap(), Some(0));
    assert_eq!(verdicts_on(street.dir(), &incident(&street)).unwrap().len(), 1);
    assert_eq!(numbers(&street).len(), 1);
}

#[test]
fn damage_that_a_verdict_meets_ends_the_run_so_that_the_next_start_sets_the_file_aside() {
    let mut street = Street::new();
    street.vehicle(1, 40);
    street.world.state().damage = Some("a page is torn".to_owned());
    says(&street, 20.0, 18, Judgement::Dismissed);
    let error = street.try_run(100.0).unwrap_err();
    assert!(error.contains("a page is torn") && error.contains("restart viahe"), "{error}");
}
