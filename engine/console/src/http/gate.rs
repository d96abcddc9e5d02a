//! The gate before every route: lets in by the table of rights.

use super::app::App;
use super::problem::{Kind, Problem};
use crate::people::{Caller, Need, Refusal, need_of};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Proves that our own page asks: no other can set it.
const CSRF_HEADER: &str = "x-viahe-csrf";

pub(super) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    // What is no route is the web application's.
    let Some(route) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    let entered = enter(&app, &route, request.method().clone(), request.headers()).await;
    match entered {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller.person);
            next.run(request).await
        }
        Ok(None) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Who comes in, when that matters.
async fn enter(
    app: &App,
    route: &MatchedPath,
    method: Method,
    headers: &HeaderMap,
) -> Result<Option<Caller>, Problem> {
    let Some(need) = need_of(method.as_str(), route.as_str()) else {
        let detail = format!("{method} is not for {}", route.as_str());
        return Err(Problem::new(Kind::MethodNotAllowed, detail));
    };
    if need == Need::Nothing {
        return Ok(None);
    }
    let caller = app.authority.who(headers).await.map_err(|refusal| match refusal {
        Refusal::Unknown => Problem::new(Kind::Unauthenticated, "log in first"),
        Refusal::Unavailable => Problem::new(Kind::Unavailable, "nobody can be known now"),
    })?;
    if !need.is_met_by(caller.person.role) {
        let detail = format!("the role {} may not do this", caller.person.role);
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    let changes = ![Method::GET, Method::HEAD].contains(&method);
    if let (true, Some(csrf)) = (changes, &caller.csrf) {
        let told = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
        if told != Some(csrf.as_str()) {
            let detail = format!("send the csrf of /v1/me as {CSRF_HEADER}");
            return Err(Problem::new(Kind::Csrf, detail));
        }
    }
    Ok(Some(caller))
}
