//! What `/metrics` says of a candidate in the shadow; nothing where there is none.

use super::page::Page;
use std::fmt;

/// How a trial goes, since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shadowed {
    /// Looks of both models at the same frames.
    pub looks: u64,
    /// Those that there was no time for.
    pub missed: u64,
    /// Those that the candidate failed at.
    pub failed: u64,
    /// Incidents of both.
    pub both: u64,
    /// Of the model at work alone.
    pub incumbent: u64,
    /// Of the candidate alone.
    pub candidate: u64,
    /// Verdicts on them.
    pub verdicts: u64,
}

impl Page<'_> {
    pub(super) fn shadowed(&mut self, shadowed: Option<&Shadowed>) -> fmt::Result {
        let Some(Shadowed { looks, missed, failed, both, incumbent, candidate, verdicts }) =
            shadowed
        else {
            return Ok(());
        };
        let of = |result, n: &u64| ([("result", result)], *n);
        self.counters(
            "viahe_shadow_looks",
            "Looks that a candidate model was to take beside the one at work, by what became of them.",
            [of("both", looks), of("missed", missed), of("failed", failed)],
        )?;
        let by = |by, n: &u64| ([("by", by)], *n as f64);
        self.gauges(
            "viahe_shadow_incidents",
            "Incidents that are compared, by who tells them.",
            [by("both", both), by("incumbent", incumbent), by("candidate", candidate)],
        )?;
        self.gauge("viahe_shadow_verdicts", "Verdicts on incidents that are compared.", *verdicts)
    }
}
