//! The HTTP server of `/metrics` and `/healthz`: its own thread, read only, bounded.

use super::connections::Bounded;
use super::{Metrics, TelemetryError, exposition};
use crate::clock;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::registry::Registry;
use std::future::IntoFuture as _;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

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
    let listener = Bounded::new(listener);
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
    // A connection with many requests in its buffer must not keep the others waiting.
    tokio::task::yield_now().await;
    match exposition::render(&app.registry) {
        Ok(page) => answer(StatusCode::OK, exposition::CONTENT_TYPE, page),
        Err(error) => {
            tracing::error!(%error, "the metrics page cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn health(Shared(app): Shared<App>) -> Response {
    tokio::task::yield_now().await;
    let (code, body) = app.metrics.state().healthz(clock::monotonic());
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(code, "application/json", format!("{body}\n"))
}

fn answer(code: StatusCode, content_type: &'static str, body: String) -> Response {
    (code, [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")], body).into_response()
}
