//! What handlers do not say of themselves, in the document of the interface: rights, and what errors are written as.

use super::between;
use super::gate::CSRF_HEADER;
use super::problem::PROBLEM_JSON;
use super::schema;
use crate::model::Role;
use crate::people::{Need, need_of};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, Content, OpenApi, RefOr};

/// The same document, with how one is let in, who may do what, and the media type of errors.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    let certificates =
        SecurityScheme::MutualTls { description: None, deprecated: None, extensions: None };
    for (name, scheme) in [
        ("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))),
        ("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("viahe_session")))),
        ("certificate", certificates),
        ("csrf", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(CSRF_HEADER.as_str())))),
    ] {
        components.add_security_scheme(name, scheme);
    }
    between::tell(components);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            name_errors(operation);
            tell_bytes(operation);
            tell(operation, need_of(method, path), method != "GET" && method != "HEAD");
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("HEAD", &mut item.head),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Those that handlers tell one by one are written as all others are.
fn name_errors(operation: &mut Operation) {
    for (status, answer) in &mut operation.responses.responses {
        let RefOr::T(answer) = answer else { continue };
        if !status.starts_with(['4', '5']) {
            continue;
        }
        if let Some(content) = answer.content.swap_remove("application/json") {
            answer.content.insert(PROBLEM_JSON.to_owned(), content);
        }
    }
}

/// What is answered or sent as it is in a file.
const FILES: [&str; 2] = ["image/jpeg", "application/vnd.pmtiles"];

/// Files are bytes, and no lists of numbers.
fn tell_bytes(operation: &mut Operation) {
    let tell = |kind: &str, content: &mut RefOr<Content>| {
        if let RefOr::T(content) = content
            && FILES.contains(&kind)
        {
            content.schema = Some(schema::bytes().into());
        }
    };
    for answer in operation.responses.responses.values_mut() {
        let RefOr::T(answer) = answer else { continue };
        answer.content.iter_mut().for_each(|(kind, content)| tell(kind, content));
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.content.iter_mut().for_each(|(kind, content)| tell(kind, content));
    }
}

fn tell(operation: &mut Operation, need: Option<Need>, changes: bool) {
    let Some(Need::OneOf(roles)) = need else {
        operation.security = Some(Vec::new());
        return;
    };
    let none: [&str; 0] = [];
    let mut session = SecurityRequirement::new("session", none);
    if changes {
        session = session.add("csrf", none);
    }
    let mut passes = vec![SecurityRequirement::new("token", none), session];
    if roles.contains(&Role::Box) {
        passes.push(SecurityRequirement::new("certificate", none));
    }
    operation.security = Some(passes);
    let roles: Vec<String> = roles.iter().map(Role::to_string).collect();
    let roles = format!("For: {}.", roles.join(", "));
    let before = operation.description.take().filter(|text| !text.is_empty());
    operation.description = Some(before.map_or(roles.clone(), |text| format!("{text}\n\n{roles}")));
}
