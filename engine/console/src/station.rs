//! A console put together from its configuration.

use crate::basemap::{BaseMap, MapError};
use crate::broker::{Broker, Commands, RealTime};
use crate::clock;
use crate::config::Config;
use crate::evidence::Files;
use crate::http::{App, Entrance, Limits, Pages, Tls, Turns, router, serve};
use crate::keeping::House;
use crate::live::Live;
use crate::pem::TlsError;
use crate::people::{Clock, Cost, PasswordError, People, Refused, random};
use crate::store::{Store, StoreError};
use crate::tend::Tend;
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

/// How long who is being answered may take when the console stops.
const GOODBYE: Duration = Duration::from_secs(3);
/// How often it is told what nobody asks for.
const MINUTE: Duration = Duration::from_mins(1);

/// How glibc is to keep memory in a process that is a console: read from the environment when a program starts.
///
/// A password takes 19 MiB to hash. glibc learns from the first that so much is asked for again, and keeps it from then
/// on, for each of its heaps; with a bound it goes back at once, and one heap does for all threads.
pub const HEAP: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "1048576"), ("MALLOC_ARENA_MAX", "1")];

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
    /// No evidence can be kept.
    #[error("evidence: {0}; let this user write in data_dir")]
    Evidence(io::Error),
    /// There is no map where the configuration says so.
    #[error(transparent)]
    Map(#[from] MapError),
    /// Nobody can be spoken with in secret.
    #[error(transparent)]
    Tls(#[from] TlsError),
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
    live: Live,
    people: Arc<People>,
    runtime: Option<Runtime>,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
}

impl Station {
    /// Starts it.
    ///
    /// # Errors
    /// When the address or the data folder is not to be had.
    pub fn start(config: &Config) -> Result<Self, StationError> {
        let vitals = Vitals::default();
        let tls = config.door.as_ref().map(Tls::open).transpose()?;
        let base_map = config.map.as_deref().map(BaseMap::open).transpose()?;
        let store = Store::open(&config.data_dir, &vitals)?;
        let people = people_of(&store)?;
        let files = Files::open(&config.data_dir).map_err(StationError::Evidence)?;
        let client = client_id(&store)?;
        let (commands, to_send) = Commands::new(drawn()?, RealTime, vitals.clone());
        let (kept, told) = (store.clone(), vitals.clone());
        let broker = Broker::new(&config.mqtt, client, kept, told, commands.clone())?;
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
        let live = runtime.block_on(Live::begin(&store))?;
        // Last of what may fail: a password that nobody saw would be none.
        let first = people.first(config.language)?;
        let people = Arc::new(people);
        let app = App {
            pages: Pages::of(&store),
            store,
            live,
            files,
            base_map,
            commands,
            turns: Turns::default(),
            vitals,
            people: Arc::clone(&people),
            https: config.https,
            proxy: config.proxy,
            bound: config.bound,
            language: config.language,
        };
        let tend = Tend::new(app.store.clone(), app.vitals.clone());
        let (store, files, vitals) = (app.store.clone(), app.files.clone(), app.vitals.clone());
        let house = House::new(store, files, vitals, config.keep);
        runtime.spawn(tend.run());
        runtime.spawn(app.live.clone().run(app.store.clone(), app.vitals.clone()));
        runtime.spawn(house.run());
        runtime.spawn(each_minute(Arc::clone(&people), app.vitals.clone()));
        runtime.spawn(broker.run(to_send));
        let (stop, stopping) = watch::channel(false);
        let live = app.live.clone();
        let limits = Limits { proxy: config.proxy, ..Limits::default() };
        let told = app.vitals.clone();
        if let Some(tls) = tls.clone() {
            runtime.spawn(tls.run(told.clone()));
        }
        let entrance = Entrance { listener, tls };
        let server = runtime.spawn(serve(entrance, router(app), limits, told, stopping));
        let (runtime, server) = (Some(runtime), Some(server));
        Ok(Self { address, first, live, people, runtime, stop, server })
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.live.end();
        // Whoever listens has gone already, or hears it.
        let _ = self.stop.send(true);
        let Some(runtime) = self.runtime.take() else { return };
        if let Some(server) = self.server.take() {
            // Who is being answered still is.
            let _ = runtime.block_on(async { tokio::time::timeout(GOODBYE, server).await });
        }
        if let Err(error) = runtime.block_on(self.people.tell_looks(true)) {
            tracing::error!(%error, "the audit lacks how often pictures were looked at again");
        }
        runtime.shutdown_timeout(GOODBYE);
    }
}

/// What tells this console's session at a broker from that of others.
fn client_id(store: &Store) -> Result<String, StationError> {
    let instance = store.instance(format!("{:016x}", drawn()?))?;
    Ok(format!("viahe-console-{instance}"))
}

/// A number that nobody else has.
fn drawn() -> Result<u64, StationError> {
    Ok(u64::from_ne_bytes(random().map_err(PasswordError::from)?))
}

/// Tells how often pictures were looked at again, and what is over by itself.
async fn each_minute(people: Arc<People>, vitals: Vitals) {
    loop {
        tokio::time::sleep(MINUTE).await;
        vitals.settle(clock::monotonic());
        if let Err(error) = people.tell_looks(false).await {
            tracing::error!(%error, "the audit lacks how often pictures were looked at again");
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
    Ok(people_of(&Store::open(&config.data_dir, &Vitals::default())?)?)
}
