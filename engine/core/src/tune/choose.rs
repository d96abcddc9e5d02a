//! Measurements → the setting that is used.

use super::setting::Setting;
use std::time::Duration;

/// Another setting must give so many times the looks of the default, or the default stays.
pub const MARGIN: f64 = 1.05;
/// Fewer rounds tell nothing: a busy second would decide.
pub const ROUNDS_MIN: usize = 5;
/// A run may take so long, waiting for others aside. Judgement: half of the 100 ms that lie between a picture and
/// its message at most.
const RUN_MAX: Duration = Duration::from_millis(50);
/// Where the default takes longer by itself, a run may take so many times as long as that.
const RUN_TIMES_MAX: f64 = 1.25;
/// Up to this part of its time a session is at ease: who comes by chance waits for half a run on average then
/// (Pollaczek and Khinchine, runs of one length).
const AT_EASE: f64 = 0.5;

/// What a setting gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Which.
    pub setting: Setting,
    /// Looks a second in each round. All settings of a measurement took part in the same rounds.
    pub looks_hz: Vec<f64>,
    /// Processor time of a look in each round, ms.
    pub cpu_ms: Vec<f64>,
}

/// A setting, and why it is this one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Of the whole box.
    pub setting: Setting,
    /// Looks a second of it, against the default's.
    pub gain: f64,
    /// Why.
    pub why: Why,
}

/// Why a setting is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It won.
    Wins,
    /// The default, since nothing beat it by [`MARGIN`].
    NothingBetter,
    /// The default, since it does with ease what the rules ask for.
    Enough,
    /// The default, since what was measured tells nothing of it: other workers, or too few rounds.
    Untold,
}

/// The part of its time that the default of so many workers spends on `looks_hz`; none where that is not
/// known.
pub fn load(measured: &[Measured], workers: usize, looks_hz: f64) -> Option<f64> {
    let default = of(measured, Setting::plain(workers.max(1)))?;
    Some(looks_hz / median(default.looks_hz.clone())?)
}

/// What is used by a box of so many workers, where the default would spend this part of its time on looks
/// (see [`load`]; with several models, the sum over all of them).
///
/// Of the settings that win, the one that takes least and bears the load with ease; if none does, the
/// fastest.
pub fn choose(measured: &[Measured], workers: usize, load: f64) -> Choice {
    let default = Choice { setting: Setting::plain(workers.max(1)), gain: 1.0, why: Why::Untold };
    let Some(winners) = winners(measured, workers) else { return default };
    if winners.is_empty() {
        return Choice { why: Why::NothingBetter, ..default };
    }
    if load <= AT_EASE {
        return Choice { why: Why::Enough, ..default };
    }
    let bears = |choice: &&Choice| load / choice.gain <= AT_EASE;
    let least = winners.iter().filter(bears).min_by_key(|choice| choice.setting);
    least.copied().or_else(|| fastest(&winners)).unwrap_or(default)
}

/// The fastest for so many workers, whatever it takes; of several that are within [`MARGIN`] of each other,
/// the one that takes least.
pub fn best(measured: &[Measured], workers: usize) -> Choice {
    let default = Choice { setting: Setting::plain(workers.max(1)), gain: 1.0, why: Why::Untold };
    let Some(winners) = winners(measured, workers) else { return default };
    fastest(&winners).unwrap_or(Choice { why: Why::NothingBetter, ..default })
}

fn fastest(winners: &[Choice]) -> Option<Choice> {
    let most = winners.iter().map(|choice| choice.gain).max_by(f64::total_cmp)?;
    let near = winners.iter().filter(|choice| choice.gain * MARGIN > most);
    near.min_by_key(|choice| choice.setting).copied()
}

fn of(measured: &[Measured], setting: Setting) -> Option<&Measured> {
    measured.iter().find(|measured| measured.setting == setting)
}

/// All that beat the default of so many workers; none where that was not measured.
fn winners(measured: &[Measured], workers: usize) -> Option<Vec<Choice>> {
    let default = of(measured, Setting::plain(workers.max(1)))?;
    if default.looks_hz.len() < ROUNDS_MIN {
        return None;
    }
    let run_max = RUN_MAX.as_secs_f64().max(RUN_TIMES_MAX * run_secs(default)?);
    let all = measured.iter().filter(|of| of.setting.of_worker(workers).is_some());
    let in_time = all.filter(|of| run_secs(of).is_some_and(|secs| secs <= run_max));
    Some(in_time.filter_map(|of| wins(of, default)).collect())
}

/// How long a run takes while all sessions are at it.
fn run_secs(measured: &Measured) -> Option<f64> {
    let Setting { sessions, batch, .. } = measured.setting;
    Some((sessions * batch) as f64 / median(measured.looks_hz.clone())?)
}

/// Round by round: what disturbed one has disturbed the other. It must win in three rounds of four, so
/// that a few lucky ones do not decide. And a look must not take more of the processor: where decoders
/// and looks fill all cores, that alone decides how many there are.
fn wins(other: &Measured, default: &Measured) -> Option<Choice> {
    let dearer = median(ratios(&other.cpu_ms, &default.cpu_ms)?)?;
    let gains = ratios(&other.looks_hz, &default.looks_hz)?;
    let won = gains.iter().filter(|gain| **gain > 1.0).count();
    let many = won * 4 >= gains.len() * 3;
    let gain = median(gains).filter(|gain| *gain >= MARGIN && many && dearer <= MARGIN)?;
    Some(Choice { setting: other.setting, gain, why: Why::Wins })
}

/// None where they are not of the same rounds.
pub(super) fn ratios(of: &[f64], to: &[f64]) -> Option<Vec<f64>> {
    (of.len() == to.len()).then(|| of.iter().zip(to).map(|(of, to)| of / to).collect())
}

pub(super) fn median(mut of: Vec<f64>) -> Option<f64> {
    of.sort_by(f64::total_cmp);
    let (low, high) = (of.get((of.len().max(1) - 1) / 2)?, of.get(of.len() / 2)?);
    Some(f64::midpoint(*low, *high)).filter(|median| median.is_finite() && *median > 0.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::random::SplitMix64;

    const DEFAULT: Setting = Setting::plain(1);
    const TWO: Setting = Setting::plain(2);
    const SPLIT: Setting = Setting { sessions: 1, batch: 1, threads: 2 };
    const FOURS: Setting = Setting { sessions: 1, batch: 4, threads: 1 };

    fn steady(pairs: &[(Setting, f64)]) -> Vec<Measured> {
        let looks = |hz: f64| (0..8).map(|round| hz + f64::from(round) * 0.01).collect();
        let of = |(setting, hz): &(Setting, f64)| Measured {
            setting: *setting,
            looks_hz: looks(*hz),
            cpu_ms: vec![10.0; 8],
        };
        pairs.iter().map(of).collect()
    }

    fn chosen(of: &[(Setting, f64)], load: f64) -> (Setting, Why) {
        let Choice { setting, why, .. } = choose(&steady(of), 1, load);
        (setting, why)
    }

    #[test]
    fn another_setting_is_used_when_it_wins_by_the_margin_and_is_needed() {
        let two = |hz: f64| [(DEFAULT, 100.0), (TWO, hz)];
        assert_eq!(chosen(&two(190.0), 0.9), (TWO, Why::Wins));
        assert_eq!(chosen(&two(106.0), 0.9), (TWO, Why::Wins));
        assert_eq!(chosen(&two(104.0), 0.9), (DEFAULT, Why::NothingBetter));
        assert_eq!(chosen(&two(60.0), 0.9), (DEFAULT, Why::NothingBetter));
        assert_eq!(chosen(&two(190.0), 0.5), (DEFAULT, Why::Enough));
    }

    #[test]
    fn a_tie_goes_to_what_takes_less() {
        let all = [(DEFAULT, 100.0), (SPLIT, 180.0), (TWO, 188.0)];
        assert_eq!(chosen(&all, 2.0), (SPLIT, Why::Wins), "4 % are no reason for a session more");
        let all = [(DEFAULT, 100.0), (SPLIT, 170.0), (TWO, 190.0)];
        assert_eq!(chosen(&all, 2.0), (TWO, Why::Wins));
        assert_eq!(chosen(&all, 0.8), (SPLIT, Why::Wins), "it bears this with ease");
        assert_eq!(best(&steady(&all), 1).setting, TWO);
    }

    #[test]
    fn a_run_that_takes_long_is_no_gain() {
        let fours = |hz: f64, gain: f64| [(DEFAULT, hz), (FOURS, hz * gain)];
        assert_eq!(chosen(&fours(100.0, 1.3), 2.0).0, FOURS, "31 ms");
        assert_eq!(chosen(&fours(50.0, 1.3), 2.0).0, DEFAULT, "62 ms");
        // Two at once that slow each other down by a fifth, on a box where one run takes 200 ms.
        assert_eq!(chosen(&[(DEFAULT, 5.0), (TWO, 8.3)], 2.0).0, TWO);
    }

    #[test]
    fn a_box_of_one_core_or_of_other_workers_keeps_the_default() {
        assert_eq!(chosen(&[(DEFAULT, 10.0)], 2.0), (DEFAULT, Why::NothingBetter));
        let measured = steady(&[(DEFAULT, 100.0), (TWO, 190.0), (Setting::plain(4), 300.0)]);
        let of = |workers| {
            (choose(&measured, workers, 9.0).setting, choose(&measured, workers, 9.0).why)
        };
        assert_eq!(of(2), (Setting::plain(4), Why::Wins));
        assert_eq!(of(3), (Setting::plain(3), Why::Untold));
        assert_eq!(of(4), (Setting::plain(4), Why::NothingBetter));
        assert_eq!((choose(&[], 1, 9.0).why, best(&[], 2).setting), (Why::Untold, TWO));
        assert_eq!(load(&measured, 2, 95.0).map(|load| (load * 10.0).round()), Some(5.0));
        assert_eq!(load(&measured, 3, 95.0), None);
    }

    #[test]
    fn what_takes_more_of_the_processor_is_no_gain() {
        for (cpu_ms, want) in [(10.4, TWO), (10.6, DEFAULT), (f64::NAN, DEFAULT)] {
            let mut measured = steady(&[(DEFAULT, 100.0), (TWO, 190.0)]);
            measured[1].cpu_ms.fill(cpu_ms);
            assert_eq!(choose(&measured, 1, 9.0).setting, want, "{cpu_ms}");
        }
    }

    #[test]
    fn few_rounds_and_broken_ones_tell_nothing() {
        let mut measured = steady(&[(DEFAULT, 100.0), (TWO, 190.0)]);
        for of in &mut measured {
            of.looks_hz.truncate(ROUNDS_MIN - 1);
            of.cpu_ms.truncate(ROUNDS_MIN - 1);
        }
        assert_eq!(choose(&measured, 1, 9.0).why, Why::Untold);
        for broken in [0.0, f64::NAN, f64::INFINITY] {
            let mut measured = steady(&[(DEFAULT, 100.0), (TWO, 190.0)]);
            measured[1].looks_hz.fill(broken);
            assert_eq!(choose(&measured, 1, 9.0).setting, DEFAULT, "{broken}");
            measured[0].looks_hz.fill(broken);
            assert_eq!(choose(&measured, 1, 9.0).setting, DEFAULT, "{broken}");
        }
        let mut measured = steady(&[(DEFAULT, 100.0), (TWO, 190.0)]);
        measured[1].looks_hz.truncate(6);
        assert_eq!(choose(&measured, 1, 9.0).setting, DEFAULT, "other rounds");
    }

    /// Whatever disturbs: what is truly no faster is hardly ever taken, what is twice as fast always.
    #[test]
    fn noise_does_not_decide() {
        let (mut wrong, mut missed) = (0, 0);
        for seed in 0..1000 {
            let mut random = SplitMix64::new(seed);
            let mut rounds = |truth: f64, busy: &[f64]| -> Vec<f64> {
                busy.iter().map(|busy| truth * busy * (0.9 + 0.2 * random.unit())).collect()
            };
            let mut other = SplitMix64::new(seed + 1_000_000);
            let busy: Vec<f64> = (0..12).map(|_| 0.3 + 0.7 * other.unit()).collect();
            let mut of = |setting, truth| Measured {
                setting,
                looks_hz: rounds(truth, &busy),
                cpu_ms: busy.iter().map(|busy| 10.0 + busy).collect(),
            };
            let measured = [of(DEFAULT, 100.0), of(TWO, 190.0), of(SPLIT, 98.0), of(FOURS, 97.0)];
            missed += u32::from(choose(&measured, 1, 9.0).setting != TWO);
            let others = [measured[0].clone(), measured[2].clone(), measured[3].clone()];
            wrong += u32::from(choose(&others, 1, 9.0).setting != DEFAULT);
        }
        assert!(missed == 0 && wrong <= 30, "seeds 0 to 999: missed {missed}, wrong {wrong}");
    }
}
