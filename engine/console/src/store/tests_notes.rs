//! Words of notes that more incidents have than are looked at.

use super::matching::SINGLES_MAX;
use super::{Doer, Heard, Judged, Speaker, Store};
use crate::model::{Filter, Order, Person, Role, Scope};
use crate::vitals::Vitals;
use futures_util::future::join_all;
use serde_json::json;
use viahe_contract::message::to_bytes;
use viahe_contract::time::Timestamp;
use viahe_testing::incident::{event, id};

/// When they opened.
const MORNING: Timestamp = Timestamp::from_secs(1_795_996_800);
/// So many more than are looked at: of another site, and the oldest.
const OLD: u32 = 10;

fn site(n: u32) -> &'static str {
    if n < OLD { "da-nang" } else { "hue" }
}

fn heard(n: u32) -> Heard {
    let event = event(site(n), n, 1);
    Heard {
        payload: event["data"].to_string(),
        event: serde_json::from_slice(&to_bytes(&event)).unwrap(),
        received: MORNING,
    }
}

async fn noted(store: &Store, n: u32) {
    let person = Person {
        name: "lan".into(),
        display_name: "Lan".into(),
        role: Role::Operator,
        scope: Scope::All,
    };
    let doer = Doer { who: "lan".into(), address: "::1".into(), at: Timestamp(0) };
    let said = json!({ "revision": 1, "judgement": "confirmed", "note": "đã báo phường" });
    let said = serde_json::from_value(said).unwrap();
    let judged = store.judge(id(n), said, Speaker { person, doer }).await.unwrap();
    assert!(matches!(judged, Judged::Stands(_)));
}

async fn filled() -> (tempfile::TempDir, Store, u32) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &Vitals::default()).unwrap();
    let all = SINGLES_MAX as u32 + OLD;
    store.take((0..all).map(heard).collect()).await.unwrap();
    join_all((0..all).map(|n| noted(&store, n))).await;
    (dir, store, all)
}

/// Incidents that the queue counts and the list tells; and whether each says that there may be more.
async fn asked(store: &Store, words: &str, sites: Option<&str>) -> ([usize; 2], [bool; 2]) {
    let sites = sites.map(|site| vec![site.to_owned()]);
    let filter = Filter { words: Some(words.into()), sites, ..Filter::all() };
    let queue = store.queue(filter.clone(), Order::Newest, None, 9).await.unwrap().unwrap();
    let list = store.incidents(filter, None, 10_000).await.unwrap().unwrap();
    let counted = [queue.total_incidents as usize, list.incidents.len()];
    (counted, [queue.at_least, list.at_least])
}

#[tokio::test]
async fn of_more_than_are_looked_at_the_newest_are_told_and_that_there_may_be_more() {
    let (_dir, store, all) = filled().await;
    let looked_at = SINGLES_MAX + 1;
    assert_eq!(asked(&store, "bao phuong", None).await, ([looked_at; 2], [true; 2]));
    let newest = asked(&store, "bao phuong", Some("hue")).await;
    assert_eq!(newest, ([SINGLES_MAX; 2], [true; 2]), "there are no more, which nobody knows");
    let old = asked(&store, "bao phuong", Some("da-nang")).await;
    assert_eq!(old, ([1; 2], [true; 2]), "nothing is silently left out");
    // So it is with ids.
    assert_eq!(asked(&store, &id(0)[..20], None).await, ([looked_at; 2], [true; 2]));
    // Words of the heading and of the notes.
    assert_eq!(asked(&store, "trai phep phuong", None).await.1, [true; 2]);
    // Nobody looks one by one at what has the words in its heading, whatever is written on it.
    assert_eq!(asked(&store, "trai phep", None).await, ([all as usize; 2], [false; 2]));
    assert_eq!(asked(&store, "khong co", None).await, ([0; 2], [false; 2]));
    assert_eq!(asked(&store, &id(3), None).await, ([1; 2], [false; 2]));
}
