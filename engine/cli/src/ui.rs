//! What people see: progress bars with ETA on a terminal, plain lines off one.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::Cell;
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};
use viahe_edge::clock;

/// A line on standard output. When nobody reads it any more (`| head`), the program ends quietly.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Progress of a task with a known end.
pub(crate) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    /// Off a terminal: when the last plain line was written.
    told: Option<Cell<Instant>>,
}

/// How often a plain line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);

impl Progress {
    /// A bar of `total` things called `what` on a terminal; plain lines on standard error off one.
    pub(crate) fn new(total: u64, what: &'static str) -> Self {
        let terminal = std::io::stderr().is_terminal();
        // A hidden bar still counts.
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        if terminal {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let template = "{bar:30} {pos}/{len} {msg}  {elapsed} elapsed, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        let told = (!terminal).then(|| Cell::new(clock::monotonic()));
        Self { bar, what, told }
    }

    /// A result on standard output.
    pub(crate) fn print(&self, text: &str) {
        self.bar.suspend(|| say(text));
    }

    /// A remark on standard error.
    pub(crate) fn warn(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
        self.tell();
    }

    /// The end is known better now.
    pub(crate) fn total(&self, total: u64) {
        self.bar.set_length(total);
    }

    /// So many are done.
    pub(crate) fn set(&self, position: u64) {
        self.bar.set_position(position);
        self.tell();
    }

    fn tell(&self) {
        let Some(told) = &self.told else { return };
        let now = clock::monotonic();
        if now.duration_since(told.get()) >= LINE_EVERY {
            told.set(now);
            let total = self.bar.length().unwrap_or_default();
            let left = self.bar.eta().as_secs();
            eprintln!("{} of {total} {}, {left} s left", self.bar.position(), self.what);
        }
    }

    /// All are done.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
