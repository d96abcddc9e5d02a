//! A console put together from its configuration.

use crate::config::Config;
use crate::http::{App, router};
use crate::people::{Authority, Caller, Refusal};
use crate::store::{Store, StoreError};
use crate::vitals::Vitals;
use axum::http::HeaderMap;
use futures_util::future::BoxFuture;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Why a console does not start.
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// Nobody can reach it.
    #[error("{listen}: {source}; choose another address in [console] listen")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Nothing can be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing can run.
    #[error("no threads: {0}")]
    Threads(io::Error),
}

/// A console that runs, until it is dropped.
pub struct Station {
    /// Where it listens.
    pub address: SocketAddr,
    runtime: Option<Runtime>,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<io::Result<()>>>,
}

impl Station {
    /// Starts it.
    ///
    /// # Errors
    /// When the address or the data folder is not to be had.
    pub fn start(config: &Config) -> Result<Self, StationError> {
        let store = Store::open(&config.data_dir)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("console")
            .build()
            .map_err(StationError::Threads)?;
        let listen = config.listen;
        let bound = runtime.block_on(TcpListener::bind(listen));
        let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) =
            bound.map_err(|source| StationError::Listen { listen, source })?;
        let app = App { store, vitals: Vitals::default(), authority: Arc::new(Nobody) };
        let (stop, mut stopping) = watch::channel(false);
        let ended = async move {
            // The sender gone means the same.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let server = axum::serve(listener, router(app)).with_graceful_shutdown(ended);
        let server = runtime.spawn(async move { server.await });
        Ok(Self { address, runtime: Some(runtime), stop, server: Some(server) })
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        // Whoever listens has gone already, or hears it.
        let _ = self.stop.send(true);
        drop(self.server.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        }
    }
}

/// Until people are kept, nobody is known.
struct Nobody;

impl Authority for Nobody {
    fn who<'a>(&'a self, _: &'a HeaderMap) -> BoxFuture<'a, Result<Caller, Refusal>> {
        Box::pin(async { Err(Refusal::Unknown) })
    }
}
