//! Every answer that is an error: `application/problem+json` (RFC 9457).

use crate::store::StoreError;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::IntoResponses;
use utoipa::openapi::{self, Content, Ref, RefOr, ResponseBuilder};
use viahe_contract::message::Refusal;

/// How errors are written.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, by a word that does not change; pages choose their own text by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nobody is logged in.
    Unauthenticated,
    /// They may not.
    Forbidden,
    /// A change without the header that proves that our own page asks for it.
    Csrf,
    /// Too many wrong passwords.
    TooManyTries,
    /// It is not there, or is nobody's business.
    NotFound,
    /// The route has no such method.
    MethodNotAllowed,
    /// What was sent is wrong.
    Invalid,
    /// Somebody else was faster.
    Conflict,
    /// What was sent is too large.
    TooLarge,
    /// Bytes beyond the end of a file.
    OutOfRange,
    /// Too many wait for boxes.
    Busy,
    /// A box does not answer.
    BoxSilent,
    /// A box is away.
    BoxOffline,
    /// A box is of a version that cannot do this.
    BoxTooOld,
    /// A box says no.
    Refused,
    /// It does not work now.
    Unavailable,
}

impl Kind {
    fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Csrf => StatusCode::FORBIDDEN,
            Self::TooManyTries | Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Invalid | Self::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict | Self::BoxOffline | Self::BoxTooOld => StatusCode::CONFLICT,
            Self::BoxSilent => StatusCode::GATEWAY_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::OutOfRange => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Unauthenticated => "Nobody is logged in",
            Self::Forbidden => "Not allowed",
            Self::Csrf => "The request does not prove that it comes from the console's own page",
            Self::TooManyTries => "Too many tries",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "The route has no such method",
            Self::Invalid => "What was sent is wrong",
            Self::Conflict => "Somebody else was faster",
            Self::TooLarge => "Too large",
            Self::OutOfRange => "Beyond the end of the file",
            Self::Busy => "Too many requests wait for boxes",
            Self::BoxSilent => "The box does not answer",
            Self::BoxOffline => "The box is away",
            Self::BoxTooOld => "The box is of an earlier version",
            Self::Refused => "The box refuses it",
            Self::Unavailable => "It does not work now",
        }
    }
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(super) struct Field {
    /// Which.
    field: String,
    /// What is wrong with it.
    problem: String,
}

/// An error as it is answered.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// By which pages choose their text.
    #[serde(rename = "type")]
    kind: Kind,
    /// In short.
    title: &'static str,
    /// The code of HTTP.
    status: u16,
    /// What exactly.
    detail: String,
    /// Which fields are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    /// The verdict that stands, in a conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    theirs: Option<Box<Value>>,
    /// What is wrong with the pipeline that a box refuses, as it says it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    problems: Vec<Value>,
    /// Why a box refuses it, as a code with numbers and names; not there where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    refusal: Option<Box<Refusal>>,
    /// What a header says besides.
    #[serde(skip)]
    more: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    /// Of this kind, in these words.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: detail.into(),
            fields: Vec::new(),
            theirs: None,
            problems: Vec::new(),
            refusal: None,
            more: None,
        }
    }

    /// A field that is wrong.
    pub fn field(field: &str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        let mut whole = Self::new(Kind::Invalid, format!("{field}: {problem}"));
        whole.fields.push(Field { field: field.to_owned(), problem });
        whole
    }

    /// Ask again after so many seconds.
    #[must_use]
    pub fn retry_after(self, secs: u64) -> Self {
        Self { more: Some(Box::new((header::RETRY_AFTER, secs.into()))), ..self }
    }

    /// The route has no such method, but these.
    pub(super) fn method(detail: impl Into<String>, methods: &str) -> Self {
        let allow =
            HeaderValue::try_from(methods).ok().map(|methods| Box::new((header::ALLOW, methods)));
        Self { more: allow, ..Self::new(Kind::MethodNotAllowed, detail) }
    }

    /// Somebody else was faster; with what they said.
    pub fn conflict(detail: &str, theirs: Option<&impl Serialize>) -> Self {
        let theirs = theirs.and_then(|theirs| serde_json::to_value(theirs).ok()).map(Box::new);
        Self { theirs, ..Self::new(Kind::Conflict, detail) }
    }

    /// A box says no, in its words and, where there is one, by a code.
    pub fn refused(detail: String, problems: Vec<Value>, refusal: Option<Refusal>) -> Self {
        Self { problems, refusal: refusal.map(Box::new), ..Self::new(Kind::Refused, detail) }
    }

    /// There is nothing, as far as whoever asks is concerned.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "there is nothing here")
    }
}

/// In the document of the interface: what every route may answer instead.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let content = Content::new(Some(Ref::from_schema_name("Problem")));
        let answer = ResponseBuilder::new().content(PROBLEM_JSON, content).build();
        ["4XX", "5XX"].map(|status| (status.to_owned(), answer.clone().into())).into()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(Kind::Unavailable, "the database does not answer; the log says why")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Texts and numbers: cannot fail.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.kind.status();
        let json = HeaderValue::from_static(PROBLEM_JSON);
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if self.kind == Kind::Unauthenticated {
            // How else one is let in than by the page.
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        if let Some((name, value)) = self.more.map(|more| *more) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
