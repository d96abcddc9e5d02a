//! What is measured may rule an incident out: then nothing that could be seen begins one, and no look is needed.

use super::look::{Adjust, Values};
use super::temporal::{Hysteresis, Level, Thresholds};
use crate::plan::program::{Program, Test};
use crate::time::Timestamp;

/// Does the trigger fail whatever is seen? Asked of a program that remembers nothing.
pub(super) fn is_ruled_out(program: &Program, values: &Values, adjust: Adjust) -> bool {
    let mut known: Vec<Option<bool>> = Vec::with_capacity(program.conditions.len());
    for condition in &program.conditions {
        let of = known_of(&condition.test, &known, values, adjust);
        known.push(of);
    }
    known[program.trigger] == Some(false)
}

/// What a condition comes to without a look; none when that hangs on what is seen.
fn known_of(test: &Test, known: &[Option<bool>], values: &Values, adjust: Adjust) -> Option<bool> {
    match test {
        Test::Value { from, above, on, off, .. } => {
            let lower = adjust.thresholds;
            let thresholds = Thresholds { above: *above, on: on * lower, off: off * lower };
            let level =
                Hysteresis::default().step(&thresholds, Timestamp::default(), values.get(*from));
            Some(level != Level::No)
        }
        Test::All(list) => list.iter().map(|i| known[*i]).fold(Some(true), both),
        Test::Some(list) => {
            list.iter().map(|i| known[*i].map(|is| !is)).fold(Some(true), both).map(|none| !none)
        }
        Test::Not(of) => known[*of].map(|is| !is),
        // They begin with this, which does not come about.
        Test::Held { of, .. } | Test::Hits { of, .. } | Test::Rate { of, .. } => fails(known[*of]),
        Test::Sequence { steps, .. } => fails(steps.first().and_then(|i| known[*i])),
        Test::Absent { after, .. } => fails(known[*after]),
        Test::Is(_)
        | Test::Count { .. }
        | Test::Share { .. }
        | Test::Queue { .. }
        | Test::Camera(_)
        | Test::Light(_) => None,
    }
}

/// One that is false is enough, whatever the other is.
fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn fails(known: Option<bool>) -> Option<bool> {
    known.filter(|is| !is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::program::ValueFrom;
    use crate::sensor::Quantity;

    #[test]
    fn what_a_false_value_makes_false_needs_no_look() {
        let value = |above| Test::Value {
            from: ValueFrom::Sensor,
            quantity: Quantity::WaterLevel,
            above,
            on: 20.0,
            off: 15.0,
        };
        let known = |tests: &[Test], level: Option<f64>| {
            let values = Values { sensor: level, window: None };
            let mut known = Vec::new();
            for test in tests {
                known.push(known_of(test, &known, &values, Adjust::NONE));
            }
            known
        };
        let tests = [
            value(true),
            Test::Is(0),
            Test::All(vec![0, 1]),
            Test::Some(vec![0, 1]),
            Test::Not(0),
            Test::Not(2),
        ];
        let (no, yes) = (Some(false), Some(true));
        assert_eq!(known(&tests, Some(5.0)), [no, None, no, None, yes, yes]);
        assert_eq!(known(&tests, Some(25.0)), [yes, None, None, yes, no, None]);
        // Between the marks it does not begin to hold.
        assert_eq!(known(&tests, Some(17.0))[2], no);
        assert_eq!(known(&tests, None)[2], no, "nothing holds of what is not known");
        let doubled = Adjust { thresholds: 0.2, ..Adjust::NONE };
        let values = Values { sensor: Some(5.0), window: None };
        assert_eq!(known_of(&tests[0], &[], &values, doubled), yes, "lower marks in a disaster");
    }
}
