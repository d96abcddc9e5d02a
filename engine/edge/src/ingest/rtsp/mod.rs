//! Between rtspsrc and a camera: a relay that knows how to log in, how to hold a session, and what
//! a camera's refusals mean.
//!
//! rtspsrc 1.22 says a refused login eight times, keeps no session alive while media comes over
//! TCP, and hides what the camera answered. So it is connected to a socket of this process, and
//! the [`Exchange`] hands its requests on. Media passes through, in larger packets ([`gather`]). Only
//! rtspsrc knows the key in the address, so that nobody else on the box sees the camera without its
//! password.
//!
//! Why it is built so: `docs/adr/0014-rtsp-sessions.md`.

mod description;
mod exchange;
mod gather;
mod login;
mod message;
#[cfg(test)]
mod tests;
mod wire;
mod words;

use super::IngestError;
use super::fault::Fault;
use crate::clock;
use exchange::{End, Exchange, Subject};
use gio::prelude::*;
use gstreamer_rtsp_server::gio;
use rustix::event::{PollFd, PollFlags, poll};
use std::hash::{BuildHasher, Hasher};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use viahe_contract::message::{CameraFault, Carrier};
use viahe_core::plan::Secret;
use wire::{Target, Wire};

/// rtspsrc connects at once; later it does not come any more.
const CLIENT_MAX: Duration = Duration::from_secs(5);
/// Of bytes for rtspsrc that wait; beyond them the camera waits.
const WAITING_MAX: usize = 256 << 10;
const CHUNK: usize = 64 << 10;
/// The last words of a talk may take so long.
const LAST_WORDS_MAX: Duration = Duration::from_millis(200);

/// Which camera, and how.
pub(super) struct Call {
    /// `rtsp://` or `rtsps://`, without a login.
    pub(super) url: String,
    /// User name and password.
    pub(super) login: Option<(String, Secret)>,
    /// The login was accepted on an earlier connection.
    pub(super) login_good: bool,
    /// Whom to trust, instead of the box's authorities.
    pub(super) ca: Option<PathBuf>,
    /// How media is asked for.
    pub(super) carrier: Carrier,
}

/// What a talk has come to.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The camera has agreed to send.
    pub(super) playing: AtomicBool,
    /// It has accepted the login.
    pub(super) login_accepted: AtomicBool,
    /// Why rtspsrc fails, if it does.
    doubt: Mutex<Option<Fault>>,
}

impl Progress {
    /// Why rtspsrc fails, if it does.
    pub(super) fn doubt(&self) -> Option<Fault> {
        self.doubt.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A relay that works; ends when dropped.
pub(super) struct Relay {
    /// The address for rtspsrc.
    pub(super) location: String,
    pub(super) progress: Arc<Progress>,
    stop: gio::Cancellable,
    _awake: UnixStream,
}

impl Relay {
    /// Starts one; it calls in the background, and `tell`s when that fails.
    ///
    /// # Errors
    /// When the box has no socket or thread left.
    pub(super) fn start(
        call: Call,
        tell: impl FnOnce(Fault) + Send + 'static,
    ) -> Result<Self, IngestError> {
        let failed = |e: std::io::Error| IngestError::Relay(e);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let (awake, wake) = UnixStream::pair().map_err(failed)?;
        let host = format!("rtsp://{}", listener.local_addr().map_err(failed)?);
        let alias = format!("{host}/{:016x}", key());
        let (authority, path) = authority(&call.url);
        let location = format!("{alias}{path}");
        let (stop, progress) = (gio::Cancellable::new(), Arc::new(Progress::default()));
        let target = Target { url: call.url.clone(), ca: call.ca };
        let subject = Subject {
            alias,
            alias_host: host,
            camera: format!("rtsp://{authority}"),
            port: target.port(),
            peer: None,
            carrier: call.carrier,
            login: call.login.map(|(user, secret)| (user, secret.reveal().to_owned())),
            login_good: call.login_good,
        };
        let (halt, told) = (stop.clone(), Arc::clone(&progress));
        std::thread::Builder::new()
            .name("rtsp".into())
            .spawn(move || {
                let work = Work { target, listener, wake, halt, progress: told };
                // Told before the line is cut, so that rtspsrc's word for that comes later.
                let mut line = None;
                if let Err(fault) = work.run(subject, &mut line) {
                    tell(fault);
                }
            })
            .map_err(failed)?;
        Ok(Self { location, progress, stop, _awake: awake })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A number that nobody guesses: the standard library takes the keys of its hashes from the kernel.
fn key() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

/// `host:port` of an address, and its path, which is never empty.
fn authority(url: &str) -> (&str, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let slash = if path.starts_with('/') { "" } else { "/" };
    (authority, format!("{slash}{path}"))
}

/// What the relay's thread has.
struct Work {
    target: Target,
    listener: TcpListener,
    wake: UnixStream,
    halt: gio::Cancellable,
    progress: Arc<Progress>,
}

/// A talk that goes on.
struct Line {
    wire: Wire,
    client: TcpStream,
    exchange: Exchange,
    buffer: Vec<u8>,
}

/// Who has something to say, or has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ready {
    camera: bool,
    client: bool,
}

/// Why a line has ended well.
enum Over {
    /// rtspsrc has left, or is not wanted any more.
    Left,
    /// It was somebody else.
    Stranger,
}

impl Work {
    /// Works until rtspsrc leaves; an error is the camera's, or that of the way to it.
    fn run(&self, mut subject: Subject, line: &mut Option<Line>) -> Result<(), Fault> {
        let wire = match Wire::open(&self.target, &self.halt) {
            Ok(wire) => wire,
            Err(_) if self.halt.is_cancelled() => return Ok(()),
            Err(fault) => return Err(fault),
        };
        subject.peer.clone_from(&wire.peer);
        let Some(client) = self.accept()? else { return Ok(()) };
        let exchange = Exchange::new(subject);
        let line = line.insert(Line { wire, client, exchange, buffer: vec![0; CHUNK] });
        while let Over::Stranger = self.talk(line)? {
            let Some(client) = self.accept()? else { return Ok(()) };
            line.client = client;
            line.exchange.forget_client();
        }
        line.last_words();
        Ok(())
    }

    /// Waits for rtspsrc; none when it is not wanted any more.
    fn accept(&self) -> Result<Option<TcpStream>, Fault> {
        let until = clock::monotonic() + CLIENT_MAX;
        loop {
            let left = until.saturating_duration_since(clock::monotonic());
            let mut fds = [
                PollFd::new(&self.listener, PollFlags::IN),
                PollFd::new(&self.wake, PollFlags::IN),
            ];
            wait(&mut fds, left);
            if !fds[1].revents().is_empty() {
                return Ok(None);
            }
            match self.listener.accept() {
                Ok((client, _)) => {
                    let ready = client.set_nonblocking(true).and(client.set_nodelay(true));
                    return ready.map(|()| Some(client)).map_err(|e| of_box(&e));
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock && !left.is_zero() => {}
                Err(e) => return Err(of_box(&e)),
            }
        }
    }

    fn talk(&self, line: &mut Line) -> Result<Over, Fault> {
        // Both may have spoken before anybody listened.
        let mut ready = Ready { camera: true, client: true };
        loop {
            let now = clock::monotonic();
            match line.turn(ready, now) {
                Ok(true) => {}
                Ok(false) => return Ok(Over::Left),
                Err(End::Fault(fault)) => return Err(fault),
                Err(End::Stranger) => return Ok(Over::Stranger),
            }
            // What was just asked for has its time too.
            let due = match line.exchange.tick(now) {
                Ok(due) => due,
                Err(End::Fault(fault)) => return Err(fault),
                Err(End::Stranger) => return Ok(Over::Stranger),
            };
            line.write_camera();
            self.note(&line.exchange);
            let left = due.map_or(Duration::from_mins(1), |at| at.saturating_duration_since(now));
            match self.pause(line, left) {
                Some(heard) => ready = heard,
                None => return Ok(Over::Left),
            }
        }
    }

    fn note(&self, exchange: &Exchange) {
        self.progress.playing.store(exchange.playing(), Ordering::Relaxed);
        self.progress.login_accepted.store(exchange.login_accepted(), Ordering::Relaxed);
        let doubt = exchange.doubt.clone();
        *self.progress.doubt.lock().unwrap_or_else(PoisonError::into_inner) = doubt;
    }

    /// Waits until something can be done; none when nothing is wanted any more.
    fn pause(&self, line: &Line, at_most: Duration) -> Option<Ready> {
        if line.exchange.to_client.len() < WAITING_MAX && line.wire.holds_more() {
            return Some(Ready { camera: true, client: false });
        }
        line.wait(&self.wake, at_most)
    }
}

impl Line {
    /// Waits until one of both can be read or written; none when nothing is `wake`d for any more. What nothing is wanted of
    /// is not waited for: that it has left would be told without end.
    fn wait(&self, wake: &UnixStream, at_most: Duration) -> Option<Ready> {
        let flags = |read: bool, write: bool| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, read);
            flags.set(PollFlags::OUT, write);
            flags
        };
        let Exchange { to_camera, to_client, .. } = &self.exchange;
        let camera = flags(to_client.len() < WAITING_MAX, !to_camera.is_empty());
        let client = flags(to_camera.len() < WAITING_MAX, !to_client.is_empty());
        let (wire, rtspsrc) = (self.wire.fd(), self.client.as_fd());
        let mut fds = [(wake.as_fd(), PollFlags::IN), (wire, camera), (rtspsrc, client)]
            .map(|(fd, flags)| (if flags.is_empty() { wake.as_fd() } else { fd }, flags))
            .map(|(fd, flags)| PollFd::from_borrowed_fd(fd, flags));
        wait(&mut fds, at_most);
        let [wake, camera, client] = fds.map(|fd| !fd.revents().is_empty());
        (!wake).then_some(Ready { camera, client })
    }

    /// Moves what can be moved; false when rtspsrc has left.
    fn turn(&mut self, ready: Ready, now: Instant) -> Result<bool, End> {
        if ready.client && self.exchange.to_camera.len() < WAITING_MAX {
            match self.client.read(&mut self.buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    self.exchange.client_says(&self.buffer[..count], now)?;
                    self.write_camera();
                }
                Err(e) if blocked(&e) => {}
                Err(_) => return Ok(false),
            }
        }
        if ready.camera && self.exchange.to_client.len() < WAITING_MAX {
            match self.wire.read(&mut self.buffer) {
                Ok(Some(0)) | Err(_) => {
                    // What it said last may say why.
                    let _ = self.write_client();
                    return Err(self.exchange.camera_gone().into());
                }
                Ok(Some(count)) => {
                    self.exchange.camera_says(&self.buffer[..count], now)?;
                    self.write_camera();
                }
                Ok(None) => {}
            }
        }
        Ok(self.write_client().is_ok())
    }

    fn write_camera(&mut self) {
        let to_camera = &mut self.exchange.to_camera;
        while !to_camera.is_empty() {
            match self.wire.write(to_camera) {
                Ok(Some(count)) => drop(to_camera.drain(..count)),
                Ok(None) => break,
                // The camera may have said why before it left.
                Err(_) => {
                    to_camera.clear();
                    break;
                }
            }
        }
    }

    fn write_client(&mut self) -> std::io::Result<()> {
        let to_client = &mut self.exchange.to_client;
        let mut done = 0;
        while done < to_client.len() {
            match self.client.write(&to_client[done..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(e) if blocked(&e) => break,
                Err(e) => return Err(e),
            }
        }
        to_client.drain(..done);
        Ok(())
    }

    /// rtspsrc has said TEARDOWN and left: the camera shall hear it.
    fn last_words(&mut self) {
        let until = clock::monotonic() + LAST_WORDS_MAX;
        while !self.exchange.to_camera.is_empty() && clock::monotonic() < until {
            self.write_camera();
            let left = until.saturating_duration_since(clock::monotonic());
            wait(&mut [PollFd::from_borrowed_fd(self.wire.fd(), PollFlags::OUT)], left);
        }
    }
}

/// Waits for one of `fds`; an interruption is no matter, as all is looked at again.
fn wait(fds: &mut [PollFd<'_>], at_most: Duration) {
    // Rounded up, so that a wait of less than a millisecond does not spin.
    let ms = at_most.as_nanos().div_ceil(1_000_000) as i64;
    let at_most = rustix::event::Timespec { tv_sec: ms / 1000, tv_nsec: ms % 1000 * 1_000_000 };
    let _ = poll(fds, Some(&at_most));
}

fn blocked(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn of_box(error: &std::io::Error) -> Fault {
    Fault::new(CameraFault::BoxFails, format!("the box has no socket for the camera: {error}"))
}
