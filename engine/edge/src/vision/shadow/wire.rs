//! Frames and what was seen in them, over a socket in the state folder.
//!
//! The process of the candidate listens. A worker that connects is told what to send ([`Asked`], a line of JSON), and then sends one
//! message at a time: lengths of its head and its body, the head in JSON, and the planes of the frame as they lie in the
//! worker's memory. Each is answered with a byte once it was dealt with.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use viahe_core::frame::{
    ColorMatrix, ColorRange, Frame, FrameError, FrameStamp, FrameView, PixelFormat, Plane,
};
use viahe_core::id::Name;
use viahe_core::observe::Observation;
use viahe_core::shadow::is_compared;
use viahe_core::time::Timestamp;

/// In the folder of the shadow.
const SOCKET: &str = "looks.sock";
/// Longest head: an observation of some hundred things.
const HEAD_BYTES_MAX: usize = 1 << 20;
/// Longest body: a frame of the largest size, with some padding.
const BODY_BYTES_MAX: usize = 128 << 20;
/// What the candidate's end says when it has dealt with a message.
const DONE: u8 = b'.';

/// Where what concerns a candidate lies under a state folder.
pub fn shadow_dir(state_dir: &Path) -> PathBuf {
    state_dir.join("shadow")
}

/// What a worker is to send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Of these cameras.
    pub cameras: BTreeSet<Name>,
    /// Part of the time.
    pub share: f64,
    /// In pieces of so many seconds.
    pub stretch_secs: u64,
}

impl Asked {
    /// Is this camera's turn now?
    pub(super) fn has(&self, camera: &Name, at: Timestamp) -> bool {
        let stretch = Duration::from_secs(self.stretch_secs);
        self.cameras.contains(camera) && is_compared(camera, at, stretch, self.share)
    }
}

/// What a worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A look at a camera.
    Look(Box<Look>),
    /// A stretch of this camera is over.
    End(Name),
}

/// What the model at work saw, and in what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// What it saw, in the time of day.
    pub observation: Observation,
    /// A stretch begins.
    pub begins: bool,
    /// Processor time that it took, in µs.
    pub cpu_us: u64,
    /// Looks before this one that could not be offered.
    pub missed: u32,
    /// The frame, which follows; none where the picture was that of the look before.
    pub pixels: Option<Pixels>,
}

/// How the bytes of a frame lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    size_px: [usize; 2],
    nv12: bool,
    bt709: bool,
    full: bool,
    strides: [usize; 3],
    bytes: [usize; 3],
}

impl Pixels {
    fn of(view: &FrameView<'_>) -> Self {
        let planes = planes(view);
        let of = |at: usize| planes.get(at).copied();
        Self {
            size_px: [view.width(), view.height()],
            nv12: view.format() == PixelFormat::Nv12,
            bt709: view.matrix() == ColorMatrix::Bt709,
            full: view.range() == ColorRange::Full,
            strides: [0, 1, 2].map(|at| of(at).map_or(0, |plane| plane.stride)),
            bytes: [0, 1, 2].map(|at| of(at).map_or(0, |plane| plane.data.len())),
        }
    }

    fn all(&self) -> usize {
        self.bytes.iter().fold(0, |all, bytes| all.saturating_add(*bytes))
    }
}

fn planes<'a>(view: &FrameView<'a>) -> Vec<Plane<'a>> {
    let count = if view.format() == PixelFormat::I420 { 3 } else { 2 };
    (0..count).map(|at| view.plane(at)).collect()
}

/// Why the other end is not listened to any more.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The connection.
    #[error("the connection ended: {0}")]
    Io(#[from] io::Error),
    /// What it says makes no sense.
    #[error("a message cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It is too long.
    #[error("a message of {0} bytes is too long")]
    TooLong(usize),
    /// The frame is not what it says.
    #[error("a frame cannot be read: {0}")]
    Frame(#[from] FrameError),
}

/// A frame that came over the socket.
pub struct SentFrame {
    stamp: FrameStamp,
    pixels: Pixels,
    bytes: Vec<u8>,
}

impl SentFrame {
    fn new(stamp: FrameStamp, pixels: Pixels, bytes: Vec<u8>) -> Result<Self, WireError> {
        let this = Self { stamp, pixels, bytes };
        this.checked()?;
        Ok(this)
    }

    fn checked(&self) -> Result<FrameView<'_>, FrameError> {
        let Pixels { size_px: [width, height], strides, bytes, .. } = self.pixels;
        let (first, rest) = self.bytes.split_at(bytes[0].min(self.bytes.len()));
        let (second, third) = rest.split_at(bytes[1].min(rest.len()));
        let plane = |data, stride| Plane { data, stride };
        let planes =
            [plane(first, strides[0]), plane(second, strides[1]), plane(third, strides[2])];
        let format = if self.pixels.nv12 { PixelFormat::Nv12 } else { PixelFormat::I420 };
        let matrix = if self.pixels.bt709 { ColorMatrix::Bt709 } else { ColorMatrix::Bt601 };
        let range = if self.pixels.full { ColorRange::Full } else { ColorRange::Limited };
        let count = if self.pixels.nv12 { 2 } else { 3 };
        FrameView::new(width, height, format, matrix, range, &planes[..count])
    }
}

impl Frame for SentFrame {
    fn stamp(&self) -> FrameStamp {
        self.stamp
    }

    fn view(&self) -> FrameView<'_> {
        // Bytes and layout are those that were checked when it was made.
        #[expect(clippy::expect_used, reason = "it was checked, and nothing changes it")]
        self.checked().expect("planes that were checked")
    }
}

/// Listens in the folder of the shadow. What lay there was of a process that is no more.
///
/// # Errors
/// What the system says.
pub fn listen(shadow_dir: &Path) -> io::Result<UnixListener> {
    let dir = std::fs::File::open(shadow_dir)?;
    // The folder may have a longer path than an address of a socket.
    let path = through(&dir).join(SOCKET);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(path)
}

fn through(dir: &std::fs::File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd()))
}

/// Connects to who listens in this folder; what is asked for.
pub(super) fn connect(
    shadow_dir: &Path,
    within: Duration,
) -> Result<(UnixStream, Asked), WireError> {
    let dir = std::fs::File::open(shadow_dir)?;
    let stream = UnixStream::connect(through(&dir).join(SOCKET))?;
    stream.set_read_timeout(Some(within))?;
    stream.set_write_timeout(Some(within))?;
    let mut line = String::new();
    BufReader::new((&stream).take(HEAD_BYTES_MAX as u64)).read_line(&mut line)?;
    Ok((stream, serde_json::from_str(&line)?))
}

/// Says what is asked for.
///
/// # Errors
/// [`WireError`].
pub fn ask(stream: &mut UnixStream, asked: &Asked) -> Result<(), WireError> {
    let mut line = serde_json::to_vec(asked)?;
    line.push(b'\n');
    Ok(stream.write_all(&line)?)
}

/// Sends a message, and waits until it was dealt with.
pub(super) fn send(
    stream: &mut UnixStream,
    mut said: Said,
    frame: Option<&dyn Frame>,
) -> Result<(), WireError> {
    let view = frame.map(Frame::view);
    let mut body = 0;
    if let (Said::Look(look), Some(view)) = (&mut said, &view) {
        let pixels = Pixels::of(view);
        body = pixels.all();
        look.pixels = Some(pixels);
    }
    let head = serde_json::to_vec(&said)?;
    let lengths = [head.len(), body].map(|n| (n as u32).to_le_bytes());
    stream.write_all(&lengths.concat())?;
    stream.write_all(&head)?;
    if body > 0 {
        for plane in view.iter().flat_map(planes) {
            stream.write_all(plane.data)?;
        }
    }
    let mut done = [0];
    Ok(stream.read_exact(&mut done)?)
}

/// The next message; none when there are no more.
///
/// # Errors
/// [`WireError`].
pub fn next(stream: &mut UnixStream) -> Result<Option<(Said, Option<SentFrame>)>, WireError> {
    let mut lengths = [0; 8];
    match stream.read_exact(&mut lengths) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = |at: usize| {
        let bytes = [lengths[at], lengths[at + 1], lengths[at + 2], lengths[at + 3]];
        u32::from_le_bytes(bytes) as usize
    };
    let (head, body) = (length(0), length(4));
    if head > HEAD_BYTES_MAX || body > BODY_BYTES_MAX {
        return Err(WireError::TooLong(head.max(body)));
    }
    let mut bytes = vec![0; head];
    stream.read_exact(&mut bytes)?;
    let said: Said = serde_json::from_slice(&bytes)?;
    let mut bytes = vec![0; body];
    stream.read_exact(&mut bytes)?;
    let frame = match &said {
        Said::Look(look) => look.pixels.map(|of| SentFrame::new(look.observation.frame, of, bytes)),
        Said::End(_) => None,
    };
    Ok(Some((said, frame.transpose()?)))
}

/// The message was dealt with.
///
/// # Errors
/// [`WireError`].
pub fn answer(stream: &mut UnixStream) -> Result<(), WireError> {
    Ok(stream.write_all(&[DONE])?)
}
