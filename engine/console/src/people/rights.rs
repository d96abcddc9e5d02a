//! Who may do what: one table, by which the router lets in and the tests try.

use super::person::Role;

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

use Role::{Admin, Installer, Ml, Operator, Viewer, Ward};

const READ: Need = Need::OneOf(&[Viewer, Operator, Installer, Ward, Ml, Admin]);
const JUDGE: Need = Need::OneOf(&[Operator, Installer, Admin]);

/// Method, route, what it needs. A route that is not here is closed.
const RIGHTS: &[(&str, &str, Need)] =
    &[("GET", "/healthz", Need::Nothing), ("GET", "/v1/openapi.json", Need::Nothing)];

/// What a route needs; none for what is no route.
pub fn need_of(method: &str, route: &str) -> Option<Need> {
    let found = RIGHTS.iter().find(|(own, path, _)| *own == method && *path == route);
    found.map(|(_, _, need)| *need)
}
