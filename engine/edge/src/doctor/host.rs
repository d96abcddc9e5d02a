//! The machine: limits, processor, memory, clock.

use super::finding::{Finding, bytes};
use crate::clock;
use rustix::process::{Resource, Rlimit, getrlimit};
use std::path::Path;
use viahe_core::time::Timestamp;

/// 128 cameras were measured to need 1,033 descriptors; connections come and go on top.
const OPEN_FILES_MIN: u64 = 4096;

/// 2024-01-01T00:00:00Z; no box has been right about an earlier time since this was written.
const CLOCK_MIN: Timestamp = Timestamp::from_secs(1_704_067_200);

/// One model, some cameras and the system.
const MEMORY_MIN: u64 = 1 << 30;
const MEMORY_FREE_MIN: u64 = 256 << 20;

pub(super) fn examine() -> Vec<Finding> {
    vec![
        open_files(getrlimit(Resource::Nofile)),
        cpu(std::thread::available_parallelism().map_or(1, std::num::NonZero::get), &features()),
        clock(clock::now(), Sync::read(Path::new("/run"))),
        memory(std::fs::read_to_string("/proc/meminfo").ok().as_deref()),
    ]
}

fn open_files(limit: Rlimit) -> Finding {
    // None is "without limit".
    match limit.current {
        Some(soft) if soft < OPEN_FILES_MIN => Finding::warn(
            "open files",
            format!("limit is {soft}; many cameras need {OPEN_FILES_MIN}"),
            "set LimitNOFILE=65536 in the unit, or run `ulimit -n 65536`",
        ),
        Some(soft) => Finding::ok("open files", format!("limit is {soft}")),
        None => Finding::ok("open files", "no limit"),
    }
}

/// Vector instructions that the kernels or ONNX Runtime use, where present.
fn features() -> Vec<&'static str> {
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let all = [
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("fma", std::arch::is_x86_feature_detected!("fma")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
            ("avx512vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
        ];
        found.extend(all.iter().filter(|(_, there)| *there).map(|(name, _)| *name));
    }
    #[cfg(target_arch = "aarch64")]
    {
        let all = [
            ("neon", std::arch::is_aarch64_feature_detected!("neon")),
            ("dotprod", std::arch::is_aarch64_feature_detected!("dotprod")),
            ("i8mm", std::arch::is_aarch64_feature_detected!("i8mm")),
        ];
        found.extend(all.iter().filter(|(_, there)| *there).map(|(name, _)| *name));
    }
    found
}

fn cpu(count: usize, features: &[&str]) -> Finding {
    let with = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    let what = format!("{count} usable; vector instructions: {with}");
    let fast = !cfg!(target_arch = "x86_64") || features.contains(&"avx2");
    match (count, fast) {
        (1, _) => Finding::warn(
            "cpu",
            what,
            "one processor decodes, analyses and decides; watch few cameras at a low rate",
        ),
        (_, false) => {
            Finding::warn("cpu", what, "without AVX2 analysis takes several times longer")
        }
        _ => Finding::ok("cpu", what),
    }
}

/// What is known of the clock's synchronisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sync {
    /// `systemd-timesyncd` says that it is synchronised.
    Yes,
    /// It runs, and has not done it.
    No,
    /// Another daemon takes care.
    Other,
    /// Nothing is there that would.
    Unknown,
}

impl Sync {
    fn read(run: &Path) -> Self {
        if run.join("systemd/timesync/synchronized").exists() {
            Self::Yes
        } else if ["chrony/chronyd.pid", "chronyd.pid", "ntpd.pid", "ntpsec/ntpd.pid"]
            .iter()
            .any(|pid| run.join(pid).exists())
        {
            Self::Other
        } else if run.join("systemd/timesync").exists() {
            Self::No
        } else {
            Self::Unknown
        }
    }
}

fn clock(now: Timestamp, sync: Sync) -> Finding {
    let time = now.rfc3339(&jiff::tz::TimeZone::UTC).replace("+00:00", "Z");
    let remedy = "run `timedatectl set-ntp true` and let the box reach a time server";
    if now < CLOCK_MIN {
        let what = format!("{time} cannot be; times of incidents would be wrong");
        return Finding::fail("clock", what, remedy);
    }
    match sync {
        Sync::Yes => Finding::ok("clock", format!("{time}, synchronised")),
        Sync::Other => Finding::ok("clock", format!("{time}, kept by a time daemon")),
        Sync::No => Finding::warn("clock", format!("{time}, not synchronised so far"), remedy),
        Sync::Unknown => {
            Finding::warn("clock", format!("{time}; nothing seems to synchronise it"), remedy)
        }
    }
}

/// `meminfo` is the text of `/proc/meminfo`.
fn memory(meminfo: Option<&str>) -> Finding {
    let field = |name: &str| {
        let line = meminfo?.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib << 10)
    };
    let (Some(total), Some(free)) = (field("MemTotal:"), field("MemAvailable:")) else {
        return Finding::warn("memory", "/proc/meminfo cannot be read", "mount /proc");
    };
    let what = format!("{}, {} of it available", bytes(total), bytes(free));
    if total < MEMORY_MIN || free < MEMORY_FREE_MIN {
        return Finding::warn("memory", what, "stop other services, or watch fewer cameras");
    }
    Finding::ok("memory", what)
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn limits_of_open_files() {
        let level = |current| open_files(Rlimit { current, maximum: None }).level;
        assert_eq!(level(Some(1024)), Level::Warn);
        assert_eq!(level(Some(OPEN_FILES_MIN)), Level::Ok);
        assert_eq!(level(None), Level::Ok);
    }

    #[test]
    fn clocks() {
        let now: Timestamp = "2026-11-22T01:14:03Z".parse().unwrap();
        let level = |at, sync| clock(at, sync).level;
        assert_eq!(level(now, Sync::Yes), Level::Ok);
        assert_eq!(level(now, Sync::Other), Level::Ok);
        assert_eq!(level(now, Sync::No), Level::Warn);
        assert_eq!(level(now, Sync::Unknown), Level::Warn);
        assert_eq!(level(Timestamp::from_secs(1_704_067_199), Sync::Yes), Level::Fail);
        assert_eq!(level(Timestamp::default(), Sync::Unknown), Level::Fail);
    }

    #[test]
    fn who_keeps_the_clock() {
        let run = tempfile::tempdir().unwrap();
        let make = |path: &str| {
            let path = run.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        assert_eq!(Sync::read(run.path()), Sync::Unknown);
        std::fs::create_dir_all(run.path().join("systemd/timesync")).unwrap();
        assert_eq!(Sync::read(run.path()), Sync::No);
        make("chrony/chronyd.pid");
        assert_eq!(Sync::read(run.path()), Sync::Other);
        make("systemd/timesync/synchronized");
        assert_eq!(Sync::read(run.path()), Sync::Yes);
    }

    #[test]
    fn memories() {
        let text = |total: u64, free: u64| {
            format!("MemTotal:  {total} kB\nMemFree: 1 kB\nMemAvailable: {free} kB\n")
        };
        assert_eq!(memory(Some(&text(4 << 20, 2 << 20))).level, Level::Ok);
        assert_eq!(memory(Some(&text(512 << 10, 400 << 10))).level, Level::Warn);
        assert_eq!(memory(Some(&text(4 << 20, 100 << 10))).level, Level::Warn);
        for broken in [None, Some(""), Some("MemTotal: x kB")] {
            assert_eq!(memory(broken).level, Level::Warn);
        }
    }

    #[test]
    fn processors() {
        assert_eq!(cpu(1, &["avx2"]).level, Level::Warn);
        assert_eq!(cpu(2, &["avx2", "neon"]).level, Level::Ok);
        if cfg!(target_arch = "x86_64") {
            assert_eq!(cpu(2, &["fma"]).level, Level::Warn);
        }
    }
}
