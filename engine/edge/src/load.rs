//! What the whole box does, beside us.

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

/// Bytes of memory that programs may still have.
pub(crate) fn available() -> Option<u64> {
    available_of(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

fn available_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

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
