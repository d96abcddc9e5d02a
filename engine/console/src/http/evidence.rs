//! Evidence: boxes bring it, people see it.

use super::app::App;
use super::extract::Path;
use super::problem::{Kind, Problem};
use crate::clock;
use crate::evidence::{BYTES_MAX, Part};
use crate::model::Scope;
use crate::people::Caller;
use crate::vitals::DISK_EVIDENCE;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use viahe_contract::id::Name;
use viahe_contract::sha256::Sha256;

/// How many bytes of a file are there: where to go on.
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// Bytes that are written at once: what a request holds in memory.
const PART_BYTES: usize = 256 << 10;

/// The site whose box this is.
fn site_of(caller: &Caller) -> Result<Name, Problem> {
    let own = match &caller.person.scope {
        Scope::Sites(sites) if sites.len() == 1 => sites.first().cloned(),
        _ => None,
    };
    own.ok_or_else(|| Problem::new(Kind::Forbidden, "a token or certificate of one site is needed"))
}

fn with_offset(status: StatusCode, offset: u64) -> Response {
    let mut response = status.into_response();
    response.headers_mut().insert(OFFSET, offset.into());
    response
}

/// Which part of which whole a request brings.
struct Span {
    from: u64,
    /// One past the last byte.
    to: u64,
    total: u64,
}

fn span(headers: &HeaderMap) -> Result<Span, Problem> {
    let wrong = |field: &str, what: &str| Problem::field(field, what);
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let length: Option<u64> = text(header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
    let Some(length) = length else {
        return Err(wrong("content-length", "is missing"));
    };
    let span = match text(header::CONTENT_RANGE) {
        None => Some(Span { from: 0, to: length, total: length }),
        Some(range) => read_range(range).filter(|span| span.to - span.from == length),
    };
    let refused = || wrong("content-range", "is not bytes FIRST-LAST/TOTAL of the body's length");
    let span = span.ok_or_else(refused)?;
    match span.total {
        0 => Err(wrong("content-length", "is nothing")),
        1..=BYTES_MAX => Ok(span),
        _ => Err(Problem::new(Kind::TooLarge, format!("a file has {BYTES_MAX} bytes at most"))),
    }
}

fn read_range(range: &str) -> Option<Span> {
    let (part, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let (from, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let (to, total) = (last.checked_add(1)?, total.parse().ok()?);
    (from < to && to <= total).then_some(Span { from, to, total })
}

/// The size of a file that the site has brought and that is on the disk.
async fn whole(app: &App, site: &Name, file: Sha256) -> Result<Option<u64>, Problem> {
    let brought = app.store.has_file(site.clone(), file).await?;
    Ok(app.files.size(&file).filter(|_| brought))
}

/// A box brings a file, or a part of it: then `content-range` says which bytes of how many, as many as `content-length`
/// says, and the last of them at most the last of the whole.
#[utoipa::path(put, path = "/v1/evidence/{sha256}", tag = "evidence", params(("sha256" = String, Path)),
    request_body(content = Vec<u8>, content_type = "image/jpeg"), responses(
    (status = 200, description = "it was there: all its `upload-offset` bytes"),
    (status = 201, description = "it is whole: all its `upload-offset` bytes"),
    (status = 202, description = "a part of it is there: `upload-offset` bytes"),
    Problem,
))]
pub(super) async fn bring(
    State(app): State<App>,
    caller: Caller,
    Path(file): Path<Sha256>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let site = site_of(&caller)?;
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if kind != Some(b"image/jpeg") {
        return Err(Problem::field("content-type", "is not image/jpeg"));
    }
    let span = span(&headers)?;
    if let Some(bytes) = whole(&app, &site, file).await? {
        return Ok(with_offset(StatusCode::OK, bytes));
    }
    match take(&app, (&site, file), &span, body).await? {
        Part::Whole { bytes, turn } => {
            app.store.arrived(site, file, bytes, clock::now()).await?;
            drop(turn);
            app.vitals.count("evidence", "arrived");
            Ok(with_offset(StatusCode::CREATED, bytes))
        }
        Part::Upto(offset) => Ok(with_offset(StatusCode::ACCEPTED, offset)),
        Part::Gap(offset) => {
            let detail = format!("{offset} bytes are there: go on from there");
            let mut response = Problem::new(Kind::Conflict, detail).into_response();
            response.headers_mut().insert(OFFSET, offset.into());
            Ok(response)
        }
        Part::Wrong(why) => {
            app.vitals.count("evidence", "wrong");
            Err(Problem::new(Kind::Invalid, why))
        }
        Part::Busy => Err(Problem::new(Kind::Conflict, "another request brings this file")),
    }
}

/// Writes a body as it comes; what came before it was cut stays.
async fn take(
    app: &App,
    (site, file): (&Name, Sha256),
    span: &Span,
    body: Body,
) -> Result<Part, Problem> {
    let mut stream = body.into_data_stream();
    let (mut at, mut bytes) = (span.from, Vec::new());
    loop {
        let chunk = stream.next().await;
        let cut = matches!(chunk, Some(Err(_)));
        let end = chunk.is_none() || cut;
        if let Some(Ok(chunk)) = chunk {
            bytes.extend_from_slice(&chunk);
        }
        if at + bytes.len() as u64 > span.to {
            return Err(Problem::new(Kind::Invalid, "the body is longer than it says"));
        }
        if bytes.len() < PART_BYTES && !end {
            continue;
        }
        let part = std::mem::take(&mut bytes);
        let (files, site, length, total) =
            (app.files.clone(), site.clone(), part.len() as u64, span.total);
        let job = move || files.add((&site, &file), at, &part, total);
        let added = tokio::task::spawn_blocking(job).await.map_err(std::io::Error::other);
        let mut added = added.and_then(|added| added);
        if !matches!(added, Ok(Part::Gap(_) | Part::Busy)) {
            added = app.vitals.follow(DISK_EVIDENCE, added);
        }
        let added = added.map_err(|error| {
            tracing::error!(%error, "evidence is not kept");
            Problem::new(Kind::Unavailable, "the disk takes nothing; the log says why")
        })?;
        at += length;
        let goes_on = matches!(added, Part::Upto(_)) && !end;
        if !goes_on {
            return Ok(added);
        }
    }
}

/// How a file stands that a box brings: whole, or how much of it is there.
#[utoipa::path(head, path = "/v1/evidence/{sha256}", tag = "evidence", params(("sha256" = String, Path)),
    responses(
    (status = 200, description = "it is whole: `content-length` bytes"),
    (status = 404, description = "it is not; `upload-offset` bytes of it are there"),
    Problem,
))]
pub(super) async fn stands(
    State(app): State<App>,
    caller: Caller,
    Path(file): Path<Sha256>,
) -> Result<Response, Problem> {
    let site = site_of(&caller)?;
    match whole(&app, &site, file).await? {
        Some(bytes) => {
            let mut response = StatusCode::OK.into_response();
            response.headers_mut().insert(header::CONTENT_LENGTH, bytes.into());
            Ok(response)
        }
        None => Ok(with_offset(StatusCode::NOT_FOUND, app.files.offset(&site, &file))),
    }
}

/// Does whoever asks have it already?
fn names(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    tags.any(|found| found.trim().trim_start_matches("W/") == tag)
}

/// A picture, to whom a site is open that names it; the audit keeps who saw it. A browser may keep it, but asks
/// before it shows it again.
#[utoipa::path(get, path = "/v1/evidence/{sha256}", tag = "evidence", params(("sha256" = String, Path)),
    responses(
    (status = 200, content_type = "image/jpeg", body = Vec<u8>),
    (status = 304, description = "`if-none-match` names it: whoever asks has it, and may still see it"),
    Problem,
))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(file): Path<Sha256>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sites = app.store.sites_of_file(file).await?;
    let site = sites.into_iter().find(|site| caller.person.scope.covers(site));
    let site = site.ok_or_else(Problem::not_found)?;
    let tag = format!("\"{file}\"");
    let has = names(&headers, &tag);
    let mut response = if has {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let files = app.files.clone();
        let read = tokio::task::spawn_blocking(move || files.read(&file)).await;
        let bytes = read.map_err(std::io::Error::other).and_then(|read| read).map_err(|error| {
            tracing::error!(%error, file = %file, "evidence is known and cannot be read");
            Problem::not_found()
        })?;
        Response::new(Body::from(bytes))
    };
    app.people.sees(&caller, file, site).await?;
    let tag = HeaderValue::try_from(tag).map_err(|_| Problem::not_found())?;
    response.headers_mut().insert(header::ETAG, tag);
    for (name, value) in [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "sandbox"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
