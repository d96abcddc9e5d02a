//! A console put together from its configuration.

use crate::clock;
use crate::config::Config;
use crate::http::{App, router};
use crate::people::{Clock, Cost, PasswordError, People, Refused};
use crate::store::{Store, StoreError};
use crate::vitals::Vitals;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use viahe_contract::id::Name;
use viahe_contract::time::Timestamp;

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
    /// Nobody can log in.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Nobody can be the first to log in.
    #[error(transparent)]
    First(#[from] Refused),
    /// Nothing can run.
    #[error("no threads: {0}")]
    Threads(io::Error),
}

/// A console that runs, until it is dropped.
pub struct Station {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who manages people, with the password, when nobody was known yet. It is kept nowhere: show it.
    pub first: Option<(Name, String)>,
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
        let people = people_of(&store)?;
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
        // Last of what may fail: a password that nobody saw would be none.
        let first = people.first(config.language)?;
        let app = App {
            store,
            vitals: Vitals::default(),
            people: Arc::new(people),
            https: config.https,
            proxy: config.proxy,
            language: config.language,
        };
        let (stop, mut stopping) = watch::channel(false);
        let ended = async move {
            // The sender gone means the same.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(ended);
        let server = runtime.spawn(async move { server.await });
        Ok(Self { address, first, runtime: Some(runtime), stop, server: Some(server) })
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        // Whoever listens has gone already, or hears it.
        let _ = self.stop.send(true);
        drop(self.server.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// The clocks of this machine.
struct Clocks {
    started: Instant,
}

impl Clock for Clocks {
    fn now(&self) -> Timestamp {
        clock::now()
    }

    fn uptime(&self) -> Duration {
        clock::monotonic().duration_since(self.started)
    }
}

/// The desk at which people log in, over a database.
fn people_of(store: &Store) -> Result<People, PasswordError> {
    let clocks = Clocks { started: clock::monotonic() };
    People::new(store.clone(), Cost::OWASP, Box::new(clocks))
}

/// The people of a console that does not run: for the command line.
///
/// # Errors
/// When its folder is not to be had, as while it runs.
pub fn people_at_rest(config: &Config) -> Result<People, StationError> {
    Ok(people_of(&Store::open(&config.data_dir)?)?)
}
