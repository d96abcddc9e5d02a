use super::*;
use axum::extract::rejection::BytesRejection;
use axum::routing::{get, post};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream as Client;
use tokio::runtime::Runtime;

/// For what must not end in a test.
const EVER: Duration = Duration::from_hours(1);
/// By then what must end has ended.
const BOUND: Duration = Duration::from_secs(20);
/// For what must.
const SOON: Duration = Duration::from_millis(50);

struct Served {
    address: SocketAddr,
    vitals: Vitals,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
    runtime: Runtime,
}

impl Served {
    fn start(limits: Limits) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let large = || async { vec![b'x'; 64 << 20] };
        let router = Router::new()
            .route(
                "/",
                get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
            )
            .route("/large", get(large))
            .route("/length", post(length));
        let (stop, stopping) = watch::channel(false);
        let vitals = Vitals::default();
        let serving = runtime.spawn(serve(
            Entrance { listener, tls: None },
            router,
            limits,
            vitals.clone(),
            stopping,
        ));
        Self { address, vitals, stop, serving, runtime }
    }

    fn client(&self) -> Client {
        let client = Client::connect(self.address).unwrap();
        client.set_read_timeout(Some(BOUND)).unwrap();
        client
    }

    fn refused(&self, why: &str) -> u64 {
        let counts = self.vitals.counts().into_iter();
        counts
            .filter(|(what, reason, _)| (*what, *reason) == ("connections", why))
            .map(|c| c.2)
            .sum()
    }
}

async fn length(body: Result<Bytes, BytesRejection>) -> String {
    body.map_or_else(|_| "cut".into(), |body| body.len().to_string())
}

fn patient() -> Limits {
    Limits { connections: 9, of_address: 9, proxy: None, head: EVER, body: EVER, stall: EVER }
}

/// Asks; all that comes up to the end of the body.
fn ask(client: &mut Client, request: &str) -> String {
    client.write_all(request.as_bytes()).unwrap();
    let (mut text, mut part) = (String::new(), [0; 1_024]);
    loop {
        let read = client.read(&mut part).unwrap();
        text += &String::from_utf8_lossy(&part[..read]);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(read > 0, "ended early: {text}");
            continue;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= length.parse().unwrap() {
            return text;
        }
    }
}

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// Whether the other side closes it, by an end or a reset.
fn is_closed(client: &mut Client) -> bool {
    let mut rest = [0; 1_024];
    client.read(&mut rest).map_or_else(|e| e.kind() == ErrorKind::ConnectionReset, |n| n == 0)
}

#[test]
fn who_comes_when_all_places_are_taken_is_sent_away_until_one_is_free() {
    let served = Served::start(Limits { connections: 2, ..patient() });
    let mut first = served.client();
    assert!(ask(&mut first, GET).ends_with(&first.local_addr().unwrap().to_string()));
    let mut second = served.client();
    ask(&mut second, GET);
    assert!(is_closed(&mut served.client()));
    assert_eq!((served.refused("too_many"), served.refused("too_many_of_address")), (1, 0));
    ask(&mut first, GET);
    drop(first);
    let served_again = || {
        let mut third = served.client();
        third.write_all(GET.as_bytes()).ok()?;
        (third.read(&mut [0; 64]).unwrap_or_default() > 0).then_some(())
    };
    viahe_testing::wait::until("a place is free", BOUND, served_again);
}

#[test]
fn no_address_has_all_places_but_the_proxy() {
    let limits = Limits { of_address: 1, ..patient() };
    let served = Served::start(limits.clone());
    let mut first = served.client();
    ask(&mut first, GET);
    assert!(is_closed(&mut served.client()));
    assert_eq!((served.refused("too_many"), served.refused("too_many_of_address")), (0, 1));
    let served = Served::start(Limits { proxy: Some([127, 0, 0, 1].into()), ..limits });
    let mut all = [served.client(), served.client()];
    for client in &mut all {
        ask(client, GET);
    }
}

#[test]
fn who_says_half_a_request_or_none_is_not_waited_for() {
    let served = Served::start(Limits { head: SOON, ..patient() });
    for half in ["", "GET / HTTP/1.1\r\nhost"] {
        let mut client = served.client();
        client.write_all(half.as_bytes()).unwrap();
        assert!(is_closed(&mut client), "{half:?}");
    }
    // Nor is who was answered and asks nothing more.
    let mut client = served.client();
    ask(&mut client, GET);
    assert!(is_closed(&mut client));
}

#[test]
fn a_body_that_does_not_come_is_cut() {
    let served = Served::start(Limits { body: SOON, ..patient() });
    let head = "POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n";
    assert!(ask(&mut served.client(), &format!("{head}four")).ends_with("\r\n\r\n4"));
    assert!(ask(&mut served.client(), &format!("{head}two")).ends_with("cut"));
    let served = Served::start(patient());
    assert!(ask(&mut served.client(), &format!("{head}four")).ends_with("\r\n\r\n4"));
}

#[test]
fn who_does_not_read_the_answer_is_not_waited_for() {
    let served = Served::start(Limits { stall: SOON, connections: 1, ..patient() });
    let mut deaf = served.client();
    deaf.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    // Its place is free, while it is still there.
    let served_again = || {
        let mut other = served.client();
        other.write_all(GET.as_bytes()).ok()?;
        (other.read(&mut [0; 64]).unwrap_or_default() > 0).then_some(())
    };
    viahe_testing::wait::until("a place is free", BOUND, served_again);
    drop(deaf);
}

#[test]
fn who_is_there_when_it_stops_is_told_and_nobody_else_comes() {
    let served = Served::start(patient());
    let mut client = served.client();
    ask(&mut client, GET);
    served.stop.send(true).unwrap();
    served.runtime.block_on(served.serving).unwrap();
    assert!(is_closed(&mut client));
}
