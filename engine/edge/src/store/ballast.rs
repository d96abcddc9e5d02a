//! Space held in reserve.
//!
//! On a full disk SQLite can neither delete nor checkpoint, so an outbox could not even be
//! drained. The ballast is a file of real blocks; giving it up gives that room.

use crate::disk::{self, Room};
use rustix::fs::{FallocateFlags, fallocate};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Without ballast, commits stop while less than this is free, so that deleting can go on.
const COMMIT_FREE_BYTES_MIN: u64 = 6 << 20;

fn path(dir: &Path) -> PathBuf {
    dir.join("ballast")
}

/// Makes the file when it is absent or too small, and there is room for it four times over.
pub(super) fn make(dir: &Path, bytes: u64) {
    disk::close_to_others(&path(dir));
    if bytes == 0 || held(dir) >= bytes || free_bytes(dir) < bytes.saturating_mul(4) {
        return;
    }
    let mut options = OpenOptions::new();
    let made = disk::open(&path(dir), options.create(true).truncate(false).write(true))
        .and_then(|file| fill(&file, bytes));
    if let Err(source) = made {
        tracing::warn!(%source, "the ballast file cannot be made; a full disk will stop deliveries");
        let _ = release(dir);
    }
}

/// Real blocks, not a hole.
fn fill(mut file: &File, bytes: u64) -> std::io::Result<()> {
    if fallocate(file, FallocateFlags::empty(), 0, bytes).is_err() {
        let zeros = vec![0; 1 << 20];
        for start in (0..bytes).step_by(zeros.len()) {
            file.write_all(&zeros[..zeros.len().min((bytes - start) as usize)])?;
        }
    }
    file.sync_all()
}

/// Gives the space back; says whether there was any.
pub(super) fn release(dir: &Path) -> bool {
    let had = held(dir) > 0;
    had && std::fs::remove_file(path(dir)).is_ok()
}

/// May a commit be tried? Always with the ballast in place; else when enough is free. Makes the
/// ballast again once there is room.
pub(super) fn allows_commit(dir: &Path, bytes: u64) -> bool {
    if bytes == 0 || held(dir) > 0 {
        return true;
    }
    make(dir, bytes);
    let room = Room::of(dir);
    held(dir) > 0 || room.is_none_or(|room| room.free_bytes >= room.part(COMMIT_FREE_BYTES_MIN))
}

fn held(dir: &Path) -> u64 {
    std::fs::metadata(path(dir)).map_or(0, |m| m.len())
}

/// What this user may still write; "plenty" when it cannot be known.
fn free_bytes(dir: &Path) -> u64 {
    Room::of(dir).map_or(u64::MAX, |room| room.free_bytes)
}
