//! The connection to a camera, with or without TLS, read and written without waiting.

use super::words;
use crate::ingest::fault::Fault;
use crate::ingest::tls;
use gio::prelude::*;
use gstreamer::glib;
use gstreamer_rtsp_server::gio;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use viahe_contract::message::CameraFault;

/// Name, connection and handshake may take so long, each.
const STEP_MAX_SECS: u32 = 5;
/// As rtspsrc takes it for `rtsps://` without a port, too.
const PORT: u16 = 554;

/// Whom to connect to.
#[derive(Clone)]
pub(super) struct Target {
    /// `rtsp://` or `rtsps://`, without a login.
    pub(super) url: String,
    /// Whom to trust, instead of the box's authorities.
    pub(super) ca: Option<PathBuf>,
}

impl Target {
    fn address(&self) -> Result<gio::NetworkAddress, Fault> {
        gio::NetworkAddress::parse_uri(&self.url, PORT).map_err(|_| {
            Fault::new(CameraFault::AddressWrong, "the address in `url` cannot be read; correct it")
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.address().map_or(PORT, |address| address.port())
    }
}

/// A connection.
pub(super) struct Wire {
    socket: gio::Socket,
    encrypted: bool,
    input: gio::PollableInputStream,
    output: gio::PollableOutputStream,
    /// Closes everything when dropped.
    _stream: gio::IOStream,
    /// The camera's address.
    pub(super) peer: Option<String>,
}

impl Wire {
    /// Connects. Blocks; `stop` ends that.
    ///
    /// # Errors
    /// Why there is no connection, for people.
    pub(super) fn open(target: &Target, stop: &gio::Cancellable) -> Result<Self, Fault> {
        let address = target.address()?;
        let client = gio::SocketClient::new();
        client.set_enable_proxy(false);
        client.set_timeout(STEP_MAX_SECS);
        let plain = SocketClientExt::connect(&client, &address, Some(stop))
            .map_err(|e| words::unreachable(&e, address.port()))?;
        let socket = plain.socket();
        let encrypted = target.url.starts_with("rtsps://");
        let stream: gio::IOStream = if encrypted {
            tls::handshake(&client, &plain, &address, target.ca.as_deref(), stop)?.upcast()
        } else {
            plain.clone().upcast()
        };
        // From here on nothing waits in it.
        socket.set_timeout(0);
        socket.set_keepalive(true);
        let peer =
            plain.remote_address().ok().and_then(|a| a.downcast::<gio::InetSocketAddress>().ok());
        let pollable =
            || Fault::new(CameraFault::BoxFails, "a connection cannot be polled; report it");
        Ok(Self {
            input: stream.input_stream().dynamic_cast().map_err(|_| pollable())?,
            output: stream.output_stream().dynamic_cast().map_err(|_| pollable())?,
            socket,
            encrypted,
            _stream: stream,
            peer: peer.map(|address| address.address().to_str().to_string()),
        })
    }

    /// What to poll.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Is there something to read of which its socket knows nothing any more, as it was decrypted with what was read before?
    pub(super) fn holds_more(&self) -> bool {
        self.encrypted && self.input.is_readable()
    }

    /// Reads what there is; none when there is nothing, 0 at the end.
    pub(super) fn read(&self, buffer: &mut [u8]) -> Result<Option<usize>, glib::Error> {
        unless_blocked(self.input.read_nonblocking(buffer, gio::Cancellable::NONE))
    }

    /// Writes what goes; none when nothing does.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<Option<usize>, glib::Error> {
        unless_blocked(self.output.write_nonblocking(bytes, gio::Cancellable::NONE))
    }
}

fn unless_blocked(done: Result<isize, glib::Error>) -> Result<Option<usize>, glib::Error> {
    match done {
        Ok(count) => Ok(usize::try_from(count).ok()),
        Err(error) if error.matches(gio::IOErrorEnum::WouldBlock) => Ok(None),
        Err(error) => Err(error),
    }
}
