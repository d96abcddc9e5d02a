//! Every route × every role: what the table of rights does not give is refused.

use super::support::{Console, Session};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use viahe_console::model::Role;
use viahe_console::people::{Need, RIGHTS};

/// What is said of a route besides who asks.
struct Call {
    method: String,
    path: String,
    need: Need,
}

/// All routes of the `OpenAPI` document, and what the table says of them.
fn calls(console: &Console) -> Vec<Call> {
    let document = console.ask("GET", "/v1/openapi.json", &[], None).json();
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let row = RIGHTS.iter().find(|(own, route, _)| *own == method && route == path);
            let (_, _, need) = row.unwrap_or_else(|| panic!("{method} {path} is in no table"));
            calls.push(Call { method, path: path.clone(), need: *need });
        }
    }
    let told: BTreeSet<(&str, &str)> = calls.iter().map(|c| (&*c.method, &*c.path)).collect();
    let document = ("GET", "/v1/openapi.json");
    for (method, path, _) in RIGHTS.iter().filter(|(m, p, _)| (*m, *p) != document) {
        assert!(told.contains(&(*method, *path)), "{method} {path} is no route");
    }
    calls
}

impl Call {
    fn as_asked_by(&self, console: &Console, headers: &[(&str, &str)]) -> (u16, String) {
        let path = self.path.replace("{name}", "no-such-name").replace("{id}", "999");
        let path = path.replace("{no}", "7").replace("{site}", "no-such-site");
        let path = path.replace("{camera}", "no-such-camera");
        let body = (!["GET", "HEAD"].contains(&&*self.method)).then(|| json!({ "no": "such key" }));
        let answer = console.ask(&self.method, &path, headers, body);
        if self.method == "HEAD" {
            let kind = match answer.status {
                401 => "unauthenticated",
                403 => "forbidden",
                _ => "",
            };
            return (answer.status, kind.to_owned());
        }
        let problem: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        (answer.status, problem["type"].as_str().unwrap_or_default().to_owned())
    }
}

/// The table itself, held against what the roles are.
#[test]
fn who_looks_changes_nothing_and_only_admins_manage_people() {
    // A picture that somebody asks a camera for is none of the street's changes.
    let still = "/v1/sites/{site}/cameras/{camera}/still";
    let own = ["/v1/session", "/v1/me", "/v1/incidents/{id}/looking", still];
    for (method, path, need) in RIGHTS {
        let open = *need == Need::Nothing;
        let may = |role: Role| need.is_met_by(role);
        let reads = ["GET", "HEAD"].contains(method);
        let say = format!("{method} {path}");
        for role in [Role::Viewer, Role::Ward, Role::Ml] {
            assert!(reads || own.contains(path) || !may(role), "{say}: {role} changes something");
        }
        let set_up = !reads && path.starts_with("/v1/sites/") && *path != still;
        let others = [Role::Viewer, Role::Operator, Role::Ward, Role::Ml];
        assert!(!set_up || !others.into_iter().any(may), "{say}: only installers set up");
        let managed = ["/v1/people", "/v1/tokens", "/v1/audit"];
        if managed.iter().any(|part| path.starts_with(part)) {
            let others = Role::ALL.into_iter().filter(|role| *role != Role::Admin);
            assert!(others.clone().all(|role| !may(role)) && may(Role::Admin), "{say}");
        }
        let of_a_box = *path == "/v1/me" && reads
            || *path == "/v1/evidence/{sha256}" && ["PUT", "HEAD"].contains(method);
        assert!(open || of_a_box == may(Role::Box), "{say}: a box");
        assert_eq!(open && *path != "/v1/session", reads && need_nothing(path), "{say}");
    }
}

/// What everybody may read.
fn need_nothing(path: &str) -> bool {
    ["/healthz", "/metrics", "/v1/openapi.json"].contains(&path)
}

#[test]
fn a_route_is_open_to_those_roles_that_the_table_names_and_to_nobody_else() {
    let console = Console::start();
    let mut people: Vec<(&str, String, String)> = Vec::new();
    for role in ["viewer", "operator", "installer", "ward", "ml"] {
        for (reach, sites) in [("all", None), ("one", Some(&["ward-7"][..]))] {
            let name = format!("{role}-{reach}");
            let password = console.person(&name, role, sites);
            people.push((role, name, password));
        }
    }
    people.push(("admin", "admin".to_owned(), console.password.clone()));
    let machine = console.token("gate-3", "box", Some(&["ward-7"]));
    let calls = calls(&console);
    assert!(calls.len() > 10, "{} routes", calls.len());
    for call in &calls {
        let say = format!("{} {}", call.method, call.path);
        let open = call.need == Need::Nothing;
        let strangers: [&[(&str, &str)]; 4] = [
            &[],
            &[("authorization", "Bearer vht_0000")],
            &[("authorization", "Basic YWRtaW46YWRtaW4=")],
            &[("cookie", "viahe_session=0000"), ("x-viahe-csrf", "0000")],
        ];
        for stranger in strangers {
            let (status, kind) = call.as_asked_by(&console, stranger);
            assert!(
                open || (status, &*kind) == (401, "unauthenticated"),
                "{say}: {stranger:?} {status}"
            );
        }
        for (role, name, password) in &people {
            // Each time anew: a route may end the session.
            let session = Session::of(&console.log_in(name, password));
            let (status, kind) = call.as_asked_by(&console, &session.headers());
            let allowed = call.need.is_met_by(role.parse().unwrap());
            assert_eq!(
                (status, &*kind) != (403, "forbidden"),
                allowed,
                "{say}: {name} {status} {kind}"
            );
            assert_ne!(status, 401, "{say}: {name}");
            assert!(status < 500, "{say}: {name} {status}");
        }
        let (status, _) = call.as_asked_by(&console, &[("authorization", &machine)]);
        let allowed = call.need.is_met_by("box".parse().unwrap());
        assert_eq!(status != 403, allowed, "{say}: box {status}");
    }
    for method in ["PUT", "OPTIONS", "TRACE", "BREW"] {
        let answer = console.ask(method, "/v1/people", &console.admin().headers(), None);
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("get, post, head"), "{method}");
    }
}
