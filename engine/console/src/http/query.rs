//! What stands behind the `?` of the queue and of incidents.

use super::problem::Problem;
use super::schema;
use crate::model::{Bounds, Filter, Judged, Order, Phase, Scope, one_of};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::schema::Object;
use viahe_contract::message::Severity;
use viahe_contract::time::Timestamp;

/// Lines of a page when nothing is said.
const LIMIT: usize = 50;
/// Lines of a page at most.
const LIMIT_MAX: usize = 200;
/// Features of a map when nothing is said.
pub(super) const FEATURES: usize = 1_000;
/// Features of a map at most: some 5 MB.
pub(super) const FEATURES_MAX: usize = 10_000;
/// Incidents that are asked for by id at most.
const IDS_MAX: usize = 100;

const ORDERS: [(&str, Order); 2] = [("newest", Order::Newest), ("severity", Order::Severity)];
const JUDGED: [(&str, Judged); 6] = [
    ("open", Judged::Not),
    ("confirmed", Judged::Confirmed),
    ("dismissed", Judged::Dismissed),
    ("shelved", Judged::Shelved),
    ("folded", Judged::Folded),
    ("all", Judged::All),
];
const PHASES: [(&str, Phase); 3] =
    [("all", Phase::All), ("open", Phase::Open), ("closed", Phase::Closed)];
const SEVERITIES: [(&str, Severity); 4] = [
    ("info", Severity::Info),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
];

/// Which incidents, in which order; what is empty is not asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// `newest` or `severity`.
    #[param(schema_with = orders)]
    order: String,
    /// `open` (nobody has judged, and it stands in the queue; with `q` also what waits in a flood), `confirmed`,
    /// `dismissed`, `shelved` or `folded` (nobody has judged, and it waits on a shelf or in a flood), `all`.
    #[param(schema_with = judgements)]
    judgement: String,
    /// `open`, `closed`, `all`.
    #[param(schema_with = states)]
    state: String,
    /// Of this site.
    site: String,
    /// Of this camera.
    camera: String,
    /// Of this place, `site/camera/zone`.
    #[param(pattern = "^([^/]*/[^/]*/[^/]*)?$")]
    place: String,
    /// Of the flood of this number.
    #[param(pattern = "^(-?[0-9]{1,18})?$")]
    flood: String,
    /// Of this catalogue entry.
    violation: String,
    /// `info`, `low`, `medium`, `high`.
    #[param(schema_with = severities)]
    severity: String,
    /// With these words; marks and case do not count. One word of six characters or more is also looked for as the
    /// beginning of an id.
    q: String,
    /// Opened from this time on.
    #[param(schema_with = schema::moment_or_nothing)]
    from: String,
    /// Opened before this time.
    #[param(schema_with = schema::moment_or_nothing)]
    to: String,
    /// Where the page before ended.
    #[param(pattern = "^(-?[0-9]{1,18}_-?[0-9]{1,18}_-?[0-9]{1,18})?$")]
    cursor: String,
    /// Lines of a page, 1 to 200.
    #[param(pattern = "^([1-9][0-9]?|1[0-9][0-9]|200)?$")]
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
        let limit = limit(&self.limit, LIMIT, LIMIT_MAX)?;
        let filter = Filter {
            judged: word("judgement", &self.judgement, &JUDGED)?.unwrap_or_default(),
            phase: word("state", &self.state, &PHASES)?.unwrap_or_default(),
            sites: sites(some(self.site), scope),
            camera: some(self.camera),
            bounds: None,
            place: some(self.place)
                .map(|text| text.parse().map_err(|why: String| Problem::field("place", why)))
                .transpose()?,
            flood: some(self.flood).map(|text| number("flood", &text)).transpose()?,
            violation: some(self.violation),
            severity: word("severity", &self.severity, &SEVERITIES)?,
            words: some(self.q),
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
        };
        let order = word("order", &self.order, &ORDERS)?.unwrap_or_default();
        Ok(Wanted { filter, order, cursor: some(self.cursor), limit })
    }
}

/// What of the earth, and which incidents there; what is empty is not asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AskedOfMap {
    /// `west,south,east,north` in degrees (RFC 7946, 5); west may be more than east.
    #[param(schema_with = schema::bounds)]
    bbox: String,
    /// Of this site.
    site: String,
    /// Of this camera.
    camera: String,
    /// `open`, `closed`, `all`: all unless said.
    #[param(schema_with = states)]
    state: String,
    /// `open` (nobody has judged), `confirmed`, `dismissed`, `all`: all unless said.
    #[param(schema_with = judgements)]
    judgement: String,
    /// Of this catalogue entry.
    violation: String,
    /// `info`, `low`, `medium`, `high`.
    #[param(schema_with = severities)]
    severity: String,
    /// Opened from this time on.
    #[param(schema_with = schema::moment_or_nothing)]
    from: String,
    /// Opened before this time.
    #[param(schema_with = schema::moment_or_nothing)]
    to: String,
    /// Those of these incidents that are asked for, 1 to 100 ids with commas.
    id: String,
    /// Features at most, 1 to 10000; 1000 unless said.
    #[param(pattern = "^([1-9][0-9]{0,3}|10000)?$")]
    limit: String,
}

/// What was asked of the map, as the store is asked.
pub(super) struct WantedOfMap {
    pub(super) filter: Filter,
    pub(super) ids: Vec<String>,
    pub(super) limit: usize,
}

impl AskedOfMap {
    /// As somebody may ask to whom these sites are open.
    pub(super) fn by(self, scope: &Scope) -> Result<WantedOfMap, Problem> {
        let ids: Vec<String> = some(self.id)
            .map(|ids| ids.split(',').map(str::to_owned).collect())
            .unwrap_or_default();
        if ids.len() > IDS_MAX {
            return Err(Problem::field("id", format!("is to be {IDS_MAX} at most")));
        }
        let filter = Filter {
            judged: word("judgement", &self.judgement, &JUDGED)?.unwrap_or(Judged::All),
            phase: word("state", &self.state, &PHASES)?.unwrap_or_default(),
            sites: sites(some(self.site), scope),
            camera: some(self.camera),
            bounds: Some(bounds(&self.bbox)?),
            place: None,
            flood: None,
            violation: some(self.violation),
            severity: word("severity", &self.severity, &SEVERITIES)?,
            words: None,
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
        };
        let limit = limit(&self.limit, FEATURES, FEATURES_MAX)?;
        Ok(WantedOfMap { filter, ids, limit })
    }
}

fn orders() -> Object {
    words_of(&ORDERS)
}

fn judgements() -> Object {
    words_of(&JUDGED)
}

fn states() -> Object {
    words_of(&PHASES)
}

fn severities() -> Object {
    words_of(&SEVERITIES)
}

/// One of these words, or nothing, in the document of the interface.
fn words_of<T>(words: &[(&str, T)]) -> Object {
    schema::words(std::iter::once("").chain(words.iter().map(|(word, _)| *word)))
}

/// A box on the earth; all of it unless said.
pub(super) fn bounds(text: &str) -> Result<Bounds, Problem> {
    if text.is_empty() {
        return Ok(Bounds::EARTH);
    }
    text.parse().map_err(|why: String| Problem::field("bbox", why))
}

/// How many are wanted at most.
pub(super) fn limit(text: &str, usual: usize, most: usize) -> Result<usize, Problem> {
    if text.is_empty() {
        return Ok(usual);
    }
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| Problem::field("limit", format!("is to be 1 to {most}")))
}

/// What to answer when a cursor is none of ours.
pub(super) fn bad_cursor() -> Problem {
    Problem::field("cursor", "is none that was given")
}

pub(super) fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn word<T: Copy>(field: &str, text: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    one_of(text, words).map(Some).map_err(|why| Problem::field(field, why))
}

fn number(field: &str, text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::field(field, "is no number"))
}

/// A `+` that nobody has encoded reads as a space. What lies before or after all that is known is as near to it as can
/// be.
pub(super) fn time(field: &str, text: &str) -> Result<Option<Timestamp>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let text = text.replace(' ', "+");
    let read = text.parse().or_else(|why: String| far(&text).ok_or(why));
    read.map(Some).map_err(|why| Problem::field(field, why))
}

/// A time that is one, and lies before 1970 or after 2554.
fn far(text: &str) -> Option<Timestamp> {
    let pieces = jiff::fmt::temporal::Pieces::parse(text).ok()?;
    let is_whole = pieces.time().is_some() && pieces.to_numeric_offset().is_some();
    is_whole.then_some(Timestamp(if pieces.date().year() < 2_000 { 0 } else { u64::MAX }))
}

/// The sites that are asked for and open; none for all.
pub(super) fn sites(asked: Option<String>, scope: &Scope) -> Option<Vec<String>> {
    let Some(site) = asked else { return scope.names() };
    let open = scope.covers(&site);
    Some(Some(site).filter(|_| open).into_iter().collect())
}
