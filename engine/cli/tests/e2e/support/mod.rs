//! What the tests share: children that die with their test, a broker, cameras, an engine.

pub(crate) mod broker;
pub(crate) mod disk;
pub(crate) mod edited;
pub(crate) mod engine;
pub(crate) mod event;
pub(crate) mod gate;
pub(crate) mod media;
pub(crate) mod program;

use std::path::{Path, PathBuf};
pub(crate) use viahe_testing::machine::{free_port, root, skipped};
pub(crate) use viahe_testing::wait::{LONG, until};

/// The sample clip.
pub(crate) fn clip() -> PathBuf {
    let clip = root().join(".deps/clips/vtest.mp4");
    assert!(clip.is_file(), "{} is missing; run: make setup", clip.display());
    clip
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
