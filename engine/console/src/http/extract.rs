//! Parts of requests as handlers want them, and JSON as answer; whatever does not fit is a [`Problem`].

use super::problem::{Kind, Problem};
use crate::people::Caller;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
        // Serde takes a list for an object, its values in the order of the fields.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(Problem::new(Kind::Invalid, "body: is a list, and is to be an object"));
        }
        let read = serde_json::from_slice(&bytes).or_else(|e| with_whole_numbers(&bytes).ok_or(e));
        read.map(Self).map_err(|e| Problem::new(Kind::Invalid, format!("body: {e}")))
    }
}

/// The same, with `35.0` read as `35`: to JSON Schema both are whole numbers, and some clients write them so.
fn with_whole_numbers<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut value = serde_json::from_slice(bytes).ok()?;
    make_whole(&mut value);
    serde_json::from_value(value).ok()
}

fn make_whole(value: &mut Value) {
    /// Above, not all of them are numbers of 64 bits.
    const MOST: f64 = 9e15;
    match value {
        Value::Array(items) => items.iter_mut().for_each(make_whole),
        Value::Object(items) => items.values_mut().for_each(make_whole),
        Value::Number(number) => {
            let whole =
                number.as_f64().filter(|n| number.is_f64() && n.fract() == 0.0 && n.abs() < MOST);
            if let Some(whole) = whole {
                *number = (whole as i64).into();
            }
        }
        _ => {}
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        Written::of(&self.0).into_response()
    }
}

/// JSON that has been written, or could not be.
#[derive(Clone)]
pub(super) struct Written(Option<Bytes>);

impl Written {
    pub(super) fn of(value: &impl Serialize) -> Self {
        let written = serde_json::to_vec(value);
        let tell = |error| tracing::error!(%error, "an answer could not be written");
        Self(written.map_err(tell).ok().map(Bytes::from))
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        let Some(bytes) = self.0 else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let mut response = Response::new(Body::from(bytes));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        let none = HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, none);
        response
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// All of a body, which may have so many bytes.
async fn body(body: Body, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let (mut parts, mut bytes) = (body.into_data_stream(), Vec::new());
    while let Some(part) = parts.next().await {
        let part = part.map_err(|e| Problem::new(Kind::Invalid, format!("body: {e}")))?;
        bytes.extend_from_slice(&part);
        if bytes.len() > bytes_max {
            return Err(Problem::new(Kind::TooLarge, format!("send {bytes_max} bytes at most")));
        }
    }
    Ok(bytes)
}
