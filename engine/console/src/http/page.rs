//! The page, for all paths that are no route's.

use super::problem::Problem;
use crate::web::{self, File};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The name of a file holds its hash.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// It is asked each time whether there is another one.
const EACH_TIME: &str = "no-cache";

pub(super) async fn page(request: Request) -> Response {
    let path = request.uri().path();
    if path == "/v1" || path.starts_with("/v1/") {
        return Problem::not_found().into_response();
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return Problem::method("the page is only read", "GET, HEAD").into_response();
    }
    match web::find(path) {
        Some(file) => serve(file, request.headers()),
        None if web::is_built() => Problem::not_found().into_response(),
        None => (StatusCode::NOT_FOUND, web::MISSING).into_response(),
    }
}

fn serve(file: &'static File, asked: &HeaderMap) -> Response {
    let lists = |name, wanted| {
        let said = asked.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        said.split(',').any(|one| one.split(';').next().unwrap_or_default().trim() == wanted)
    };
    let known = lists(header::IF_NONE_MATCH, file.tag);
    let packed = file.packed().filter(|_| lists(header::ACCEPT_ENCODING, "gzip"));
    let body = if known { Body::empty() } else { Body::from(packed.unwrap_or(file.plain)) };
    let mut response = Response::new(body);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let mut say =
        |name, value| response.headers_mut().insert(name, HeaderValue::from_static(value));
    say(header::ETAG, file.tag);
    say(header::CACHE_CONTROL, if file.lasts() { FOR_GOOD } else { EACH_TIME });
    say(header::VARY, "accept-encoding");
    say(header::CONTENT_TYPE, file.media_type());
    if packed.is_some() && !known {
        say(header::CONTENT_ENCODING, "gzip");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use viahe_testing::machine::skipped;

    fn asked(
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let response = page(request.body(Body::empty()).unwrap()).await;
            let (parts, body) = response.into_parts();
            (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
        })
    }

    #[test]
    fn what_is_no_file_is_no_page() {
        let (status, headers, _) = asked("GET", "/v1/nothing", &[]);
        assert_eq!(
            (status, headers["content-type"] == "application/problem+json"),
            (StatusCode::NOT_FOUND, true)
        );
        assert_eq!(asked("POST", "/", &[]).0, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(asked("GET", "/favicon.ico", &[]).0, StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_file_comes_once_and_small() {
        if !web::is_built() {
            return skipped("this build has no page");
        }
        let (status, headers, plain) = asked("GET", "/queue", &[]);
        assert_eq!((status, headers["cache-control"] == EACH_TIME), (StatusCode::OK, true));
        let tag = headers["etag"].to_str().unwrap();
        let (status, _, body) = asked("GET", "/", &[("if-none-match", tag)]);
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        let text = String::from_utf8(plain).unwrap();
        let script = text.split('"').find(|part| part.starts_with("/assets/")).unwrap();
        let (_, headers, small) = asked("GET", script, &[("accept-encoding", "br, gzip;q=0.8")]);
        assert_eq!(
            (headers["content-encoding"] == "gzip", headers["cache-control"] == FOR_GOOD),
            (true, true)
        );
        let (_, headers, large) = asked("GET", script, &[]);
        assert!(!headers.contains_key("content-encoding") && small.len() < large.len() / 2);
    }
}
