//! The map behind what the page shows of the streets: which one there is, and its file in parts.

use super::app::App;
use super::extract::Json;
use super::problem::{Kind, Problem};
use crate::basemap::{BaseMap, Tiles};
use crate::vitals::{BASE_MAP, Vitals};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use std::io;
use utoipa::ToSchema;

/// Bytes that are read at once: what an answer holds in memory.
const PART_BYTES: u64 = 256 << 10;

/// What the page draws below all else.
#[derive(Serialize, ToSchema)]
pub(super) struct Below {
    /// What the tiles of `/map/base.pmtiles` are; null: there is none, and the page draws a plain one of its own.
    base: Option<Tiles>,
}

/// What the page draws below all else.
#[utoipa::path(get, path = "/v1/map", tag = "map", responses(
    (status = 200, body = Below),
    Problem,
))]
pub(super) async fn below(State(app): State<App>) -> Json<Below> {
    Json(Below { base: app.base_map.as_ref().map(BaseMap::tiles) })
}

/// What of the file is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    /// From here to before there.
    Span(u64, u64),
    /// Nothing of it is there.
    Beyond,
}

/// One span of bytes (RFC 9110, 14.2). Several at once, other units, and what does not read are answered with the whole,
/// as the standard has it; so is a span of another file than this one (`if-range`).
fn wanted(headers: &HeaderMap, map: &BaseMap) -> Wanted {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(range) = text(header::RANGE) else { return Wanted::Whole };
    if text(header::IF_RANGE).is_some_and(|tag| tag != map.tag()) {
        return Wanted::Whole;
    }
    span(range, map.bytes()).unwrap_or(Wanted::Whole)
}

fn span(range: &str, bytes: u64) -> Option<Wanted> {
    let (first, last) = range.strip_prefix("bytes=")?.trim().split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // More than a number holds is beyond every file.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (from, to) = if first.is_empty() {
        let most = number(last)?;
        (bytes.saturating_sub(most), if most == 0 { 0 } else { bytes })
    } else {
        let from = number(first)?;
        let last = if last.is_empty() { u64::MAX } else { number(last)? };
        if last < from {
            return None;
        }
        (from, last.saturating_add(1).min(bytes))
    };
    Some(if from < to { Wanted::Span(from, to) } else { Wanted::Beyond })
}

/// The map: a `PMTiles` file, of which spans are asked for.
#[utoipa::path(get, path = "/map/base.pmtiles", tag = "map", responses(
    (status = 200, content_type = "application/vnd.pmtiles", body = Vec<u8>),
    (status = 206, content_type = "application/vnd.pmtiles", body = Vec<u8>, description = "the span of `range`"),
    (status = 304, description = "`if-none-match` names it"),
    Problem,
))]
pub(super) async fn base(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let map = app.base_map.clone().ok_or_else(Problem::not_found)?;
    let tag = HeaderValue::try_from(map.tag()).map_err(|_| Problem::not_found())?;
    if !headers.contains_key(header::RANGE) && headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let total = map.bytes();
    let (status, from, to) = match wanted(&headers, &map) {
        Wanted::Whole => (StatusCode::OK, 0, total),
        Wanted::Span(from, to) => (StatusCode::PARTIAL_CONTENT, from, to),
        Wanted::Beyond => {
            let detail = format!("range: the file has {total} bytes");
            let mut response = Problem::new(Kind::OutOfRange, detail).into_response();
            say(&mut response, header::CONTENT_RANGE, &format!("bytes */{total}"));
            return Ok(response);
        }
    };
    let mut response = Response::new(body(&app.vitals, map, from, to).await?);
    *response.status_mut() = status;
    if status == StatusCode::PARTIAL_CONTENT {
        say(&mut response, header::CONTENT_RANGE, &format!("bytes {from}-{}/{total}", to - 1));
    }
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CONTENT_LENGTH, (to - from).into());
    for (name, value) in [
        (header::CONTENT_TYPE, "application/vnd.pmtiles"),
        (header::ACCEPT_RANGES, "bytes"),
        // The page keeps tiles itself. Parts of files of two versions must never be put together.
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

fn say(response: &mut Response, name: HeaderName, value: &str) {
    // Digits and signs: it is always one.
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The first part is read before anything is answered, so that a disk that gives nothing is an error and no broken line.
async fn body(vitals: &Vitals, map: BaseMap, from: u64, to: u64) -> Result<Body, Problem> {
    let first = part(vitals, &map, from, to).await.map_err(|_| {
        Problem::new(Kind::Unavailable, "the map cannot be read; /healthz says why")
    })?;
    let (vitals, next) = (vitals.clone(), from + first.len() as u64);
    let rest = stream::try_unfold(next, move |at| {
        let (vitals, map) = (vitals.clone(), map.clone());
        async move {
            if at >= to {
                return Ok(None);
            }
            let part = part(&vitals, &map, at, to).await?;
            let next = at + part.len() as u64;
            Ok::<_, io::Error>(Some((part, next)))
        }
    });
    Ok(Body::from_stream(stream::once(async { Ok(first) }).chain(rest)))
}

async fn part(vitals: &Vitals, map: &BaseMap, at: u64, to: u64) -> io::Result<Vec<u8>> {
    // At most `PART_BYTES`: it fits.
    let bytes = PART_BYTES.min(to - at) as usize;
    let map = map.clone();
    let read = tokio::task::spawn_blocking(move || map.read(at, bytes)).await;
    vitals.follow(BASE_MAP, read.map_err(io::Error::other).and_then(|read| read))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_those_of_the_standard() {
        for (range, want) in [
            ("bytes=0-126", Some(Wanted::Span(0, 127))),
            ("bytes=0-0", Some(Wanted::Span(0, 1))),
            ("bytes=900-", Some(Wanted::Span(900, 1_000))),
            ("bytes=900-4000", Some(Wanted::Span(900, 1_000))),
            ("bytes=-10", Some(Wanted::Span(990, 1_000))),
            ("bytes=-4000", Some(Wanted::Span(0, 1_000))),
            ("bytes=-0", Some(Wanted::Beyond)),
            ("bytes=1000-", Some(Wanted::Beyond)),
            ("bytes=99999999999999999999999-", Some(Wanted::Beyond)),
            ("bytes=5-4", None),
            ("bytes=-", None),
            ("bytes=+1-5", None),
            ("bytes=0-1,4-5", None),
            ("lines=0-1", None),
            ("", None),
        ] {
            assert_eq!(span(range, 1_000), want, "{range}");
        }
    }
}
