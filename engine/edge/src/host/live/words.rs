//! Incidents in the words of the log: who reads it has no MQTT at hand.

use jiff::tz::TimeZone;
use viahe_contract::message::{EvidenceState, State};
use viahe_core::incident::Revision;
use viahe_core::time::Timestamp;

/// That an incident began or is over, and why; nothing for what only says it again. Times have their day where
/// that is not the day on which it is said.
pub(super) fn incident(revision: &Revision, zone: &TimeZone) -> Option<String> {
    if revision.evidence_state == EvidenceState::Added {
        return None;
    }
    let today = revision.updated.in_zone(zone).date();
    let clock = |at: Timestamp| {
        let at = at.in_zone(zone);
        let format = if at.date() == today { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
        at.strftime(format).to_string()
    };
    let camera = revision.camera.as_ref().map(|camera| format!(" at {camera}"));
    let place = revision.zone.as_ref().map(|zone| format!(" in {zone}"));
    let place = camera.unwrap_or_default() + &place.unwrap_or_default();
    let (violation, incident) = (&revision.violation, &revision.incident);
    let since = clock(revision.first_seen);
    match revision.state {
        State::Open if revision.revision == 1 => {
            Some(format!("{violation} opened{place} since {since}, incident {incident}"))
        }
        State::Open => None,
        State::Closed => {
            let until = clock(revision.closed.unwrap_or(revision.updated));
            let why = revision.ended_by.map(|why| format!(": {why}")).unwrap_or_default();
            Some(format!("{violation} closed{place}, {since} to {until}{why}, incident {incident}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use viahe_contract::message::EndReason;

    #[test]
    fn an_incident_reads_as_a_sentence() {
        let at = |secs: u64| Timestamp::from_secs(1_795_000_000 + secs);
        let revision: Revision = serde_json::from_value(json!({
            "incident": "01KE8M5T00000000000000000A", "revision": 1, "state": "open",
            "rule": "illegal-parking", "violation": "illegal-parking", "rule_version": 1,
            "severity": "medium", "camera": "gate-east", "zone": "kerb", "position": null,
            "first_seen": at(0), "opened": at(60), "updated": at(60), "closed": null,
            "subjects": [], "evidence": [], "model": null,
            "clock": { "source": "arrival", "offset_ms": 0 },
        }))
        .unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(7));
        let since = at(0).in_zone(&zone).strftime("%H:%M:%S").to_string();
        let id = "incident 01KE8M5T00000000000000000A";
        let said = |revision: &Revision| incident(revision, &zone);
        assert_eq!(
            said(&revision),
            Some(format!("illegal-parking opened at gate-east in kerb since {since}, {id}"))
        );
        assert_eq!(said(&Revision { revision: 2, ..revision.clone() }), None, "no news");
        let of_sensors = Revision { camera: None, zone: None, ..revision.clone() };
        assert_eq!(said(&of_sensors), Some(format!("illegal-parking opened since {since}, {id}")));
        let closed = Revision {
            revision: 3,
            state: State::Closed,
            closed: Some(at(0)),
            ended_by: Some(EndReason::ViewLost),
            ..revision.clone()
        };
        let want = format!(
            "illegal-parking closed at gate-east in kerb, {since} to {since}: the camera sees \
             something else, {id}"
        );
        assert_eq!(said(&closed), Some(want));
        let shown = Revision { evidence_state: EvidenceState::Added, ..closed.clone() };
        assert_eq!(said(&shown), None, "it was said before");
        // The box was off for a week.
        let week = 7 * 24 * 3600;
        let late = Revision { closed: Some(at(60)), updated: at(week), ..closed };
        let day = |secs| at(secs).in_zone(&zone).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let times = format!("{} to {}", day(0), day(60));
        assert!(said(&late).unwrap().contains(&times), "{:?}", said(&late));
    }
}
