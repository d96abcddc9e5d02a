//! The file of the store: its name, its marks, and what lies beside it.

use std::path::{Path, PathBuf};

/// File name of the database in the state folder.
pub const FILE_NAME: &str = "viahe.db";

/// "viah" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x7669_6168;

/// Why a row is set aside.
pub(super) const DAMAGED: &str = "its bytes are not those that were written";

/// `path` with `end` after its name.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
