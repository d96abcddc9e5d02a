//! Who asks.

use crate::model::{Person, Role, Scope};
use crate::store::Pass;
use std::collections::BTreeSet;
use std::net::IpAddr;
use viahe_contract::id::Name;

/// Somebody who asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub person: Person,
    /// What a change must carry besides the cookie; none of who shows a token or certificate.
    pub csrf: Option<String>,
    /// By what they are known. Who stays for long must be asked again: it ends. None of a certificate, which stands as
    /// long as the connection does.
    pub pass: Option<Pass>,
    /// From where.
    pub address: IpAddr,
}

impl Caller {
    /// The box of a site, by its certificate. No person and no token has a space in its name.
    pub fn certified(site: Name, address: IpAddr) -> Self {
        let name = format!("certificate {site}");
        let (display_name, scope) = (name.clone(), Scope::Sites(BTreeSet::from([site])));
        let person = Person { name, display_name, role: Role::Box, scope };
        Self { person, csrf: None, pass: None, address }
    }
}
