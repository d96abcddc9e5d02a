//! Which worker looks at which camera.
//!
//! A camera stays with its worker as long as there is that worker: to move is to lose its tracks. Those
//! that have none yet are shared out evenly, cameras of one model together where that keeps it even: a
//! worker loads each model that it needs.

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

/// The worker of each camera, with at most so many `workers`; `now` is where cameras are. The number of one
/// that `is_leaving` is given to no other.
pub(super) fn assign<'a>(
    seats: &[Seat<'a>],
    workers: usize,
    now: &BTreeMap<Name, WorkerId>,
    is_leaving: impl Fn(WorkerId) -> bool,
) -> BTreeMap<&'a Name, WorkerId> {
    let mut shares = vacant(seats, workers, now, is_leaving);
    let mut assigned = BTreeMap::new();
    let mut without: Vec<Seat<'a>> = Vec::new();
    for seat in seats {
        let there = now.get(seat.camera);
        match there.and_then(|worker| shares.iter_mut().find(|share| share.worker == *worker)) {
            Some(share) => {
                share.take(*seat);
                assigned.insert(seat.camera, share.worker);
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
        let with_room = shares.iter_mut().filter(|share| share.held < share.room);
        let apart = |share: &&mut Share<'_>| {
            (!share.models.contains(&seat.model), share.held, share.worker)
        };
        // There is room for all together.
        let Some(share) = with_room.min_by_key(apart) else { break };
        share.take(seat);
        assigned.insert(seat.camera, share.worker);
    }
    assigned
}

/// So many workers, by number: those that have most of the cameras, else the lowest numbers that are free.
fn vacant<'a>(
    seats: &[Seat<'a>],
    workers: usize,
    now: &BTreeMap<Name, WorkerId>,
    is_leaving: impl Fn(WorkerId) -> bool,
) -> Vec<Share<'a>> {
    let mut held: BTreeMap<WorkerId, usize> = BTreeMap::new();
    for worker in seats.iter().filter_map(|seat| now.get(seat.camera)) {
        *held.entry(*worker).or_default() += 1;
    }
    let mut ids: Vec<WorkerId> = held.keys().copied().collect();
    ids.sort_by_key(|worker| (Reverse(held[worker]), *worker));
    let others = (0..=u16::MAX).map(WorkerId);
    let others = others.filter(|worker| !held.contains_key(worker) && !is_leaving(*worker));
    let mut ids: Vec<WorkerId> = ids.into_iter().chain(others).take(workers).collect();
    ids.sort_unstable();
    ids.into_iter().map(Share::new).collect()
}

/// What one worker has.
struct Share<'a> {
    worker: WorkerId,
    held: usize,
    room: usize,
    models: Vec<&'a Name>,
}

impl<'a> Share<'a> {
    fn new(worker: WorkerId) -> Self {
        Self { worker, held: 0, room: 0, models: Vec::new() }
    }

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
    let mut order: Vec<&mut Share<'_>> = shares.iter_mut().collect();
    // The sort is stable.
    order.sort_by_key(|share| Reverse(share.held));
    for (place, share) in order.into_iter().enumerate() {
        share.room = cameras / workers + usize::from(place < cameras % workers);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

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
        let assigned = assign(&seated, workers, &now.collect(), |_| false);
        assigned.into_values().map(|worker| worker.0).collect()
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
        // One is too many: not that which has most cameras.
        assert_eq!(assigned("aaaa", 2, &[0, 1, 2, 2]), [0, 0, 2, 2]);
        // The one that has no camera any more, whatever its number.
        assert_eq!(assigned("aa", 2, &[1, 2]), [1, 2]);
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
            let distinct = |workers: &[u16]| workers.iter().collect::<BTreeSet<_>>().len();
            prop_assert!(distinct(&got) <= workers);
            let was: Vec<u16> = now.iter().take(got.len()).map(|w| *w as u16).collect();
            if distinct(&was) <= workers {
                prop_assert_eq!(&got[..was.len()], &was[..]);
            }
            if now.is_empty() {
                let held = |w: usize| got.iter().filter(|g| usize::from(**g) == w).count();
                let most = (0..workers).map(held).max();
                prop_assert!(most <= Some(models.len().div_ceil(workers)));
            }
        }
    }
}
