//! The gate before every route: lets in by the table of rights.

use super::address::Address;
use super::app::App;
use super::certificate::Certified;
use super::cookie;
use super::problem::{Kind, Problem};
use crate::people::{Caller, Need, Shown, TOKEN_PREFIX, Told, methods_of, need_of, same};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

/// Proves that our own page asks: no other can set it.
pub(super) const CSRF_HEADER: HeaderName = HeaderName::from_static("x-viahe-csrf");
/// Where a browser says what sort of page asks.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    // What is no route is the web application's.
    let Some(route) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    let address = Address::of(&request, app.proxy);
    request.extensions_mut().insert(address);
    // That of a proxy is not of whoever asks by it.
    let of_itself = |certified: &&Certified| app.proxy != Some(certified.peer.ip().to_canonical());
    let certified = request.extensions().get::<Certified>().filter(of_itself);
    // Not the request itself: its body cannot be shared.
    let (headers, method) = (request.headers(), request.method().clone());
    match enter(&app, (&method, &route), headers, (address.0, certified)).await {
        Ok(caller) => {
            caller.map(|caller| request.extensions_mut().insert(caller));
            let answer = next.run(request).await;
            if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                app.vitals.count("requests", "too_many");
            }
            answer
        }
        Err(problem) => problem.into_response(),
    }
}

/// Who comes in, when that matters.
async fn enter(
    app: &App,
    (method, route): (&Method, &MatchedPath),
    headers: &HeaderMap,
    (address, certified): (IpAddr, Option<&Certified>),
) -> Result<Option<Caller>, Problem> {
    let Some(need) = need_of(method.as_str(), route.as_str()) else {
        let detail = format!("{method} is not for {}", route.as_str());
        return Err(Problem::method(detail, &methods_of(route.as_str())));
    };
    let shown = shown(headers);
    let changes = ![Method::GET, Method::HEAD].contains(method);
    // Also of who logs in: another page must not log somebody in as somebody else.
    if changes && !matches!(shown, Some(Shown::Token(_))) && !told(headers).is_ours() {
        return Err(Problem::new(Kind::Csrf, "another page than the console's sent this"));
    }
    if need == Need::Nothing {
        return Ok(None);
    }
    let caller = match (shown, certified) {
        (Some(shown), _) => app.people.who(shown, address).await?,
        (None, Some(Certified { site: Some(site), .. })) => {
            Some(Caller::certified(site.clone(), address))
        }
        (None, Some(_)) => {
            let detail =
                "the certificate names no site: its one DNS name, or without any its common name";
            return Err(Problem::new(Kind::Unauthenticated, detail));
        }
        (None, None) => None,
    };
    let caller = caller.ok_or_else(|| Problem::new(Kind::Unauthenticated, "log in first"))?;
    if !need.is_met_by(caller.person.role) {
        let detail = format!("the role {} may not do this", caller.person.role);
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    let proves = |csrf: &String| same(text(headers, &CSRF_HEADER).unwrap_or_default(), csrf);
    if changes && !caller.csrf.as_ref().is_none_or(proves) {
        let detail = format!("send the csrf of /v1/me as {CSRF_HEADER}");
        return Err(Problem::new(Kind::Csrf, detail));
    }
    Ok(Some(caller))
}

/// By what somebody wants to be known. A token counts alone; other sorts of authorisation are for what stands in front.
fn shown(headers: &HeaderMap) -> Option<Shown<'_>> {
    let bearer = text(headers, &header::AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    match bearer {
        Some(token) => token.starts_with(TOKEN_PREFIX).then_some(Shown::Token(token)),
        None => cookie::of(headers).map(Shown::Cookie),
    }
}

fn told(headers: &HeaderMap) -> Told<'_> {
    Told {
        host: text(headers, &header::HOST),
        origin: text(headers, &header::ORIGIN),
        fetch_site: text(headers, &FETCH_SITE),
    }
}

/// What cannot be read is nothing that we know.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}
