//! The gate delays nothing: a recording tells the same incidents with it and without, in all weathers, and most of
//! the inference is spared where nothing moves.

#![allow(clippy::unwrap_used)] // All of it is test code.

mod clips;
mod told;

use clips::{Street, Weather, make};
use std::ops::Range;
use std::path::Path;
use told::{MOVING, STANDING, Told, Watched, watch};
use viahe_testing::machine::development_data;

/// Enough for a gate that is tried for minutes.
const PROOF: u32 = 5;
/// Seconds of a clip: nothing moves, something does, nothing does.
const SECS: [usize; 3] = [40, 14, 30];
/// Those in which nothing moves, and the gate has shown that it sees so.
const QUIET: Range<f64> = 20.0..40.0;

/// A clip tells the same with a gate and without, each incident within a look of `late_secs`; what it told with one.
fn same(what: &str, clip: &Path, watched: &Watched, late_secs: f64) -> Told {
    let [gated, plain] = [Some(PROOF), None].map(|proof| watch(clip, watched, proof));
    println!("{what}: {} of {} looks", gated.inferred, gated.looks);
    assert_eq!((plain.inferred, plain.looks), (plain.looks, gated.looks), "each look is told");
    let [told, known] = [gated.by_rule(), plain.by_rule()];
    println!("  gated {told:?}\n  plain {known:?}");
    assert!(told.keys().eq(known.keys()), "{what}: {told:?}, not {known:?}");
    for (rule, [told, known]) in told.iter().map(|(rule, told)| (rule, [told, &known[rule]])) {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < late_secs + 0.001;
        let same = told.len() == known.len() && told.iter().zip(known).all(near);
        assert!(same, "{what}, {rule}: {told:?}, not {known:?}");
    }
    gated
}

/// So many frames of a minute are analysed at most, of a street that is known to be still.
fn standing(weather: Weather, minute_max: f64) {
    let dir = tempfile::tempdir().unwrap();
    let clip = make(dir.path(), &Street { weather, fps: 2, secs: SECS });
    let told = same(&format!("{weather:?}"), &clip, &STANDING, 1.0);
    assert!(!told.incidents.is_empty());
    let real = told.inferred_at.iter().filter(|secs| QUIET.contains(*secs)).count();
    let minute = real as f64 * 60.0 / (QUIET.end - QUIET.start);
    println!("  {minute} a minute once settled");
    assert!(minute <= minute_max, "{weather:?}: {minute} inferences a minute in a still street");
}

#[test]
fn what_stands_is_told_as_ever_by_day() {
    standing(Weather::Day, 12.0);
}

#[test]
fn what_stands_is_told_as_ever_by_night() {
    standing(Weather::Night, 12.0);
}

#[test]
fn what_stands_is_told_as_ever_at_few_bits() {
    // What the encoder could not afford comes later, bit by bit.
    standing(Weather::Starved, 36.0);
}

#[test]
fn what_stands_is_told_as_ever_in_changing_light() {
    // A beam of light costs a few more.
    standing(Weather::Lights, 20.0);
}

#[test]
fn what_stands_is_told_as_ever_in_rain_and_by_a_camera_that_jumps() {
    // Much of it is looked at as ever.
    standing(Weather::Rain, 60.0);
    standing(Weather::Shake, 60.0);
}

#[test]
fn what_moves_is_told_as_ever() {
    let dir = tempfile::tempdir().unwrap();
    let clip = make(dir.path(), &Street { weather: Weather::Day, fps: 5, secs: [15, 14, 0] });
    assert!(!same("walkers", &clip, &MOVING, 0.2).incidents.is_empty());
}

/// Footage that is not part of the project.
#[test]
fn other_footage_is_told_as_ever() {
    let Some(folder) = development_data("video") else { return };
    let mut clips: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    clips.sort();
    for clip in clips {
        let name = clip.file_name().unwrap().to_string_lossy().into_owned();
        same(&name, &clip, &STANDING, 1.0);
        same(&name, &clip, &MOVING, 0.2);
    }
}
