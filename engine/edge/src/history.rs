//! What the engine saw lately, kept for `viahe explain`: a ring of compressed recordings.
//!
//! Each segment begins with what the engine remembered then, so it says as much without those
//! before it, and a restart begins a new one. What is written reaches the disk every ten seconds;
//! a power cut costs no more, since a segment may end anywhere. No pictures, no secrets.

use crate::disk::{self, Fault};
use crate::record::RecordError;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use viahe_core::engine::Event;
use viahe_core::observe::Header;

const FLUSH_EVERY: Duration = Duration::from_secs(10);
/// The ring is cut into so many segments; the oldest goes whole.
const SEGMENTS: u64 = 8;
const SUFFIX: &str = ".jsonl.gz";

/// Where history is kept under a state folder.
pub fn history_dir(state_dir: &Path) -> PathBuf {
    state_dir.join("history")
}

/// The segments in a folder, oldest first; none when there is no such folder.
///
/// # Errors
/// [`RecordError::Io`].
pub fn segments(dir: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let failed = |source| RecordError::Io { path: dir.to_owned(), source };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if number(&path).is_some() {
            found.push(path);
        }
    }
    found.sort_by_key(|path| number(path));
    Ok(found)
}

fn number(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_suffix(SUFFIX)?.parse().ok()
}

/// Writes the ring.
#[derive(Debug)]
pub struct History {
    dir: PathBuf,
    bytes_max: u64,
    next: u64,
    open: Option<Segment>,
    flushed: Instant,
    /// Why the disk refused the last segment; the next try is made at the next flush.
    failing: Option<String>,
    /// Times that the disk refused.
    errors: u64,
}

#[derive(Debug)]
struct Segment {
    path: PathBuf,
    out: GzEncoder<BufWriter<File>>,
}

impl History {
    /// Goes on with the ring in `dir`; with `bytes_max` 0 there is none, and an old one is removed.
    ///
    /// # Errors
    /// [`RecordError::Io`] when the folder cannot be made or read.
    pub fn open(dir: &Path, bytes_max: u64, now: Instant) -> Result<Option<Self>, RecordError> {
        if bytes_max == 0 {
            segments(dir)?.iter().for_each(|path| _ = remove(path));
            return Ok(None);
        }
        let failed = |source| RecordError::Io { path: dir.to_owned(), source };
        let fault = |error: &std::io::Error| Fault::of(error, dir.parent().unwrap_or(dir));
        let failing = match disk::make_dir(dir) {
            // It is tried again later.
            Err(error) if fault(&error).is_some() => fault(&error).map(|fault| fault.to_string()),
            made => {
                made.map_err(failed)?;
                None
            }
        };
        let segments = segments(dir)?;
        for path in &segments {
            disk::close_to_others(path);
        }
        let next = segments.last().and_then(|path| number(path)).map_or(1, |n| n + 1);
        let dir = dir.to_owned();
        Ok(Some(Self { dir, bytes_max, next, open: None, flushed: now, failing, errors: 0 }))
    }

    /// Adds an event that the engine, whose state is `state` so far, is about to see.
    pub fn write(&mut self, event: &Event, state: impl FnOnce() -> String) {
        if self.failing.is_some() {
            return;
        }
        if self.open.is_none() {
            match self.begin(state()) {
                Ok(segment) => self.open = Some(segment),
                Err(error) => return self.fail(&error),
            }
        }
        let Some(segment) = &mut self.open else { return };
        let written =
            serde_json::to_vec(event).map_err(std::io::Error::from).and_then(|mut line| {
                line.push(b'\n');
                segment.out.write_all(&line)
            });
        if let Err(error) = written {
            self.fail(&error);
        }
    }

    /// Brings to disk what is due; keeps the ring as small as it must be.
    pub fn tick(&mut self, now: Instant) {
        if now.duration_since(self.flushed) < FLUSH_EVERY {
            return;
        }
        self.flushed = now;
        if self.failing.is_some() && disk::Room::of(&self.dir).is_none_or(|room| room.is_ample()) {
            self.failing = disk::make_dir(&self.dir).err().map(|error| error.to_string());
        }
        if let Some(segment) = &mut self.open {
            let bytes = segment.out.flush().and_then(|()| std::fs::metadata(&segment.path));
            match bytes {
                Ok(metadata) if metadata.len() < self.bytes_max / SEGMENTS => {}
                Ok(_) => self.end_segment(),
                Err(error) => self.fail(&error),
            }
        }
    }

    /// Brings to disk what is written so far, for whoever reads it now.
    pub fn flush(&mut self) {
        if let Some(segment) = &mut self.open
            && let Err(error) = segment.out.flush()
        {
            self.fail(&error);
        }
    }

    /// What comes next is told apart from what was: the engine has another plan.
    pub fn end_segment(&mut self) {
        if let Some(Segment { path, out }) = self.open.take()
            && let Err(error) = out.finish().and_then(|mut out| out.flush())
        {
            tracing::warn!(path = %path.display(), %error, "the end of this history is lost");
            self.errors += 1;
        }
    }

    /// Why nothing is kept now, when nothing is.
    pub fn failing(&self) -> Option<&str> {
        self.failing.as_deref()
    }

    /// Times that the disk refused to take it.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// Deletes segments, the oldest first and at last the one that is written, until `bytes` are free
    /// that were not. Returns the bytes; once nothing is left, nothing is kept until there is room.
    pub fn give_up(&mut self, bytes: u64) -> u64 {
        let mut freed = 0;
        for path in segments(&self.dir).unwrap_or_default() {
            if freed >= bytes {
                return freed;
            }
            if self.open.as_ref().is_some_and(|segment| segment.path == path) {
                self.open = None;
            }
            let size = std::fs::metadata(&path).map_or(0, |m| m.len());
            if remove(&path) {
                freed += size;
            }
        }
        if freed < bytes {
            self.failing = Some("no space is left; incidents need it".into());
        }
        freed
    }

    fn begin(&mut self, state: String) -> std::io::Result<Segment> {
        self.prune();
        let path = self.dir.join(format!("{:08}{SUFFIX}", self.next));
        self.next += 1;
        let file = BufWriter::new(disk::create(&path)?);
        let mut out = GzEncoder::new(file, Compression::default());
        serde_json::to_writer(&mut out, &Header::of_history(state))?;
        out.write_all(b"\n")?;
        out.flush()?;
        Ok(Segment { path, out })
    }

    /// Makes room for another segment.
    fn prune(&self) {
        let Ok(segments) = segments(&self.dir) else { return };
        let size = |path: &PathBuf| std::fs::metadata(path).map(|m| m.len()).unwrap_or_default();
        let mut bytes: u64 = segments.iter().map(size).sum();
        for path in &segments {
            if bytes + self.bytes_max / SEGMENTS <= self.bytes_max {
                break;
            }
            bytes -= size(path);
            let _ = remove(path);
        }
    }

    fn fail(&mut self, error: &std::io::Error) {
        tracing::error!(dir = %self.dir.display(), %error, "no history is kept for now");
        self.open = None;
        self.errors += 1;
        let fault = Fault::of(error, &self.dir);
        self.failing = Some(fault.map_or_else(|| error.to_string(), |fault| fault.to_string()));
    }
}

/// Deletes all segments of a folder; the bytes.
pub fn give_up_all(dir: &Path) -> u64 {
    let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |m| m.len());
    let segments = segments(dir).unwrap_or_default();
    segments
        .iter()
        .map(|path| (size(path), remove(path)))
        .filter(|(_, gone)| *gone)
        .map(|(n, _)| n)
        .sum()
}

/// Says whether it is gone.
fn remove(path: &Path) -> bool {
    let removed = std::fs::remove_file(path);
    if let Err(error) = &removed {
        tracing::warn!(path = %path.display(), %error, "an old piece of history stays");
    }
    removed.is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::clock;
    use crate::record::Recording;
    use viahe_core::time::Timestamp;

    fn tick(n: u64) -> Event {
        Event::Tick(Timestamp::from_secs(n))
    }

    fn read(path: &Path) -> (Option<String>, Vec<Event>) {
        let recording = Recording::open(path).unwrap();
        let state = recording.state().map(str::to_owned);
        (state, recording.map(Result::unwrap).collect())
    }

    #[test]
    fn segments_begin_with_the_state_and_go_on_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let now = clock::monotonic();
        for run in 0..2 {
            let mut history = History::open(dir.path(), 1_000_000, now).unwrap().unwrap();
            for n in 0..3 {
                history.write(&tick(run * 10 + n), || format!("state {run}"));
            }
        }
        let found = segments(dir.path()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(read(&found[0]), (Some("state 0".into()), vec![tick(0), tick(1), tick(2)]));
        assert_eq!(read(&found[1]), (Some("state 1".into()), vec![tick(10), tick(11), tick(12)]));
    }

    #[test]
    fn the_ring_stays_small_and_keeps_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let mut now = clock::monotonic();
        let bytes_max = 16_000;
        let mut history = History::open(dir.path(), bytes_max, now).unwrap().unwrap();
        for n in 0..40_000u64 {
            // Hardly compressible.
            history.write(&tick(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32), String::new);
            now += Duration::from_millis(200);
            history.tick(now);
        }
        let found = segments(dir.path()).unwrap();
        let bytes: u64 = found.iter().map(|p| std::fs::metadata(p).unwrap().len()).sum();
        assert!((bytes_max / 2..=bytes_max * 5 / 4).contains(&bytes), "{bytes} bytes");
        assert!(number(&found[0]).unwrap() > 1);
        drop(history);
        let last = 39_999u64.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        assert_eq!(read(found.last().unwrap()).1.last(), Some(&tick(last)));
    }

    #[test]
    fn a_power_cut_costs_what_was_not_yet_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let now = clock::monotonic();
        let mut history = History::open(dir.path(), 1_000_000, now).unwrap().unwrap();
        (0..5).for_each(|n| history.write(&tick(n), String::new));
        history.tick(now + FLUSH_EVERY);
        (5..9).for_each(|n| history.write(&tick(n), String::new));
        let path = segments(dir.path()).unwrap().remove(0);
        let events: Vec<Event> = (0..5).map(tick).collect();
        assert_eq!(read(&path).1, events);
        // Half a page of rubbish at the end.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend([0x5A; 700]);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(read(&path).1, events);
    }

    #[test]
    fn none_is_kept_when_none_is_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let now = clock::monotonic();
        let mut history = History::open(dir.path(), 1_000_000, now).unwrap().unwrap();
        history.write(&tick(1), String::new);
        drop(history);
        assert!(History::open(dir.path(), 0, now).unwrap().is_none());
        assert!(segments(dir.path()).unwrap().is_empty());
        assert!(segments(&dir.path().join("nowhere")).unwrap().is_empty());
    }

    #[test]
    fn a_disk_that_refuses_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let ring = dir.path().join("history");
        let now = clock::monotonic();
        let mut history = History::open(&ring, 1_000_000, now).unwrap().unwrap();
        std::fs::remove_dir(&ring).unwrap();
        history.write(&tick(1), String::new);
        std::fs::create_dir(&ring).unwrap();
        history.write(&tick(2), || panic!("not before the next flush"));
        history.tick(now + FLUSH_EVERY);
        history.write(&tick(3), String::new);
        drop(history);
        assert_eq!(read(&segments(&ring).unwrap()[0]).1, [tick(3)]);
    }

    /// With `VIAHE_UPDATE_FORMATS` set, writes the newest one first.
    #[test]
    fn history_of_each_version_is_read() {
        use viahe_core::engine::{Engine, Saved};
        use viahe_core::observe::HistoryVersion;
        let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats");
        let plan = std::sync::Arc::new(crate::project::load(&formats.join("street.toml")).unwrap());
        let file = |version: HistoryVersion| {
            formats.join(format!("history-{}.jsonl.gz", version.number()))
        };
        let (state, events) = read(&file(HistoryVersion::V1));
        let saved = Saved::whole(state.unwrap());
        let (engine, _) = Engine::restore(std::sync::Arc::clone(&plan), &saved).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut history =
            History::open(dir.path(), 1_000_000, clock::monotonic()).unwrap().unwrap();
        for event in &events {
            history.write(event, || engine.save().to_text());
        }
        history.end_segment();
        let written = segments(dir.path()).unwrap().remove(0);
        let newest = file(HistoryVersion::NEWEST);
        if std::env::var_os("VIAHE_UPDATE_FORMATS").is_some() {
            std::fs::copy(&written, &newest).unwrap();
        }
        assert_eq!(read(&written), read(&newest), "what is written has another version");
        for version in HistoryVersion::ALL {
            let (state, of_version) = read(&file(*version));
            assert_eq!(of_version, events, "{version:?}");
            let saved = Saved::whole(state.unwrap());
            let (engine, _) = Engine::restore(std::sync::Arc::clone(&plan), &saved).unwrap();
            assert_eq!(engine.open_incidents(), 3, "{version:?}");
        }
    }

    #[test]
    fn a_newer_history_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("00000001.jsonl");
        let header = r#"{"viahe":"observations","version":1,"history":9,"more":[]}"#;
        std::fs::write(&path, header).unwrap();
        let error = Recording::open(&path).err().unwrap().to_string();
        assert!(error.contains("a history of version 9"), "{error}");
    }
}
