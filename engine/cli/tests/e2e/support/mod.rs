//! What the tests share: children that die with their test, a broker, cameras, an engine.

pub(crate) mod broker;
pub(crate) mod disk;
pub(crate) mod engine;
pub(crate) mod event;
pub(crate) mod gate;
pub(crate) mod media;
pub(crate) mod program;

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;
use viahe_edge::clock;

/// Bound of a wait that has no bound of its own; reached only by a failure.
pub(crate) const LONG: Duration = Duration::from_mins(1);
/// How often a condition that cannot be waited for is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The sample clip.
pub(crate) fn clip() -> PathBuf {
    let clip = root().join(".deps/clips/vtest.mp4");
    assert!(clip.is_file(), "{} is missing; run: make setup", clip.display());
    clip
}

/// Waits until `look` gives something, or fails.
pub(crate) fn until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let started = clock::monotonic();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < within, "not within {within:?}: {what}");
        std::thread::park_timeout(LOOK);
    }
}

/// Says loudly that a test tests nothing here; what is printed by macros would be kept back.
pub(crate) fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// A port that nobody listens on, for servers that must come back on the same one.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// All files below `dir`.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Lower-case hex of the SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let hex = |b: &u8| [b >> 4, b & 15].map(|d| char::from(b"0123456789abcdef"[usize::from(d)]));
    Sha256::digest(bytes).iter().flat_map(hex).collect()
}
