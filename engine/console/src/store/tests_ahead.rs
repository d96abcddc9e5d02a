//! A box whose clock is ahead.

use super::{Heard, Store};
use crate::model::{Detail, Filter, Order};
use crate::vitals::Vitals;
use serde_json::{Value, json};
use viahe_contract::message::to_bytes;
use viahe_contract::time::Timestamp;
use viahe_testing::incident::{event, id};

/// 2026-11-30, 07:00 at Hue.
const MORNING: Timestamp = Timestamp::from_secs(1_795_996_800);
const YEAR_SECS: i64 = 365 * 24 * 3600;

fn minutes(n: u64) -> Timestamp {
    Timestamp::from_secs(MORNING.0 / 1_000_000_000 + 60 * n)
}

/// What a box says whose clock is a year ahead.
fn ahead(n: u32, revision: u32) -> Value {
    let mut event = event("hue", n, revision);
    for key in ["first_seen", "opened", "updated", "closed"] {
        if let Some(time) = event["data"][key].as_str() {
            event["data"][key] = json!(time.replace("2026", "2027"));
        }
    }
    event["time"] = event["data"]["updated"].clone();
    event["data"]["zone"] = json!("of-the-box-that-is-ahead");
    event
}

async fn takes(store: &Store, event: Value, received: Timestamp) {
    let payload = event["data"].to_string();
    let event = serde_json::from_slice(&to_bytes(&event)).unwrap();
    store.take(vec![Heard { event, payload, received }]).await.unwrap();
}

/// Incidents of the list and of the queue, as they stand there.
async fn listed(store: &Store, filter: Filter) -> [Vec<String>; 2] {
    let list = store.incidents(filter.clone(), None, 10).await.unwrap().unwrap();
    let queue = store.queue(filter, Order::Newest, None, 10).await.unwrap().unwrap();
    let lines = queue.lines.into_iter().map(|line| line.newest.id);
    [list.incidents.into_iter().map(|told| told.id).collect(), lines.collect()]
}

async fn detail(store: &Store, n: u32) -> Detail {
    store.detail(id(n)).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_a_box_says_of_the_future_stands_where_it_came() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &Vitals::default()).unwrap();
    takes(&store, ahead(0, 1), minutes(0)).await;
    let mut next = event("hue", 60, 1);
    for key in ["first_seen", "opened"] {
        next["data"][key] = json!("2026-11-30T07:01:00.000+07:00");
    }
    takes(&store, next, minutes(1)).await;
    let newest_first = [id(60), id(0)];
    assert_eq!(listed(&store, Filter::all()).await, [newest_first.to_vec(), newest_first.to_vec()]);

    // Its last word comes three minutes later.
    takes(&store, ahead(0, 3), minutes(3)).await;
    assert_eq!(listed(&store, Filter::all()).await[0], newest_first);
    let Detail { summary, incident, .. } = detail(&store, 0).await;
    let [opened, updated] = [summary.opened, summary.updated].map(|at| at.to_string());
    assert_eq!(opened, "2026-11-30T07:00:00.000+07:00");
    assert_eq!(updated, "2026-11-30T07:03:00.000+07:00");
    assert_eq!(summary.closed.map(|at| at.to_string()), Some(updated));
    assert_eq!(summary.clock_ahead_secs, Some(YEAR_SECS));
    assert_eq!(incident["opened"], "2027-11-30T07:00:00.000+07:00", "as the box said it");
    assert_eq!(detail(&store, 60).await.summary.clock_ahead_secs, None);

    let today = Filter { from: Some(MORNING), to: Some(minutes(1)), ..Filter::all() };
    assert_eq!(listed(&store, today).await, [[id(0)], [id(0)]]);
    let later = Filter { from: Some(minutes(60)), ..Filter::all() };
    assert_eq!(listed(&store, later).await, [const { Vec::<String>::new() }; 2]);
}
