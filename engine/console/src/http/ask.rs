//! Boxes that are asked something in somebody's name, and what is said when they do not answer.

use super::app::App;
use super::problem::{Kind, Problem};
use crate::broker::Unanswered;
use crate::model::Person;
use crate::people::Caller;
use serde_json::Value;
use std::time::Duration;
use viahe_contract::id::Name;
use viahe_contract::message::{Order, Refusal, Reply};

/// For so long a box may think.
pub(super) const ANSWER: Duration = Duration::from_secs(20);
/// What a no begins with that is more than that the box does not do it, and has no code or is of a box that tells
/// none.
const NOS: [(&str, Kind); 2] =
    [("there is no command ", Kind::BoxTooOld), ("conflict: ", Kind::Conflict)];
/// A box that does something else may do this soon, in seconds.
const SOON_SECS: u64 = 5;
/// Longest name that a box takes of who commands, in characters.
const BY_CHARS_MAX: usize = 120;

/// That a site is there and open to somebody.
pub(super) async fn open(app: &App, caller: &Caller, site: &Name) -> Result<(), Problem> {
    let known = app.store.is_online(site.clone()).await?.is_some();
    let open = known && caller.person.scope.covers(site.as_str());
    if open { Ok(()) } else { Err(Problem::not_found()) }
}

/// What the box of a site says to an order, be it yes or no.
async fn give(
    app: &App,
    caller: &Caller,
    site: &Name,
    order: Order,
    within: Duration,
) -> Result<Reply, Problem> {
    if app.store.is_online(site.clone()).await? == Some(false) {
        let detail = format!("the box of {site} says that it is away, or its broker does");
        return Err(Problem::new(Kind::BoxOffline, detail));
    }
    Ok(app.commands.give(site, order, by(&caller.person), within).await?)
}

/// What the box of a site says to an order when it does as it is told.
pub(super) async fn ask(
    app: &App,
    caller: &Caller,
    site: &Name,
    order: Order,
    within: Duration,
) -> Result<Reply, Problem> {
    let reply = give(app, caller, site, order, within).await?;
    if reply.ok { Ok(reply) } else { Err(refused(reply)) }
}

/// The same, of what has a result.
pub(super) async fn result(
    app: &App,
    caller: &Caller,
    site: &Name,
    order: Order,
    within: Duration,
) -> Result<Value, Problem> {
    result_of(ask(app, caller, site, order, within).await?)
}

/// The same, where a no with a result is an answer: what would be wrong.
pub(super) async fn tried(
    app: &App,
    caller: &Caller,
    site: &Name,
    order: Order,
) -> Result<Value, Problem> {
    let reply = give(app, caller, site, order, ANSWER).await?;
    if reply.ok || reply.result.is_some() { result_of(reply) } else { Err(refused(reply)) }
}

fn result_of(reply: Reply) -> Result<Value, Problem> {
    reply.result.ok_or_else(|| Problem::new(Kind::BoxTooOld, "the box answers without a result"))
}

/// Who commands, as the box tells it on: people by both of their names.
fn by(person: &Person) -> String {
    let Person { name, display_name, .. } = person;
    if name == display_name {
        return name.clone();
    }
    let room = BY_CHARS_MAX.saturating_sub(name.chars().count() + " ()".len());
    let called: String = display_name.chars().take(room).collect();
    format!("{called} ({name})")
}

/// What a no of a box is.
fn refused(reply: Reply) -> Problem {
    let Reply { text, result, refusal, .. } = reply;
    match refusal {
        Some(Refusal::Busy) => return Problem::new(Kind::Busy, text).retry_after(SOON_SECS),
        Some(Refusal::Conflict) => return Problem::new(Kind::Conflict, text),
        _ => {}
    }
    if let Some((_, kind)) = NOS.iter().find(|(begin, _)| text.starts_with(begin)) {
        return Problem::new(*kind, text);
    }
    let problems = result.as_ref().and_then(|result| result.get("problems"));
    let problems = problems.and_then(Value::as_array).cloned().unwrap_or_default();
    Problem::refused(text, problems, refusal)
}

impl From<Unanswered> for Problem {
    fn from(why: Unanswered) -> Self {
        let kind = match why {
            Unanswered::BrokerAway | Unanswered::BrokerRefuses => Kind::Unavailable,
            Unanswered::NobodyListens => Kind::BoxOffline,
            Unanswered::Full => Kind::Busy,
            Unanswered::Silent => Kind::BoxSilent,
        };
        let problem = Self::new(kind, why.to_string());
        if why == Unanswered::Full { problem.retry_after(ANSWER.as_secs()) } else { problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Role, Scope};

    #[test]
    fn a_box_is_told_both_names_of_a_person_as_far_as_they_fit() {
        let person = |name: &str, display_name: &str| Person {
            name: name.into(),
            display_name: display_name.into(),
            role: Role::Installer,
            scope: Scope::All,
        };
        assert_eq!(by(&person("ky", "Phạm Văn Kỹ")), "Phạm Văn Kỹ (ky)");
        assert_eq!(by(&person("gate-3", "gate-3")), "gate-3");
        let longest = by(&person(&"n".repeat(40), &"ễ".repeat(80)));
        assert_eq!(longest.chars().count(), BY_CHARS_MAX, "{longest}");
        assert!(longest.ends_with("n)"));
    }
}
