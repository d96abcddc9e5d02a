//! The HTTP server of `/metrics` and `/healthz`: its own thread, read only, bounded.

use super::{Metrics, TelemetryError, exposition};
use crate::clock;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::registry::Registry;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// Connections at once; one more waits.
const CONNECTIONS_MAX: usize = 16;

/// A connection on which nothing was read or written for so long is closed. Scrapers keep theirs
/// open from one scrape to the next, which is a minute at most as a rule.
const IDLE_MAX: Duration = Duration::from_secs(90);

/// A running server. Dropping it stops it at once.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Where it listens; with the port that was chosen when 0 was asked for.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was logged where it happened.
            let _ = thread.join();
        }
    }
}

/// Serves `metrics` on `addr` until the [`Server`] is dropped.
///
/// # Errors
/// [`TelemetryError`] when the address is in use or cannot be bound, or no thread can be started.
pub fn serve(addr: SocketAddr, metrics: Arc<Metrics>) -> Result<Server, TelemetryError> {
    let listener = bind(addr)?;
    let start = |source| TelemetryError::Start { source };
    let addr = listener.local_addr().map_err(start)?;
    if !addr.ip().is_loopback() {
        tracing::warn!(%addr, "metrics can be read by anybody who reaches this address");
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(start)?;
    let listener = {
        // Registering with the runtime needs its context.
        let _context = runtime.enter();
        tokio::net::TcpListener::from_std(listener).map_err(start)?
    };
    let listener = Bounded { inner: listener, slots: Arc::new(Semaphore::new(CONNECTIONS_MAX)) };
    let (stop, stopped) = oneshot::channel();
    let app = router(metrics);
    let run = move || {
        runtime.block_on(async {
            tokio::select! {
                _ = axum::serve(listener, app).into_future() => {}
                // A sender that is gone says so too.
                _ = stopped => {}
            }
        });
        runtime.shutdown_background();
    };
    let thread = std::thread::Builder::new().name("telemetry".into()).spawn(run).map_err(start)?;
    Ok(Server { addr, stop: Some(stop), thread: Some(thread) })
}

fn bind(addr: SocketAddr) -> Result<TcpListener, TelemetryError> {
    let listener = TcpListener::bind(addr).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => TelemetryError::InUse { addr },
        _ => TelemetryError::Bind { addr, source },
    })?;
    listener.set_nonblocking(true).map_err(|source| TelemetryError::Bind { addr, source })?;
    Ok(listener)
}

#[derive(Clone)]
struct App {
    metrics: Arc<Metrics>,
    registry: Arc<Registry>,
}

/// Handlers take no body, so none is ever read.
fn router(metrics: Arc<Metrics>) -> Router {
    let registry = Arc::new(exposition::registry(Arc::clone(&metrics)));
    Router::new()
        .route("/metrics", get(page))
        .route("/healthz", get(health))
        .fallback(async || (StatusCode::NOT_FOUND, "see /metrics and /healthz\n"))
        .with_state(App { metrics, registry })
}

async fn page(Shared(app): Shared<App>) -> Response {
    match exposition::render(&app.registry) {
        Ok(page) => answer(StatusCode::OK, exposition::CONTENT_TYPE, page),
        Err(error) => {
            tracing::error!(%error, "the metrics page cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn health(Shared(app): Shared<App>) -> Response {
    let (code, body) = app.metrics.state().healthz(clock::monotonic());
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(code, "application/json", format!("{body}\n"))
}

fn answer(code: StatusCode, content_type: &'static str, body: String) -> Response {
    (code, [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")], body).into_response()
}

/// Accepts while there is a slot.
struct Bounded {
    inner: tokio::net::TcpListener,
    slots: Arc<Semaphore>,
}

impl axum::serve::Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            // The semaphore is never closed; were it, waiting would still be right.
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
                std::future::pending::<()>().await;
                continue;
            };
            match self.inner.accept().await {
                Ok((stream, addr)) => return (Connection::new(stream, slot), addr),
                Err(error) => {
                    // Out of file descriptors: trying at once would only burn the processor.
                    tracing::debug!(%error, "a metrics connection was not accepted");
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// A connection that ends when it is idle for too long.
struct Connection {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, slot: OwnedSemaphorePermit) -> Self {
        let idle = Box::pin(sleep_until(Instant::now() + IDLE_MAX));
        Self { stream, idle, _slot: slot }
    }

    /// Restarts the idle time when `polled` got somewhere; ends the connection when it is over.
    fn watched<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.idle.as_mut().reset(Instant::now() + IDLE_MAX);
            return polled;
        }
        match self.idle.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.watched(polled, context)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(polled, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
