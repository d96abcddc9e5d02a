//! What the whole box does, beside us, and what a process of ours uses of it.

use rustix::process::Pid;
use std::path::Path;
use std::time::Duration;

/// Ticks a second of `/proc/stat`; the same on all that Linux runs on here.
const TICKS: f64 = 100.0;

/// Processor time that all processes have used since the box started; none where the kernel does not say.
pub(crate) fn busy() -> Option<Duration> {
    busy_of(&std::fs::read_to_string("/proc/stat").ok()?)
}

/// `cpu user nice system idle iowait irq softirq steal …`, in ticks.
fn busy_of(stat: &str) -> Option<Duration> {
    let mut fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let mut next = || fields.next()?.parse::<u64>().ok();
    let [user, nice, system, _idle, _waits, irq, softirq] =
        [next()?, next()?, next()?, next()?, next()?, next()?, next()?];
    let ticks = user + nice + system + irq + softirq;
    Some(Duration::from_secs_f64(ticks as f64 / TICKS))
}

/// Where control groups are, as systemd mounts them.
const GROUPS: &str = "/sys/fs/cgroup";

/// Bytes of memory that this process may still have: of the box, and of the control groups that it is in.
pub(crate) fn available() -> Option<u64> {
    let of_box = available_of(&std::fs::read_to_string("/proc/meminfo").ok()?);
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    of_box.into_iter().chain(left_in_groups(Path::new(GROUPS), &own)).min()
}

/// The least that a group or one around it leaves; none where none has a limit. What is kept of files and was not
/// used lately gives way.
fn left_in_groups(groups: &Path, own: &str) -> Option<u64> {
    let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let left = |group: &Path| {
        let read = |file: &str| std::fs::read_to_string(group.join(file)).ok();
        let number = |file: &str| read(file)?.trim().parse::<u64>().ok();
        let (max, used) = (number("memory.max")?, number("memory.current")?);
        let stat = read("memory.stat").unwrap_or_default();
        let files = stat.lines().find_map(|line| line.strip_prefix("inactive_file "));
        let files = files.and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(0);
        Some(max.saturating_sub(used.saturating_sub(files)))
    };
    let group = groups.join(own);
    group.ancestors().take_while(|around| around.starts_with(groups)).filter_map(left).min()
}

fn available_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Bytes that a process uses: in memory, or swapped out of it (to a compressed part of memory, on
/// many small boxes). None once it has ended.
pub(crate) fn used(pid: Pid) -> Option<u64> {
    let path = format!("/proc/{}/status", pid.as_raw_nonzero());
    let status = std::fs::read_to_string(path).ok()?;
    let field = |name: &str| kibibytes(&status, name);
    Some((field("VmRSS:")? + field("VmSwap:").unwrap_or(0)) * 1024)
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_is_swapped_out_counts() {
        let status = "Name:\tviahe\nVmPeak:\t  999 kB\nVmRSS:\t     120 kB\nVmSwap:\t      30 kB\n";
        assert_eq!(
            (kibibytes(status, "VmRSS:"), kibibytes(status, "VmSwap:")),
            (Some(120), Some(30))
        );
        assert_eq!(kibibytes("Name:\tkthread\n", "VmRSS:"), None);
        let own = used(rustix::process::getpid()).unwrap();
        assert!((1 << 20..1 << 36).contains(&own), "{own}");
    }

    #[test]
    fn the_narrowest_group_counts() {
        let groups = tempfile::tempdir().unwrap();
        let own = "0::/system.slice/viahe.service\n";
        assert_eq!(left_in_groups(groups.path(), own), None);
        let slice = groups.path().join("system.slice");
        let service = slice.join("viahe.service");
        std::fs::create_dir_all(&service).unwrap();
        let write = |group: &Path, max: &str, used: &str| {
            std::fs::write(group.join("memory.max"), format!("{max}\n")).unwrap();
            std::fs::write(group.join("memory.current"), format!("{used}\n")).unwrap();
        };
        write(&service, "max", "700");
        assert_eq!(left_in_groups(groups.path(), own), None, "no limit");
        write(&slice, "1000", "800");
        assert_eq!(left_in_groups(groups.path(), own), Some(200));
        write(&service, "750", "700");
        assert_eq!(left_in_groups(groups.path(), own), Some(50));
        std::fs::write(service.join("memory.stat"), "anon 1\ninactive_file 100\n").unwrap();
        assert_eq!(left_in_groups(groups.path(), own), Some(150));
        assert_eq!(left_in_groups(groups.path(), "1:memory:/x\n"), None, "as it was before");
    }

    #[test]
    fn the_kernel_is_read_as_it_writes() {
        let stat = "cpu  100 20 30 9000 7 5 5 3 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(busy_of(stat), Some(Duration::from_millis(1600)));
        let meminfo = "MemTotal:        8000 kB\nMemAvailable:    1000 kB\n";
        assert_eq!(available_of(meminfo), Some(1_024_000));
        for broken in ["", "cpu ", "cpu  1 2 3 x", "intr 1 2 3 4 5 6 7 8"] {
            assert_eq!((busy_of(broken), available_of(broken)), (None, None));
        }
        assert!(busy().is_some() && available().is_some());
    }
}
