//! Taking incidents, queue and search, beside the peer that does the same (`benches/peers/console.py`).
//!
//! Boxes tell the console by MQTT, through mosquitto, and the peer by HTTP, as plain services have it. Then the
//! same clients ask the sides by turns, while boxes go on to tell: once as operators do, who have the same pages open,
//! and once so that no two questions within a second are written alike, and each page is read for itself. Clients and
//! sides share the machine, so the quicker side has less of it.

use crate::side::Side;
use crate::{city, median_and_p99, mqtt};
use serde_json::Value;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use viahe_console::clock;
use viahe_testing::mosquitto::Mosquitto;
use viahe_testing::wait::until;

/// Who asks at the same time.
const CLIENTS: usize = 8;
/// How long each side is asked for one thing in one turn.
const TURN: Duration = Duration::from_secs(5);
const TURNS: usize = 3;
/// As slow as a debug build of a busy machine may be.
const FILLED: Duration = Duration::from_mins(10);
const WORDS: [&str; 4] = ["le%20loi", "tran%20phu", "xe", "ban%20hang"];
/// How often boxes tell of another incident meanwhile.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// What is asked.
#[derive(Clone, Copy, PartialEq)]
enum Page {
    Queue,
    Search,
}

/// What a side does of one thing: requests a second of each turn, and ms of all.
#[derive(Default)]
struct Figures {
    rates: Vec<f64>,
    ms: Vec<f64>,
}

pub(crate) fn run(incidents: u32) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let broker = Mosquitto::start("");
    let console = Side::console(folder.path(), broker.port);
    println!("peer: {incidents} incidents, {CLIENTS} clients, {TURNS} turns of {TURN:?}");
    let taken = through_broker(&console, &broker, incidents);
    println!("{:<22}{taken:>10.0} incidents taken a second, by MQTT", console.name);
    let mut sides = vec![console];
    for workers in [1, 2] {
        let dir = folder.path().join(workers.to_string());
        std::fs::create_dir(&dir).unwrap();
        let Some(side) = Side::peer(&dir, workers) else {
            println!("peer: NOT COMPARED: no peer; run benches/peers/setup.sh");
            break;
        };
        let taken = by_http(&side, incidents);
        println!("{:<22}{taken:>10.0} incidents taken a second, by HTTP", side.name);
        sides.push(side);
    }
    let told = AtomicU32::new(incidents);
    for (page, each_alone, what) in [
        (Page::Queue, false, "pages of the queue"),
        (Page::Queue, true, "pages of the queue, each read for itself"),
        (Page::Search, false, "searches"),
        (Page::Search, true, "searches, each read for itself"),
    ] {
        let mut all: Vec<Figures> = sides.iter().map(|_| Figures::default()).collect();
        for _ in 0..TURNS {
            for (side, figures) in sides.iter().zip(&mut all) {
                let tell = || {
                    let n = told.fetch_add(1, Ordering::Relaxed);
                    tell(side, &broker, &city::event(n, incidents));
                };
                turn(side, |n| path(side, page, each_alone.then_some(n), n), &tell, figures);
            }
        }
        for (side, figures) in sides.iter().zip(&mut all) {
            let [rate, _] = median_and_p99(&mut figures.rates);
            let [ms, p99] = median_and_p99(&mut figures.ms);
            println!("{:<22}{rate:>10.0} {what} a second, {ms:.2} ms, p99 {p99:.2} ms", side.name);
        }
    }
    for side in &sides {
        let [pss, _] = side.memory_mib();
        println!("{:<22}{pss:>10.0} MiB (PSS of all its processes)", side.name);
    }
}

/// Incidents a second from the first word to the last that the console shows.
fn through_broker(console: &Side, broker: &Mosquitto, incidents: u32) -> f64 {
    let mut ask = console.client();
    let runtime = Runtime::new().unwrap();
    let say = |told| runtime.block_on(mqtt::say(broker.port, told));
    // It hears from now on.
    until("it hears", FILLED, || {
        say(vec![city::event(0, incidents)]);
        (total(&mut ask) > 0).then_some(())
    });
    let told: Vec<Value> = (1..incidents).map(|n| city::event(n, incidents)).collect();
    let started = clock::monotonic();
    say(told);
    until("it has them", FILLED, || (total(&mut ask) == u64::from(incidents)).then_some(()));
    f64::from(incidents) / started.elapsed().as_secs_f64()
}

fn total(ask: &mut crate::client::Client) -> u64 {
    let answer = ask.ask("GET", "/v1/queue?judgement=all&limit=1", &[]);
    serde_json::from_slice::<Value>(&answer).unwrap()["total_incidents"].as_u64().unwrap()
}

fn by_http(side: &Side, incidents: u32) -> f64 {
    let bodies: Vec<String> =
        (0..incidents).map(|n| city::event(n, incidents).to_string()).collect();
    let next = AtomicU32::new(0);
    let started = clock::monotonic();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = side.client();
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    client.ask("POST", "/incidents", body.as_bytes());
                }
            });
        }
    });
    f64::from(incidents) / started.elapsed().as_secs_f64()
}

/// A box tells of an incident.
fn tell(side: &Side, broker: &Mosquitto, told: &Value) {
    if side.is_peer() {
        side.client().ask("POST", "/incidents", told.to_string().as_bytes());
    } else {
        Runtime::new().unwrap().block_on(mqtt::say(broker.port, vec![told.clone()]));
    }
}

/// The `n`-th question; as it is `written`, it is unlike the others.
fn path(side: &Side, page: Page, written: Option<usize>, n: usize) -> String {
    let word = WORDS[n % WORDS.len()];
    match (page, side.is_peer()) {
        (Page::Queue, true) => "/queue".to_owned(),
        (Page::Search, true) => format!("/search?q={word}"),
        (Page::Queue, false) => format!("/v1/queue?{}=open", judgement(written)),
        (Page::Search, false) => format!("/v1/incidents?q={word}&{}=open", judgement(written)),
    }
}

/// A key of the question, of which as many letters are written as their numbers as `n` has bits.
fn judgement(n: Option<usize>) -> String {
    let n = n.unwrap_or_default();
    let letter = |(at, letter): (usize, u8)| match n >> at & 1 {
        0 => char::from(letter).to_string(),
        _ => format!("%{letter:02X}"),
    };
    b"judgement".iter().copied().enumerate().map(letter).collect()
}

/// Clients ask for a while, as boxes tell.
fn turn(
    side: &Side,
    path: impl Fn(usize) -> String + Sync,
    tell: &(dyn Fn() + Sync),
    figures: &mut Figures,
) {
    let started = clock::monotonic();
    let next = AtomicUsize::new(0);
    let ask = || {
        let (mut client, mut times) = (side.client(), Vec::new());
        loop {
            let asked = clock::monotonic();
            if asked.duration_since(started) > TURN {
                return times;
            }
            client.ask("GET", &path(next.fetch_add(1, Ordering::Relaxed)), &[]);
            times.push(asked.elapsed().as_secs_f64() * 1e3);
        }
    };
    let times = std::thread::scope(|scope| {
        scope.spawn(|| {
            while started.elapsed() < TURN {
                tell();
                std::thread::sleep(TOLD_EVERY);
            }
        });
        let asking: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    figures.rates.push(times.len() as f64 / TURN.as_secs_f64());
    figures.ms.extend(times);
}
