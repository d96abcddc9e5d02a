//! Which worker looks at which camera.
//!
//! A camera stays with its worker as long as there is that worker: to move is to lose its tracks. Those
//! that have none yet are shared out evenly, cameras of one model together where that keeps it even: a
//! worker loads each model that it needs once for each of its threads.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use viahe_contract::id::{Name, WorkerId};

/// Cameras that one worker has before a second one is worth its memory.
const CAMERAS_EACH: usize = 8;
/// A number of workers is two bytes long.
const WORKERS_MAX: usize = u16::MAX as usize;

/// A camera, and the model that looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat<'a> {
    pub(super) camera: &'a Name,
    pub(super) model: &'a Name,
}

/// How many workers there are for so many cameras: as many as were asked for, else one for each eight
/// cameras and at most one for each core; never one without a camera.
pub(super) fn workers_for(cameras: usize, cores: usize, asked: Option<usize>) -> usize {
    let usual = || cameras.div_ceil(CAMERAS_EACH).min(cores.max(1));
    asked.unwrap_or_else(usual).min(cameras).min(WORKERS_MAX)
}

/// The worker of each camera, with so many `workers`; `now` is where cameras are.
pub(super) fn assign<'a>(
    seats: &[Seat<'a>],
    workers: usize,
    now: &BTreeMap<Name, WorkerId>,
) -> BTreeMap<&'a Name, WorkerId> {
    let mut shares: Vec<Share<'a>> = (0..workers).map(|_| Share::default()).collect();
    let mut assigned = BTreeMap::new();
    let mut without: Vec<Seat<'a>> = Vec::new();
    for seat in seats {
        match now.get(seat.camera).filter(|worker| usize::from(worker.0) < workers) {
            Some(worker) => {
                shares[usize::from(worker.0)].take(*seat);
                assigned.insert(seat.camera, *worker);
            }
            None => without.push(*seat),
        }
    }
    give_room(&mut shares, seats.len());
    let mut by_model: Vec<Vec<Seat<'a>>> = Vec::new();
    for seat in without {
        match by_model.iter_mut().find(|group| group[0].model == seat.model) {
            Some(group) => group.push(seat),
            None => by_model.push(vec![seat]),
        }
    }
    // The largest groups are the hardest to keep together. The sort is stable.
    by_model.sort_by_key(|group| Reverse(group.len()));
    for seat in by_model.into_iter().flatten() {
        let with_room = (0..workers).filter(|w| shares[*w].held < shares[*w].room);
        let apart = |w: &usize| (!shares[*w].models.contains(&seat.model), shares[*w].held, *w);
        // There is room for all together.
        let Some(worker) = with_room.min_by_key(apart) else { break };
        shares[worker].take(seat);
        assigned.insert(seat.camera, WorkerId(worker as u16));
    }
    assigned
}

/// What one worker has.
#[derive(Default)]
struct Share<'a> {
    held: usize,
    room: usize,
    models: Vec<&'a Name>,
}

impl<'a> Share<'a> {
    fn take(&mut self, seat: Seat<'a>) {
        self.held += 1;
        if !self.models.contains(&seat.model) {
            self.models.push(seat.model);
        }
    }
}

/// An even share for each; the cameras that are left over go where there are most already.
fn give_room(shares: &mut [Share<'_>], cameras: usize) {
    let workers = shares.len().max(1);
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by_key(|w| (Reverse(shares[*w].held), *w));
    for (place, worker) in order.into_iter().enumerate() {
        shares[worker].room = cameras / workers + usize::from(place < cameras % workers);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use proptest::prelude::*;

    /// `a` to `z`, by camera.
    fn seats(models: &str) -> Vec<(Name, Name)> {
        let name = |text: String| Name::try_from(text).unwrap();
        let of = |(n, model)| (name(format!("camera-{n:03}")), name(format!("model-{model}")));
        models.chars().enumerate().map(of).collect()
    }

    /// The workers of cameras in order.
    fn assigned(models: &str, workers: usize, now: &[usize]) -> Vec<u16> {
        let seats = seats(models);
        let now = seats.iter().zip(now).map(|((c, _), w)| (c.clone(), WorkerId(*w as u16)));
        let seated: Vec<Seat<'_>> =
            seats.iter().map(|(camera, model)| Seat { camera, model }).collect();
        assign(&seated, workers, &now.collect()).into_values().map(|worker| worker.0).collect()
    }

    #[test]
    fn how_many_there_are_follows_from_box_and_cameras() {
        for (cameras, cores, asked, want) in [
            (0, 4, None, 0),
            (0, 4, Some(3), 0),
            (1, 4, None, 1),
            (8, 4, None, 1),
            (9, 4, None, 2),
            (64, 4, None, 4),
            (64, 0, None, 1),
            (2, 1, Some(8), 2),
            (64, 2, Some(3), 3),
        ] {
            assert_eq!(workers_for(cameras, cores, asked), want, "{cameras} {cores} {asked:?}");
        }
    }

    #[test]
    fn shares_are_even_and_models_stay_together() {
        assert_eq!(assigned("aaaaa", 4, &[]), [0, 0, 1, 2, 3]);
        assert_eq!(assigned("abababab", 2, &[]), [0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!(assigned("aabbbbcc", 2, &[]), [1, 1, 0, 0, 0, 0, 1, 1]);
        assert_eq!(assigned("aaa", 1, &[]), [0, 0, 0]);
        assert_eq!(assigned("", 0, &[]), [0u16; 0]);
    }

    #[test]
    fn a_camera_stays_where_it_is() {
        // The fourth one is new, and worker 1 has the fewest.
        assert_eq!(assigned("aaaa", 2, &[0, 0, 1]), [0, 0, 1, 1]);
        // Worker 0 has more than its share, and keeps it.
        assert_eq!(assigned("aaaaa", 2, &[0, 0, 0, 0]), [0, 0, 0, 0, 1]);
        // Worker 2 is no more.
        assert_eq!(assigned("aaaa", 2, &[0, 1, 2, 2]), [0, 1, 0, 1]);
    }

    proptest! {
        #[test]
        fn every_camera_has_a_worker_and_none_moves_for_nothing(
            models in "[a-c]{0,40}",
            workers in 1usize..7,
            now in prop::collection::vec(0usize..8, 0..40),
        ) {
            let got = assigned(&models, workers, &now);
            prop_assert_eq!(got.len(), models.len());
            for (n, worker) in got.iter().enumerate() {
                prop_assert!(usize::from(*worker) < workers);
                if let Some(was) = now.get(n).filter(|was| **was < workers) {
                    prop_assert_eq!(usize::from(*worker), *was);
                }
            }
            if now.is_empty() {
                let held = |w: usize| got.iter().filter(|g| usize::from(**g) == w).count();
                let most = (0..workers).map(held).max();
                prop_assert!(most <= Some(models.len().div_ceil(workers)));
            }
        }
    }
}
