//! What of its picture a camera's rules are about.

use crate::geometry::UnitBox;
use crate::plan::program::{Program, Relation, RelationKind, Scope, Test, Thing};
use crate::plan::{Camera, Rule};

/// Context holds who is within so many heights of a thing.
const NEAR_MAX: f32 = 2.0;

/// The boxes around the zones and lines that a camera's rules are about; none when one of them looks
/// anywhere, or none looks. Doubles are told once.
pub fn areas(camera: &Camera) -> Vec<UnitBox> {
    let looking = camera.rules.iter().filter(|rule| rule.program.looks());
    let each: Option<Vec<UnitBox>> = looking.map(|rule| area(camera, rule)).collect();
    let mut areas: Vec<UnitBox> = Vec::new();
    for area in each.unwrap_or_default() {
        if !areas.contains(&area) {
            areas.push(area);
        }
    }
    areas
}

/// None when it is about more than one place of the picture.
fn area(camera: &Camera, rule: &Rule) -> Option<UnitBox> {
    if !is_about_a_place(&rule.program, rule.line.is_some()) {
        return None;
    }
    let zone = rule.zone.and_then(|i| camera.zones.get(i)).map(|zone| zone.polygon.corners());
    let line = rule.line.and_then(|i| camera.lines.get(i)).map(|line| &line.points[..]);
    UnitBox::around(zone.unwrap_or_default().iter().chain(line.unwrap_or_default()).copied())
}

/// Are the things that its incident is made of in the zone or on the line? What these things are to others
/// (who stands beside them, rides them, queues with them) is within two heights of them, or it is about more.
fn is_about_a_place(program: &Program, has_line: bool) -> bool {
    let is_there = |thing: &Thing| thing.is_of_zone() || has_line && thing.crossing.is_some();
    if reaches(program).into_iter().any(|reach| reach > NEAR_MAX) {
        return false;
    }
    let scope = match program.scope {
        Scope::Each { thing, .. } => Some(thing),
        Scope::Zone { about } => about,
    };
    let told = program.conditions.iter().filter_map(|condition| match condition.test {
        // Of each thing it is asked what it is besides; where it is, is known.
        Test::Is(thing) if !matches!(program.scope, Scope::Each { .. }) => Some(thing),
        Test::Count { thing, .. } | Test::Share { thing, .. } => Some(thing),
        _ => None,
    });
    scope.into_iter().chain(told).all(|thing| program.things.get(thing).is_some_and(is_there))
}

/// In how many heights of each thing those are who make it what it is: who leads it, and whoever is between them.
/// Things come after those that they name.
fn reaches(program: &Program) -> Vec<f32> {
    let mut reaches: Vec<f32> = Vec::with_capacity(program.things.len());
    for thing in &program.things {
        let of = |relation: &Relation| {
            let own = match relation.kind {
                RelationKind::Beside(heights) => heights,
                RelationKind::On | RelationKind::Under => 0.0,
            };
            own + reaches.get(relation.other).copied().unwrap_or_default()
        };
        reaches.push(thing.relations.iter().map(of).fold(0.0, f32::max));
    }
    reaches
}
