//! Many incidents of one likely cause.

use super::*;

/// Thirteen incidents of a flood in Hue, of which twelve began it, and a graver one that stands alone.
struct Flooded {
    console: Console,
    lan: Session,
    minh: Session,
    tend: Tend,
    /// As it was when it began.
    flood: Value,
}

impl Flooded {
    fn begin() -> Self {
        let console = Console::start();
        let lan = console.operator("lan", &["hue"]);
        let minh = console.operator("minh", &["da-nang"]);
        let mut tend = Tend::new(console.store.clone(), Vitals::default());
        console.box_says(&status(&Value::Null));
        console.takes((1..=12).map(|n| of_flood(&console, n)).collect());
        console.takes(vec![told("da-nang", 90, ("gate-east", "no-parking"), console.clock.now())]);
        console.tends(&mut tend);
        assert_eq!(console.waiting(&lan), 12, "many, of which nothing tells why, are no flood");
        console.clock.forward(MINUTE);
        console.box_says(&status(&declared()));
        console.tends(&mut tend);
        assert_eq!(console.waiting(&lan), 0);
        let flood = console.look_at(&lan, "/v1/floods")["floods"][0].clone();
        let mut grave: Value = event("hue", 14, 1);
        grave["data"]["severity"] = json!("high");
        console.takes(vec![of_flood(&console, 13), heard(&grave, console.clock.now())]);
        Self { console, lan, minh, tend, flood }
    }

    fn path(&self) -> String {
        format!("/v1/floods/{}", self.flood["no"])
    }

    fn members(&self, who: &Session, judgement: &str) -> usize {
        let query = format!("/v1/incidents?judgement={judgement}&flood={}", self.flood["no"]);
        self.console.look_at(who, &query)["incidents"].as_array().unwrap().len()
    }

    fn load(&self, keys: [&str; 3]) -> [Value; 3] {
        let load = self.console.look_at(&self.lan, "/v1/workload?site=hue");
        keys.map(|key| load[key].clone())
    }
}

/// One of four cameras tells it now.
fn of_flood(console: &Console, n: u32) -> Heard {
    told("hue", n, (&format!("cam-{}", n % 4), "no-parking"), console.clock.now())
}

#[test]
fn many_with_one_cause_are_one_line_and_a_graver_one_stands_alone() {
    let it = Flooded::begin();
    let (console, lan, minh) = (&it.console, &it.lan, &it.minh);
    let told = ["cause", "waiting", "places", "severity"].map(|key| it.flood[key].clone());
    assert_eq!(told, [json!("disaster"), json!(12), json!(4), json!("medium")]);
    assert_eq!(console.look_at(minh, "/v1/floods")["floods"], json!([]));
    assert_eq!(console.ask("GET", &it.path(), &minh.headers(), None).status, 404);
    assert_eq!((it.members(lan, "folded"), it.members(minh, "folded")), (13, 0));
    assert_eq!(console.waiting(lan), 1, "the graver one");
    let found = console.look_at(lan, "/v1/queue?q=le%20loi");
    assert_eq!(found["total_incidents"], 14, "all are found by words");
    assert_eq!(it.load(["told", "alerts", "folded"]), [json!(14), json!(13), json!(1)]);
}

#[test]
fn a_flood_is_judged_as_a_whole_and_that_is_taken_back() {
    let it = Flooded::begin();
    let (console, lan) = (&it.console, &it.lan);
    let verdict = format!("{}/verdict", it.path());
    let all =
        json!({ "newest": it.flood["newest"], "judgement": "dismissed", "reason": "poor_view" });
    assert_eq!(console.post(&it.minh, &verdict, all.clone()).status, 404);
    let mut without = all.clone();
    without["reason"] = Value::Null;
    assert_eq!(console.post(lan, &verdict, without).status, 422, "a dismissal has a reason");
    let done = console.post(lan, &verdict, all);
    assert_eq!((done.status, &done.json()["incidents"]), (200, &json!(12)), "{}", done.body);
    let judged = (it.members(lan, "dismissed"), it.members(lan, "folded"));
    assert_eq!(judged, (12, 1), "what came since waits on");
    let letters = console.runtime.block_on(console.store.letters(0, 100)).unwrap();
    assert_eq!(letters.len(), 12, "the box is told of each");
    let grade = console.look_at(lan, "/v1/precision")["all"].clone();
    let grade = ["together", "dismissed", "waiting"].map(|key| grade[key].clone());
    assert_eq!(grade, [json!(12), json!(0), json!(2)], "one opinion, which does not count");
    let undo = || console.ask("DELETE", &verdict, &lan.headers(), None);
    let undone = undo();
    assert_eq!((undone.status, &undone.json()["incidents"]), (200, &json!(12)), "{}", undone.body);
    assert_eq!(undo().status, 403, "there is none left");
    assert_eq!((it.members(lan, "folded"), console.waiting(lan)), (13, json!(1)));
    let acts = console.acts();
    assert!(["flood_judged", "flood_undone"].iter().all(|what| acts.iter().any(|act| act == what)));
}

#[test]
fn what_is_no_flood_is_taken_apart_and_begins_no_other() {
    let mut it = Flooded::begin();
    let apart = it.console.ask("DELETE", &it.path(), &it.lan.headers(), None);
    assert_eq!((apart.status, &apart.json()["incidents"]), (200, &json!(13)));
    assert_eq!(it.console.waiting(&it.lan), 14);
    let load = it.load(["told", "alerts", "folded"]);
    assert_eq!(load, [json!(14), json!(14), json!(1)], "one shows itself that nobody had seen");
    it.console.takes((15..=40).map(|n| of_flood(&it.console, n)).collect());
    it.console.tends(&mut it.tend);
    assert_eq!(it.console.waiting(&it.lan), 40, "somebody said that it is none");
    assert!(it.console.acts().contains(&"flood_dissolved".to_owned()));
}

#[test]
fn a_flood_ends_by_itself_and_is_gone_once_it_is_judged() {
    let console = Console::start();
    let lan = console.operator("lan", &["hue"]);
    let mut tend = Tend::new(console.store.clone(), Vitals::default());
    console.box_says(&status(&declared()));
    let comes =
        |n: u32| told("hue", n, (&format!("cam-{}", n % 4), "no-parking"), console.clock.now());
    console.takes((1..=12).map(comes).collect());
    console.tends(&mut tend);
    console.clock.forward(MINUTE * 9);
    console.takes((13..=17).map(comes).collect());
    console.clock.forward(MINUTE * 2);
    console.tends(&mut tend);
    let flood = || console.look_at(&lan, "/v1/floods")["floods"][0].clone();
    assert_eq!(flood()["ended"], Value::Null, "five came in the last ten minutes");
    console.clock.forward(MINUTE * 8);
    console.tends(&mut tend);
    assert!(flood()["ended"].is_string());
    console.takes(vec![comes(18)]);
    assert_eq!((&flood()["waiting"], console.waiting(&lan)), (&json!(17), json!(1)));
    let path = format!("/v1/floods/{}/verdict", flood()["no"]);
    let all = json!({ "newest": flood()["newest"], "judgement": "confirmed" });
    assert_eq!(console.post(&lan, &path, all).json()["incidents"], 17);
    console.tends(&mut tend);
    assert_eq!(console.look_at(&lan, "/v1/floods")["floods"], json!([]));
}
