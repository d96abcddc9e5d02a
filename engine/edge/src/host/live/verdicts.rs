//! What operators say of incidents, as it comes over MQTT: kept with the history, counted, and told.
//!
//! A verdict changes nothing that the box does. Each costs the disk a sync, so they are written together, once a
//! second at most; what the disk does not take now waits.

use super::pace::Pace;
use crate::publish::Heard;
use crate::store::Judged;
use std::collections::BTreeMap;
use std::time::Instant;
use viahe_contract::id::Name;
use viahe_contract::message::{Judgement, Verdict};

/// Most that wait for the store. Judgement: what a busy centre says in an hour.
const WAITING_MAX: usize = 1_024;
/// Longest message; each has half a dozen short fields.
const BYTES_MAX: usize = 4_096;

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    waiting: Vec<Verdict>,
    /// Those that are kept, by what they say and of which violation.
    pub(super) kept: BTreeMap<(Judgement, Name), u64>,
    /// Those that are not, by reason.
    pub(super) refused: BTreeMap<&'static str, u64>,
    pace: Pace,
}

impl Verdicts {
    /// A message on `…/verdict`.
    pub(super) fn hear(&mut self, heard: &Heard, now: Instant) {
        let read = if heard.payload.len() > BYTES_MAX {
            Err(format!("{} bytes are no verdict", heard.payload.len()))
        } else {
            serde_json::from_slice::<Verdict>(&heard.payload).map_err(|e| e.to_string())
        };
        match read {
            Ok(verdict) if self.waiting.len() < WAITING_MAX => self.waiting.push(verdict),
            Ok(verdict) => self.refuse("no_room", &format!("of {}", verdict.incident), now),
            Err(why) => self.refuse("unreadable", &why, now),
        }
    }

    fn refuse(&mut self, reason: &'static str, what: &str, now: Instant) {
        *self.refused.entry(reason).or_default() += 1;
        if let Some(passed_over) = self.pace.line(now) {
            tracing::warn!(reason, what, passed_over = passed_over.told(), "a verdict is not kept");
        }
    }

    /// What waits for the store.
    pub(super) fn waiting(&self) -> &[Verdict] {
        &self.waiting
    }

    /// What became of all that waited.
    pub(super) fn all_judged(&mut self, judged: Vec<Judged>, now: Instant) {
        for (verdict, judged) in std::mem::take(&mut self.waiting).iter().zip(judged) {
            self.judged(verdict, judged, now);
        }
    }

    fn judged(&mut self, verdict: &Verdict, judged: Judged, now: Instant) {
        let incident = &verdict.incident;
        let of_it = || format!("of {incident}, revision {}", verdict.revision);
        match judged {
            Judged::New(violation) => {
                let judgement = verdict.judgement.label();
                if let Some(passed_over) = self.pace.line(now) {
                    let (reason, role) = (verdict.reason.as_ref().map(Name::as_str), &verdict.role);
                    let passed_over = passed_over.told();
                    tracing::info!(%incident, %violation, judgement, reason, %role, passed_over, "verdict");
                }
                *self.kept.entry((verdict.judgement, violation)).or_default() += 1;
            }
            Judged::Again => {}
            Judged::UnknownIncident => self.refuse("unknown_incident", &of_it(), now),
            Judged::UnknownRevision => self.refuse("unknown_revision", &of_it(), now),
            Judged::TooMany => self.refuse("too_many", &of_it(), now),
        }
    }
}
