//! What the oracles of the operators share: looks on a coarse grid of time, so that `==` at the
//! boundaries is common, not a fluke.

use super::Pace;
use crate::time::Timestamp;
use proptest::prelude::*;
use std::time::Duration;

pub(super) const GRID: Duration = Duration::from_millis(250);

pub(super) type Looks = Vec<(Timestamp, bool)>;

/// Up to `most` looks, 0 to 6 s apart, now and then with a gap that forgets, or almost.
pub(super) fn looks(most: usize) -> impl Strategy<Value = Looks> {
    let gap = prop_oneof![40 => 0u32..26, 1 => 3599u32..3603];
    prop::collection::vec((gap, any::<bool>()), 0..most).prop_map(timed)
}

fn timed(gaps: Vec<(u32, bool)>) -> Looks {
    let mut at = Timestamp::from_secs(1_000);
    gaps.into_iter()
        .map(|(gap, holds)| {
            at = at.plus(GRID * gap);
            (at, holds)
        })
        .collect()
}

/// Watched time over the looks.
pub(super) fn watched<T>(pace: Pace, looks: &[(Timestamp, T)]) -> Duration {
    looks.windows(2).map(|w| w[1].0.since(w[0].0).min(pace.gap_max)).sum()
}
