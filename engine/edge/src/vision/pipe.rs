//! The seam over standard input and output: JSON lines with a bound on their length.

use crossbeam_channel::{Receiver, Sender};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, Read, Write};
use viahe_core::seam::{LINE_BYTES_MAX, SEAM_VERSION, version_of};

/// How long a worker that ends waits for its last words to be written.
const GOODBYE_WITHIN: std::time::Duration = std::time::Duration::from_secs(1);

/// The other side broke the contract, or is gone.
#[derive(Debug, thiserror::Error)]
pub enum PipeError {
    /// Reading or writing failed.
    #[error("the pipe between engine and vision worker failed: {0}")]
    Io(#[from] std::io::Error),
    /// Too long to be one of ours.
    #[error("a line of more than {LINE_BYTES_MAX} bytes came over the seam")]
    LineTooLong,
    /// The other end is of another release.
    #[error(
        "the other end of the seam speaks version {0}, this one {SEAM_VERSION}; install both from one \
         release"
    )]
    Version(u32),
    /// Not one of our messages.
    #[error("a line over the seam is no message of this version: {0}")]
    Message(#[from] serde_json::Error),
}

/// Reads messages and hands them on until the input ends or nobody wants them.
///
/// # Errors
/// [`PipeError`]; what was read before it has been handed on.
pub fn read_into<T: DeserializeOwned>(
    input: impl Read,
    mut hand_on: impl FnMut(T) -> bool,
) -> Result<(), PipeError> {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = LINE_BYTES_MAX as u64 + 1;
        input.by_ref().take(limit).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(PipeError::LineTooLong);
        }
        if line.last() != Some(&b'\n') {
            // The writer died in the middle of a line.
            return Ok(());
        }
        let message = serde_json::from_slice(&line).map_err(|error| explain(error, &line))?;
        if !hand_on(message) {
            return Ok(());
        }
    }
}

/// Why a line is none of our messages.
fn explain(error: serde_json::Error, line: &[u8]) -> PipeError {
    let other = version_of(line).filter(|version| *version != SEAM_VERSION);
    other.map_or(PipeError::Message(error), PipeError::Version)
}

/// Writes one message.
///
/// # Errors
/// [`PipeError::Io`] when the other side is gone.
pub fn write<T: Serialize>(output: &mut impl Write, message: &T) -> Result<(), PipeError> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    output.write_all(&line)?;
    Ok(output.flush()?)
}

/// Writes all messages of a channel until it closes or the other side is gone.
///
/// # Errors
/// [`PipeError::Io`] when the other side is gone.
fn write_all<T: Serialize>(
    output: &mut impl Write,
    messages: &Receiver<T>,
) -> Result<(), PipeError> {
    messages.iter().try_for_each(|message| write(output, &message))
}

/// Runs a worker on this process's standard input and output; for the hidden command `worker`.
///
/// The real standard output is kept for the seam alone: what libraries print goes to standard
/// error.
///
/// # Errors
/// [`PipeError::Io`] when standard output cannot be kept apart or there is no thread, or what ended the input.
pub fn serve_stdio<I: DeserializeOwned + Send + 'static, O: Serialize + Send + 'static>(
    serve: impl FnOnce(&Receiver<I>, Sender<O>),
) -> Result<(), PipeError> {
    let seam = rustix::io::dup(rustix::stdio::stdout()).map_err(std::io::Error::from)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).map_err(std::io::Error::from)?;
    let mut seam = std::fs::File::from(seam);
    let (to_us, ours) = crossbeam_channel::bounded(64);
    let (theirs, from_us) = crossbeam_channel::bounded(1024);
    let (failed, failure) = crossbeam_channel::bounded(1);
    let thread = |name: &str| std::thread::Builder::new().name(name.into());
    thread("from-engine").spawn(move || {
        // The engine is gone or talks nonsense: either way the channel closes and we stop.
        if let Err(error) = read_into(std::io::stdin(), |message| to_us.send(message).is_ok()) {
            let _ = failed.send(error);
        }
    })?;
    let (wrote, written) = crossbeam_channel::bounded::<()>(0);
    thread("to-engine").spawn(move || {
        // The engine is gone; so are we, soon.
        let _ = write_all(&mut seam, &from_us);
        drop(wrote);
    })?;
    serve(&ours, theirs);
    // The writer ends when all have said their last word; one that hangs is not waited for.
    let _ = written.recv_timeout(GOODBYE_WITHIN);
    failure.try_recv().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_of_another_release_is_told_by_its_version() {
        let older = include_bytes!("../../../../fixtures/formats/seam-1.jsonl");
        let starts = [&older[..], b"to {\"start\":{\"version\":99}}\n"];
        for (text, version) in starts.into_iter().zip([1, 99]) {
            let line = text.split_inclusive(|b| *b == b'\n').next().unwrap();
            let line = line.strip_prefix(b"to ").unwrap();
            let error = read_into(line, |_: viahe_core::seam::ToWorker| true).unwrap_err();
            assert!(matches!(error, PipeError::Version(v) if v == version), "{error}");
            assert!(error.to_string().contains("install both"), "{error}");
        }
    }

    #[test]
    fn what_came_before_the_break_is_kept() {
        let read = |bytes: &[u8]| {
            let mut got = Vec::new();
            let end = read_into(bytes, |n: u32| {
                got.push(n);
                true
            });
            (got, end.is_ok())
        };
        assert_eq!(read(b"1\n2\n"), (vec![1, 2], true));
        assert_eq!(read(b"1\n2"), (vec![1], true), "half a line");
        assert_eq!(read(b"1\nx\n3\n"), (vec![1], false));
        let long = vec![b'1'; LINE_BYTES_MAX + 10];
        assert_eq!(read(&long), (vec![], false));
    }
}
