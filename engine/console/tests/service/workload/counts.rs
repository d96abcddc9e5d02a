//! What is counted, beside the incidents themselves.

use super::*;

/// Whatever happens, what is counted is what is there.
#[test]
fn counts_are_those_of_the_incidents_whatever_happens() {
    for seed in 1..=3_u64 {
        println!("seed {seed}");
        let console = Console::start();
        let lan = console.operator("lan", &["hue"]);
        let mut tend = Tend::new(console.store.clone(), Vitals::default());
        console.box_says(&status(&declared()));
        let mut state = seed;
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let (mut newest, mut shelves, mut given) = (0, Vec::new(), BTreeMap::new());
        for _ in 0..120 {
            match next(9) {
                0..=3 => {
                    newest += 1;
                    let camera = format!("cam-{}", next(4));
                    let rule = ["no-parking", "vending"][next(2) as usize];
                    console.takes(vec![told("hue", newest, (&camera, rule), console.clock.now())]);
                }
                4 if newest > 0 => {
                    let n = 1 + next(u64::from(newest)) as u32;
                    console.takes(vec![heard(
                        &event("hue", n, 2 + next(2) as u32),
                        console.clock.now(),
                    )]);
                }
                5 if newest > 0 => {
                    let n = 1 + next(u64::from(newest)) as u32;
                    given.entry(n).or_insert_with(|| console.dismiss(&lan, n, "permitted"));
                }
                6 => {
                    if let Some((n, no)) = given.pop_first() {
                        let path = format!("/v1/incidents/{}/verdict/{no}", id(n));
                        console.ask("DELETE", &path, &lan.headers(), None);
                    }
                }
                7 => {
                    let until = console.clock.now().plus(MINUTE * 30).at_offset(0).to_string();
                    let body = json!({ "site": "hue", "rule": "vending", "camera": format!("cam-{}", next(4)), "until": until, "reason": "x" });
                    shelves.extend(console.post(&lan, "/v1/shelves", body).json()["no"].as_i64());
                }
                _ => {
                    if let Some(no) = shelves.pop() {
                        console.ask("DELETE", &format!("/v1/shelves/{no}"), &lan.headers(), None);
                    }
                    console.clock.forward(MINUTE * next(4) as u32);
                    console.tends(&mut tend);
                }
            }
        }
        let folder = console.folder.path().join("console.db");
        assert_eq!(differences(&folder), Vec::<String>::new(), "seed {seed}");
    }
}

/// What is counted otherwise than the incidents are.
fn differences(path: &std::path::Path) -> Vec<String> {
    let db = rusqlite::Connection::open(path).unwrap();
    let cells = "SELECT judgement, heading, state, severity, place, violation, COUNT(*), MIN(opened), MAX(opened) FROM incident GROUP BY 1, 2, 3, 4";
    let outcome = "CASE WHEN v.no IS NULL THEN 'waiting' WHEN v.flood IS NOT NULL THEN 'together' WHEN v.judgement = 1 THEN 'confirmed' ELSE v.reason END";
    let day = "(i.opened / 1000 + i.offset_secs) / 86400";
    let hour = "(i.opened / 1000 + i.offset_secs) % 86400 / 3600";
    let from =
        "FROM incident i JOIN place p ON p.key = i.place LEFT JOIN verdict v ON v.no = i.verdict";
    let pairs = [
        ("SELECT judgement, heading, state, severity, place, violation, count, first, newest FROM tally".to_owned(), cells.to_owned()),
        (
            "SELECT day, site, rule, camera, outcome, count FROM grade_camera WHERE count <> 0".to_owned(),
            format!("SELECT {day}, i.site, i.rule, p.camera, {outcome}, COUNT(*) {from} GROUP BY 1, 2, 3, 4, 5"),
        ),
        (
            "SELECT day, site, hour, outcome, count FROM grade_hour WHERE count <> 0".to_owned(),
            format!("SELECT {day}, i.site, {hour}, {outcome}, COUNT(*) {from} GROUP BY 1, 2, 3, 4"),
        ),
        (
            "SELECT window, told FROM showing WHERE site = ''".to_owned(),
            "SELECT came / 600000, COUNT(*) FROM incident GROUP BY 1".to_owned(),
        ),
        ("SELECT 0".to_owned(), "SELECT COUNT(*) FROM incident WHERE judgement = 3 AND shelf IS NULL OR judgement = 4 AND flood IS NULL OR (judgement IN (1, 2)) <> (verdict IS NOT NULL)".to_owned()),
    ];
    let mut found = Vec::new();
    for (counted, there) in pairs {
        for (a, b) in [(&counted, &there), (&there, &counted)] {
            let sql = format!("SELECT COUNT(*) FROM ({a} EXCEPT {b})");
            let differ: i64 = db.query_row(&sql, [], |row| row.get(0)).unwrap();
            if differ > 0 {
                found.push(format!("{differ} rows: {a} is not {b}"));
            }
        }
    }
    found
}

/// A database of the version before has its incidents counted when it is opened.
#[test]
fn a_database_of_the_version_before_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("console.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(include_str!("../../../src/store/schema-1.sql")).unwrap();
    db.pragma_update(None, "application_id", 0x5648_636e).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    let rows = "INSERT INTO place (key, site, camera, zone, last_updated, offset_secs) VALUES (1, 'hue', 'gate', 'kerb', 0, 25200);
        INSERT INTO incident (key, id, site, place, violation, rule, title, severity, state, revision, opened, updated, offset_secs, judgement, verdict)
            VALUES (1, 'A', 'hue', 1, 'v', 'r', 't', 1, 0, 1, 1795996800000, 1795996800000, 25200, 2, 1),
            (2, 'B', 'hue', 1, 'v', 'r', 't', 1, 0, 1, 1795996900000, 1795996900000, 25200, 0, NULL);
        INSERT INTO tally SELECT judgement, place, state, severity, violation, 1, opened, opened FROM incident;
        INSERT INTO revision (incident, revision, received, payload) VALUES (1, 1, 1795996801000, '{}'), (1, 2, 1795999999000, '{}'), (2, 1, 1795996901000, '{}');
        INSERT INTO verdict (no, incident, by, display_name, role, judgement, reason, note, revision, at)
            VALUES (1, 1, 'lan', 'Lan', 'operator', 2, 'poor_view', '', 1, 1795996802000);";
    db.execute_batch(rows).unwrap();
    drop(db);
    drop(Store::open(folder.path(), &Vitals::default()).unwrap());
    assert_eq!(differences(&path), Vec::<String>::new());
    let db = rusqlite::Connection::open(&path).unwrap();
    let came: i64 =
        db.query_row("SELECT came FROM incident WHERE key = 1", [], |row| row.get(0)).unwrap();
    assert_eq!(came, 1_795_996_801_000, "when its first revision came");
}
