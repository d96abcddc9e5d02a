//! What stands behind the `?` of the queue and of incidents.

use super::problem::Problem;
use crate::model::{Filter, Judged, Order, Phase, Scope, one_of};
use serde::Deserialize;
use utoipa::IntoParams;
use viahe_contract::message::Severity;
use viahe_contract::time::Timestamp;

/// Lines of a page when nothing is said.
const LIMIT: usize = 50;
/// Lines of a page at most.
const LIMIT_MAX: usize = 200;

/// Which incidents, in which order; what is empty is not asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// `newest` or `severity`.
    order: String,
    /// `open` (nobody has judged), `confirmed`, `dismissed`, `all`.
    judgement: String,
    /// `open`, `closed`, `all`.
    state: String,
    /// Of this site.
    site: String,
    /// Of this camera.
    camera: String,
    /// Of this place, `site/camera/zone`.
    place: String,
    /// Of this catalogue entry.
    violation: String,
    /// `info`, `low`, `medium`, `high`.
    severity: String,
    /// With these words; marks and case do not count.
    q: String,
    /// Opened from this time on.
    from: String,
    /// Opened before this time.
    to: String,
    /// Where the page before ended.
    cursor: String,
    /// Lines of a page, 1 to 200.
    limit: String,
}

/// What was asked, as the store is asked.
pub(super) struct Wanted {
    pub(super) filter: Filter,
    pub(super) order: Order,
    pub(super) cursor: Option<String>,
    pub(super) limit: usize,
}

impl Asked {
    /// As somebody may ask to whom these sites are open.
    pub(super) fn by(self, scope: &Scope) -> Result<Wanted, Problem> {
        let judged = [
            ("open", Judged::Not),
            ("confirmed", Judged::Confirmed),
            ("dismissed", Judged::Dismissed),
            ("all", Judged::All),
        ];
        let phase = [("all", Phase::All), ("open", Phase::Open), ("closed", Phase::Closed)];
        let severity = [
            ("info", Severity::Info),
            ("low", Severity::Low),
            ("medium", Severity::Medium),
            ("high", Severity::High),
        ];
        let order = [("newest", Order::Newest), ("severity", Order::Severity)];
        let limit = match self.limit.as_str() {
            "" => LIMIT,
            text => text
                .parse()
                .ok()
                .filter(|n| (1..=LIMIT_MAX).contains(n))
                .ok_or_else(|| Problem::field("limit", format!("is to be 1 to {LIMIT_MAX}")))?,
        };
        let filter = Filter {
            judged: word("judgement", &self.judgement, &judged)?.unwrap_or_default(),
            phase: word("state", &self.state, &phase)?.unwrap_or_default(),
            sites: sites(some(self.site), scope),
            camera: some(self.camera),
            place: some(self.place)
                .map(|text| text.parse().map_err(|why: String| Problem::field("place", why)))
                .transpose()?,
            violation: some(self.violation),
            severity: word("severity", &self.severity, &severity)?,
            words: some(self.q),
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
        };
        let order = word("order", &self.order, &order)?.unwrap_or_default();
        Ok(Wanted { filter, order, cursor: some(self.cursor), limit })
    }
}

/// What to answer when a cursor is none of ours.
pub(super) fn bad_cursor() -> Problem {
    Problem::field("cursor", "is none that was given")
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn word<T: Copy>(field: &str, text: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    one_of(text, words).map(Some).map_err(|why| Problem::field(field, why))
}

/// A `+` that nobody has encoded reads as a space.
fn time(field: &str, text: &str) -> Result<Option<Timestamp>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.replace(' ', "+").parse();
    read.map(Some).map_err(|why: String| Problem::field(field, why))
}

/// The sites that are asked for and open; none for all.
fn sites(asked: Option<String>, scope: &Scope) -> Option<Vec<String>> {
    let Some(site) = asked else { return scope.names() };
    let open = scope.covers(&site);
    Some(Some(site).filter(|_| open).into_iter().collect())
}
