//! Sites, cameras and places that somebody invents.

use super::{Crowd, Heard, State, StateHeard, Store, Taken};
use crate::vitals::Vitals;
use serde_json::json;
use std::time::Duration;
use viahe_contract::id::Name;
use viahe_contract::message::to_bytes;
use viahe_contract::time::Timestamp;
use viahe_testing::incident::{event, id};

const MONTH: Duration = Duration::from_hours(30 * 24);
const MORNING: Timestamp = Timestamp::from_secs(1_795_996_800);
const TIME: &str = "2026-11-30T07:00:00.000+07:00";

fn name(text: &str) -> Name {
    Name::try_from(text).unwrap()
}

fn status(site: &str) -> State {
    let told = json!({
        "state": "online", "version": "1", "mqtt": "5", "models": [], "outbox_depth": 0, "unsaved": 0,
        "quarantined": 0, "troubles": [], "suspensions": [], "disaster": null, "time": TIME
    });
    State::Box(name(site), Box::new(serde_json::from_value(told).unwrap()))
}

fn camera(site: &str, camera: &str) -> State {
    let told = json!({
        "state": "online", "reason": "", "time": TIME, "fps": null, "resolution": null, "clock_offset_ms": null,
        "clock_step": null, "transport": null, "rules_suspended": null, "suspensions": [], "disaster": null
    });
    State::Camera(name(site), name(camera), Box::new(serde_json::from_value(told).unwrap()))
}

struct Kept {
    _dir: tempfile::TempDir,
    store: Store,
}

impl Kept {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &Vitals::default()).unwrap();
        Self { _dir: dir, store }
    }

    async fn hears(&self, state: State, now: Timestamp) -> Option<Crowd> {
        let heard = StateHeard { state, retained: false };
        self.store.keep_states(vec![heard], now).await.unwrap().pop().map(|(_, crowd)| crowd)
    }

    async fn cameras(&self) -> Vec<String> {
        let cameras = self.store.cameras().await.unwrap().into_iter();
        cameras.map(|told| format!("{}/{}", told.site, told.camera)).collect()
    }

    async fn takes(&self, site: &str, n: u32, zone: u32) -> Taken {
        let mut event = event(site, n, 1);
        event["data"]["zone"] = json!(format!("zone-{zone}"));
        self.takes_event(event).await
    }

    async fn takes_event(&self, event: serde_json::Value) -> Taken {
        let payload = event["data"].to_string();
        let event = serde_json::from_slice(&to_bytes(&event)).unwrap();
        let heard = Heard { event, payload, received: MORNING };
        self.store.take(vec![heard]).await.unwrap()[0]
    }
}

#[tokio::test]
async fn so_many_sites_are_kept_and_who_is_long_gone_makes_room() {
    let kept = Kept::new();
    for n in 0..4 {
        let at = MORNING.plus(Duration::from_secs(n));
        assert_eq!(kept.hears(status(&format!("site-{n}")), at).await, None);
    }
    assert_eq!(kept.hears(status("one-more"), MORNING.plus(MONTH)).await, Some(Crowd::Sites));
    assert_eq!(kept.hears(status("site-3"), MORNING.plus(MONTH)).await, None, "it is known");
    let later = MORNING.plus(MONTH + Duration::from_secs(1));
    assert_eq!(kept.hears(status("one-more"), later).await, None);
    let boxes = kept.store.boxes().await.unwrap().into_iter().map(|told| told.site);
    assert_eq!(boxes.collect::<Vec<_>>(), ["one-more", "site-1", "site-2", "site-3"]);
    assert_eq!(kept.hears(status("another"), later).await, Some(Crowd::Sites));
}

#[tokio::test]
async fn so_many_cameras_of_a_site_are_kept_and_no_other_site_suffers() {
    let kept = Kept::new();
    for n in 0..5 {
        let at = MORNING.plus(Duration::from_secs(n));
        assert_eq!(kept.hears(camera("hue", &format!("cam-{n}")), at).await, None);
    }
    let month = MORNING.plus(MONTH);
    assert_eq!(kept.hears(camera("hue", "one-more"), month).await, Some(Crowd::Cameras));
    assert_eq!(kept.hears(camera("hue", "cam-4"), month).await, None, "it is known");
    for site in ["da-nang", "can-tho", "vinh"] {
        assert_eq!(kept.hears(camera(site, "cam-0"), month).await, None);
    }
    // Sites that nobody knows by their boxes.
    assert_eq!(kept.hears(camera("invented", "cam-0"), month).await, Some(Crowd::Sites));
    let later = month.plus(Duration::from_secs(1));
    assert_eq!(kept.hears(camera("hue", "one-more"), later).await, None);
    let of_hue: Vec<_> =
        kept.cameras().await.into_iter().filter(|c| c.starts_with("hue")).collect();
    let left = ["hue/cam-1", "hue/cam-2", "hue/cam-3", "hue/cam-4", "hue/one-more"];
    assert_eq!(of_hue, left);
    let much_later = month.plus(MONTH);
    assert_eq!(kept.hears(camera("vinh", "cam-0"), much_later).await, None);
    let later = much_later.plus(Duration::from_secs(1));
    assert_eq!(kept.hears(camera("invented", "cam-0"), later).await, None);
    assert_eq!(kept.cameras().await, ["hue/one-more", "invented/cam-0", "vinh/cam-0"]);
}

#[tokio::test]
async fn an_incident_at_one_place_too_many_is_not_kept_and_those_at_known_places_are() {
    let kept = Kept::new();
    for n in 0..8 {
        assert_eq!(kept.takes("hue", n, n).await, Taken::New);
    }
    assert_eq!(kept.takes("hue", 8, 8).await, Taken::Crowded(Crowd::Places));
    assert_eq!(kept.takes("hue", 9, 7).await, Taken::New);
    // Nor does a known incident go to such a place.
    assert_eq!(kept.takes("hue", 9, 9).await, Taken::Crowded(Crowd::Places));
    for (n, site) in ["da-nang", "can-tho", "vinh"].iter().enumerate() {
        assert_eq!(kept.takes(site, 10 + n as u32, 0).await, Taken::New);
    }
    assert_eq!(kept.takes("invented", 20, 0).await, Taken::Crowded(Crowd::Sites));
    assert_eq!(kept.takes("vinh", 21, 1).await, Taken::New);
}

#[tokio::test]
async fn an_incident_under_one_heading_too_many_is_not_kept_and_those_under_known_ones_are() {
    let kept = Kept::new();
    let titled = |site: &str, n: u32, revision: u32, title: &str| {
        let mut event = event(site, n, revision);
        event["data"]["title"] = json!(title);
        event
    };
    for n in 0..200 {
        let told = kept.takes_event(titled("hue", n, 1, &format!("Đỗ xe lúc {n} giờ"))).await;
        assert_eq!(told, Taken::New);
    }
    let crowded = Taken::Crowded(Crowd::Headings);
    assert_eq!(kept.takes_event(titled("hue", 200, 1, "Đỗ xe lúc 200 giờ")).await, crowded);
    assert!(kept.store.detail(id(200)).await.unwrap().is_none());
    assert_eq!(kept.takes_event(titled("hue", 201, 1, "Đỗ xe lúc 7 giờ")).await, Taken::New);
    // Nor does a known incident get such a one; that it has been heard is said all the same.
    assert_eq!(kept.takes_event(titled("hue", 3, 2, "Đỗ xe lúc 200 giờ")).await, crowded);
    assert_eq!(kept.takes_event(titled("hue", 3, 1, "Đỗ xe lúc 200 giờ")).await, Taken::Repeat);
    assert_eq!(kept.takes_event(titled("hue", 3, 3, "Đỗ xe lúc 3 giờ")).await, Taken::Later);
    assert_eq!(kept.takes_event(titled("hue", 3, 2, "Đỗ xe lúc 200 giờ")).await, Taken::Earlier);
    assert_eq!(kept.takes_event(titled("vinh", 202, 1, "Đỗ xe lúc 200 giờ")).await, Taken::New);
}

#[tokio::test]
async fn what_something_is_called_makes_no_list_long() {
    let kept = Kept::new();
    let mut long = event("hue", 1, 1);
    for key in ["title", "camera_name", "place"] {
        long["data"][key] = json!("ợ".repeat(30_000));
    }
    assert_eq!(kept.takes_event(long.clone()).await, Taken::New);
    assert_eq!(kept.takes_event(long).await, Taken::Repeat);
    let detail = kept.store.detail(id(1)).await.unwrap().unwrap();
    let of = detail.summary;
    for called in [Some(of.title), of.camera_name, of.place_name] {
        assert_eq!(called.unwrap().chars().count(), 200);
    }
}
