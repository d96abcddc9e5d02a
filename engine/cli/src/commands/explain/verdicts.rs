//! What operators said of an incident, in words.

use super::words::moment;
use jiff::tz::TimeZone;
use std::path::Path;
use viahe_contract::id::{IncidentId, Name};
use viahe_contract::message::{Judgement, Verdict};
use viahe_edge::store::{FILE_NAME, verdicts_on};

/// As the store in `dir` has it; nothing where there is no store.
pub(super) fn tell(dir: &Path, incident: &IncidentId, zone: &TimeZone) -> Option<String> {
    if !dir.join(FILE_NAME).exists() {
        return None;
    }
    Some(match verdicts_on(dir, incident) {
        Ok(none) if none.is_empty() => "no operator has said anything of it yet".to_owned(),
        Ok(verdicts) => all_in_words(&verdicts, zone),
        Err(error) => format!("what operators said of it cannot be read: {error}"),
    })
}

/// As [`tell`], of an incident of which nothing else is known; nothing where nobody said anything.
pub(super) fn tell_alone(dir: &Path, incident: &IncidentId, zone: &TimeZone) -> Option<String> {
    let verdicts = verdicts_on(dir, incident).ok().filter(|verdicts| !verdicts.is_empty())?;
    Some(all_in_words(&verdicts, zone))
}

fn all_in_words(verdicts: &[Verdict], zone: &TimeZone) -> String {
    let head = "what operators said of it; the last holds:".to_owned();
    let lines = verdicts.iter().map(|verdict| in_words(verdict, zone));
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}

fn in_words(verdict: &Verdict, zone: &TimeZone) -> String {
    let Verdict { revision, judgement, reason, role, time, .. } = verdict;
    let at = moment(time.at().local(zone));
    let reason = reason.as_ref().map(Name::as_str).map(|why| format!(", {why}"));
    let reason = reason.unwrap_or_default();
    match judgement {
        Judgement::Confirmed => {
            format!("{at}  it is one: confirmed by {role}, who saw revision {revision}{reason}")
        }
        Judgement::Dismissed => {
            format!("{at}  it is none: dismissed by {role}, who saw revision {revision}{reason}")
        }
        Judgement::Withdrawn => format!("{at}  {role} took back what was said before{reason}"),
    }
}
