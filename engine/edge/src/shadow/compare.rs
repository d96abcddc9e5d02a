//! Incidents of both models, brought together, with what operators said.

use super::book::{Book, Judgements, judgements};
use crate::store::{StoreError, judged_on};
use std::collections::BTreeMap;
use std::path::Path;
use viahe_contract::id::Name;
use viahe_contract::message::{Judgement, Verdict};
use viahe_contract::sha256::Sha256;
use viahe_core::incident::Revision;
use viahe_core::shadow::{Grounds, Pair, Proportion, Score, Told, paired};
use viahe_core::time::Timestamp;

/// An incident of one model, the other, or both.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Case {
    /// As the model at work told it.
    pub(super) incumbent: Option<Told>,
    /// As the candidate told it.
    pub(super) candidate: Option<Told>,
    /// Is it one? None while nobody has said.
    pub(super) confirmed: Option<bool>,
}

impl Case {
    /// As it was told first.
    pub(super) fn told(&self) -> Option<&Told> {
        self.incumbent.as_ref().or(self.candidate.as_ref())
    }

    fn by(&self) -> [bool; 2] {
        [self.incumbent.is_some(), self.candidate.is_some()]
    }
}

/// All of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Compared {
    /// Those that the model at work told, then what the candidate alone did.
    pub(super) cases: Vec<Case>,
    /// By rule.
    pub(super) rules: BTreeMap<Name, Score>,
    /// What a decision rests on.
    pub(super) grounds: Grounds,
}

/// An operator's last word on an incident of the box.
pub(super) type Verdicts = [(Revision, Judgement)];

impl Compared {
    /// A book with the verdicts of its box.
    ///
    /// # Errors
    /// Why these cannot be read, for people.
    pub(super) fn of(book: &Book, state_dir: &Path) -> Result<Self, String> {
        let verdicts = verdicts(state_dir).map_err(|error| error.to_string())?;
        Ok(Self::with(book, &verdicts, &judgements(state_dir)?))
    }

    /// A book with these verdicts, and with what people said of incidents of the book.
    pub(super) fn with(book: &Book, verdicts: &Verdicts, own: &Judgements) -> Self {
        let by_operators = by_operators(book, verdicts);
        let (incumbent, candidate) = (&book.incumbent_told, &book.candidate_told);
        let case = |Pair { incumbent: one, candidate: other }| {
            let said = one.and_then(|at| by_operators.get(&at).copied());
            let incumbent = one.map(|at| incumbent[at].clone());
            let candidate = other.map(|at| candidate[at].clone());
            let mut told = incumbent.iter().chain(&candidate);
            let confirmed = said.or(told.find_map(|of| own.get(&of.incident).copied()));
            Case { incumbent, candidate, confirmed }
        };
        let cases: Vec<Case> = paired(incumbent, candidate).into_iter().map(case).collect();
        let mut rules: BTreeMap<Name, Score> = BTreeMap::new();
        let mut score = Score::default();
        for case in &cases {
            score.add(case.by(), case.confirmed);
            if let Some(told) = case.told() {
                rules.entry(told.rule.clone()).or_default().add(case.by(), case.confirmed);
            }
        }
        let looks = book.all_looks();
        let cost = looks.cpu_ms().filter(|[incumbent, _]| *incumbent > 0.0);
        let cost = cost.map(|[incumbent, candidate]| candidate / incumbent);
        Self { cases, rules, grounds: Grounds { score, looks: looks.kept_up(), cost } }
    }
}

/// What operators said, by incident of the model at work. Its engine here heard what the box's did, so what both told is
/// one incident where rule, moment and place are.
fn by_operators(book: &Book, verdicts: &Verdicts) -> BTreeMap<usize, bool> {
    let is_of = |told: &Revision| {
        told.model.as_ref().is_none_or(|model| model.sha256 == book.incumbent.sha256)
    };
    let of_box: (Vec<Told>, Vec<bool>) = verdicts
        .iter()
        .filter(|(told, _)| is_of(told))
        .filter_map(|(told, said)| Some((Told::of(told)?, *said == Judgement::Confirmed)))
        .unzip();
    let said = |Pair { incumbent, candidate }| Some((incumbent?, of_box.1[candidate?]));
    paired(&book.incumbent_told, &of_box.0).into_iter().filter_map(said).collect()
}

/// What operators said last of the box's incidents, but for what was withdrawn; nothing where it has told none yet.
pub(super) fn verdicts(state_dir: &Path) -> Result<Vec<(Revision, Judgement)>, StoreError> {
    if !state_dir.join(crate::store::FILE_NAME).exists() {
        return Ok(Vec::new());
    }
    let last = |(told, said): (Revision, Vec<Verdict>)| {
        let last = said.last()?.judgement;
        (last != Judgement::Withdrawn).then_some((told, last))
    };
    Ok(judged_on(state_dir)?.into_iter().filter_map(last).collect())
}

/// How often a model was right on the street since then.
pub(super) fn precision(verdicts: &Verdicts, model: &Sha256, since: Timestamp) -> Proportion {
    let is_of = |told: &Revision| {
        told.opened >= since && told.model.as_ref().is_some_and(|of| of.sha256 == *model)
    };
    let said = verdicts.iter().filter(|(told, _)| is_of(told));
    said.fold(Proportion::default(), |sum, (_, said)| Proportion {
        hits: sum.hits + u64::from(*said == Judgement::Confirmed),
        of: sum.of + 1,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use viahe_contract::id::{IncidentId, TrackId};
    use viahe_contract::message::{ClockRef, EvidenceState, Geometry, ModelRef, Severity, State};
    use viahe_core::geometry::UnitBox;
    use viahe_core::incident::{Subject, Wording};
    use viahe_core::shadow::{Counts, Side};
    use viahe_core::time::ClockSource;

    fn model(n: u8) -> ModelRef {
        let name = format!("eyes-{n}").as_str().try_into().unwrap();
        ModelRef { name, sha256: Sha256::from_bytes([n; 32]), licence: None }
    }

    /// The `n`-th place, told by a model after so many seconds.
    fn incident(id: u64, n: u64, secs: u64, by: u8) -> Revision {
        let name = |text: &str| Name::try_from(text).unwrap();
        let at = Timestamp::from_secs(1_795_000_000 + secs);
        let x = n as f32 / 10.0;
        let bbox = UnitBox::try_from([x, 0.5, x + 0.05, 0.6]).unwrap();
        let (class, confidence) = ("person".try_into().unwrap(), 0.8.try_into().unwrap());
        Revision {
            incident: IncidentId::from_bits(id.into()),
            revision: 1,
            state: State::Open,
            rule: name("in-road"),
            violation: name("pedestrian-in-carriageway"),
            rule_version: 1,
            severity: Severity::Medium,
            camera: Some(name("gate")),
            zone: None,
            stage: None,
            offence: 1,
            citations: Vec::new(),
            measured: Vec::new(),
            ended_by: None,
            position: None,
            first_seen: at,
            opened: at,
            updated: at,
            closed: None,
            subjects: vec![Subject { track: TrackId(n), class, confidence, bbox }],
            geometry: Geometry::default(),
            evidence: Vec::new(),
            evidence_state: EvidenceState::Complete,
            model: Some(model(by)),
            clock: ClockRef { source: ClockSource::Arrival, offset_ms: 0 },
            wording: Wording::default(),
        }
    }

    #[test]
    fn a_verdict_counts_for_both_and_what_nobody_told_is_nobodys() {
        let mut book = Book::new(model(1), model(2), Timestamp::from_secs(1));
        for n in 0..4 {
            book.hear(Side::Incumbent, &incident(n, n, 0, 1), None);
        }
        for n in [0, 1, 9] {
            book.hear(Side::Candidate, &incident(100 + n, n, 1, 2), None);
        }
        let verdicts = [
            (incident(1_000, 0, 0, 1), Judgement::Confirmed),
            (incident(1_001, 2, 0, 1), Judgement::Dismissed),
            // Of another time, of another model.
            (incident(1_002, 3, 5_000, 1), Judgement::Confirmed),
            (incident(1_003, 3, 0, 2), Judgement::Confirmed),
        ];
        let id = |n: u64| IncidentId::from_bits(n.into());
        // An operator's word on an incident of the box goes before that of who looks at the shadow.
        let own = [(id(109), false), (id(1), true), (id(0), false)].into();
        let compared = Compared::with(&book, &verdicts, &own);
        let score = compared.grounds.score;
        let counts = |confirmed, dismissed, unjudged| Counts { confirmed, dismissed, unjudged };
        assert_eq!(score.both, counts(2, 0, 0));
        assert_eq!(score.missing, counts(0, 1, 1));
        assert_eq!(score.extra, counts(0, 1, 0));
        assert_eq!(compared.rules.len(), 1);
        let since = |secs: u64| {
            precision(&verdicts, &model(1).sha256, Timestamp::from_secs(1_795_000_000 + secs))
        };
        assert_eq!(since(0), Proportion { hits: 2, of: 3 });
        assert_eq!(since(1), Proportion { hits: 1, of: 1 });
    }
}
