//! Processor time that the thread of a stream uses.

use crate::clock;
use std::thread::{self, ThreadId};
use std::time::Duration;

/// What a stream has cost so far. Its thread looks in at each picture: what it has used since it last
/// did went into this stream, whichever element spent it.
#[derive(Debug, Default)]
pub(super) struct Labour {
    /// Which thread looked in last, and what it had used by then.
    last: Option<(ThreadId, Duration)>,
    pub(super) sum: Duration,
}

impl Labour {
    /// The calling thread looks in.
    pub(super) fn look_in(&mut self) {
        self.looks_in(thread::current().id(), clock::thread_cpu());
    }

    fn looks_in(&mut self, thread: ThreadId, used: Duration) {
        if let Some((_, before)) = self.last.replace((thread, used)).filter(|(of, _)| *of == thread)
        {
            self.sum += used.saturating_sub(before);
        }
    }

    /// The stream has ended: its thread may work for another before it comes back.
    pub(super) fn pause(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_costs_what_its_thread_uses_between_its_pictures() {
        let (mine, other) = (thread::current().id(), thread::spawn(|| thread::current().id()));
        let other = other.join().unwrap();
        let mut labour = Labour::default();
        let mut sum_after = |thread, ms| {
            labour.looks_in(thread, Duration::from_millis(ms));
            labour.sum.as_millis()
        };
        assert_eq!(sum_after(mine, 700), 0, "what it did before is not known");
        assert_eq!(sum_after(mine, 705), 5);
        assert_eq!(sum_after(other, 90_000), 5, "another thread has another clock");
        assert_eq!(sum_after(other, 90_002), 7);
        labour.pause();
        labour.looks_in(other, Duration::from_secs(200));
        assert_eq!(labour.sum.as_millis(), 7, "meanwhile it worked for somebody else");
    }

    #[test]
    fn the_clock_of_a_thread_counts_its_work_alone() {
        let idle = thread::spawn(|| {
            let before = clock::thread_cpu();
            thread::park_timeout(Duration::from_millis(50));
            clock::thread_cpu().saturating_sub(before)
        });
        let (mut labour, mut n) = (Labour::default(), 0u64);
        labour.look_in();
        while labour.sum < Duration::from_millis(20) {
            n = std::hint::black_box(n.wrapping_mul(31).wrapping_add(1));
            labour.look_in();
        }
        assert!(idle.join().unwrap() < Duration::from_millis(20));
        assert!(clock::process_cpu() >= labour.sum);
    }
}
