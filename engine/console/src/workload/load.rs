//! Alerts an operator-hour.
//!
//! *An alert* is an incident that shows itself in the queue for the first time: as a line of its own, or among others of
//! its place. What is shelved or comes into a flood that is folded already is none; what a shelf gives back when it ends
//! is one then. *An operator is at work* from an act (opening a case, a verdict, handing on, shelving) for an hour, or
//! until signing out. So
//!
//! ```text
//! rate = alerts of the period / (sum of the time at work of all operators, in hours)
//! ```
//!
//! where less than ten minutes of work count as ten: a rate of seconds would say nothing. The load of ten minutes is its
//! alerts, shared by those at work in it. Whoever is there for a part of it counts as that part of an operator, but
//! together they are one at least: a load is never made larger by who comes late.

/// Ten minutes: in these EEMUA 191 and ISA-18.2 count.
pub const WINDOW_MS: i64 = 10 * 60 * 1_000;
/// Alerts an operator-hour that can be dealt with: one in ten minutes. EEMUA 191: "very likely to be acceptable"; ISA-18.2:
/// about 6.
pub const MANAGEABLE_PER_HOUR: f64 = 6.0;
/// And at most: two in ten minutes. EEMUA 191: one in five minutes is "manageable"; ISA-18.2: about 12.
pub const MOST_PER_HOUR: f64 = 12.0;
/// More than so many for one operator in ten minutes are a flood (ISA-18.2).
pub const FLOOD_PER_WINDOW: f64 = 10.0;

const HOUR_MS: f64 = 3_600_000.0;
const WINDOWS_PER_HOUR: f64 = 6.0;

/// What came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Incidents that boxes told for the first time.
    pub told: u64,
    /// Those that showed themselves in the queue.
    pub alerts: u64,
    /// Those that came into a flood that was folded already.
    pub folded: u64,
    /// Those that came while their rule was shelved.
    pub shelved: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.told += other.told;
        self.alerts += other.alerts;
        self.folded += other.folded;
        self.shelved += other.shelved;
    }
}

/// One operator at work, in ms since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// From here on.
    pub begun: i64,
    /// Until before this.
    pub until: i64,
}

/// Ten minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// The how many-th ten minutes since 1970.
    pub window: i64,
    /// What came.
    pub counts: Counts,
    /// The time at work of all operators together.
    pub worked_ms: i64,
}

impl Load {
    /// Alerts for each operator; none when nobody was there.
    fn each(&self) -> Option<f64> {
        let operators = (self.worked_ms as f64 / WINDOW_MS as f64).max(1.0);
        (self.worked_ms > 0).then(|| self.counts.alerts as f64 / operators)
    }
}

/// All windows from that of `from` to that of just before `to`, in order. Time at work is counted from `from` to `to`.
pub fn loads((from, to): (i64, i64), counts: &[(i64, Counts)], stretches: &[Stretch]) -> Vec<Load> {
    let first = from.div_euclid(WINDOW_MS);
    let last = (to - 1).div_euclid(WINDOW_MS);
    let mut loads: Vec<Load> =
        (first..=last).map(|window| Load { window, ..Load::default() }).collect();
    let at = |window: i64| usize::try_from(window - first).ok();
    for (window, counts) in counts {
        if let Some(load) = at(*window).and_then(|at| loads.get_mut(at)) {
            load.counts.add(*counts);
        }
    }
    for stretch in stretches {
        let (mut begun, until) = (stretch.begun.max(from), stretch.until.min(to));
        while begun < until {
            let window = begun.div_euclid(WINDOW_MS);
            let end = ((window + 1) * WINDOW_MS).min(until);
            if let Some(load) = at(window).and_then(|at| loads.get_mut(at)) {
                load.worked_ms += end - begun;
            }
            begun = end;
        }
    }
    loads
}

/// A period as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// What came.
    pub counts: Counts,
    /// Alerts of windows in which nobody was at work.
    pub unattended: u64,
    /// Time at work.
    pub operator_hours: f64,
    /// Alerts an operator-hour; none when nobody worked.
    pub per_operator_hour: Option<f64>,
    /// Windows in which somebody worked.
    pub windows: u64,
    /// Of these, those above [`MANAGEABLE_PER_HOUR`].
    pub above_manageable: u64,
    /// Those above [`MOST_PER_HOUR`].
    pub above_most: u64,
    /// Those above [`FLOOD_PER_WINDOW`].
    pub in_flood: u64,
    /// The window with most alerts for each operator, and how many.
    pub peak: Option<(i64, f64)>,
}

/// A period as a whole.
pub fn totals(loads: &[Load]) -> Totals {
    let mut totals = Totals::default();
    let mut worked_ms = 0;
    for load in loads {
        totals.counts.add(load.counts);
        worked_ms += load.worked_ms;
        let Some(each) = load.each() else {
            totals.unattended += load.counts.alerts;
            continue;
        };
        totals.windows += 1;
        totals.above_manageable += u64::from(each > MANAGEABLE_PER_HOUR / WINDOWS_PER_HOUR);
        totals.above_most += u64::from(each > MOST_PER_HOUR / WINDOWS_PER_HOUR);
        totals.in_flood += u64::from(each > FLOOD_PER_WINDOW);
        if each > 0.0 && totals.peak.is_none_or(|(_, most)| each > most) {
            totals.peak = Some((load.window, each));
        }
    }
    totals.operator_hours = worked_ms as f64 / HOUR_MS;
    let rate = totals.counts.alerts as f64 * HOUR_MS / worked_ms.max(WINDOW_MS) as f64;
    totals.per_operator_hour = (worked_ms > 0).then_some(rate);
    totals
}

/// Some windows together, as a figure shows them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The first of them.
    pub window: i64,
    /// What came.
    pub counts: Counts,
    /// How many were at work, on average.
    pub operators: f64,
    /// Most alerts for each operator in ten minutes; none when nobody was there.
    pub peak: Option<f64>,
}

/// Each `step` windows together; the first ones begin where `loads` does.
pub fn grouped(loads: &[Load], step: usize) -> Vec<Point> {
    let point = |part: &[Load]| {
        let Totals { counts, peak, windows, .. } = totals(part);
        let worked_ms: i64 = part.iter().map(|load| load.worked_ms).sum();
        Point {
            window: part.first().map_or(0, |load| load.window),
            counts,
            operators: worked_ms as f64 / (part.len() as f64 * WINDOW_MS as f64),
            peak: peak.map(|(_, each)| each).or((windows > 0).then_some(0.0)),
        }
    };
    loads.chunks(step.max(1)).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;

    fn alerts(window: i64, alerts: u64) -> (i64, Counts) {
        (window, Counts { told: alerts, alerts, ..Counts::default() })
    }

    fn at_work(from_minute: i64, to_minute: i64) -> Stretch {
        Stretch { begun: from_minute * MINUTE, until: to_minute * MINUTE }
    }

    #[test]
    fn a_shift_worked_out_by_hand() {
        // One operator for an hour, a second one for its last 20 minutes; then nobody.
        let counts =
            [alerts(0, 1), alerts(1, 2), alerts(2, 3), alerts(4, 3), alerts(5, 24), alerts(7, 5)];
        let stretches = [at_work(0, 60), at_work(40, 60)];
        let loads = loads((0, 80 * MINUTE), &counts, &stretches);
        let totals = totals(&loads);
        assert_eq!((totals.counts.alerts, totals.unattended, totals.windows), (38, 5, 6));
        assert!((totals.operator_hours - 80.0 / 60.0).abs() < 1e-9);
        assert_eq!(totals.per_operator_hour.map(|rate| (rate * 10.0).round()), Some(285.0));
        // 1, 2, 3, 0, 1.5 and 12 for each: just at a bound is not above it.
        assert_eq!((totals.above_manageable, totals.above_most, totals.in_flood), (4, 2, 1));
        assert_eq!(totals.peak, Some((5, 12.0)));
        let points = grouped(&loads, 3);
        assert_eq!(points.len(), 3);
        assert_eq!(
            (points[1].window, points[1].counts.alerts, points[1].peak),
            (3, 27, Some(12.0))
        );
        assert!((points[1].operators - 50.0 / 30.0).abs() < 1e-9);
        assert_eq!((points[2].counts.alerts, points[2].peak), (5, None));
    }

    #[test]
    fn who_comes_for_a_moment_is_no_fraction_that_others_are_multiplied_by() {
        let loads = loads((0, WINDOW_MS), &[alerts(0, 4)], &[Stretch { begun: 1, until: 2 }]);
        let totals = totals(&loads);
        assert_eq!((totals.peak, totals.per_operator_hour), (Some((0, 4.0)), Some(24.0)));
    }

    proptest! {
        /// Minute by minute, as the words above say it.
        #[test]
        fn time_at_work_is_what_minutes_say(
            stretches in prop::collection::vec((-40_i64..200, 0_i64..90), 0..8),
            counts in prop::collection::vec((-3_i64..20, 0_u64..30), 0..12),
            from in 0_i64..30,
            long in 1_i64..150,
        ) {
            let to = from + long;
            let stretches: Vec<Stretch> = stretches.into_iter().map(|(a, long)| at_work(a, a + long)).collect();
            let counts: Vec<_> = counts.into_iter().map(|(window, n)| alerts(window, n)).collect();
            let loads = loads((from * MINUTE, to * MINUTE), &counts, &stretches);
            let there = |minute: i64| {
                stretches.iter().map(|s| i64::from((s.begun..s.until).contains(&(minute * MINUTE)))).sum::<i64>()
            };
            for load in &loads {
                let minutes = (load.window * 10).max(from)..(load.window * 10 + 10).min(to);
                prop_assert_eq!(load.worked_ms, minutes.map(there).sum::<i64>() * MINUTE);
                let came: u64 = counts.iter().filter(|(w, _)| *w == load.window).map(|(_, c)| c.alerts).sum();
                prop_assert_eq!(load.counts.alerts, came);
            }
            let all = totals(&loads);
            prop_assert!((all.operator_hours * 60.0 - (from..to).map(there).sum::<i64>() as f64).abs() < 1e-6);
            // However windows are put together, nothing is lost.
            for step in [1, 6, 36] {
                let points = grouped(&loads, step);
                prop_assert_eq!(points.iter().map(|p| p.counts.alerts).sum::<u64>(), all.counts.alerts);
                let peak = points.iter().filter_map(|p| p.peak).fold(0.0, f64::max);
                prop_assert!((peak - all.peak.map_or(0.0, |(_, each)| each)).abs() < 1e-12);
            }
            prop_assert!(all.in_flood <= all.above_most && all.above_most <= all.above_manageable);
        }
    }
}
