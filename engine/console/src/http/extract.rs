//! Parts of requests as handlers want them, and JSON as answer; whatever does not fit is a [`Problem`].

use super::problem::{Kind, Problem};
use crate::people::Caller;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest JSON that is read.
const JSON_BYTES_MAX: usize = 64 << 10;

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// The gate has found out who it is.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get::<Self>().cloned();
        found.ok_or_else(|| Problem::new(Kind::Unauthenticated, "log in first"))
    }
}

/// What stands in places of the route.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        // What cannot be a name names nothing.
        path.map(|path| Self(path.0)).map_err(|_| Problem::not_found())
    }
}

/// What stands behind the `?`.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        let read = serde_urlencoded::from_str(text);
        read.map(Self).map_err(|e| Problem::new(Kind::Invalid, format!("query: {e}")))
    }
}

/// A JSON body, read or answered.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Kind::Invalid, "send content-type: application/json"));
        }
        let bytes = body(request.into_body(), JSON_BYTES_MAX).await?;
        let read = serde_json::from_slice(&bytes);
        read.map(Self).map_err(|e| Problem::new(Kind::Invalid, format!("body: {e}")))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => {
                let mut response = Response::new(Body::from(bytes));
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(header::CONTENT_TYPE, json);
                let none = HeaderValue::from_static("no-store");
                response.headers_mut().insert(header::CACHE_CONTROL, none);
                response
            }
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// All of a body, which may have so many bytes.
pub(super) async fn body(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let large = || Problem::new(Kind::TooLarge, format!("send {bytes_max} bytes at most"));
    axum::body::to_bytes(body, bytes_max).await.map_err(|_| large())
}
