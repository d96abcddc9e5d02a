//! The memory of a worker process: read, watched, bounded.
//!
//! A few bytes of a stream decide how much a decoder takes, and a library may leak for months. A
//! watch reads what the process uses and ends it past its limit, with words; that is exact, but
//! comes late for what grows faster than it looks. Behind it stands a limit of the kernel's, at
//! which an allocation fails: see [`bound`].

use super::share::Share;
use crate::load::used;
use crate::telemetry::foreign::Line;
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks at a process. New memory is cleared at a gigabyte or two a second, so it is
/// at most some hundred megabytes past its limit when it is seen.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Longest quotation of a worker's last words.
const WORDS_MAX: usize = 200;

/// What a worker needs before its first camera, each camera, and each session of a model: twice and
/// more of what was measured (in decision 8), since cameras, codecs and models differ.
const STEP: u64 = 256_000_000;

/// The most that a worker may use when the pipeline does not say.
pub(super) fn usual_max(share: &Share) -> u64 {
    let cameras = share.cameras.len() as u64;
    let models = share.cameras.values().flat_map(|camera| {
        let classifiers = camera.refine.iter().map(|of| &of.name);
        std::iter::once(&camera.model).chain(classifiers)
    });
    let models: BTreeSet<_> = models.collect();
    let threads = (share.process.threads as u64).clamp(1, cameras.max(1));
    STEP.saturating_mul(1 + cameras + threads * models.len() as u64)
}

/// What to do when a worker takes too much.
pub(super) const REMEDY: &str = "a camera's stream or a model takes more than it should: look at what was \
     logged before, choose smaller streams or models, or allow more with `worker_memory_max_mb` in \
     [engine] if the box has it";

/// When the kernel ended it, not viahe.
pub(super) const KILLED_BY_KERNEL: &str = "the kernel ended it because the box, or its service, ran out of \
     memory; `dmesg` names what took it; lower `worker_memory_max_mb` in [engine], choose smaller \
     streams, or leave less else on the box";

/// Why a worker is ended.
pub(super) fn too_much(used: u64, max: u64) -> String {
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    let (used, max) = (megabytes(used), megabytes(max));
    format!("it used {used} MB of memory, its limit is {max} MB; {REMEDY}")
}

/// Lets the kernel refuse a process to map more than `data_max` writable bytes.
///
/// `RLIMIT_DATA` counts what is mapped, not what is used: also stacks of 8 MB, of which a thread of
/// GStreamer touches a few kilobytes. `RLIMIT_AS` would count what is only set aside as well, 64 MB a
/// thread in glibc, and files: 1.2 GB in a worker that uses 0.2.
pub(super) fn bound(pid: Pid, data_max: u64) {
    // Only the softer of its two limits, so that it can be raised when cameras are added.
    let maximum = getrlimit(Resource::Data).maximum;
    let current = Some(maximum.map_or(data_max, |most| data_max.min(most)));
    let limit = Rlimit { current, maximum };
    match prlimit(Some(pid), Resource::Data, limit) {
        // A service may run under a lower one already, which is as good; or it has just ended.
        Ok(_) | Err(Errno::PERM | Errno::SRCH) => {}
        Err(error) => {
            tracing::warn!(%error, "the kernel does not bound the vision worker's memory");
        }
    }
    // Where the box runs out all the same, the worker goes first: the engine may hold incidents
    // that no disk takes. Not everywhere may it be said.
    let _ = std::fs::write(format!("/proc/{}/oom_score_adj", pid.as_raw_nonzero()), "500");
}

/// Looks at a process until it is dropped, or the process has ended or is over its limit.
pub(super) struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Calls `over` with the bytes used and `max` once they are more. `known` is what was read last.
    pub(super) fn start(
        pid: Pid,
        max: impl Fn() -> u64 + Send + 'static,
        known: Arc<AtomicU64>,
        over: impl FnOnce(u64, u64) + Send + 'static,
    ) -> Result<Self, std::io::Error> {
        let (stop, stopped) = bounded::<()>(0);
        let thread = std::thread::Builder::new().name("worker-memory".into()).spawn(move || {
            if used(pid).is_none() {
                tracing::warn!("/proc does not tell the vision worker's memory; nothing bounds it");
            }
            while let Some(bytes) = used(pid) {
                known.store(bytes, Ordering::Relaxed);
                let most = max();
                if bytes > most {
                    return over(bytes, most);
                }
                if stopped.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// How often the kernel has ended a process of this box because memory ran out.
pub(super) fn kernel_kills() -> Option<u64> {
    let counts = std::fs::read_to_string("/proc/vmstat").ok()?;
    counts.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// What a process writes of itself when it gets no more memory: Rust, `GLib`, C++, and libc's words for it.
const STARVED: [&str; 4] =
    ["memory allocation of ", "failed to allocate ", "std::bad_alloc", "Cannot allocate memory"];

/// The newest lines of a process, as far as they tell why it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LastWords {
    /// Its last line that is not one of our log's.
    raw: Option<String>,
    /// That it got no memory, in its own words.
    starved: Option<String>,
}

impl LastWords {
    pub(super) fn hear(&mut self, line: Line<'_>) {
        match line {
            // What it says is told already.
            Line::Own(line) => self.hear_starved(&String::from_utf8_lossy(line)),
            Line::Foreign(line) => {
                // Rust's advice after its own last words.
                if !line.starts_with("note: ") {
                    self.raw = Some(line.chars().take(WORDS_MAX).collect());
                }
                self.hear_starved(line);
            }
        }
    }

    fn hear_starved(&mut self, line: &str) {
        if let Some(at) = STARVED.iter().filter_map(|words| line.find(words)).min() {
            let text = line[at..].split(['"', '\n']).next().unwrap_or_default();
            self.starved = Some(text.chars().take(WORDS_MAX).collect());
        }
    }

    /// Did it say that it got no memory?
    pub(super) fn starved(&self) -> Option<&str> {
        self.starved.as_deref()
    }

    /// For the reason of its end.
    pub(super) fn text(&self) -> Option<&str> {
        self.starved().or(self.raw.as_deref())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn last_words_that_tell_of_memory_are_kept_whatever_follows() {
        let mut words = LastWords::default();
        words.hear(Line::Foreign("x264: something"));
        assert_eq!((words.text(), words.starved()), (Some("x264: something"), None));
        words.hear(Line::Foreign("memory allocation of 1073741824 bytes failed"));
        words.hear(Line::Foreign("note: run with `RUST_BACKTRACE=1`"));
        words.hear(Line::Foreign("Aborted"));
        assert_eq!(words.text(), Some("memory allocation of 1073741824 bytes failed"));
        let mut words = LastWords::default();
        words.hear(Line::Own(
            br#"{"level":"ERROR","message":"gmem.c:136: failed to allocate 99 bytes"}"#,
        ));
        assert_eq!(words.starved(), Some("failed to allocate 99 bytes"));
    }
}
