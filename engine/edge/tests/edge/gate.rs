//! The gate delays nothing: a recording tells the same incidents with it and without, in all weathers, and most of
//! the inference is spared where nothing moves.

mod clips;
mod told;

use clips::{Street, Weather, make};
use std::path::Path;
use told::{EMPTY, MOVING, PLACES, STANDING, Told, Watched, watch};
use viahe_testing::machine::development_data;

/// Enough for a gate that is tried for minutes.
const PROOF: u32 = 5;
/// Seconds of a clip: nothing moves, something does, nothing does.
const SECS: [usize; 3] = [40, 14, 30];
/// A clip tells the same with a gate and without, each incident within a look of `late_secs`; what it told with one.
fn same(what: &str, clip: &Path, watched: &Watched, late_secs: f64) -> Told {
    let [gated, plain] = [Some(PROOF), None].map(|proof| watch(clip, watched, proof));
    println!("{what}: {} of {} looks", gated.inferred, gated.looks);
    assert_eq!((plain.inferred, plain.looks), (plain.looks, gated.looks), "each look is told");
    assert_eq!(gated.in_the_lane.first(), plain.in_the_lane.first(), "{what}: who comes");
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
    let clip = make(dir.path(), &Street { weather, fps: 2, secs: SECS, still: None });
    let told = same(&format!("{weather:?}"), &clip, &STANDING, 1.0);
    assert!(!told.incidents.is_empty());
    let minute = told.a_minute();
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
    let clip =
        make(dir.path(), &Street { weather: Weather::Day, fps: 5, secs: [15, 14, 0], still: None });
    assert!(!same("walkers", &clip, &MOVING, 0.2).incidents.is_empty());
}

/// The kerb and the lane, with what belongs to them; beside them people walk to and fro all the time.
const PLACE: [usize; 4] = [448, 0, 768, 368];

#[test]
fn an_ordinary_street_is_looked_at_where_rules_ask() {
    let dir = tempfile::tempdir().unwrap();
    let street = Street { weather: Weather::Day, fps: 2, secs: SECS, still: Some(PLACE) };
    let clip = make(dir.path(), &street);
    let all = watch(&clip, &STANDING, Some(PROOF));
    assert_eq!(all.inferred, all.looks, "something moves all the time");
    let places = same("ordinary street", &clip, &PLACES, 1.0);
    assert!(!places.incidents.is_empty() && !places.in_the_lane.is_empty());
    let minute = places.a_minute();
    println!("  {minute} a minute once settled");
    assert!(minute <= 12.0, "{minute} inferences a minute where nothing moves at the kerb");
    // Nobody is in the lane for most of a minute; the first who comes is seen in the very same picture.
    let lane = same("an empty lane", &clip, &EMPTY, 1.0);
    assert!(!lane.incidents.is_empty() && lane.in_the_lane[0] > 50.0);
    let minute = lane.a_minute();
    println!("  {minute} a minute once settled");
    assert!(minute <= 6.0, "{minute} inferences a minute where nobody is");
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
        same(&name, &clip, &PLACES, 1.0);
        same(&name, &clip, &MOVING, 0.2);
    }
}
