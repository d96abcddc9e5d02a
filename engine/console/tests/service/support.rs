//! A console on loopback with a clock of its own, and a client that says just what it is told to.

use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};
use viahe_console::basemap::BaseMap;
use viahe_console::broker::{Broker, Commands, Timer};
use viahe_console::config::{self, Door, Language};
use viahe_console::evidence::Files;
use viahe_console::http::{App, Entrance, Limits, Pages, Tls, Turns, router, serve};
use viahe_console::live::Live;
use viahe_console::people::{Clock, Cost, People};
use viahe_console::store::Store;
use viahe_console::vitals::Vitals;
use viahe_console::workload::Bound;
use viahe_contract::time::Timestamp;

/// As cheap as argon2 lets it be.
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };
/// 2026-11-30, 00:00 UTC.
const MORNING: Timestamp = Timestamp::from_secs(1_795_996_800);

/// Seconds since the morning.
#[derive(Clone, Default)]
pub(crate) struct Hands(watch::Sender<u64>);

impl Hands {
    pub(crate) fn forward(&self, by: Duration) {
        self.0.send_modify(|secs| *secs += by.as_secs());
    }
}

impl Timer for Hands {
    fn after(&self, by: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let until = *self.0.borrow() + by.as_secs();
        let hands = self.0.clone();
        Box::pin(async move {
            // The sender is there as long as this is.
            let _ = hands.subscribe().wait_for(|secs| *secs >= until).await;
        })
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        MORNING.plus(self.uptime())
    }

    fn uptime(&self) -> Duration {
        Duration::from_secs(*self.0.borrow())
    }
}

/// What a console is like; speaks with no broker and no TLS unless it is said.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    /// `[mqtt]` of its configuration.
    pub(crate) mqtt: Option<&'a str>,
    pub(crate) base_map: Option<BaseMap>,
    pub(crate) door: Option<Door>,
    pub(crate) proxy: Option<IpAddr>,
}

trait Line: Read + Write {}

impl<T: Read + Write> Line for T {}

pub(crate) struct Console {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Hands,
    pub(crate) people: Arc<People>,
    pub(crate) folder: TempDir,
    /// Of `admin`.
    pub(crate) password: String,
    pub(crate) store: Store,
    pub(crate) runtime: Runtime,
    /// What it shows of itself, if it speaks TLS.
    pub(crate) tls: Option<Tls>,
    /// What is shown to it then.
    pub(crate) shows: Option<Arc<ClientConfig>>,
    /// Gone, it means that the service is to stop.
    _stop: watch::Sender<bool>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case, without the body.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.body))
    }

    /// The word by which a page knows an error.
    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    fn cookie(&self) -> String {
        let set = self.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {}", self.body));
        set.split(';').next().unwrap().to_owned()
    }
}

/// Somebody who is logged in.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Session {
    pub(crate) fn of(answer: &Answer) -> Self {
        let csrf = answer.json()["csrf"].as_str().unwrap().to_owned();
        Self { cookie: answer.cookie(), csrf }
    }

    /// What our own page sends.
    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        vec![("cookie", &self.cookie), ("x-viahe-csrf", &self.csrf)]
    }
}

impl Console {
    /// One that speaks with no broker.
    pub(crate) fn start() -> Self {
        Self::with(Setup::default())
    }

    /// With this map for pages.
    pub(crate) fn start_with(base_map: Option<BaseMap>) -> Self {
        Self::with(Setup { base_map, ..Setup::default() })
    }

    /// One that speaks with the broker which `mqtt` of its configuration names.
    pub(crate) fn at(mqtt: &str) -> Self {
        Self::with(Setup { mqtt: Some(mqtt), ..Setup::default() })
    }

    pub(crate) fn with(Setup { mqtt, base_map, door, proxy }: Setup<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (vitals, clock) = (Vitals::default(), Hands::default());
        let store = Store::open(folder.path(), &vitals).unwrap();
        let people = People::new(store.clone(), CHEAP, Box::new(clock.clone())).unwrap();
        let (_, password) = people.first(Language::Vi).unwrap().unwrap();
        let people = Arc::new(people);
        let runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = { runtime }.worker_threads(2).enable_all().build().unwrap();
        let live = runtime.block_on(Live::begin(&store)).unwrap();
        runtime.spawn(live.clone().run(store.clone(), vitals.clone()));
        let (commands, to_send) = Commands::new(7, clock.clone(), vitals.clone());
        if let Some(mqtt) = mqtt {
            let text = format!(
                "[console]\nlisten = \"127.0.0.1:1\"\ndata_dir = \"data\"\n[mqtt]\n{mqtt}\n"
            );
            let mqtt = config::parse(&text, "console.toml", folder.path()).unwrap().mqtt;
            let (id, kept, told) = ("viahe-console-7".into(), store.clone(), vitals.clone());
            let broker = Broker::new(&mqtt, id, kept, told, commands.clone()).unwrap();
            runtime.spawn(broker.run(to_send));
        }
        let app = App {
            store: store.clone(),
            pages: Pages::of(&store),
            live,
            files: Files::open(folder.path()).unwrap(),
            base_map,
            commands,
            turns: Turns::default(),
            vitals,
            people: Arc::clone(&people),
            https: false,
            proxy,
            bound: Bound { precision: 0.5, verdicts_min: 20 },
            language: Language::Vi,
        };
        let (stop, stopping) = watch::channel(false);
        let listening = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(listening).unwrap();
        let address = listener.local_addr().unwrap();
        let told = app.vitals.clone();
        let tls = door.map(|door| Tls::open(&door).unwrap());
        let entrance = Entrance { listener, tls: tls.clone() };
        runtime.spawn(serve(entrance, router(app), Limits::default(), told, stopping));
        let shows = None;
        Self { _stop: stop, address, clock, people, folder, password, store, runtime, tls, shows }
    }

    /// Asks, with these headers and this body.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut headers = headers.to_vec();
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, body.as_bytes())
    }

    /// The same with any bytes.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_to_send(method, path, headers, body).unwrap()
    }

    /// The same when there may be no answer.
    pub(crate) fn try_to_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut text =
            format!("{method} {path} HTTP/1.1\r\nhost: ioc.test\r\nconnection: close\r\n");
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        if !body.is_empty() {
            text.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
        }
        let mut stream: Box<dyn Line> = match &self.shows {
            None => Box::new(TcpStream::connect(self.address)?),
            Some(config) => {
                let to = ServerName::from(self.address.ip());
                let client = ClientConnection::new(Arc::clone(config), to).unwrap();
                Box::new(StreamOwned::new(client, TcpStream::connect(self.address)?))
            }
        };
        stream.write_all(format!("{text}\r\n").as_bytes())?;
        stream.write_all(body)?;
        read(stream, method == "HEAD")
    }

    pub(crate) fn log_in(&self, name: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "name": name, "password": password });
        self.ask("POST", "/v1/session", &[], Some(body))
    }

    pub(crate) fn admin(&self) -> Session {
        Session::of(&self.log_in("admin", &self.password))
    }

    /// Adds somebody; gives the password.
    pub(crate) fn person(&self, name: &str, role: &str, sites: Option<&[&str]>) -> String {
        let body =
            serde_json::json!({ "name": name, "display_name": name, "role": role, "sites": sites });
        let added = self.ask("POST", "/v1/people", &self.admin().headers(), Some(body));
        assert_eq!(added.status, 201, "{}", added.body);
        added.json()["password"].as_str().unwrap().to_owned()
    }

    /// A token, as `authorization` says it.
    pub(crate) fn token(&self, name: &str, role: &str, sites: Option<&[&str]>) -> String {
        let body = serde_json::json!({ "name": name, "role": role, "sites": sites });
        let added = self.ask("POST", "/v1/tokens", &self.admin().headers(), Some(body));
        assert_eq!(added.status, 201, "{}", added.body);
        format!("Bearer {}", added.json()["secret"].as_str().unwrap())
    }
}

/// The head, and a body that ends.
fn read(mut stream: impl Read, head_only: bool) -> io::Result<Answer> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase().replace("\r\n", "\n");
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            let answer = Answer { status, head, body: body.to_owned() };
            let length = answer.header("content-length").map(|n| n.parse::<usize>().unwrap());
            // A stream of events has no end.
            if head_only || length.is_none_or(|length| body.len() >= length) {
                return Ok(answer);
            }
        }
        let read = stream.read(&mut chunk)?;
        assert!(read > 0, "the answer ended early: {text}");
        bytes.extend_from_slice(&chunk[..read]);
    }
}
