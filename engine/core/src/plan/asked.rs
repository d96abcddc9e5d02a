//! A program as values of which everybody can make words: who did not write it, in any language.

use super::program::{
    Area, CameraTrouble, Condition, ConditionIx, Crossing, Heading, Motion, Program, Relation,
    RelationKind, Scope, Test, Thing, ThingIx, ValueFrom,
};
use std::time::Duration;
use viahe_contract::message::{
    Asked, AskedCondition, AskedCrossing, AskedHeading, AskedMotion, AskedOf, AskedPlace,
    AskedRelation, AskedRelationKind, AskedTest, AskedThing, WhySilent,
};

impl Program {
    /// What it asks.
    pub fn asked(&self) -> Asked {
        let (each, thing) = match self.scope {
            Scope::Each { thing, .. } => (true, Some(thing)),
            Scope::Zone { about } => (false, about),
        };
        let conditions = self.trigger_first().into_iter();
        Asked {
            each,
            thing: thing.map(|thing| self.asked_thing(thing)),
            conditions: conditions.map(|condition| self.asked_condition(condition)).collect(),
        }
    }

    /// A condition, with others by their names.
    pub fn asked_condition(&self, condition: ConditionIx) -> AskedCondition {
        let Condition { name, test } = &self.conditions[condition];
        AskedCondition { name: name.clone(), test: self.asked_test(test) }
    }

    /// All conditions: the trigger, what it is made of, and last what it does without.
    fn trigger_first(&self) -> Vec<ConditionIx> {
        let mut found = vec![self.trigger];
        let mut next = 0;
        while let Some(condition) = found.get(next).copied() {
            for inner in self.conditions[condition].test.inner() {
                if !found.contains(&inner) {
                    found.push(inner);
                }
            }
            next += 1;
        }
        let without: Vec<_> = (0..self.conditions.len()).filter(|i| !found.contains(i)).collect();
        found.extend(without);
        found
    }

    fn asked_thing(&self, thing: ThingIx) -> AskedThing {
        let Thing {
            name, classes, area, motion, speed_min_mps, heading, crossing, relations, ..
        } = &self.things[thing];
        AskedThing {
            name: name.clone(),
            classes: classes.clone(),
            place: match area {
                Area::In => AskedPlace::In,
                Area::Out => AskedPlace::Out,
                Area::Over(_) => AskedPlace::Over,
                Area::Anywhere => AskedPlace::Anywhere,
            },
            motion: motion.map(|motion| match motion {
                Motion::Standing => AskedMotion::Standing,
                Motion::Moving => AskedMotion::Moving,
            }),
            speed_min_mps: speed_min_mps.map(written),
            heading: heading.map(|Heading { against, allowed_deg, tolerance_deg, .. }| {
                let [allowed_deg, tolerance_deg] = [allowed_deg, tolerance_deg].map(written);
                AskedHeading { against, allowed_deg, tolerance_deg }
            }),
            crossing: crossing.map(|crossing| match crossing {
                Crossing::LeftToRight => AskedCrossing::LeftToRight,
                Crossing::RightToLeft => AskedCrossing::RightToLeft,
                Crossing::Either => AskedCrossing::Either,
            }),
            relations: relations.iter().map(|relation| self.asked_relation(relation)).collect(),
        }
    }

    fn asked_relation(&self, relation: &Relation) -> AskedRelation {
        let Relation { kind, other, min, max } = *relation;
        AskedRelation {
            kind: match kind {
                RelationKind::Beside(_) => AskedRelationKind::Beside,
                RelationKind::On => AskedRelationKind::On,
                RelationKind::Under => AskedRelationKind::Under,
            },
            thing: self.things[other].name.clone(),
            min: min as u64,
            none: max == 0,
        }
    }

    fn asked_test(&self, test: &Test) -> AskedTest {
        let name = |i: &ConditionIx| self.conditions[*i].name.clone();
        let names = |all: &[ConditionIx]| all.iter().map(name).collect();
        match test {
            Test::Is(thing) => AskedTest::Is { thing: self.asked_thing(*thing) },
            Test::Count { thing, min, max } => AskedTest::Count {
                thing: self.asked_thing(*thing),
                min: *min as u64,
                max: (*max != usize::MAX).then_some(*max as u64),
            },
            Test::Share { thing, min } => AskedTest::Share {
                thing: self.asked_thing(*thing),
                min_percent: written(min * 100.0),
            },
            Test::Value { from, quantity, above, on, off } => AskedTest::Value {
                from: match from {
                    ValueFrom::Sensor => AskedOf::Sensor,
                    ValueFrom::Window => AskedOf::Window,
                },
                quantity: quantity.as_str().to_owned(),
                unit: quantity.unit().as_str().to_owned(),
                above: *above,
                on: *on,
                off: *off,
            },
            Test::Camera(states) => {
                AskedTest::Camera { states: states.iter().map(|state| state.why()).collect() }
            }
            Test::Light(day) => AskedTest::Light { day: *day },
            Test::Queue { among } => AskedTest::Queue { among: self.asked_thing(*among) },
            Test::All(all) => AskedTest::All { of: names(all) },
            Test::Some(all) => AskedTest::Any { of: names(all) },
            Test::Not(of) => AskedTest::Not { of: name(of) },
            Test::Held { of, duration, grace, lapse, pause, .. } => AskedTest::Held {
                of: name(of),
                secs: secs(*duration),
                gap_secs: secs(*grace),
                first_gap_secs: (lapse < grace).then(|| secs(*lapse)),
                paused_by: pause.as_ref().map(name),
            },
            Test::Hits { of, min, looks, .. } => {
                AskedTest::Hits { of: name(of), min: *min as u64, looks: *looks as u64 }
            }
            Test::Sequence { steps, within, .. } => {
                AskedTest::Sequence { of: names(steps), within_secs: secs(*within) }
            }
            Test::Absent { after, of, duration, .. } => {
                AskedTest::Absent { after: name(after), of: name(of), secs: secs(*duration) }
            }
            Test::Rate { of, min, within, .. } => {
                AskedTest::Rate { of: name(of), min: *min as u64, within_secs: secs(*within) }
            }
        }
    }
}

impl CameraTrouble {
    /// Why rules of the camera say nothing while it lasts.
    pub fn why(self) -> WhySilent {
        match self {
            Self::Moved => WhySilent::Moved,
            Self::Blinded => WhySilent::Blinded,
            Self::TooDark => WhySilent::TooDark,
            Self::Offline => WhySilent::Offline,
        }
    }
}

fn secs(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

/// As somebody wrote it, without what single precision makes of it.
fn written(value: f32) -> f64 {
    (f64::from(value) * 1000.0).round() / 1000.0
}
