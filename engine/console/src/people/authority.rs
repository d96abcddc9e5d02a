//! Who says who somebody is.

use super::person::Caller;
use axum::http::HeaderMap;
use futures_util::future::BoxFuture;

/// Knows people by what a request carries.
pub trait Authority: Send + Sync {
    /// Who sent these headers?
    fn who<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, Result<Caller, Refusal>>;
}

/// Why nobody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing says who it is, or it is no longer so.
    Unknown,
    /// It cannot be found out now.
    Unavailable,
}
