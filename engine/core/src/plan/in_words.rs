//! A program in words, for people who did not write it.

use super::program::{
    Area, Condition, Crossing, Motion, Program, RelationKind, Scope, Test, Thing, ValueFrom,
};
use std::fmt::Write as _;
use std::time::Duration;

impl Program {
    /// Whom an incident is about, in words.
    pub fn scope_in_words(&self) -> String {
        match self.scope {
            Scope::Each { thing, .. } => format!("each {}", self.thing_in_words(thing)),
            Scope::Zone { about: Some(thing) } => {
                format!("the zone, about {}", self.thing_in_words(thing))
            }
            Scope::Zone { about: None } => "the place as a whole".into(),
        }
    }

    /// A thing in words: `vehicle.car or vehicle.bus in the zone`.
    pub fn thing_in_words(&self, thing: usize) -> String {
        let Some(thing) = self.things.get(thing) else { return String::new() };
        let Thing { classes, area, motion, speed_min_mps, heading, crossing, relations, .. } =
            thing;
        let mut text = classes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        text += match area {
            Area::In => " in the zone",
            Area::Out => " out of the zone",
            Area::Over(_) => " over the zone",
            Area::Anywhere => "",
        };
        text += match motion {
            Some(Motion::Standing) => ", standing",
            Some(Motion::Moving) => ", moving",
            None => "",
        };
        if let Some(least) = speed_min_mps {
            let _ = write!(text, ", at {least} m/s or more");
        }
        if let Some(heading) = heading {
            let way = if heading.against { "against" } else { "along" };
            let _ = write!(text, ", going {way} {}°", heading.allowed_deg);
            let _ = write!(text, " (±{}°)", heading.tolerance_deg);
        }
        text += match crossing {
            Some(Crossing::LeftToRight) => ", crossing the line from left to right",
            Some(Crossing::RightToLeft) => ", crossing the line from right to left",
            Some(Crossing::Either) => ", crossing the line",
            None => "",
        };
        for relation in relations {
            let how = match relation.kind {
                RelationKind::Beside(_) => "beside",
                RelationKind::On => "riding on",
                RelationKind::Under => "carrying",
            };
            let other = &self.things[relation.other].name;
            let many = match (relation.min, relation.max) {
                (_, 0) => "no ".into(),
                (0 | 1, _) => String::new(),
                (least, _) => format!("{least} or more of "),
            };
            let _ = write!(text, ", {how} {many}{other}");
        }
        text
    }

    /// A condition in words, with others by their names: `there, held for 180 s`.
    pub fn condition_in_words(&self, condition: usize) -> String {
        let Some(Condition { test, .. }) = self.conditions.get(condition) else {
            return String::new();
        };
        let name = |i: &usize| self.conditions[*i].name.clone();
        let list = |all: &[usize], word: &str| {
            all.iter().map(name).collect::<Vec<_>>().join(&format!(" {word} "))
        };
        match test {
            Test::Is(thing) => format!("is {}", self.thing_in_words(*thing)),
            Test::Count { thing, min, max } => {
                let most = if *max == usize::MAX { "more".into() } else { max.to_string() };
                format!("{min} or {most} of {}", self.thing_in_words(*thing))
            }
            Test::Share { thing, min } => {
                format!("{} cover {:.0} % of the zone", self.thing_in_words(*thing), min * 100.0)
            }
            Test::Value { from, quantity, above, on, off } => {
                let from = if *from == ValueFrom::Sensor { "sensor" } else { "window" };
                let (way, back) = if *above { ("reaches", "below") } else { ("falls to", "above") };
                let unit = quantity.unit();
                let quantity = quantity.as_str();
                let unit = unit.as_str();
                format!(
                    "{quantity} of the {from} {way} {on} {unit}, until it is {back} {off} {unit}"
                )
            }
            Test::Camera(states) => {
                let states: Vec<String> = states.iter().map(ToString::to_string).collect();
                format!("the camera is {}", states.join(" or "))
            }
            Test::Light(day) => if *day { "it is day" } else { "it is night" }.into(),
            Test::Queue { among } => {
                format!("{} around it stand too", self.thing_in_words(*among))
            }
            Test::All(all) => list(all, "and"),
            Test::Some(all) => list(all, "or"),
            Test::Not(of) => format!("not {}", name(of)),
            Test::Held { of, duration, grace, lapse, pause, .. } => {
                let mut text = format!("{}, held for {} s", name(of), secs(*duration));
                if lapse < grace {
                    let (first, then) = (secs(*lapse), secs(*grace));
                    let _ = write!(text, " (gaps up to {first} s, then up to {then} s)");
                } else if !grace.is_zero() {
                    let _ = write!(text, " (gaps up to {} s)", secs(*grace));
                }
                if let Some(pause) = pause {
                    let _ = write!(text, ", not counting while {}", name(pause));
                }
                text
            }
            Test::Hits { of, min, looks, .. } => {
                format!("{} in {min} of the last {looks} looks", name(of))
            }
            Test::Sequence { steps, within, .. } => {
                format!("{}, within {} s", list(steps, "then"), secs(*within))
            }
            Test::Absent { after, of, duration, .. } => {
                format!("after {}, no {} for {} s", name(after), name(of), secs(*duration))
            }
            Test::Rate { of, min, within, .. } => {
                format!("{} began {min} times or more in {} s", name(of), secs(*within))
            }
        }
    }
}

fn secs(duration: Duration) -> String {
    let secs = (duration.as_secs_f64() * 1000.0).round() / 1000.0;
    secs.to_string()
}
