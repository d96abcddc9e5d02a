//! Who asks.

use crate::model::Person;
use crate::store::Pass;
use std::net::IpAddr;

/// Somebody who asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub person: Person,
    /// What a change must carry besides the cookie; none of who shows a token.
    pub csrf: Option<String>,
    /// By what they are known. Who stays for long must be asked again: it ends.
    pub pass: Pass,
    /// From where.
    pub address: IpAddr,
}
