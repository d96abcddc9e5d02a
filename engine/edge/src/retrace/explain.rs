//! Why an incident was told.

use super::budget::Budget;
use super::error::RetraceError;
use super::pieces::{Piece, Pieces};
use super::rerun::Rerun;
use crate::store::{incident_on, verdicts_on};
use std::collections::BTreeMap;
use std::time::Duration;
use viahe_contract::id::{IncidentId, Name};
use viahe_contract::message::{State, Story, StoryCode, StoryKnown, StoryStep};
use viahe_core::incident::Revision;
use viahe_core::plan::{Camera, Plan, Rule};
use viahe_core::rule::explain::{Outcome, Tracer};
use viahe_core::story::{Places, Telling};
use viahe_core::time::Timestamp;

/// Steps of an answer: the first half and the last.
const STEPS_MAX: usize = 400;
/// What happened to the place as a whole so long before an incident began is told of with it.
const BEFORE: Duration = Duration::from_secs(10);
/// What follows the last word on an incident.
const AFTER: Duration = Duration::from_mins(1);

/// The story of an incident, as far as the history has it by `now`.
///
/// # Errors
/// [`RetraceError`].
pub(super) fn explain(
    plan: &Plan,
    id: &IncidentId,
    now: Timestamp,
    budget: &Budget,
) -> Result<Story, RetraceError> {
    let state_dir = &plan.engine.state_dir;
    let told = incident_on(state_dir, id)?.ok_or_else(|| RetraceError::Unknown(id.clone()))?;
    let (camera, rule) = rule_of(plan, &told)?;
    let Places { zone, line, sensor, window } = Places::of(plan, camera, rule);
    let mut story = Story {
        incident: id.clone(),
        title: rule.title.of(plan.site.language).to_owned(),
        rule: rule.id.clone(),
        violation: rule.violation.clone(),
        camera: told.camera.clone(),
        zone,
        line,
        sensor,
        window,
        asked: rule.program.asked(),
        known: StoryKnown::None,
        known_from: None,
        steps: Vec::new(),
        verdicts: verdicts_on(state_dir, id)?,
    };
    let Some(pieces) = Pieces::since(state_dir, told.first_seen, budget)? else {
        return Ok(story);
    };
    story.known_from = Some(pieces.begins.local(&plan.site.timezone));
    if pieces.begins > told.opened {
        return Ok(story);
    }
    let until = if told.state == State::Closed { told.updated.plus(AFTER).min(now) } else { now };
    let tracer = traced(plan, &told, &pieces, until, budget)?;
    let opened = |said: &(_, u64, Outcome)| matches!(&said.2, Outcome::Opened(one) if one == id);
    let Some((_, subject, _)) = tracer.said().iter().find(|said| opened(said)) else {
        story.known = StoryKnown::Changed;
        return Ok(story);
    };
    story.known =
        if pieces.begins <= told.first_seen { StoryKnown::Whole } else { StoryKnown::Part };
    let telling = Telling { zone: &plan.site.timezone, rule, tracer: &tracer };
    let mut steps = telling.applied();
    steps.extend(telling.timeline(Some(*subject)).steps);
    // What applies is said before what follows from it.
    steps.sort_by_key(|step| step.at.at());
    story.steps = shortened(of_incident(steps, id, told.first_seen));
    Ok(story)
}

fn rule_of<'p>(
    plan: &'p Plan,
    told: &Revision,
) -> Result<(Option<&'p Camera>, &'p Rule), RetraceError> {
    let missing = || RetraceError::NoRule { camera: told.camera.clone(), rule: told.rule.clone() };
    let named = |id: &Name| plan.cameras.iter().find(|c| c.id == *id).ok_or_else(missing);
    let camera = told.camera.as_ref().map(named).transpose()?;
    let rules = camera.map_or(&plan.rules, |camera| &camera.rules);
    Ok((camera, rules.iter().find(|rule| rule.id == told.rule).ok_or_else(missing)?))
}

fn traced(
    plan: &Plan,
    told: &Revision,
    pieces: &Pieces,
    until: Timestamp,
    budget: &Budget,
) -> Result<Tracer, RetraceError> {
    let mut rerun = Rerun::tracing(plan, told.camera.as_ref(), &told.rule);
    pieces.read(told.camera.as_ref(), until, budget, |piece| {
        match piece {
            Piece::Begins(state) => rerun.resume(&state)?,
            Piece::Event(event) => rerun.apply(event),
        }
        Ok(())
    })?;
    Ok(rerun.finish().1)
}

/// The steps up to its end. What is told of the place as a whole and is older is told as it stood then.
fn of_incident(steps: Vec<StoryStep>, id: &IncidentId, first_seen: Timestamp) -> Vec<StoryStep> {
    let mut stood: BTreeMap<Option<String>, StoryStep> = BTreeMap::new();
    let mut told = Vec::new();
    let mut opened = false;
    for step in steps {
        if step.subject.is_none() && step.at.at().plus(BEFORE) < first_seen {
            let condition = condition(&step.what).map(str::to_owned);
            if matches!(step.what, StoryCode::Ceased { .. } | StoryCode::CameToNothing { .. }) {
                stood.remove(&condition);
            } else {
                stood.insert(condition, step);
            }
            continue;
        }
        opened |= matches!(&step.what, StoryCode::Opened { incident } if incident == id);
        let ends = opened && matches!(step.what, StoryCode::Ended { .. });
        told.push(step);
        if ends {
            break;
        }
    }
    let mut all: Vec<StoryStep> = stood.into_values().collect();
    all.sort_by_key(|step| step.at.at());
    all.extend(told);
    all
}

fn condition(code: &StoryCode) -> Option<&str> {
    match code {
        StoryCode::Began { condition }
        | StoryCode::Holds { condition, .. }
        | StoryCode::Ceased { condition }
        | StoryCode::CameToNothing { condition } => Some(condition),
        _ => None,
    }
}

/// As many as an answer has room for: how it began and how it stands.
fn shortened(mut steps: Vec<StoryStep>) -> Vec<StoryStep> {
    if steps.len() <= STEPS_MAX {
        return steps;
    }
    let last = steps.split_off(steps.len() - STEPS_MAX / 2 + 1);
    let count = (steps.len() - STEPS_MAX / 2) as u64;
    let at = steps[STEPS_MAX / 2].at;
    steps.truncate(STEPS_MAX / 2);
    steps.push(StoryStep { at, subject: None, what: StoryCode::LeftOut { count } });
    steps.extend(last);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn step(secs: u64, what: StoryCode) -> StoryStep {
        let at = Timestamp::from_secs(1_795_310_040 + secs).local(&TimeZone::UTC);
        StoryStep { at, subject: None, what }
    }

    fn holds(condition: &str) -> StoryCode {
        let (since, condition) = (None, condition.to_owned());
        StoryCode::Holds { condition, since, missed: 0, missed_secs_max: 0.0 }
    }

    #[test]
    fn of_too_many_steps_those_in_the_middle_are_left_out() {
        let few: Vec<StoryStep> = (0..400).map(|n| step(n, holds("there"))).collect();
        assert_eq!(shortened(few.clone()), few);
        let many: Vec<StoryStep> = (0..1_000).map(|n| step(n, holds("there"))).collect();
        let told = shortened(many.clone());
        assert_eq!(told.len(), 400);
        assert_eq!((&told[..200], &told[201..]), (&many[..200], &many[801..]));
        assert_eq!(told[200], step(200, StoryCode::LeftOut { count: 601 }));
    }

    #[test]
    fn what_was_long_before_is_told_as_it_stood_and_nothing_of_what_came_after() {
        let id = IncidentId::from_bits(7);
        let ceased = |condition: &str| StoryCode::Ceased { condition: condition.to_owned() };
        let ended = || StoryCode::Ended { reason: viahe_contract::message::EndReason::Over };
        let steps = vec![
            step(0, StoryCode::Applies { but_for: Vec::new() }),
            step(1, holds("night")),
            step(2, holds("jam")),
            step(50, ceased("jam")),
            step(60, holds("night")),
            step(95, holds("crowd")),
            step(96, ended()),
            step(100, StoryCode::Opened { incident: id.clone() }),
            step(120, ended()),
            step(121, holds("crowd")),
        ];
        let wanted = [0, 4, 5, 6, 7, 8].map(|i| steps[i].clone());
        let first_seen = Timestamp::from_secs(1_795_310_040 + 95);
        assert_eq!(of_incident(steps, &id, first_seen), wanted);
    }
}
