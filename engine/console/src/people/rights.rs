//! Who may do what: one table, by which the router lets in and the tests try.

use crate::model::Role;

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it is open to everybody.
    Nothing,
    /// One of these roles.
    OneOf(&'static [Role]),
}

impl Need {
    /// Is it met by somebody of this role?
    pub fn is_met_by(self, role: Role) -> bool {
        match self {
            Self::Nothing => true,
            Self::OneOf(roles) => roles.contains(&role),
        }
    }
}

use Role::{Admin, Box, Installer, Ml, Operator, Viewer, Ward};

const ALL: Need = Need::OneOf(&Role::ALL);
const PEOPLE: Need = Need::OneOf(&[Viewer, Operator, Installer, Ward, Ml, Admin]);
const JUDGE: Need = Need::OneOf(&[Operator, Installer, Admin]);
const LOOK: Need = Need::OneOf(&[Operator, Installer, Ward, Ml, Admin]);
const READ_SETUP: Need = Need::OneOf(&[Operator, Installer, Ml, Admin]);
const SET_UP: Need = Need::OneOf(&[Installer, Admin]);
const BOX: Need = Need::OneOf(&[Box]);
const MANAGE: Need = Need::OneOf(&[Admin]);

/// Method, route, what it needs. A route that is not here is closed to everybody. Which sites somebody sees, handlers
/// ask of the [`crate::model::Scope`].
pub const RIGHTS: &[(&str, &str, Need)] = &[
    ("GET", "/healthz", Need::Nothing),
    ("GET", "/v1/openapi.json", Need::Nothing),
    ("GET", "/metrics", Need::Nothing),
    ("GET", "/v1/queue", PEOPLE),
    ("GET", "/v1/incidents", PEOPLE),
    ("GET", "/v1/incidents/{id}", PEOPLE),
    ("GET", "/v1/incidents/{id}/explanation", PEOPLE),
    ("POST", "/v1/incidents/{id}/verdict", JUDGE),
    ("DELETE", "/v1/incidents/{id}/verdict/{no}", JUDGE),
    ("POST", "/v1/incidents/{id}/escalation", JUDGE),
    ("PUT", "/v1/incidents/{id}/looking", JUDGE),
    ("DELETE", "/v1/incidents/{id}/looking", JUDGE),
    ("GET", "/v1/floods", PEOPLE),
    ("GET", "/v1/floods/{no}", PEOPLE),
    ("DELETE", "/v1/floods/{no}", JUDGE),
    ("POST", "/v1/floods/{no}/verdict", JUDGE),
    ("DELETE", "/v1/floods/{no}/verdict", JUDGE),
    ("GET", "/v1/shelves", PEOPLE),
    ("POST", "/v1/shelves", JUDGE),
    ("DELETE", "/v1/shelves/{no}", JUDGE),
    ("GET", "/v1/workload", PEOPLE),
    ("GET", "/v1/precision", PEOPLE),
    ("POST", "/v1/precision/aside", JUDGE),
    ("GET", "/v1/boxes", PEOPLE),
    ("GET", "/v1/cameras", PEOPLE),
    ("GET", "/v1/map", PEOPLE),
    ("GET", "/v1/map/cameras.geojson", PEOPLE),
    ("GET", "/v1/map/incidents.geojson", PEOPLE),
    ("GET", "/map/base.pmtiles", PEOPLE),
    ("POST", "/v1/sites/{site}/cameras/{camera}/still", LOOK),
    ("GET", "/v1/sites/{site}/pipeline", READ_SETUP),
    ("POST", "/v1/sites/{site}/pipeline/check", SET_UP),
    ("POST", "/v1/sites/{site}/pipeline/edit", SET_UP),
    ("POST", "/v1/sites/{site}/pipeline/revert", SET_UP),
    ("POST", "/v1/sites/{site}/pipeline/preview", SET_UP),
    ("GET", "/v1/events", PEOPLE),
    ("PUT", "/v1/evidence/{sha256}", BOX),
    ("HEAD", "/v1/evidence/{sha256}", BOX),
    ("GET", "/v1/evidence/{sha256}", PEOPLE),
    ("POST", "/v1/session", Need::Nothing),
    ("DELETE", "/v1/session", PEOPLE),
    ("GET", "/v1/me", ALL),
    ("PATCH", "/v1/me", PEOPLE),
    ("GET", "/v1/people", MANAGE),
    ("POST", "/v1/people", MANAGE),
    ("PATCH", "/v1/people/{name}", MANAGE),
    ("GET", "/v1/tokens", MANAGE),
    ("POST", "/v1/tokens", MANAGE),
    ("DELETE", "/v1/tokens/{id}", MANAGE),
    ("GET", "/v1/audit", MANAGE),
];

/// The methods of a route, as the header `allow` names them.
pub fn methods_of(route: &str) -> String {
    let of = RIGHTS.iter().filter(|(_, own, _)| *own == route).map(|(method, ..)| *method);
    let mut methods: Vec<&str> = of.collect();
    if methods.contains(&"GET") && !methods.contains(&"HEAD") {
        methods.push("HEAD");
    }
    methods.join(", ")
}

/// What a route needs; none for what is no route. HEAD is GET without a body, unless it has a line of its own.
pub fn need_of(method: &str, route: &str) -> Option<Need> {
    let of = |method: &str| {
        let found = RIGHTS.iter().find(|(own, path, _)| *own == method && *path == route);
        found.map(|(_, _, need)| *need)
    };
    of(method).or_else(|| if method == "HEAD" { of("GET") } else { None })
}
