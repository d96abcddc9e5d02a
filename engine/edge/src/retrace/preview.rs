//! What the rules of a camera would have told.

use super::budget::Budget;
use super::error::RetraceError;
use super::pieces::{Piece, Pieces};
use super::rerun::{Listener, Rerun};
use jiff::tz::TimeZone;
use std::time::Duration;
use viahe_contract::id::Name;
use viahe_contract::message::{Preview, PreviewIncident, Previewed};
use viahe_core::engine::Event;
use viahe_core::incident::{Revision, Subject};
use viahe_core::plan::Plan;
use viahe_core::time::Timestamp;

/// Incidents that are told of each plan; more in an hour are a flood whatever they are.
const INCIDENTS_MAX: usize = 200;
/// Subjects that are told of each.
const SUBJECTS_MAX: usize = 6;
/// A camera was looked at between two looks that are no further apart; judgement: rules that wait for something bear
/// some ten seconds.
const LOOKS_APART_MAX: Duration = Duration::from_secs(30);

/// What two plans tell of a camera in the time from `from` to `to`.
///
/// # Errors
/// [`RetraceError`].
pub(super) fn preview(
    [now, then]: [&Plan; 2],
    camera: &Name,
    [from, to]: [Timestamp; 2],
    budget: &Budget,
) -> Result<Preview, RetraceError> {
    if ![now, then].iter().all(|plan| plan.cameras.iter().any(|one| one.id == *camera)) {
        return Err(RetraceError::NoCamera(camera.clone()));
    }
    let pieces = Pieces::since(&now.engine.state_dir, from, budget)?;
    let pieces = pieces.filter(|pieces| pieces.begins < to).ok_or(RetraceError::NoHistory)?;
    let known = from.max(pieces.begins);
    let [mut is, mut edited] =
        [now, then].map(|plan| Rerun::new(plan, camera, known, INCIDENTS_MAX));
    let (mut looked, mut begun) = (Looked::default(), false);
    pieces.read(Some(camera), to, budget, |piece| {
        match piece {
            Piece::Begins(state) => {
                is.resume(&state)?;
                // What it remembered later is not what the edited rules would have.
                if !std::mem::replace(&mut begun, true) {
                    edited.resume(&state)?;
                }
            }
            Piece::Event(event) => {
                looked.see(&event, camera, known);
                is.apply(event.clone());
                edited.apply(event);
            }
        }
        Ok(())
    })?;
    let zone = &now.site.timezone;
    let [now, then] = [is, edited].map(|rerun| previewed(rerun.finish().0, zone));
    Ok(Preview {
        from: known.local(zone),
        to: to.local(zone),
        complete: pieces.begins <= from,
        looked_secs: looked.total.as_secs(),
        now,
        then,
    })
}

/// For how long a camera was looked at.
#[derive(Default)]
struct Looked {
    last: Option<Timestamp>,
    total: Duration,
}

impl Looked {
    fn see(&mut self, event: &Event, camera: &Name, since: Timestamp) {
        let Event::Observed(seen) = event else { return };
        let at = seen.frame.captured;
        if seen.camera != *camera || at < since {
            return;
        }
        let apart = self.last.map_or(Duration::ZERO, |last| at.since(last));
        if apart <= LOOKS_APART_MAX {
            self.total += apart;
        }
        self.last = Some(at);
    }
}

fn previewed(Listener { mut told, left_out, .. }: Listener, zone: &TimeZone) -> Previewed {
    told.sort_by_key(|one| one.opened);
    let incidents = told.iter().map(|one| incident(one, zone)).collect();
    Previewed { incidents, left_out }
}

fn incident(told: &Revision, zone: &TimeZone) -> PreviewIncident {
    PreviewIncident {
        incident: told.incident.clone(),
        rule: told.rule.clone(),
        violation: told.violation.clone(),
        zone: told.zone.clone(),
        first_seen: told.first_seen.local(zone),
        opened: told.opened.local(zone),
        closed: told.closed.map(|at| at.local(zone)),
        severity: told.severity,
        subjects: told.subjects.iter().take(SUBJECTS_MAX).map(Subject::told).collect(),
    }
}
