//! Connections of the server: few, and none that only sits there can keep another out.
//!
//! Each is idle, asks or is answered. Each of these may last so long and no longer, however the bytes
//! trickle: what comes or goes byte by byte restarts nothing. When all places are taken and one more
//! client is there, the one that has been at its present step for longest is closed for it: on a
//! loopback a whole exchange takes a moment, so that is one that sits there.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// Connections at once.
const CONNECTIONS_MAX: usize = 16;

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing is asked.
    Idle,
    /// A request has begun and is not answered.
    Asks,
    /// The answer waits for the client to read.
    Answered,
}

impl Step {
    /// How long it may last.
    fn longest(self) -> Duration {
        match self {
            // Scrapers keep theirs open from one scrape to the next, a minute at most as a rule.
            Self::Idle => Duration::from_secs(90),
            // Judgement: a request is one packet, an answer some dozens; a radio link takes a second.
            Self::Asks => Duration::from_secs(5),
            Self::Answered => Duration::from_secs(15),
        }
    }
}

/// Who is there, and since when at the present step.
#[derive(Debug, Default)]
struct Table {
    next: u64,
    open: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    since: Instant,
    /// Closes the connection when it is dropped.
    end: Option<oneshot::Sender<()>>,
}

impl Table {
    /// Closes the one that has been at its step for longest.
    fn close_oldest(&mut self) {
        let there = self.open.values_mut().filter(|entry| entry.end.is_some());
        if let Some(oldest) = there.min_by_key(|entry| entry.since) {
            oldest.end = None;
        }
    }
}

type Shared = Arc<Mutex<Table>>;

fn lock(table: &Shared) -> MutexGuard<'_, Table> {
    // Whole between any two statements.
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Accepts everyone, and keeps few.
pub(super) struct Bounded {
    inner: TcpListener,
    places: Arc<Semaphore>,
    table: Shared,
}

impl Bounded {
    pub(super) fn new(inner: TcpListener) -> Self {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { inner, places, table: Shared::default() }
    }
}

impl axum::serve::Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let (stream, addr) = match self.inner.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors: trying at once would only burn the processor.
                    tracing::debug!(%error, "a metrics connection was not accepted");
                    sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            if self.places.available_permits() == 0 {
                lock(&self.table).close_oldest();
            }
            // The semaphore is never closed.
            if let Ok(place) = Arc::clone(&self.places).acquire_owned().await {
                return (Connection::new(stream, Arc::clone(&self.table), place), addr);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection that ends when it is at one step for too long, or is told to.
pub(super) struct Connection {
    stream: TcpStream,
    step: Step,
    until: Pin<Box<Sleep>>,
    ended: oneshot::Receiver<()>,
    table: Shared,
    key: u64,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, table: Shared, place: OwnedSemaphorePermit) -> Self {
        let (end, ended) = oneshot::channel();
        let since = Instant::now();
        let mut all = lock(&table);
        let key = all.next;
        all.next += 1;
        all.open.insert(key, Entry { since, end: Some(end) });
        drop(all);
        let step = Step::Idle;
        let until = Box::pin(sleep_until(since + step.longest()));
        Self { stream, step, until, ended, table, key, _place: place }
    }

    fn begin(&mut self, step: Step) {
        let now = Instant::now();
        self.step = step;
        self.until.as_mut().reset(now + step.longest());
        if let Some(entry) = lock(&self.table).open.get_mut(&self.key) {
            entry.since = now;
        }
    }

    /// Ready when this connection is to end.
    fn over(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if Pin::new(&mut self.ended).poll(context).is_ready() {
            return Poll::Ready(io::ErrorKind::ConnectionAborted.into());
        }
        self.until.as_mut().poll(context).map(|()| io::ErrorKind::TimedOut.into())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        lock(&self.table).open.remove(&self.key);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.over(context) {
            return Poll::Ready(Err(error));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before && self.step == Step::Idle {
            self.begin(Step::Asks);
            // Its new end must be waited for too.
            let _ = self.until.as_mut().poll(context);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(error) = self.over(context) {
            return Poll::Ready(Err(error));
        }
        if self.step != Step::Answered {
            self.begin(Step::Answered);
            let _ = self.until.as_mut().poll(context);
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        // What is left waits for a client that reads slowly.
        if written == bytes.len() {
            self.begin(Step::Idle);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
