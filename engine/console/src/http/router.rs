//! All routes.

use super::app::App;
use super::document::complete;
use super::extract::Json;
use super::gate::gate;
use super::page::page;
use super::problem::Problem;
use super::secure::secure;
use super::{
    audit, base_map, events, evidence, explanation, floods, health, incidents, map, metrics,
    people, pipeline, precision, session, shelves, sites, stills, workload,
};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(info(title = "viahe console", version = "1"), components(schemas(Problem)))]
struct Document;

/// The service, to be served.
pub fn router(app: App) -> Router {
    let routes = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::healthz))
        .routes(routes!(metrics::metrics))
        .routes(routes!(incidents::queue))
        .routes(routes!(incidents::incidents))
        .routes(routes!(incidents::incident))
        .routes(routes!(incidents::judge))
        .routes(routes!(incidents::undo))
        .routes(routes!(incidents::escalate))
        .routes(routes!(incidents::look, incidents::look_away))
        .routes(routes!(evidence::bring, evidence::stands, evidence::show))
        .routes(routes!(floods::floods))
        .routes(routes!(floods::flood, floods::dissolve))
        .routes(routes!(floods::judge, floods::undo))
        .routes(routes!(shelves::shelves, shelves::shelve))
        .routes(routes!(shelves::unshelve))
        .routes(routes!(workload::workload))
        .routes(routes!(precision::precision))
        .routes(routes!(precision::put_aside))
        .routes(routes!(sites::boxes))
        .routes(routes!(explanation::explanation))
        .routes(routes!(sites::cameras))
        .routes(routes!(map::cameras))
        .routes(routes!(map::incidents))
        .routes(routes!(base_map::below))
        .routes(routes!(base_map::base))
        .routes(routes!(stills::still))
        .routes(routes!(pipeline::pipeline))
        .routes(routes!(pipeline::check))
        .routes(routes!(pipeline::edit))
        .routes(routes!(pipeline::revert))
        .routes(routes!(pipeline::preview))
        .routes(routes!(events::events))
        .routes(routes!(session::log_in, session::log_out))
        .routes(routes!(session::me, session::change_me))
        .routes(routes!(people::people, people::add_person))
        .routes(routes!(people::change_person))
        .routes(routes!(people::tokens, people::add_token))
        .routes(routes!(people::revoke_token))
        .routes(routes!(audit::audit));
    let (served, document) = routes.split_for_parts();
    let document = complete(document);
    served
        .route("/v1/openapi.json", get(|| async move { Json(document) }))
        .fallback(page)
        .layer(from_fn_with_state(app.clone(), gate))
        .layer(from_fn(secure))
        .with_state(app)
}
