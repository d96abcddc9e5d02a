//! What C libraries say for themselves: the log of `GLib`, and whatever a library writes to standard error.
//!
//! It becomes log lines like all others: in one format, without secrets, and bounded: what is said
//! over and over (once a packet, for days) is told a few times a minute, with how often it was more.

use crate::clock;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Begins a line that a process of ours has already made one of the log.
pub(super) const OWN_LINE: u8 = 0x1e;
/// Set for a child whose standard error is read by [`relay`].
pub(super) const RELAYED: &str = "VIAHE_LOG_RELAYED";
/// The same words are told so often in [`SPAN`].
const TOLD_MAX: u64 = 3;
const SPAN: Duration = Duration::from_mins(1);
/// Different words that are told apart; the rest counts as one.
const WORDS_MAX: usize = 64;
/// Longest line.
const LINE_BYTES_MAX: u64 = 4096;

/// How bad a library finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It ends the process.
    Error,
    /// It should not happen.
    Warning,
}

/// What a child wrote.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line<'l> {
    /// A line of its log.
    Own(&'l [u8]),
    /// Anything else.
    Foreign(&'l str),
}

static TOLD: Mutex<Throttle> = Mutex::new(Throttle::new());

/// Makes a log line of what a library said.
pub(crate) fn say(library: &str, weight: Weight, text: &str) {
    let now = clock::monotonic();
    #[cfg(test)]
    tests::hear(library);
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner).admit(library, text, now);
    for (library, more) in told.silenced {
        tracing::warn!(library, more, "a library went on like this");
    }
    if told.passes {
        match weight {
            Weight::Error => tracing::error!(library, "{text}"),
            Weight::Warning => tracing::warn!(library, "{text}"),
        }
    }
}

/// Passes on what a child writes to its standard error: its own log lines as they are, all else as
/// log lines of ours; `hear` is shown each. Ends with the child.
pub(crate) fn relay(stderr: impl Read, library: &str, mut hear: impl FnMut(Line<'_>)) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match lines.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        if let Some(own) = line.strip_prefix(&[OWN_LINE]) {
            hear(Line::Own(own));
            let mut to = std::io::stderr().lock();
            // Where nobody listens, nothing is lost by saying nothing.
            let _ = to.write_all(own);
            if !own.ends_with(b"\n") {
                // Longer than the bound: the rest is of the same line.
                let mut rest = Vec::new();
                let _ = lines.read_until(b'\n', &mut rest);
                let _ = to.write_all(&rest);
            }
            continue;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if !text.is_empty() {
            hear(Line::Foreign(text));
            say(library, Weight::Warning, text);
        }
    }
    let left = TOLD.lock().unwrap_or_else(PoisonError::into_inner).silenced(None);
    for (library, more) in left {
        tracing::warn!(library, more, "a library went on like this");
    }
}

/// Counts words by what they are but for their numbers.
struct Throttle {
    words: BTreeMap<(String, String), Span>,
}

#[derive(Clone, Copy)]
struct Span {
    began: Instant,
    count: u64,
}

/// What is to be told.
#[derive(Debug, Default, PartialEq)]
struct Told {
    passes: bool,
    /// Libraries, and how often they said more of what was told before.
    silenced: Vec<(String, u64)>,
}

impl Throttle {
    const fn new() -> Self {
        Self { words: BTreeMap::new() }
    }

    fn admit(&mut self, library: &str, text: &str, now: Instant) -> Told {
        let silenced = self.silenced(Some(now));
        let mut key = (library.to_owned(), words_of(text));
        if !self.words.contains_key(&key) && self.words.len() >= WORDS_MAX {
            key.1.clear();
        }
        let span = self.words.entry(key).or_insert(Span { began: now, count: 0 });
        span.count += 1;
        Told { passes: span.count <= TOLD_MAX, silenced }
    }

    /// What was left out of that which is over at `now`, or so far.
    fn silenced(&mut self, now: Option<Instant>) -> Vec<(String, u64)> {
        let over =
            |span: &Span| now.is_some_and(|now| now.saturating_duration_since(span.began) >= SPAN);
        let mut left = Vec::new();
        self.words.retain(|(library, words), span| {
            if span.count > TOLD_MAX && (now.is_none() || over(span)) {
                left.push((format!("{library}: {words:.80}"), span.count - TOLD_MAX));
                span.count = TOLD_MAX;
            }
            !over(span)
        });
        left
    }
}

/// Without what differs from time to time: addresses, times, counts.
fn words_of(text: &str) -> String {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
        .filter(|word| !word.is_empty() && !word.contains(|c: char| c.is_ascii_digit()))
        .take(24)
        .collect::<Vec<_>>()
        .join(" ")
}

/// How often a library has said something, for tests.
#[cfg(test)]
pub(crate) fn heard(library: &str) -> usize {
    tests::HEARD.lock().unwrap_or_else(PoisonError::into_inner).get(library).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) static HEARD: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

    pub(super) fn hear(library: &str) {
        *HEARD.lock().unwrap().entry(library.to_owned()).or_default() += 1;
    }

    #[test]
    fn the_same_words_are_told_a_few_times_a_minute_and_counted() {
        let (mut throttle, zero) = (Throttle::new(), clock::monotonic());
        let line = |n: u64| format!("(viahe:{n}): gst_mini_object_unref: failed at 0x7f{n:06x}");
        let mut passed = 0;
        for n in 0..1000 {
            let now = zero + Duration::from_millis(n * 50);
            let told = throttle.admit("GStreamer", &line(n), now);
            assert_eq!(told.silenced, []);
            passed += u64::from(told.passes);
        }
        assert_eq!(passed, 3, "in 50 s");
        let other = throttle.admit("GStreamer", "something else", zero + Duration::from_secs(51));
        assert!(other.passes, "a flood of one hides no other");
        let later = throttle.admit("GStreamer", &line(7), zero + Duration::from_secs(61));
        assert!(later.passes);
        let [(what, more)] = &later.silenced[..] else { panic!("{later:?}") };
        assert!(what.starts_with("GStreamer: ") && *more == 997, "{what} {more}");
    }

    #[test]
    fn words_without_end_are_bounded() {
        let (mut throttle, now) = (Throttle::new(), clock::monotonic());
        let letters =
            |n: usize| n.to_string().bytes().map(|b| (b + b'a') as char).collect::<String>();
        let passed = (0..10_000)
            .filter(|n| throttle.admit("x", &format!("word-{}", letters(*n)), now).passes);
        assert!(passed.count() <= WORDS_MAX + TOLD_MAX as usize);
        assert!(throttle.words.len() <= WORDS_MAX + 1);
    }
}
