//! Which state folders a demo may remove: those with its mark, until an engine runs there.

use crate::exit::Exit;
use std::path::Path;
use viahe_edge::store::{Store, StoreError};

/// This file in a state folder says that it is a demo's.
const DEMO_MARK: &str = "made-by-viahe-demo";

/// The demo tells what it finds from the beginning: what an earlier one left is removed, and
/// nothing else, whatever `--pipeline` says.
pub(crate) fn fresh_state(dir: &Path) -> Result<(), Exit> {
    let failed = |e: std::io::Error| {
        Exit::Failed(format!(
            "{}: {e}; go to a folder that you may write to, or give one with --state",
            dir.display()
        ))
    };
    let mark = dir.join(DEMO_MARK);
    let is_empty = match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => true,
        Err(e) => return Err(failed(e)),
    };
    if !is_empty && !mark.exists() {
        return Err(Exit::Usage(format!(
            "{} holds something that is not an earlier demo; move it away",
            dir.display()
        )));
    }
    std::fs::create_dir_all(dir).map_err(failed)?;
    if let Err(taken @ StoreError::Locked { .. }) = Store::open(dir) {
        return Err(Exit::failed(taken));
    }
    std::fs::remove_dir_all(dir).map_err(failed)?;
    std::fs::create_dir_all(dir).and_then(|()| std::fs::write(mark, "")).map_err(failed)
}

/// An engine is about to keep its state in `dir`, and no demo may remove it any more.
///
/// # Errors
/// When the mark of an earlier demo cannot be removed.
pub(crate) fn no_demo(dir: &Path) -> Result<(), Exit> {
    let mark = dir.join(DEMO_MARK);
    // A folder that cannot be used is the engine's to tell, and a disk that takes nothing stops no engine:
    // only a mark that is there and stays is a danger.
    match std::fs::remove_file(&mark) {
        Err(e) if mark.exists() && e.kind() != std::io::ErrorKind::ReadOnlyFilesystem => {
            Err(Exit::Failed(format!("{}: {e}; remove it", mark.display())))
        }
        _ => Ok(()),
    }
}
