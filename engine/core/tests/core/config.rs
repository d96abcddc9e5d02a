//! Pipelines good and bad: the examples yield plans, the hostile files yield messages.

use crate::support::{SECRETS, World, installed, name, root, tomls};
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;
use viahe_contract::message::Severity;
use viahe_core::config::{Entry, Taxonomy, model};
use viahe_core::geometry::UnitPoint;
use viahe_core::plan::program::{Heading, Test};
use viahe_core::plan::{
    Ack, Calendar, DayKind, Permit, PermitReason, Rule, Secret, Source, Transport,
};

/// Adding a case is adding a file to `fixtures/configs`.
#[test]
fn hostile_files_are_refused_in_words() {
    let world = World::new();
    let files = tomls("fixtures/configs");
    assert!(files.len() >= 60, "{} hostile files", files.len());
    let mut golden = String::new();
    for (file, text) in &files {
        let error = world.parse(file, text).expect_err(file);
        let told = error.to_string();
        for secret in SECRETS {
            assert!(!format!("{told}{error:?}").contains(secret), "{file} tells a secret:\n{told}");
        }
        let mut last = ("", 0);
        for problem in &error.problems {
            let lines = text.lines().count().max(1);
            assert!(problem.file != *file || (1..=lines).contains(&problem.line), "{problem}");
            assert!(!problem.what.is_empty() && !problem.remedy.is_empty(), "{problem}");
            let at = (problem.file.as_str(), problem.line);
            assert!(at.0 != last.0 || at.1 >= last.1, "{file}: not in file order:\n{told}");
            last = at;
        }
        assert_eq!(told.lines().count(), error.problems.len(), "one line each:\n{told}");
        golden.extend([shortened(&told).as_str(), "\n\n"]);
    }
    insta::with_settings!({
        snapshot_path => root().join("fixtures/configs"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!("messages", golden) });
}

/// Keeps the golden file readable: the first and last lines of many.
fn shortened(told: &str) -> String {
    let lines: Vec<&str> = told.lines().collect();
    match lines.as_slice() {
        [a, b, c, middle @ .., last] if middle.len() > 30 => {
            [a, b, c, &*format!("({} lines)", middle.len()), last].join("\n")
        }
        _ => told.into(),
    }
}

#[test]
fn every_pipeline_is_valid() {
    let world = World::new();
    let files = tomls("pipelines");
    assert!(!files.is_empty());
    for (file, text) in files {
        let plan = world.parse_with(&file, &text, &installed).unwrap_or_else(|e| panic!("{e}"));
        let shown = format!("{plan:?}");
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{file}: a plan's Debug tells a secret");
        }
    }
}

#[test]
fn every_catalogue_entry_is_valid() {
    let taxonomy = &tomls("models")["taxonomy.toml"];
    let taxonomy: serde_json::Value = toml::from_str(taxonomy).unwrap();
    for (file, text) in tomls("pipelines/catalogue") {
        let entry = Entry::parse(&file, &text).unwrap_or_else(|e| panic!("{e}"));
        assert!(!entry.traps.is_empty(), "{file}");
        for wanted in &entry.wanted {
            for class in wanted.classes.iter().chain(&wanted.classes_when_known) {
                assert!(taxonomy["class"].get(class.as_str()).is_some(), "{file}: {class}");
            }
        }
    }
}

/// How long a rule's condition must hold.
fn dwell(rule: &Rule) -> Duration {
    let held = rule.program.conditions.iter().find_map(|c| match c.test {
        Test::Held { duration, .. } => Some(duration),
        _ => None,
    });
    held.unwrap()
}

#[test]
fn a_console_is_an_origin_a_token_and_whom_to_trust() {
    let parse = |console: &str| {
        let text = format!(
            "[site]\nid = \"site\"\ntimezone = \"UTC\"\n[console]\n{console}\n\
             [[sensor]]\nid = \"rain-1\"\ntopic = \"r\"\nquantity = \"rain\"\n"
        );
        World::new().parse("/etc/viahe/x.toml", &text).unwrap().console.unwrap()
    };
    let one = parse("url = \"https://[fe80::1]:8090/\"\ntoken = \"vht_s3cr3t\"\nca = \"ca.pem\"");
    let token = one.token.as_ref().map(Secret::reveal);
    assert_eq!((one.url.as_str(), token), ("https://[fe80::1]:8090", Some("vht_s3cr3t")));
    assert_eq!(one.ca.as_deref(), Some(Path::new("/etc/viahe/ca.pem")));
    assert!(!format!("{one:?}").contains("s3cr3t"));
    let other = parse("url = \"http://ioc.example\"\ntoken = \"vht_x\"");
    assert_eq!((other.url.as_str(), other.ca, other.client), ("http://ioc.example", None, None));
    let third = parse("url = \"https://ioc.example\"\ncert = \"box.pem\"\nkey = \"/k/box.key\"");
    assert_eq!(third.token, None);
    assert_eq!(third.client, Some(("/etc/viahe/box.pem".into(), "/k/box.key".into())));
}

#[test]
fn the_example_means_what_it_says() {
    let text = &tomls("pipelines")["example.toml"];
    let plan = World::new().parse("/etc/viahe/example.toml", text).unwrap();
    assert_eq!(plan.site.id, name("hue-phu-hoi"));
    let mqtt = plan.mqtt.unwrap();
    assert_eq!((mqtt.host.as_str(), mqtt.port, mqtt.ack), ("ioc.example.vn", 8883, Ack::Centre));
    assert_eq!(mqtt.login.unwrap().1.reveal(), "rtsp://viewer:s3cr3t@10.0.3.18/s");
    assert_eq!(mqtt.tls.unwrap().client, None);
    assert_eq!(plan.engine.evidence_bytes_max, 20_000_000_000);

    let [street, square, lane, recording, picture] = plan.cameras.as_slice() else {
        panic!("{} cameras", plan.cameras.len());
    };
    let Source::Rtsp { url, login: Some((user, password)), transport: Transport::Tcp, ca: None } =
        &street.source
    else {
        panic!("{:?}", street.source);
    };
    assert_eq!((url.as_str(), user.as_str()), ("rtsp://10.0.3.17:554/stream1", "viewer"));
    assert_eq!(password.reveal(), "s3cr3t/@:");
    assert_eq!(street.model, name("nanodet-g"));
    assert_eq!(
        street.zones.iter().map(|z| z.id.as_str()).collect::<Vec<_>>(),
        ["kerb", "sidewalk"]
    );
    assert!((street.analyse_hz - 1.0).abs() < 1e-6, "as often as its rules look");
    let [day, night, sidewalk, holidays] = street.rules.as_slice() else { panic!() };
    assert_eq!((day.id.as_str(), night.id.as_str()), ("illegal-parking", "parking-night"));
    assert_eq!((day.severity, night.severity), (Severity::Medium, Severity::High));
    assert_eq!(dwell(day), Duration::from_mins(2));
    assert_eq!(dwell(night), Duration::from_mins(3));
    assert_eq!((day.schedule.spans.len(), sidewalk.zone), (2, Some(1)));
    assert_eq!(sidewalk.absence, Duration::from_secs(30));
    assert_eq!(
        sidewalk.program.things[0].classes.len(),
        2,
        "classes of the pipeline replace the catalogue's"
    );

    assert!(holidays.schedule.spans.iter().all(|span| span.needs_calendar()));
    assert!((lane.analyse_hz - 6.0).abs() < 1e-6);
    let headings: Vec<Heading> =
        lane.rules[0].program.things.iter().filter_map(|t| t.heading).collect();
    assert!((headings[0].tolerance_deg - 80.0).abs() < 1e-3 && headings[0].against);
    let counts = square.rules[0]
        .program
        .conditions
        .iter()
        .any(|c| matches!(c.test, Test::Count { min: 25, .. }));
    assert!(counts);
    let clip = Path::new("/etc/viahe/clips/junction.mp4").into();
    assert_eq!(recording.source, Source::File { path: clip });
    assert_eq!(picture.source, Source::Pattern { size_px: [640, 360], fps: 10 });
}

#[test]
fn permits_hold_for_what_they_name() {
    let text = &tomls("pipelines")["example.toml"];
    let plan = World::new().parse("example.toml", text).unwrap();
    let [market, concert, bay] = plan.permits.as_slice() else { panic!() };
    let applies = |permit: &Permit, time: &str| {
        permit.applies(time.parse().unwrap(), &plan.site.timezone, plan.site.calendar.as_ref())
    };
    assert_eq!(market.reason, PermitReason::NightMarket);
    for (time, want) in [
        ("2026-11-20T18:00:00+07:00", true),
        ("2026-11-19T18:00:00+07:00", false),
        // Tuesday, the first day of the lunar year.
        ("2026-02-17T18:00:00+07:00", true),
    ] {
        assert_eq!(applies(market, time), want, "{time}");
    }
    for (time, want) in [
        ("2026-12-31T17:59:59+07:00", false),
        ("2026-12-31T18:00:00+07:00", true),
        ("2027-01-01T00:59:59+07:00", true),
        ("2027-01-01T01:00:00+07:00", false),
    ] {
        assert_eq!(applies(concert, time), want, "{time}");
    }
    assert!(applies(bay, "2026-11-19T03:00:00Z"));
    assert!(bay.holds_at(UnitPoint { x: 0.1, y: 0.75 }));
    assert!(!bay.holds_at(UnitPoint { x: 0.5, y: 0.75 }));
    assert!(market.holds_at(UnitPoint { x: 0.5, y: 0.75 }), "a permit without a polygon");
    for (camera, zone, violation, want) in [
        ("le-loi-03", "kerb", "illegal-parking", true),
        ("le-loi-03", "crossing", "illegal-parking", false),
        ("le-loi-03", "kerb", "crowding", false),
        ("square-north", "kerb", "illegal-parking", false),
    ] {
        let got = market.covers(&name(camera), &name(zone), &name(violation));
        assert_eq!(got, want, "{camera} {zone} {violation}");
    }
    assert!(concert.covers(&name("square-north"), &name("any"), &name("crowding")), "all zones");
}

/// The lunar dates of the file against three that any almanac has, and its form against itself.
#[test]
fn the_calendar_of_vietnam() {
    for (file, text) in tomls("pipelines/calendar") {
        let stem = name(file.trim_end_matches(".toml"));
        Calendar::parse(stem, &file, &text).unwrap_or_else(|e| panic!("{e}"));
    }
    let text = &tomls("pipelines/calendar")["vietnam.toml"];
    let calendar = Calendar::parse(name("vietnam"), "vietnam.toml", text).unwrap();
    for (date, kind, want) in [
        ("2026-02-16", DayKind::Holiday, "Lunar New Year"),
        ("2030-02-02", DayKind::Holiday, "Lunar New Year"),
        ("2026-04-26", DayKind::Holiday, "Hùng Kings' Commemoration Day"),
        ("2024-09-17", DayKind::Festival, "Mid-Autumn Festival"),
        ("2099-09-02", DayKind::Holiday, "National Day"),
        ("2026-11-24", DayKind::Holiday, "Vietnam Culture Day"),
    ] {
        let date = date.parse().unwrap();
        let names: Vec<&str> = calendar.days(date).map(|day| day.name.en.as_str()).collect();
        assert_eq!((calendar.is(kind, date), names.as_slice()), (true, &[want][..]), "{date}");
    }
    assert_eq!(calendar.days("2026-02-15".parse().unwrap()).count(), 0);
    assert_eq!(calendar.days("2025-11-24".parse().unwrap()).count(), 0);
    // Each year has its eleven days off, from 2026 on twelve, and one festival.
    for year in 2024..=calendar.last_year().unwrap() {
        let days = |kind| {
            let first = jiff::civil::date(year, 1, 1);
            first
                .series(jiff::Span::new().days(1))
                .take(365)
                .filter(|d| calendar.is(kind, *d))
                .count()
        };
        let off = if year < 2026 { 11 } else { 12 };
        assert_eq!((days(DayKind::Holiday), days(DayKind::Festival)), (off, 1), "{year}");
    }
}

#[test]
fn a_model_brings_the_classes_it_knows() {
    let text = tomls("pipelines")["demo.toml"].replace("illegal-parking", "sidewalk-obstruction");
    let classes = |text: &str| {
        let plan = World::new().parse("demo.toml", text).unwrap();
        plan.cameras[0].rules[0].program.things[0]
            .classes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(classes(&text), ["vehicle", "furniture.chair"]);
    assert_eq!(classes(&text.replace("nanodet-g", "market-nano")), ["vehicle", "goods.stall"]);
}

/// What only takes away may be unknown to a model; what an incident is made of may not.
#[test]
fn a_rule_that_could_never_open_is_refused() {
    let text = |entry: &str, model: &str| {
        let text = tomls("pipelines")["demo.toml"].replace("illegal-parking", entry);
        World::new().parse("demo.toml", &text.replace("nanodet-g", model))
    };
    for model in ["nanodet-g", "market-nano"] {
        text("shop-encroachment", model).expect("it knows no umbrellas, which are only left out");
    }
    let error = text("shop-encroachment", "people-only").unwrap_err().to_string();
    assert!(error.contains("furniture.table"), "{error}");
    for (entry, lacks) in [("stray-animal", "animal.cow"), ("street-vending", "goods.cart")] {
        let error = text(entry, "nanodet-g").unwrap_err().to_string();
        assert!(error.contains(lacks), "{error}");
    }
}

#[test]
fn mqtt_and_engine_have_defaults() {
    let text = r#"
        site = { id = "abc", timezone = "utc" }
        model.street.package = "ssdlite-coco"
        camera = [{ id = "cam", url = "pattern://320x240@5", model = "street" }]
    "#;
    let plan = World::new().parse("x.toml", text).unwrap();
    assert_eq!(plan.mqtt, None);
    assert_eq!(plan.engine.state_dir, Path::new("/var/lib/viahe"));
    assert_eq!(plan.engine.listen, Some("127.0.0.1:9464".parse().unwrap()));
    assert_eq!((plan.engine.threads, plan.cameras[0].analyse_hz), (None, 1.0));
    let off = format!("{text}\n[engine]\nlisten = \"off\"\n");
    assert_eq!(World::new().parse("x.toml", &off).unwrap().engine.listen, None);
}

#[test]
fn line_ends_and_marks_of_other_systems() {
    let text = tomls("pipelines")["example.toml"].replace('\n', "\r\n");
    let world = World::new();
    assert!(world.parse("crlf.toml", &text).is_ok());
    assert!(world.parse("bom.toml", &format!("\u{feff}{text}")).is_ok());
    let bad = text.replace("ack = ", "akc = ");
    let error = world.parse("crlf.toml", &bad).unwrap_err();
    let line = bad.lines().position(|l| l.starts_with("akc")).unwrap() + 1;
    assert_eq!(error.problems[0].line, line, "{error}");
}

/// Files that are built to be slow or endless are refused like any other.
#[test]
fn absurd_files_are_refused() {
    let world = World::new();
    let base = tomls("pipelines")["demo.toml"].clone();
    let rule = "[[camera.rule]]\nuse = \"illegal-parkin\"\nzone = \"keb\"\n";
    let zone = |i| format!("[camera.zone.z-{i}]\npolygon = [[0,0],[1,0],[1,1]]\n");
    let zones = (0..5000).map(zone).collect::<Vec<_>>().concat();
    let keys = (0..90_000).map(|i| format!("k{i}=1\n")).collect::<Vec<_>>().concat();
    for (what, text) in [
        ("longer than 1 MiB", "#".repeat((1 << 20) + 1)),
        ("not a known key", keys),
        ("1000 are the most", format!("{base}{zones}{}", rule.repeat(5000))),
        ("1000 are the most", format!("{base}{}", "[[camera]]\n".repeat(50_000))),
        ("cannot recurse", format!("x = {}", "[".repeat(500_000))),
    ] {
        let error = world.parse("absurd.toml", &text).unwrap_err();
        assert!(error.to_string().contains(what), "{what}: {}", error.problems[0]);
    }
}

/// What is said of a file that is too long fits what is in it.
#[test]
fn a_file_that_is_too_long_is_told_what_makes_it_shorter() {
    let long = "#".repeat((1 << 20) + 1);
    let model = model::parse("model.toml", &long).unwrap_err();
    let classes = Taxonomy::builtin().extend("taxonomy.toml", &long).unwrap_err();
    let entry = Entry::parse("entry.toml", &long).unwrap_err();
    for (error, words) in
        [(model, "its weights"), (classes, "leave out classes"), (entry, "one rule")]
    {
        let told = error.to_string();
        assert!(told.contains("longer than 1 MiB; ") && told.contains(words), "{told}");
        assert!(!told.contains("boxes"), "{told}");
    }
}

/// What a slip of the hand does to bytes.
#[derive(Clone, Debug)]
enum Edit {
    Replace(u8),
    Insert(u8),
    Delete(usize),
    Double(usize),
}

fn any_edit() -> impl Strategy<Value = (usize, Edit)> {
    // Mostly bytes that mean something in TOML.
    let byte = prop_oneof![
        proptest::sample::select(b"\"'[]{}=.,#\\\n\r-_ 0129ae\xff\xc3".to_vec()),
        any::<u8>()
    ];
    let edit = prop_oneof![
        byte.clone().prop_map(Edit::Replace),
        byte.prop_map(Edit::Insert),
        (1usize..200).prop_map(Edit::Delete),
        (1usize..200).prop_map(Edit::Double),
    ];
    (any::<usize>(), edit)
}

const VALUES: [&str; 24] = [
    "0",
    "-1",
    "1",
    "5e-324",
    "1e308",
    "nan",
    "-inf",
    "9223372036854775807",
    "true",
    "''",
    "\"abc\"",
    "\"${env:A}\"",
    "\"${\"",
    "\"\\u0000\"",
    "'kerb'",
    "'wrong-way'",
    "[]",
    "[[]]",
    "[[0, 0], [1, 0], [1, 1]]",
    "['22:00-06:00']",
    "['vehicle']",
    "{}",
    "2026-11-22T08:14:03Z",
    "{ id = 'abc', url = 1 }",
];

fn mutate(text: &str, edits: &[(usize, Edit)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (at, edit) in edits {
        let at = at % bytes.len().max(1);
        let end = |n: &usize| (at + n).min(bytes.len());
        match edit {
            Edit::Replace(b) if at < bytes.len() => bytes[at] = *b,
            Edit::Replace(b) | Edit::Insert(b) => bytes.insert(at, *b),
            Edit::Delete(n) => drop(bytes.drain(at..end(n))),
            Edit::Double(n) => {
                let copy = bytes[at..end(n)].to_vec();
                bytes.splice(at..at, copy);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Values of all types in all places.
    #[test]
    fn exchanged_values_never_panic(
        edits in proptest::collection::vec((any::<usize>(), 0..VALUES.len()), 1..4),
    ) {
        let text = tomls("pipelines")["example.toml"].clone();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, value) in edits {
            let keys: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].contains(" = ")).collect();
            let line = &mut lines[keys[at % keys.len()]];
            let key = line.split(" = ").next().unwrap_or_default();
            *line = format!("{key} = {}", VALUES[value]);
        }
        if let Err(error) = World::new().parse("exchanged.toml", &lines.join("\n")) {
            let told = error.to_string();
            prop_assert_eq!(told.lines().count(), error.problems.len(), "{}", told);
            prop_assert!(!told.contains("s3cr3t") && !told.contains("defect of viahe"), "{}", told);
        }
    }

    /// Nobody's slip makes the reader panic, and each refusal is one line a problem.
    #[test]
    fn mutated_files_never_panic(edits in proptest::collection::vec(any_edit(), 1..8)) {
        thread_local! {
            static WORLD: (World, String) =
                (World::new(), tomls("pipelines")["example.toml"].clone());
        }
        WORLD.with(|(world, text)| {
            let text = mutate(text, &edits);
            if let Err(error) = world.parse("mutated.toml", &text) {
                prop_assert!(!error.problems.is_empty());
                let told = error.to_string();
                prop_assert_eq!(told.lines().count(), error.problems.len(), "{}", told);
                prop_assert!(!told.contains("s3cr3t"), "{}", told);
                prop_assert!(!told.contains("defect of viahe"), "{}", told);
            }
            Ok(())
        })?;
    }
}
