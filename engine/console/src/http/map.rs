//! Cameras and incidents as `GeoJSON` (RFC 7946), for maps: the page's own, and the city's platform.

use super::app::App;
use super::extract::Query;
use super::problem::Problem;
use super::query::{AskedOfMap, FEATURES, FEATURES_MAX, bounds, limit, some};
use super::schema;
use crate::model::{CameraTold, IncidentOnMap};
use crate::people::Caller;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::Object;
use utoipa::{IntoParams, ToSchema};
use viahe_contract::place::Position;
use viahe_contract::time::LocalTime;

/// So many features, and no more than were asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct Collection<P: ToSchema> {
    /// As the standard has it.
    #[serde(rename = "type")]
    kind: CollectionType,
    /// There are more: ask for a smaller part of the earth, or of time.
    truncated: bool,
    /// What there is.
    features: Vec<Feature<P>>,
}

#[derive(Serialize, ToSchema)]
enum CollectionType {
    FeatureCollection,
}

/// Something that is somewhere.
#[derive(Serialize, ToSchema)]
pub(super) struct Feature<P: ToSchema> {
    /// As the standard has it.
    #[serde(rename = "type")]
    kind: FeatureType,
    /// Which.
    id: String,
    /// Where.
    geometry: Point,
    /// What is known of it.
    properties: P,
}

#[derive(Serialize, ToSchema)]
enum FeatureType {
    Feature,
}

/// A point.
#[derive(Serialize, ToSchema)]
struct Point {
    /// As the standard has it.
    #[serde(rename = "type")]
    kind: PointType,
    /// Longitude and latitude in degrees (WGS84).
    coordinates: [f64; 2],
}

#[derive(Serialize, ToSchema)]
enum PointType {
    Point,
}

impl<P: ToSchema> Feature<P> {
    fn new(id: String, Position { lat, lon }: Position, properties: P) -> Self {
        let geometry = Point { kind: PointType::Point, coordinates: [lon, lat] };
        Self { kind: FeatureType::Feature, id, geometry, properties }
    }
}

impl<P: Serialize + ToSchema> IntoResponse for Collection<P> {
    fn into_response(self) -> Response {
        // Texts and numbers that are on the earth: cannot fail.
        let mut response = Response::new(Body::from(serde_json::to_vec(&self).unwrap_or_default()));
        for (name, value) in
            [(header::CONTENT_TYPE, "application/geo+json"), (header::CACHE_CONTROL, "no-store")]
        {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Incidents that are somewhere, the newest first.
#[utoipa::path(get, path = "/v1/map/incidents.geojson", tag = "map", params(AskedOfMap), responses(
    (status = 200, content_type = "application/geo+json", body = Collection<IncidentOnMap>),
    Problem,
))]
pub(super) async fn incidents(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<AskedOfMap>,
) -> Result<Collection<IncidentOnMap>, Problem> {
    let wanted = asked.by(&caller.person.scope)?;
    let found = app.store.incidents_on_map(wanted.filter, wanted.ids, wanted.limit).await?;
    let (found, truncated) = found;
    let feature = |told: IncidentOnMap| Feature::new(told.id.clone(), told.position, told);
    let features = found.into_iter().map(feature).collect();
    Ok(Collection { kind: CollectionType::FeatureCollection, truncated, features })
}

/// What of the earth, and which cameras there; what is empty is not asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AskedOfCameras {
    /// `west,south,east,north` in degrees (RFC 7946, 5); west may be more than east.
    #[param(schema_with = schema::bounds)]
    bbox: String,
    /// Of this site.
    site: String,
    /// `online`, `stalled`, `offline`, `all`: all unless said.
    #[param(schema_with = camera_states)]
    state: String,
    /// Features at most, 1 to 10000; 1000 unless said.
    #[param(pattern = "^([1-9][0-9]{0,3}|10000)?$")]
    limit: String,
}

/// A camera that is somewhere.
#[derive(Serialize, ToSchema)]
pub(super) struct CameraOnMap {
    /// Whose.
    site: String,
    /// Which.
    camera: String,
    /// What people call it; null of one without a name.
    name: Option<String>,
    /// `online`, `stalled` or `offline`.
    state: String,
    /// Why, for people; empty when it is well.
    reason: String,
    /// When its box last said something of it.
    #[schema(value_type = String)]
    heard: LocalTime,
}

const CAMERA_STATES: [&str; 3] = ["online", "stalled", "offline"];

fn camera_states() -> Object {
    schema::words(["", "all"].into_iter().chain(CAMERA_STATES))
}

/// Cameras of which somebody has said where they stand.
#[utoipa::path(get, path = "/v1/map/cameras.geojson", tag = "map", params(AskedOfCameras), responses(
    (status = 200, content_type = "application/geo+json", body = Collection<CameraOnMap>),
    Problem,
))]
pub(super) async fn cameras(
    State(app): State<App>,
    caller: Caller,
    Query(asked): Query<AskedOfCameras>,
) -> Result<Collection<CameraOnMap>, Problem> {
    let (bounds, limit) = (bounds(&asked.bbox)?, limit(&asked.limit, FEATURES, FEATURES_MAX)?);
    let state = some(asked.state).filter(|state| state != "all");
    if state.as_deref().is_some_and(|state| !CAMERA_STATES.contains(&state)) {
        let states = CAMERA_STATES.join(", ");
        return Err(Problem::field("state", format!("is to be one of {states}, all")));
    }
    let site = some(asked.site);
    let mut features: Vec<_> = app
        .store
        .cameras()
        .await?
        .into_iter()
        .filter(|told| caller.person.scope.covers(&told.site))
        .filter(|told| site.as_ref().is_none_or(|site| told.site == *site))
        .filter(|told| state.as_ref().is_none_or(|state| told.state["state"] == state.as_str()))
        .filter_map(|told| camera(told, |position| bounds.holds(position)))
        .take(limit + 1)
        .collect();
    let truncated = features.len() > limit;
    features.truncate(limit);
    Ok(Collection { kind: CollectionType::FeatureCollection, truncated, features })
}

fn camera(told: CameraTold, there: impl Fn(Position) -> bool) -> Option<Feature<CameraOnMap>> {
    let CameraTold { site, camera, heard, state, .. } = told;
    let position = Position::deserialize(&state["position"]).ok().filter(|at| there(*at))?;
    let text = |key: &str| state.get(key).and_then(Value::as_str).map(str::to_owned);
    let properties = CameraOnMap {
        name: text("name"),
        state: text("state").unwrap_or_default(),
        reason: text("reason").unwrap_or_default(),
        heard,
        site,
        camera,
    };
    let id = format!("{}/{}", properties.site, properties.camera);
    Some(Feature::new(id, position, properties))
}
