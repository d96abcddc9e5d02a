//! The folder that holds the outbox, the saved state and the evidence.

use super::finding::{Finding, bytes};
use crate::clock;
use rustix::fs::{statfs, statvfs};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

const TOPIC: &str = "disk";

/// Room for the store's ballast and some work; below, the store does not start well.
const FREE_BYTES_MIN: u64 = 64 << 20;
/// Below, evidence and a night without a network will fill it.
const FREE_BYTES_GOOD: u64 = 1 << 30;

/// Each commit of the store waits for one sync.
const SYNC_SLOW: Duration = Duration::from_millis(250);
const SYNCS: u32 = 8;

/// `f_type` of file systems that lose data at a power cut, or whose locks SQLite cannot trust;
/// numbers of `linux/magic.h`.
const UNSUITABLE: [(i64, &str, &str); 4] = [
    (0x0102_1994, "tmpfs", "in memory: incidents and evidence are lost at a power cut"),
    (0x8584_58f6, "ramfs", "in memory: incidents and evidence are lost at a power cut"),
    (0x6969, "nfs", "on a network: the store needs a local disk"),
    (0xff53_4d42, "cifs", "on a network: the store needs a local disk"),
];

/// Free space, kind and a write test; with `deep`, how long a sync takes.
pub(super) fn examine(state_dir: &Path, deep: bool) -> Vec<Finding> {
    if state_dir.exists() && !state_dir.is_dir() {
        let what = format!("{} is not a folder", state_dir.display());
        return vec![Finding::fail(TOPIC, what, "set another path for state_dir")];
    }
    let dir = nearest(state_dir);
    let mut findings = Vec::new();
    if dir != state_dir {
        let what = format!("{} does not exist; it will be made", state_dir.display());
        findings.push(Finding::ok(TOPIC, what));
    }
    findings.push(space(&dir));
    findings.extend(kind(&dir));
    findings.push(write_test(&dir, deep));
    findings
}

/// The folder itself, or the closest one above it that exists.
fn nearest(dir: &Path) -> PathBuf {
    let found = dir.ancestors().find(|p| p.is_dir());
    // The ancestors of a relative path end with the empty one, which is no folder.
    found.unwrap_or(Path::new(".")).to_owned()
}

fn space(dir: &Path) -> Finding {
    match statvfs(dir) {
        Ok(stat) => judge_space(dir, stat.f_bavail.saturating_mul(stat.f_frsize)),
        Err(errno) => {
            let what = format!("free space of {} cannot be read: {errno}", dir.display());
            Finding::warn(TOPIC, what, "look at the disk: `df` and `dmesg`")
        }
    }
}

fn judge_space(dir: &Path, free: u64) -> Finding {
    let what = format!("{} free in {}", bytes(free), dir.display());
    let remedy = "free some space, or put state_dir on a larger disk";
    match free {
        0..FREE_BYTES_MIN => Finding::fail(TOPIC, what, remedy),
        FREE_BYTES_MIN..FREE_BYTES_GOOD => Finding::warn(TOPIC, what, remedy),
        _ => Finding::ok(TOPIC, what),
    }
}

fn kind(dir: &Path) -> Option<Finding> {
    // Widths and signs of `f_type` differ between machines; the numbers are 32 bit.
    let magic = i64::from(statfs(dir).ok()?.f_type as u32);
    let (_, name, why) = UNSUITABLE.iter().find(|(known, ..)| *known == magic)?;
    let what = format!("{} is {name}, {why}", dir.display());
    Some(Finding::warn(TOPIC, what, "put state_dir on a local disk"))
}

fn write_test(dir: &Path, deep: bool) -> Finding {
    match write_and_sync(dir, if deep { SYNCS } else { 1 }) {
        Ok(took) if deep => judge_sync(took / SYNCS),
        Ok(_) => Finding::ok(TOPIC, "can be written"),
        Err(error) => {
            let what = format!("{} cannot be written: {error}", dir.display());
            let remedy = "give the service's user the folder (StateDirectory=viahe), and see that \
                          the disk is not mounted read-only";
            Finding::fail(TOPIC, what, remedy)
        }
    }
}

fn judge_sync(mean: Duration) -> Finding {
    let what = format!("a write reaches the disk in {:.1} ms", mean.as_secs_f64() * 1e3);
    if mean < SYNC_SLOW {
        return Finding::ok(TOPIC, what);
    }
    Finding::warn(TOPIC, what, "incidents will be late; a worn card or disk should be replaced")
}

/// Writes a file of its own name and syncs it `times` times, then removes it.
fn write_and_sync(dir: &Path, times: u32) -> io::Result<Duration> {
    let unique = (std::process::id(), clock::now().0);
    let path = dir.join(format!(".viahe-doctor-{}-{}", unique.0, unique.1));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    let start = clock::monotonic();
    let written = (0..times).try_for_each(|_| {
        file.write_all(&[0x5a; 4096])?;
        file.sync_all()
    });
    let took = start.elapsed();
    std::fs::remove_file(&path)?;
    written.map(|()| took)
}

#[cfg(test)]
mod tests {
    use super::super::{Level, worst};
    use super::*;

    #[test]
    fn space_is_judged() {
        let level = |free| judge_space(Path::new("/x"), free).level;
        assert_eq!(level(FREE_BYTES_MIN - 1), Level::Fail);
        assert_eq!(level(FREE_BYTES_MIN), Level::Warn);
        assert_eq!(level(FREE_BYTES_GOOD), Level::Ok);
        assert_eq!(judge_sync(SYNC_SLOW).level, Level::Warn);
        assert_eq!(judge_sync(Duration::from_millis(6)).level, Level::Ok);
    }

    #[test]
    fn a_folder_that_is_not_there_is_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        let findings = examine(&deep, false);
        assert!(worst(&findings) < Level::Fail, "{findings:#?}");
        assert!(findings[0].what.contains("does not exist"), "{findings:#?}");
        assert!(!dir.path().join("a").exists());
        assert_eq!(nearest(Path::new("no-such-folder")), PathBuf::from("."));
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(worst(&examine(&file, false)), Level::Fail);
    }

    #[test]
    fn a_place_that_cannot_be_written_fails() {
        // Nobody can make files there, root neither.
        assert_eq!(write_test(Path::new("/proc/self/fdinfo"), false).level, Level::Fail);
    }

    #[test]
    fn memory_is_no_disk() {
        let shm = Path::new("/dev/shm");
        match statfs(shm) {
            Ok(stat) if stat.f_type as u32 == 0x0102_1994 => {
                assert_eq!(kind(shm).map(|f| f.level), Some(Level::Warn));
            }
            _ => viahe_testing::machine::skipped("memory as a disk: /dev/shm is no tmpfs here"),
        }
    }
}
