//! Searches against a slow and plain one over a list.

use super::codes::{of_severity, severity};
use super::{Doer, Heard, Judged as Given, Speaker, Store, open};
use crate::model::{Filter, Judged, Line, Order, Person, Phase, PlaceId, Role, Scope, Summary};
use crate::text::folded;
use crate::vitals::Vitals;
use serde_json::json;
use std::collections::BTreeMap;
use viahe_contract::message::{Severity, State, to_bytes};
use viahe_contract::place::Position;
use viahe_contract::time::Timestamp;

/// 2026-11-30, 00:00 UTC.
const MORNING_MS: i64 = 1_795_996_800_000;
/// Times lie on a coarse grid, so that many are equal.
const STEP_MS: i64 = 60_000;
const STEPS: i64 = 40;

/// Numbers from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        for (left, by) in [(true, 13), (false, 7), (true, 17)] {
            self.0 ^= if left { self.0 << by } else { self.0 >> by };
        }
        self.0 % n
    }

    fn up_to(&mut self, n: i64) -> i64 {
        i64::try_from(self.below(n.unsigned_abs())).unwrap()
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    /// One of them, or, three times of four, none.
    fn perhaps<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        (self.below(4) == 0).then(|| self.one(of))
    }
}

/// An incident as the list has it.
#[derive(Clone)]
struct Told {
    id: String,
    place: PlaceId,
    violation: String,
    title: String,
    severity: Severity,
    state: State,
    revision: u32,
    opened: i64,
    judged: u8,
    notes: Vec<String>,
    /// Latitude and longitude.
    spot: Option<[f64; 2]>,
}

/// The list, oldest first, and places in the order in which they came, with what people call them.
#[derive(Default)]
struct List {
    incidents: Vec<Told>,
    places: Vec<(PlaceId, String)>,
}

const SITES: [&str; 3] = ["hue", "da-nang", "can-tho"];
const CAMERAS: [&str; 3] = ["gate-east", "le-loi-03", ""];
const NAMES: [&str; 3] = ["Vỉa hè Lê Lợi", "Cổng Đông", "Đường Điện Biên Phủ"];
const KINDS: [(&str, &str); 3] = [
    ("illegal-parking", "Đỗ xe trái phép"),
    ("illegal-parking", "Đỗ xe trên vỉa hè"),
    ("street-vending", "Bán hàng rong"),
];
/// On a coarse grid, so that points lie on bounds; one is beyond the meridian 180, one is nowhere on the earth.
const SPOTS: [Option<[f64; 2]>; 6] = [
    None,
    Some([16.0, 107.0]),
    Some([16.5, 107.5]),
    Some([16.5, 108.0]),
    Some([-10.0, -175.0]),
    Some([91.0, 107.5]),
];
const BOUNDS: [&str; 6] = [
    "-180,-90,180,90",
    "107,16,107.5,16.5",
    "107.5,16.5,107.5,16.5",
    "170,-20,-170,20",
    "108,-90,107,90",
    "0,0,1,1",
];
const NOTES: [&str; 3] = ["xe đạp", "đã gọi phường", "Lê Lợi, xe ba gác"];
const SEARCHED: [&str; 12] = [
    "le loi",
    "Đỗ xe",
    "xe",
    "x",
    "xe đạp le loi",
    "ban hang",
    "gate",
    "parking dong",
    "phuong",
    "không có",
    "- *",
    "01KANW",
];

impl List {
    fn name_of(&self, place: &PlaceId) -> &str {
        &self.places.iter().find(|(found, _)| found == place).unwrap().1
    }

    fn key_of(&self, place: &PlaceId) -> usize {
        self.places.iter().position(|(found, _)| found == place).unwrap()
    }

    fn matches(&self, told: &Told, filter: &Filter) -> bool {
        let judged = match filter.judged {
            Judged::Not => told.judged == 0,
            Judged::Confirmed => told.judged == 1,
            Judged::Dismissed => told.judged == 2,
            Judged::Shelved | Judged::Folded => false,
            Judged::All => true,
        };
        let phase = match filter.phase {
            Phase::All => true,
            Phase::Open => told.state == State::Open,
            Phase::Closed => told.state == State::Closed,
        };
        let at = |at: Timestamp| i64::try_from(at.millis()).unwrap();
        judged
            && phase
            && filter.sites.as_ref().is_none_or(|sites| sites.contains(&told.place.site))
            && filter.camera.as_ref().is_none_or(|camera| *camera == told.place.camera)
            && filter.bounds.is_none_or(|bounds| {
                told.spot.is_some_and(|[lat, lon]| bounds.holds(Position { lat, lon }))
            })
            && filter.place.as_ref().is_none_or(|place| *place == told.place)
            && filter.violation.as_ref().is_none_or(|violation| *violation == told.violation)
            && filter.severity.is_none_or(|severity| severity == told.severity)
            && filter.from.is_none_or(|from| told.opened >= at(from))
            && filter.to.is_none_or(|to| told.opened < at(to))
            && filter.words.as_ref().is_none_or(|words| self.has(told, words))
    }

    /// All words but the last are there, and one that begins as the last does; or its id begins so.
    fn has(&self, told: &Told, typed: &str) -> bool {
        let PlaceId { site, camera, zone } = &told.place;
        let named =
            [&told.title, &told.violation, "no-parking", site, camera, zone].map(String::from);
        let all =
            [named.join(" "), self.name_of(&told.place).into(), told.notes.join(" ")].join(" ");
        let (there, typed_words) = (words(&all), words(typed));
        let Some((last, first)) = typed_words.split_last() else { return true };
        let by_words = first.iter().all(|word| there.contains(word))
            && there.iter().any(|word| word.starts_with(last));
        by_words || typed.len() >= 6 && told.id.starts_with(&typed.to_uppercase())
    }
}

fn words(text: &str) -> Vec<String> {
    let text = folded(text);
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn heard(told: &Told, name: &str) -> Heard {
    let at = |ms: i64| Timestamp(ms as u64 * 1_000_000).at_offset(7 * 3600);
    let Told { id, place, violation, title, revision, .. } = told;
    let some = |text: &str| if text.is_empty() { json!(null) } else { json!(text) };
    let is_closed = told.state == State::Closed;
    let verb = match (is_closed, revision) {
        (true, _) => "closed",
        (false, 1) => "opened",
        (false, _) => "updated",
    };
    let severity = format!("{:?}", told.severity).to_lowercase();
    let source = format!("viahe/{}/{}", place.site, place.camera);
    let source = source.trim_end_matches('/');
    let position = told.spot.map(|[lat, lon]| json!({ "lat": lat, "lon": lon }));
    let event = json!({
        "specversion": "1.0", "id": format!("{id}-r{revision}"), "source": source,
        "type": format!("vn.viahe.incident.{verb}"), "subject": violation, "time": at(told.opened),
        "datacontenttype": "application/json",
        "data": {
            "incident": id, "revision": revision, "state": if is_closed { "closed" } else { "open" },
            "rule": "no-parking", "rule_version": 1, "severity": severity, "title": title, "guidance": "",
            "stage": "remind", "stage_text": "", "offence": 1, "citations": [], "camera": some(&place.camera),
            "camera_name": null, "zone": some(&place.zone), "place": name, "position": position,
            "first_seen": at(told.opened), "opened": at(told.opened), "updated": at(told.opened),
            "closed": if is_closed { json!(at(told.opened)) } else { json!(null) },
            "ended_by": if is_closed { json!("over") } else { json!(null) },
            "measured": [], "subjects": [], "evidence": [], "evidence_state": "complete", "model": null,
            "clock": { "source": "arrival", "offset_ms": 0 }
        }
    });
    Heard {
        payload: event["data"].to_string(),
        event: serde_json::from_slice(&to_bytes(&event)).unwrap(),
        received: Timestamp(told.opened as u64 * 1_000_000),
    }
}

fn speaker() -> Speaker {
    let (name, role) = ("lan".to_owned(), Role::Operator);
    let person = Person { name: name.clone(), display_name: "Lan".into(), role, scope: Scope::All };
    let at = Timestamp(MORNING_MS as u64 * 1_000_000);
    Speaker { person, doer: Doer { who: name, address: "::1".into(), at } }
}

/// Something new, a later word, another name, a verdict or a note: to the store and to the list.
async fn happens(store: &Store, list: &mut List, dice: &mut Dice) {
    let n = list.incidents.len();
    if n > 0 && dice.below(3) == 0 {
        let at = dice.below(n as u64) as usize;
        let told = &mut list.incidents[at];
        let note = if dice.below(2) == 0 { dice.one(&NOTES) } else { "" };
        if dice.below(4) == 0 {
            store.escalate(told.id.clone(), note.into(), speaker()).await.unwrap();
        } else {
            told.judged = 1 + dice.below(2) as u8;
            let judging = if told.judged == 1 {
                json!({ "revision": 1, "judgement": "confirmed", "note": note })
            } else {
                json!({ "revision": 1, "judgement": "dismissed", "reason": "permitted", "note": note })
            };
            let judging = serde_json::from_value(judging).unwrap();
            let given = store.judge(told.id.clone(), judging, speaker()).await.unwrap();
            if !matches!(given, Given::Stands(_)) {
                return;
            }
        }
        told.notes.push(note.into());
        return;
    }
    let (at, told) = if n > 0 && dice.below(3) == 0 {
        let at = dice.below(n as u64) as usize;
        let told = &mut list.incidents[at];
        told.revision += 1;
        told.state = dice.one(&[State::Open, State::Closed]);
        told.severity = severity(dice.up_to(4));
        told.spot = dice.one(&SPOTS);
        let titles: Vec<_> = KINDS.iter().filter(|(kind, _)| *kind == told.violation).collect();
        told.title = dice.one(&titles).1.to_owned();
        (at, told.clone())
    } else {
        let (site, camera, zone) = (dice.one(&SITES), dice.one(&CAMERAS), dice.one(&["kerb", ""]));
        let place = PlaceId { site: site.into(), camera: camera.into(), zone: zone.into() };
        let (violation, title) = dice.one(&KINDS);
        list.incidents.push(Told {
            id: format!("01KANWBRKGQ4H5ZD0Z{n:08}"),
            place,
            violation: violation.into(),
            title: title.into(),
            severity: severity(dice.up_to(4)),
            state: State::Open,
            revision: 1,
            opened: MORNING_MS + STEP_MS * dice.up_to(STEPS),
            judged: 0,
            notes: Vec::new(),
            spot: dice.one(&SPOTS),
        });
        (n, list.incidents[n].clone())
    };
    let name = dice.one(&NAMES);
    match list.places.iter_mut().find(|(place, _)| *place == told.place) {
        Some((_, old)) => name.clone_into(old),
        None => list.places.push((told.place.clone(), name.into())),
    }
    store.take(vec![heard(&list.incidents[at], name)]).await.unwrap();
}

fn asked(dice: &mut Dice, list: &List) -> Filter {
    let at = |n: i64| Timestamp((MORNING_MS + STEP_MS * n).unsigned_abs() * 1_000_000);
    let places: Vec<PlaceId> = list.places.iter().map(|(place, _)| place.clone()).collect();
    let grid: Vec<Timestamp> = (0..STEPS).map(at).collect();
    Filter {
        judged: dice.one(&[Judged::Not, Judged::Confirmed, Judged::Dismissed, Judged::All]),
        phase: dice.one(&[Phase::All, Phase::Open, Phase::Closed]),
        sites: dice.perhaps(&[vec!["hue".into()], vec![], SITES.map(String::from).to_vec()]),
        camera: dice.perhaps(&CAMERAS[..2]).map(str::to_owned),
        bounds: dice.perhaps(&BOUNDS).map(|bounds| bounds.parse().unwrap()),
        place: dice.perhaps(&places),
        flood: None,
        violation: dice.perhaps(&["illegal-parking", "noise"]).map(str::to_owned),
        severity: dice.perhaps(&[Severity::Low, Severity::High]),
        words: if dice.below(2) == 0 { Some(dice.one(&SEARCHED).into()) } else { None },
        from: dice.perhaps(&grid),
        to: dice.perhaps(&grid),
    }
}

async fn queue_of(
    store: &Store,
    filter: &Filter,
    order: Order,
    limit: usize,
) -> (Vec<Line>, [u32; 2]) {
    let (mut lines, mut after) = (Vec::new(), None);
    loop {
        let page = store.queue(filter.clone(), order, after, limit).await.unwrap().unwrap();
        assert!(!page.at_least && page.lines.len() <= limit);
        lines.extend(page.lines);
        let totals = [page.total_lines, page.total_incidents];
        let Some(cursor) = page.cursor else { return (lines, totals) };
        after = Some(cursor);
    }
}

async fn list_of(store: &Store, filter: &Filter, limit: usize) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = store.incidents(filter.clone(), after, limit).await.unwrap().unwrap();
        assert!(!page.at_least && page.incidents.len() <= limit);
        ids.extend(page.incidents.into_iter().map(|summary: Summary| summary.id));
        if page.cursor.is_none() {
            return ids;
        }
        after = page.cursor;
    }
}

/// Place, incidents, waiting, gravest, newest and first opening.
type Row = (String, u32, u32, i64, String, String);

fn expected(list: &List, filter: &Filter, order: Order) -> Vec<Row> {
    let mut places: BTreeMap<usize, Vec<&Told>> = BTreeMap::new();
    for told in list.incidents.iter().filter(|told| list.matches(told, filter)) {
        places.entry(list.key_of(&told.place)).or_default().push(told);
    }
    let mut rows: Vec<(i64, i64, usize, Row)> = Vec::new();
    for (key, there) in places {
        let grave = there.iter().map(|told| of_severity(told.severity)).max().unwrap();
        let newest = there.iter().map(|told| told.opened).max().unwrap();
        let first = there.iter().map(|told| told.opened).min().unwrap();
        let time = |ms: i64| super::codes::local(ms, 7 * 3600).to_string();
        let waiting = there.iter().filter(|told| told.judged == 0).count() as u32;
        let place = list.places[key].0.to_string();
        let row = (place, there.len() as u32, waiting, grave, time(newest), time(first));
        rows.push((if order == Order::Severity { grave } else { 0 }, newest, key, row));
    }
    rows.sort_by_key(|(grave, newest, key, _)| std::cmp::Reverse((*grave, *newest, *key)));
    rows.into_iter().map(|(.., row)| row).collect()
}

/// Asks the store what the list knows.
async fn compare(
    store: &Store,
    list: &List,
    filter: &Filter,
    (order, limit): (Order, usize),
    said: &str,
) {
    let (lines, [total_lines, total_incidents]) = queue_of(store, filter, order, limit).await;
    for line in &lines {
        let told = list.incidents.iter().find(|told| told.id == line.newest.id).unwrap();
        assert!(list.matches(told, filter) && told.place.to_string() == line.place, "{said}");
        assert_eq!(line.place_name.as_deref(), Some(list.name_of(&told.place)), "{said}");
    }
    let found: Vec<Row> = lines
        .into_iter()
        .map(|line| {
            let grave = of_severity(line.severity);
            let times = [line.newest.opened, line.first_opened].map(|at| at.to_string());
            let [newest, first] = times;
            (line.place, line.incidents, line.waiting, grave, newest, first)
        })
        .collect();
    let rows = expected(list, filter, order);
    assert_eq!(found, rows, "{said}");
    let incidents: u32 = rows.iter().map(|row| row.1).sum();
    assert_eq!([total_lines, total_incidents], [rows.len() as u32, incidents], "{said}");
    let mut ids: Vec<(i64, usize, &str)> = Vec::new();
    for (key, told) in list.incidents.iter().enumerate() {
        if list.matches(told, filter) {
            ids.push((told.opened, key, &told.id));
        }
    }
    ids.sort_by_key(|(opened, key, _)| std::cmp::Reverse((*opened, *key)));
    let ids: Vec<&str> = ids.into_iter().map(|(.., id)| id).collect();
    assert_eq!(list_of(store, filter, limit).await, ids, "{said}");
    // Nobody types words at a map.
    if filter.bounds.is_some() && filter.words.is_none() {
        compare_map(store, list, filter, (&ids, limit), said).await;
    }
}

/// A map shows the newest of the same, each where it was; and of some ids those that match.
async fn compare_map(
    store: &Store,
    list: &List,
    filter: &Filter,
    (ids, limit): (&[&str], usize),
    said: &str,
) {
    let (found, more) = store.incidents_on_map(filter.clone(), vec![], limit).await.unwrap();
    for on_map in &found {
        let told = list.incidents.iter().find(|told| told.id == on_map.id).unwrap();
        assert_eq!(told.spot, Some([on_map.position.lat, on_map.position.lon]), "{said}");
    }
    let shown: Vec<&str> = found.iter().map(|on_map| &*on_map.id).collect();
    assert_eq!((&*shown, more), (&ids[..ids.len().min(limit)], ids.len() > limit), "{said}");
    let some: Vec<String> = list.incidents.iter().step_by(3).map(|told| told.id.clone()).collect();
    let (found, _) = store.incidents_on_map(filter.clone(), some.clone(), 200).await.unwrap();
    let found: Vec<&str> = found.iter().map(|on_map| &*on_map.id).collect();
    let want: Vec<&str> = ids.iter().copied().filter(|id| some.iter().any(|s| s == id)).collect();
    assert_eq!(found, want, "{said}");
}

#[tokio::test]
async fn searches_find_what_a_plain_one_over_a_list_finds() {
    for seed in 1..=6_u64 {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &Vitals::default()).unwrap();
        let (mut list, mut dice) =
            (List::default(), Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        for step in 0..160 {
            happens(&store, &mut list, &mut dice).await;
            if step % 8 != 7 {
                continue;
            }
            for _ in 0..6 {
                let filter = asked(&mut dice, &list);
                let order = dice.one(&[Order::Newest, Order::Severity]);
                let limit = dice.one(&[1, 3, 200]);
                let said =
                    format!("seed {seed}, step {step}, {order:?}, {limit} a page: {filter:?}");
                compare(&store, &list, &filter, (order, limit), &said).await;
            }
        }
    }
}

#[tokio::test]
async fn a_database_of_the_first_version_is_searched_as_well() {
    let dir = tempfile::tempdir().unwrap();
    drop(open::lock(dir.path()).unwrap());
    let db = rusqlite::Connection::open(open::file_of(dir.path())).unwrap();
    db.execute_batch(include_str!("schema-1.sql")).unwrap();
    db.execute_batch(
        "PRAGMA application_id = 0x5648636e; PRAGMA user_version = 1;
        INSERT INTO place VALUES (1, 'hue', 'gate-east', 'kerb', NULL, 'Vỉa hè Lê Lợi', 0, 25200);",
    )
    .unwrap();
    for (key, judgement) in [(1, 0), (2, 1), (3, 0)] {
        let sql = "INSERT INTO incident (key, id, site, place, violation, rule, title, severity, state, revision,
            opened, updated, offset_secs, judgement, verdict)
            VALUES (?1, '01KANWBRKGQ4H5ZD0Z0000000' || ?1, 'hue', 1, 'illegal-parking', 'no-parking',
            'Đỗ xe trái phép', 2, 0, 1, 1000 * ?1, 0, 25200, ?2, IIF(?2, 1, NULL))";
        db.execute(sql, [key, judgement]).unwrap();
    }
    db.execute_batch(
        "INSERT INTO verdict (incident, by, display_name, role, judgement, note, revision, at)
        VALUES (2, 'lan', 'Lan', 'operator', 1, 'xe đạp', 1, 0)",
    )
    .unwrap();
    drop(db);
    for _ in 0..2 {
        let store = Store::open(dir.path(), &Vitals::default()).unwrap();
        for (words, judged, incidents) in [
            ("do xe le loi", Judged::Not, 2),
            ("do xe dap", Judged::Confirmed, 1),
            ("do xe dap", Judged::Not, 0),
            ("01kanwbrkgq4h5zd0z00000003", Judged::All, 1),
        ] {
            let filter = Filter { judged, words: Some(words.into()), ..Filter::all() };
            let queue = store.queue(filter, Order::Newest, None, 9).await.unwrap().unwrap();
            assert_eq!(queue.total_incidents, incidents, "{words}");
        }
    }
}
