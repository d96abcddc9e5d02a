//! All routes.

use super::app::App;
use super::extract::Json;
use super::gate::gate;
use super::health;
use super::problem::Problem;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(info(title = "viahe console", version = "1"), components(schemas(Problem)))]
struct Document;

/// The service, to be served.
pub fn router(app: App) -> Router {
    let routes = OpenApiRouter::with_openapi(Document::openapi()).routes(routes!(health::healthz));
    let (router, document) = routes.split_for_parts();
    router
        .route("/v1/openapi.json", get(|| async move { Json(document) }))
        .fallback(|| async { Problem::not_found() })
        .layer(from_fn_with_state(app.clone(), gate))
        .with_state(app)
}
