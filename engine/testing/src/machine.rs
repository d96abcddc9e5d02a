//! The machine that a test runs on.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A port that nobody listens on, for servers that must come back on the same one.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Node, as the set-up brings it.
pub fn node() -> PathBuf {
    let deps = std::env::var_os("VIAHE_DEPS").map_or_else(|| root().join(".deps"), PathBuf::from);
    let node = deps.join("node/bin/node");
    assert!(node.is_file(), "{} is missing; run: make setup", node.display());
    node
}

/// Says loudly that a test tests nothing here; what is printed by macros would be kept back.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// A file or folder of the development data, or says that it is missing.
pub fn development_data(part: &str) -> Option<PathBuf> {
    let set = std::env::var_os("VIAHE_DEV_DATA").map(PathBuf::from);
    let found = set.unwrap_or_else(|| root().join("../shared/data")).join(part);
    if !found.exists() {
        skipped(&format!(
            "no {part} among the development data; VIAHE_DEV_DATA names their folder"
        ));
        return None;
    }
    Some(found)
}
