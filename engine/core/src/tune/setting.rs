//! Ways to run a model's sessions.

use crate::model::Batch;
use serde::{Deserialize, Serialize};

/// Sessions at once that are tried; each takes memory as a model does.
const SESSIONS: [usize; 8] = [1, 2, 3, 4, 6, 8, 12, 16];
/// Threads inside one run at most: more gain nothing, and nobody runs more.
pub const THREADS_MAX: usize = 64;
/// Images in one run that are tried, where a model takes any number.
const BATCHES: [usize; 3] = [1, 2, 4];

/// How a model is run by a whole box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Setting {
    /// Runs that take place at once.
    pub sessions: usize,
    /// Most images in one run.
    pub batch: usize,
    /// Threads inside one run.
    pub threads: usize,
}

/// How a model is run by one vision worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Sessions at most.
    pub sessions: usize,
    /// Most images in one run, where the model takes any number.
    pub batch: usize,
    /// Threads inside one run.
    pub threads: usize,
}

impl Setting {
    /// As a box runs it that was not measured: one thread and one image a run.
    pub const fn plain(sessions: usize) -> Self {
        Self { sessions, batch: 1, threads: 1 }
    }

    /// The part of one of so many workers; none where they cannot have equal parts.
    pub fn of_worker(self, workers: usize) -> Option<Running> {
        let workers = workers.max(1);
        let sessions = self.sessions.is_multiple_of(workers).then_some(self.sessions / workers)?;
        let Self { batch, threads, .. } = self;
        Some(Running { sessions, batch, threads })
    }
}

/// What is worth measuring with so many cores, the default of one worker first. No setting has more
/// threads than there are cores. Batches are tried where a run has one thread: several threads are the other
/// way to fill the cores.
pub fn settings(cores: usize, batch: Batch) -> Vec<Setting> {
    let cores = cores.max(1);
    let batches = match batch {
        Batch::Any => &BATCHES[..],
        Batch::Fixed(_) => &BATCHES[..1],
    };
    let alone = |sessions| {
        batches.iter().map(move |batch| Setting { batch: *batch, ..Setting::plain(sessions) })
    };
    let mut all: Vec<Setting> =
        SESSIONS.into_iter().filter(|n| *n <= cores).flat_map(alone).collect();
    let several = std::iter::successors(Some(2), |threads| Some(threads * 2));
    for threads in several.take_while(|threads| *threads <= cores.min(THREADS_MAX)) {
        let fitting = SESSIONS.into_iter().filter(|sessions| sessions * threads <= cores);
        all.extend(fitting.map(|sessions| Setting { threads, ..Setting::plain(sessions) }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cores: usize, batch: Batch) -> Vec<[usize; 3]> {
        let of = |s: Setting| [s.sessions, s.threads, s.batch];
        settings(cores, batch).into_iter().map(of).collect()
    }

    #[test]
    fn what_is_tried_follows_from_cores_and_model() {
        assert_eq!(told(1, Batch::Fixed(1)), [[1, 1, 1]]);
        assert_eq!(told(0, Batch::Any), [[1, 1, 1], [1, 1, 2], [1, 1, 4]]);
        assert_eq!(told(2, Batch::Fixed(4)), [[1, 1, 1], [2, 1, 1], [1, 2, 1]]);
        let four = told(4, Batch::Fixed(1));
        assert_eq!(
            four,
            [[1, 1, 1], [2, 1, 1], [3, 1, 1], [4, 1, 1], [1, 2, 1], [2, 2, 1], [1, 4, 1]]
        );
        for cores in 1..200 {
            let all = settings(cores, Batch::Any);
            assert_eq!(all[0], Setting::plain(1));
            assert!(all.iter().all(|s| s.sessions * s.threads <= cores) && all.len() <= 64);
            assert!(all.iter().all(|s| s.threads <= THREADS_MAX));
        }
    }

    #[test]
    fn workers_have_equal_parts_or_none() {
        let four = Setting { sessions: 4, batch: 2, threads: 1 };
        let of = |workers| four.of_worker(workers).map(|running| running.sessions);
        assert_eq!(
            [of(0), of(1), of(2), of(3), of(4), of(8)],
            [Some(4), Some(4), Some(2), None, Some(1), None]
        );
    }
}
