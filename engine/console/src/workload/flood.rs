//! Many incidents of a site in a short time that have one likely cause.
//!
//! A flood is begun only where something is known that makes it likely: incidents that merely come together stay what
//! they are, each a case of its own. As in ISA-18.2, more than ten in ten minutes begin one, and it is over when fewer
//! than five come in ten minutes.

use std::collections::BTreeSet;

/// The time in which incidents are counted.
pub const SPAN_MS: i64 = 10 * 60 * 1_000;
/// More than so many in that time begin one (ISA-18.2).
const BEGINS_ABOVE: usize = 10;
/// Fewer than so many in that time end one (ISA-18.2).
const ENDS_BELOW: usize = 5;
/// Of one camera that has been turned away. Judgement: a box finds that out within a minute, and by then each zone of
/// it has told something at most.
const OF_ONE_CAMERA: usize = 4;
/// A cause of a whole site is seen by so many cameras at least. Judgement.
const CAMERAS_MIN: usize = 3;

/// Why many come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A disaster is declared.
    Disaster,
    /// It rains.
    Rain,
    /// The box was away, and is back.
    BoxBack,
    /// Cameras were away, and are back: a power cut.
    CamerasBack,
    /// The camera was turned.
    CameraMoved,
}

impl Cause {
    /// As it is kept and told.
    pub fn label(self) -> &'static str {
        match self {
            Self::Disaster => "disaster",
            Self::Rain => "rain",
            Self::BoxBack => "box_back",
            Self::CamerasBack => "cameras_back",
            Self::CameraMoved => "camera_moved",
        }
    }
}

/// An incident that came, and that stands in the queue by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// By which the store knows it.
    pub key: i64,
    /// When it came.
    pub at: i64,
    /// Empty when only sensors tell of it.
    pub camera: String,
}

/// What is known of a site that may be a cause; times in ms since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Since when a disaster is declared.
    pub disaster: Option<i64>,
    /// Since when a rule that reads a rain gauge says that it rains.
    pub rain: Option<i64>,
    /// When the box came back last.
    pub box_back: Option<i64>,
    /// When cameras came back last.
    pub cameras_back: Vec<(String, i64)>,
    /// Cameras that are turned away from their zones, and since when.
    pub moved: Vec<(String, i64)>,
}

/// A flood that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Why.
    pub cause: Cause,
    /// Of these cameras; none for all of the site.
    pub cameras: Option<BTreeSet<String>>,
    /// Its first incidents.
    pub keys: Vec<i64>,
}

/// The flood that begins, if one does: the cause that says most of why comes first. `arrivals` of the site in the order
/// in which they came.
pub fn found(arrivals: &[Arrival], signs: &Signs, now: i64) -> Option<Found> {
    let lately: Vec<&Arrival> = arrivals.iter().filter(|a| now - a.at < SPAN_MS).collect();
    moved(&lately, signs)
        .or_else(|| back(&lately, signs, now))
        .or_else(|| of_site(&lately, Cause::Disaster, signs.disaster))
        .or_else(|| of_site(&lately, Cause::Rain, signs.rain))
}

/// Is it over, when so many came in the last ten minutes?
pub fn is_over(lately: usize) -> bool {
    lately < ENDS_BELOW
}

/// One camera that was turned: what it told since, and just before anybody knew.
fn moved(lately: &[&Arrival], signs: &Signs) -> Option<Found> {
    signs.moved.iter().find_map(|(camera, since)| {
        let own = lately.iter().filter(|a| a.camera == *camera && a.at >= since - SPAN_MS);
        let keys: Vec<i64> = own.map(|a| a.key).collect();
        let cameras = Some(BTreeSet::from([camera.clone()]));
        (keys.len() > OF_ONE_CAMERA).then_some(Found { cause: Cause::CameraMoved, cameras, keys })
    })
}

/// The box or cameras that came back not long ago.
fn back(lately: &[&Arrival], signs: &Signs, now: i64) -> Option<Found> {
    let fresh = |at: i64| now - at < SPAN_MS;
    let of_box = signs.box_back.filter(|at| fresh(*at));
    let whole = of_box.and_then(|at| of_site(lately, Cause::BoxBack, Some(at)));
    whole.or_else(|| {
        let back: Vec<_> = signs.cameras_back.iter().filter(|(_, at)| fresh(*at)).collect();
        let cameras: BTreeSet<String> = back.iter().map(|(camera, _)| camera.clone()).collect();
        let since =
            |a: &Arrival| back.iter().any(|(camera, at)| *camera == a.camera && a.at >= *at);
        let own: Vec<&Arrival> = lately.iter().copied().filter(|a| since(a)).collect();
        let keys = many(&own)?;
        Some(Found { cause: Cause::CamerasBack, cameras: Some(cameras), keys })
    })
}

/// All that a site told since something was the case.
fn of_site(lately: &[&Arrival], cause: Cause, since: Option<i64>) -> Option<Found> {
    let own: Vec<&Arrival> = lately.iter().copied().filter(|a| Some(a.at) >= since).collect();
    let keys = since.and_then(|_| many(&own))?;
    Some(Found { cause, cameras: None, keys })
}

/// Their keys, if they are enough, of enough cameras.
fn many(own: &[&Arrival]) -> Option<Vec<i64>> {
    let cameras: BTreeSet<&str> = own.iter().map(|a| a.camera.as_str()).collect();
    let enough = own.len() > BEGINS_ABOVE && cameras.len() >= CAMERAS_MIN;
    enough.then(|| own.iter().map(|a| a.key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: i64 = 60_000;
    const NOW: i64 = 100 * MINUTE;

    /// `n` incidents, one each 20 s until now, of `cameras` cameras in turn.
    fn burst(n: i64, cameras: i64) -> Vec<Arrival> {
        let one = |i: i64| Arrival {
            key: i,
            at: NOW - (n - i) * 20_000,
            camera: format!("cam-{}", i % cameras),
        };
        (0..n).map(one).collect()
    }

    fn cause(arrivals: &[Arrival], signs: &Signs) -> Option<(Cause, usize)> {
        found(arrivals, signs, NOW).map(|found| (found.cause, found.keys.len()))
    }

    #[test]
    fn many_without_a_cause_are_no_flood_and_few_with_one_neither() {
        let rain = Signs { rain: Some(NOW - 30 * MINUTE), ..Signs::default() };
        assert_eq!(cause(&burst(29, 6), &Signs::default()), None);
        assert_eq!(cause(&burst(11, 3), &rain), Some((Cause::Rain, 11)));
        assert_eq!(cause(&burst(10, 3), &rain), None, "ten are not more than ten");
        assert_eq!(cause(&burst(29, 2), &rain), None, "rain falls on more than two cameras");
        let late = Signs { rain: Some(NOW - 3 * MINUTE), ..Signs::default() };
        assert_eq!(cause(&burst(20, 5), &late), None, "most came before it rained");
    }

    #[test]
    fn what_is_back_tells_more_than_a_disaster_does() {
        let declared = Signs { disaster: Some(0), ..Signs::default() };
        assert_eq!(cause(&burst(12, 4), &declared), Some((Cause::Disaster, 12)));
        let back = Signs { box_back: Some(NOW - 5 * MINUTE), ..declared.clone() };
        assert_eq!(cause(&burst(12, 4), &back), Some((Cause::BoxBack, 12)));
        let long_since = Signs { box_back: Some(NOW - 11 * MINUTE), ..declared };
        assert_eq!(cause(&burst(12, 4), &long_since), Some((Cause::Disaster, 12)));
    }

    #[test]
    fn only_the_cameras_that_came_back_are_in_it() {
        let back = (0..3).map(|n| (format!("cam-{n}"), NOW - 9 * MINUTE)).collect();
        let signs = Signs { cameras_back: back, ..Signs::default() };
        let found = found(&burst(24, 6), &signs, NOW).unwrap();
        assert_eq!((found.cause, found.keys.len()), (Cause::CamerasBack, 12));
        assert_eq!(found.cameras.unwrap().len(), 3);
    }

    #[test]
    fn a_camera_that_was_turned_floods_alone() {
        let moved = |minutes| Signs {
            moved: vec![("cam-1".into(), NOW - minutes * MINUTE)],
            ..Signs::default()
        };
        let found = found(&burst(15, 3), &moved(0), NOW).unwrap();
        assert_eq!((found.cause, found.keys), (Cause::CameraMoved, vec![1, 4, 7, 10, 13]));
        assert_eq!(cause(&burst(12, 3), &moved(0)), None, "four of it are not enough");
    }

    proptest! {
        /// Whatever is known and comes: a flood has a cause that is known, enough incidents, all of the last ten minutes
        /// and of its cameras, each once.
        #[test]
        fn a_flood_is_what_it_says(
            came in prop::collection::vec((0_i64..30, 0_u8..5), 0..60),
            at in prop::collection::vec(prop::option::of(0_i64..40), 3),
            cameras in prop::collection::vec((0_u8..5, 0_i64..20), 0..5),
            turned in prop::collection::vec((0_u8..5, 0_i64..20), 0..2),
        ) {
            let name = |n: u8| format!("cam-{n}");
            let ago = |minutes: i64| NOW - minutes * MINUTE;
            let mut arrivals: Vec<Arrival> = came.iter().zip(0_i64..)
                .map(|((m, c), key)| Arrival { key, at: ago(*m), camera: name(*c) }).collect();
            arrivals.sort_by_key(|a| a.at);
            let signs = Signs {
                disaster: at[0].map(ago),
                rain: at[1].map(ago),
                box_back: at[2].map(ago),
                cameras_back: cameras.iter().map(|(c, m)| (name(*c), ago(*m))).collect(),
                moved: turned.iter().map(|(c, m)| (name(*c), ago(*m))).collect(),
            };
            let Some(found) = found(&arrivals, &signs, NOW) else { return Ok(()) };
            let of: Vec<&Arrival> = arrivals.iter().filter(|a| found.keys.contains(&a.key)).collect();
            prop_assert_eq!(of.len(), found.keys.len());
            prop_assert!(of.iter().all(|a| NOW - a.at < SPAN_MS));
            let since = match found.cause {
                Cause::Disaster => signs.disaster,
                Cause::Rain => signs.rain,
                Cause::BoxBack => signs.box_back,
                Cause::CamerasBack => signs.cameras_back.iter().map(|(_, at)| *at).min(),
                Cause::CameraMoved => signs.moved.iter().map(|(_, at)| at - SPAN_MS).min(),
            };
            let since = since.expect("a cause that nobody knows of");
            prop_assert!(of.iter().all(|a| a.at >= since));
            prop_assert!(of.iter().all(|a| found.cameras.as_ref().is_none_or(|c| c.contains(&a.camera))));
            let above = if found.cause == Cause::CameraMoved { OF_ONE_CAMERA } else { BEGINS_ABOVE };
            prop_assert!(of.len() > above);
        }
    }
}
