//! Recordings of the observation stream: written by `viahe record`, read by `viahe replay`.

use crate::disk::Fault;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use viahe_core::engine::{Event, Saved};
use viahe_core::id::Name;
use viahe_core::observe::Header;
use viahe_core::scenario::Run;
use viahe_core::time::Timestamp;

/// A recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// How a file begins that gzip has made (RFC 1952).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What is to be recorded where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordOptions {
    /// The file; replaced when there.
    pub path: PathBuf,
    /// It ends at so many bytes.
    pub bytes_max: u64,
}

/// Writes what the engine saw as it comes: observations, readings, commands, and which models
/// looked.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    /// Still to be written.
    bytes_left: u64,
    out: Option<BufWriter<File>>,
    /// Why it ended too early.
    failed: Option<String>,
}

impl Recorder {
    /// Makes a new file; an old one of this name is replaced.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn create(options: &RecordOptions) -> Result<Self, RecordError> {
        let path = &options.path;
        let failed = |source| RecordError::Io { path: path.clone(), source };
        let mut out = BufWriter::new(File::create(path).map_err(failed)?);
        let header = serde_json::to_string(&Header::default()).unwrap_or_default();
        writeln!(out, "{header}").map_err(failed)?;
        let path = path.clone();
        Ok(Self { path, bytes_left: options.bytes_max, out: Some(out), failed: None })
    }

    /// Adds an event. A disk that takes no more ends the recording, not the engine.
    pub fn write(&mut self, event: &Event) {
        let Some(out) = &mut self.out else { return };
        let line = serde_json::to_string(event).map_err(std::io::Error::from);
        let bytes = line.as_ref().map_or(0, |line| line.len() as u64 + 1);
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        if self.bytes_left == 0 {
            let path = self.path.display();
            tracing::warn!(%path, "the recording ends here: it is as large as it may be");
            self.finish();
            return;
        }
        if let Err(error) = line.and_then(|line| writeln!(out, "{line}")) {
            self.fail(&error);
        }
    }

    /// Writes what is not yet written.
    pub fn flush(&mut self) {
        if let Some(out) = &mut self.out
            && let Err(error) = out.flush()
        {
            self.fail(&error);
        }
    }

    /// Writes what is not yet written, and ends the recording.
    pub fn finish(&mut self) {
        self.flush();
        self.out = None;
    }

    /// Why it ended too early, if it did.
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    fn fail(&mut self, error: &std::io::Error) {
        tracing::error!(path = %self.path.display(), %error, "the recording ends here");
        if let Some(out) = self.out.take() {
            // Not flushed once more: that would fail as well, or leave half a line.
            drop(out.into_parts());
        }
        let fault = Fault::of(error, self.path.parent().unwrap_or(&self.path));
        let why = fault.map_or_else(|| error.to_string(), |fault| fault.to_string());
        self.failed = Some(format!("{}: {why}", self.path.display()));
    }
}

/// Reads a recording line by line, compressed by gzip or not.
pub struct Recording {
    path: PathBuf,
    lines: std::io::Lines<Box<dyn BufRead>>,
    line: usize,
    compressed: bool,
    state: Option<String>,
    /// How lines begin that tell of the one camera that is read of.
    only: Option<String>,
}

/// How lines begin that tell what a camera saw, up to its name; they are by far the most.
const OBSERVED: &str = "{\"observed\":{\"camera\":\"";

impl Recording {
    /// Opens a recording and checks its first line.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let failed = |source| RecordError::Io { path: path.to_owned(), source };
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let compressed = file.fill_buf().map_err(failed)?.starts_with(&GZIP_MAGIC);
        let text: Box<dyn BufRead> = if compressed {
            Box::new(BufReader::new(MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        let path = path.to_owned();
        let mut recording =
            Self { path, lines: text.lines(), line: 0, compressed, state: None, only: None };
        let no_header = |r: &Self| {
            r.bad("this is no recording of observations; `viahe record PIPELINE --out FILE` makes one")
        };
        let header = recording.next_line()?.ok_or_else(|| no_header(&recording))?;
        let header: Header = serde_json::from_str(&header).map_err(|_| no_header(&recording))?;
        if header.viahe != Header::KIND {
            return Err(no_header(&recording));
        }
        if let Err(unknown) = header.check() {
            return Err(recording.bad(&format!("{unknown}; read it with the newer one")));
        }
        recording.state = header.state;
        Ok(recording)
    }

    /// What the engine remembered when the recording began, if it says so.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// What other cameras saw is passed over, and costs little; without a camera what any saw.
    #[must_use]
    pub fn only(mut self, camera: Option<&Name>) -> Self {
        self.only = Some(camera.map(|id| format!("{OBSERVED}{id}\"")).unwrap_or_default());
        self
    }

    fn passes_over(&self, line: &str) -> bool {
        let Some(only) = &self.only else { return false };
        line.starts_with(OBSERVED) && (only.is_empty() || !line.starts_with(only))
    }

    /// Runs all of it, from what the engine remembered when it began. Tells when each event happened, if
    /// it has a time of its own.
    ///
    /// # Errors
    /// [`RecordError`], also when this version cannot read what the engine remembered.
    pub fn run_through(
        self,
        run: &mut Run,
        mut heard: impl FnMut(Timestamp),
    ) -> Result<(), RecordError> {
        if let Some(state) = self.state() {
            run.resume(&Saved::whole(state)).map_err(|why| self.bad(&why.to_string()))?;
        }
        for event in self {
            let event = event?;
            event.at().into_iter().for_each(&mut heard);
            run.apply(event);
        }
        Ok(())
    }

    fn bad(&self, problem: &str) -> RecordError {
        RecordError::Line { path: self.path.clone(), line: self.line, problem: problem.into() }
    }

    fn next_line(&mut self) -> Result<Option<String>, RecordError> {
        self.line += 1;
        match self.lines.next().transpose() {
            // History that is still written, or was when the power went.
            Err(_) if self.compressed && self.line > 1 => Ok(None),
            line => line.map_err(|source| RecordError::Io { path: self.path.clone(), source }),
        }
    }
}

impl Iterator for Recording {
    type Item = Result<Event, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            return match self.next_line() {
                Ok(None) => None,
                Ok(Some(line)) if self.passes_over(&line) => continue,
                Ok(Some(line)) => Some(
                    serde_json::from_str(&line)
                        .map_err(|e| self.bad(&format!("not an event of this version: {e}"))),
                ),
                Err(error) => Some(Err(error)),
            };
        }
    }
}
