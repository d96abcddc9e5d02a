//! Many boxes at once, each with a connection of its own to a real broker: is every incident kept once, told once to
//! who watches, and how soon?

use crate::mqtt::connect;
use crate::side::Side;
use crate::{city, median_and_p99};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{Event, EventLoop};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use viahe_console::clock;
use viahe_testing::incident::id;
use viahe_testing::mosquitto::Mosquitto;
use viahe_testing::wait::until;

/// Between two incidents of a box.
const EVERY: Duration = Duration::from_millis(200);
/// For what is still on its way.
const REST: Duration = Duration::from_mins(2);

/// When each incident was given to the connection of its box, and how often and when it was first told by the stream
/// of events.
#[derive(Default)]
struct Book {
    said: Mutex<BTreeMap<String, Instant>>,
    told: Mutex<BTreeMap<String, (u32, Instant)>>,
    acknowledged: AtomicU32,
    /// How often it was said that all is to be loaded anew: then it is not known what was told.
    resets: AtomicU32,
}

impl Book {
    fn said(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Instant>> {
        self.said.lock().unwrap()
    }

    fn told(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (u32, Instant)>> {
        self.told.lock().unwrap()
    }
}

pub(crate) fn run(boxes: u32, secs: u64) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let broker = Mosquitto::start("");
    let console = Side::console(folder.path(), broker.port);
    let book = Arc::new(Book::default());
    watch(&console, &book);
    let runtime = Runtime::new().unwrap();
    let (first, port) = (u32::MAX / 64, broker.port);
    // Until the console has subscribed, nobody hears.
    let tries = Arc::clone(&book);
    runtime.block_on(async move {
        let (client, connection) = connect(port, "first");
        let listening = tokio::spawn(listen(connection, Arc::clone(&tries)));
        while tries.told().is_empty() {
            let told = city::event(first, u32::MAX);
            client
                .publish(city::topic(&told), QoS::AtLeastOnce, false, told.to_string())
                .await
                .unwrap();
            tokio::time::sleep(EVERY).await;
        }
        listening.abort();
    });
    book.told().clear();
    let started = clock::monotonic();
    let end = started + Duration::from_secs(secs);
    let all: Vec<_> =
        (0..boxes).map(|n| runtime.spawn(speak(n, boxes, port, end, Arc::clone(&book)))).collect();
    for one in all {
        runtime.block_on(one).unwrap();
    }
    let took = started.elapsed().as_secs_f64();
    let said = book.said().len();
    let waited = clock::monotonic();
    until("what is on its way", REST * 2, || {
        (book.told().len() == said || waited.elapsed() > REST).then_some(())
    });
    let mut ask = console.client();
    let answer = ask.ask("GET", "/v1/queue?judgement=all&limit=1", &[]);
    let kept =
        serde_json::from_slice::<Value>(&answer).unwrap()["total_incidents"].as_u64().unwrap();
    report(&book, (boxes, took), kept - 1, console.memory_mib());
}

fn report(book: &Book, (boxes, took): (u32, f64), kept: u64, [pss, highest_rss]: [f64; 2]) {
    let (said, told) = (book.said(), book.told());
    let mut ms: Vec<f64> = Vec::new();
    for (id, (_, first)) in told.iter() {
        ms.extend(said.get(id).map(|at| first.duration_since(*at).as_secs_f64() * 1e3));
    }
    let untold = said.keys().filter(|id| !told.contains_key(*id)).count();
    let twice = told.values().filter(|(times, _)| *times > 1).count();
    let [median, p99] = median_and_p99(&mut ms);
    println!(
        "boxes: {boxes} boxes, {} incidents in {took:.0} s ({:.0} a second)\n\
         kept {kept}: {} lost, {} too many; told by the stream: {untold} never, {twice} twice, {} resets\n\
         acknowledged to boxes {}\n\
         publish → stream of events: {median:.1} ms, p99 {p99:.1} ms, at most {:.1} ms\n\
         console: {highest_rss:.0} MiB RSS at most, {pss:.0} MiB PSS at the end",
        said.len(),
        said.len() as f64 / took,
        (said.len() as u64).saturating_sub(kept),
        kept.saturating_sub(said.len() as u64),
        book.resets.load(Ordering::Relaxed),
        book.acknowledged.load(Ordering::Relaxed),
        ms.last().unwrap(),
    );
}

/// Hears what the page of an operator hears.
fn watch(console: &Side, book: &Arc<Book>) {
    let (client, book) = (console.client(), Arc::clone(book));
    std::thread::spawn(move || {
        for line in client.listen("/v1/events") {
            let Some(data) = line.strip_prefix("data:") else { continue };
            let now = clock::monotonic();
            let change: Value = serde_json::from_str(data).unwrap();
            let Some(id) = change["id"].as_str() else {
                book.resets.fetch_add(u32::from(change["site"] == ""), Ordering::Relaxed);
                continue;
            };
            book.told()
                .entry(id.to_owned())
                .and_modify(|(times, _)| *times += 1)
                .or_insert((1, now));
        }
    });
}

/// A box: one incident each 200 ms, and its acknowledgements heard.
async fn speak(n: u32, boxes: u32, port: u16, end: Instant, book: Arc<Book>) {
    let (client, connection) = connect(port, &format!("box-{n}"));
    let listening = tokio::spawn(listen(connection, Arc::clone(&book)));
    client.subscribe(format!("viahe/v1/{}/ack", city::site(n)), QoS::AtMostOnce).await.unwrap();
    // Not all at the same moment.
    tokio::time::sleep(EVERY * n / boxes).await;
    let mut every = tokio::time::interval(EVERY);
    let mut number = n;
    loop {
        every.tick().await;
        if clock::monotonic() >= end {
            break;
        }
        let told = city::event(number, u32::MAX);
        let payload = told.to_string();
        book.said().insert(id(number), clock::monotonic());
        client.publish(city::topic(&told), QoS::AtLeastOnce, false, payload).await.unwrap();
        number += boxes;
    }
    // Until what was said last is acknowledged as well.
    tokio::time::sleep(Duration::from_secs(5)).await;
    listening.abort();
}

async fn listen(mut connection: EventLoop, book: Arc<Book>) {
    loop {
        match connection.poll().await {
            Ok(Event::Incoming(Packet::Publish(_))) => {
                book.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) => {}
            // It is connected anew, with what it had not got rid of.
            Err(_) => tokio::time::sleep(EVERY).await,
        }
    }
}
