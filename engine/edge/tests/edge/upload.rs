//! Pictures on their way to a console that does whatever consoles and lines do.

mod console;

use console::{Act, TOKEN, TestConsole};
use serde_json::json;
use sha2::Digest as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::id::IncidentId;
use viahe_contract::message::Medium;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::Timestamp;
use viahe_core::plan::{Console, Secret};
use viahe_edge::evidence::{EvidenceStore, evidence_dir, path_of};
use viahe_edge::store::{Limits, OutboxRow, Store};
use viahe_edge::telemetry::{Metrics, Uploads};
use viahe_edge::trouble::{Trouble, Troubles};
use viahe_edge::upload::{UploadError, UploadOptions, Uploader};
use viahe_testing::certificates::Authority;
use viahe_testing::wait::eventually;

const KIB: usize = 1 << 10;

/// A box whose incidents name pictures, newest last: how grave each is and how large its picture.
struct TestBox {
    dir: tempfile::TempDir,
    pictures: Vec<Sha256>,
    troubles: Troubles,
}

fn open(dir: &Path) -> Store {
    let limits = Limits { uploads_max: 100, ballast_bytes: 0, ..Limits::default() };
    Store::open_with(dir, limits).unwrap()
}

impl TestBox {
    fn new(incidents: &[(&str, usize)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut pictures = Vec::new();
        for (n, (severity, bytes)) in incidents.iter().enumerate() {
            let content: Vec<u8> = (0..*bytes).map(|i| (i * 31 + n * 7 + i / 251) as u8).collect();
            let sha256 = Sha256::from_bytes(sha2::Sha256::digest(&content).into());
            let path = path_of(&evidence_dir(dir.path()), sha256, Medium::Jpeg);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
            let told = json!({ "severity": severity, "evidence": [{ "sha256": sha256 }] });
            let row = OutboxRow {
                incident: IncidentId::from_bits(n as u128),
                revision: 1,
                topic: "t".into(),
                payload: json!({ "data": told }).to_string().into_bytes(),
                created: Timestamp::from_secs(1_795_000_000 + n as u64),
                closed: true,
                record: b"{}".to_vec(),
            };
            store.commit(&[row], None).unwrap();
            pictures.push(sha256);
        }
        drop(store);
        Self { dir, pictures, troubles: Troubles::default() }
    }

    fn uploads_to(&self, console: &TestConsole) -> Uploader {
        uploader(self.dir.path(), console.addr.port(), &self.troubles)
    }

    fn path(&self, n: usize) -> PathBuf {
        path_of(&evidence_dir(self.dir.path()), self.pictures[n], Medium::Jpeg)
    }

    fn waiting(&self) -> u64 {
        open(self.dir.path()).depth().unwrap().uploads
    }

    fn lasts(&self, trouble: Trouble) -> bool {
        self.troubles.lasting().iter().any(|lasting| lasting.trouble == trouble)
    }
}

fn uploader(dir: &Path, port: u16, troubles: &Troubles) -> Uploader {
    let url = format!("http://127.0.0.1:{port}");
    let console = Console { url, token: Some(Secret::new(TOKEN)), client: None, ca: None };
    uploader_to(dir, console, troubles).unwrap()
}

fn uploader_to(dir: &Path, console: Console, troubles: &Troubles) -> Result<Uploader, UploadError> {
    let metrics = Metrics::new("test", troubles.clone());
    let site = "hue".try_into().unwrap();
    let options = UploadOptions {
        again_after: [Duration::from_millis(1), Duration::from_millis(20)],
        ..UploadOptions::new(console, troubles.clone(), metrics, &site)
    };
    let unsent = open(dir).unsent();
    let evidence = EvidenceStore::open(&evidence_dir(dir), 1 << 30).unwrap();
    Uploader::start(options, unsent, Arc::new(evidence))
}

fn all_settled(uploader: &Uploader) -> Uploads {
    let done = |u: Uploads| u.sent + u.had + u.gone + u.refused;
    eventually("nothing waits", || {
        let counters = uploader.counters();
        done(counters) > 0 && counters.waiting == 0
    });
    uploader.counters()
}

#[test]
fn all_arrive_gravest_newest_first_and_go_on_where_the_line_broke() {
    let incidents = [("high", 10 * KIB), ("low", 11 * KIB), ("high", 300 * KIB), ("medium", 0)];
    let boxed = TestBox::new(&incidents);
    let console = TestConsole::start([
        Act::Status(500),
        Act::Garbage,
        Act::Status(302),
        Act::Dribble,
        Act::Cut(100 * KIB),
    ]);
    let uploader = boxed.uploads_to(&console);
    let counters = all_settled(&uploader);
    let [old, low, large, medium] = boxed.pictures[..] else { panic!() };
    assert_eq!(console.whole(), [large, old, medium, low]);
    assert_eq!((counters.sent, counters.had, counters.gone, counters.refused), (4, 0, 0, 0));
    let requests = console.requests();
    assert_eq!(
        requests[..7],
        [
            "HEAD",
            "HEAD",
            "HEAD",
            "HEAD",
            "PUT bytes 0-262143/307200",
            "HEAD",
            "PUT bytes 102400-307199/307200"
        ]
    );
    assert_eq!(boxed.troubles.lasting(), [], "it comes and goes");
    drop(uploader);
    assert_eq!(boxed.waiting(), 0);
}

#[test]
fn a_console_that_does_not_let_us_in_is_told_until_it_does() {
    let boxed = TestBox::new(&[("high", 10 * KIB)]);
    let console = TestConsole::start([]);
    console.lets_in("another");
    let uploader = boxed.uploads_to(&console);
    eventually("it is told", || boxed.lasts(Trouble::ConsoleRefuses));
    let text = boxed.troubles.lasting()[0].text.clone();
    assert!(text.contains("(401)") && text.contains("`token`") && !text.contains(TOKEN), "{text}");
    console.lets_in(TOKEN);
    all_settled(&uploader);
    assert!(!boxed.lasts(Trouble::ConsoleRefuses));
    assert_eq!(console.whole(), boxed.pictures);
}

#[test]
fn a_box_is_known_by_its_certificate_and_reads_a_new_one_by_itself() {
    let boxed = TestBox::new(&[("high", 10 * KIB)]);
    let files = tempfile::tempdir().unwrap();
    let [ours, others] = ["ours", "others"].map(|name| Authority::new(files.path(), name));
    let own = others.signs("hue", "extendedKeyUsage=clientAuth");
    let good = ours.signs("hue", "extendedKeyUsage=clientAuth");
    let console = TestConsole::by_certificate(&ours);
    let url = format!("https://127.0.0.1:{}", console.addr.port());
    let of = |cert: &Path, key: &Path| {
        let (client, ca) = (Some((cert.to_owned(), key.to_owned())), Some(ours.cert()));
        uploader_to(
            boxed.dir.path(),
            Console { url: url.clone(), token: None, client, ca },
            &boxed.troubles,
        )
    };
    // The library would end the thread in silence.
    let error = of(&own.cert, &good.key).unwrap_err().to_string();
    assert!(error.contains(".key") && error.contains("does not fit"), "{error}");
    let uploader = of(&own.cert, &own.key).unwrap();
    eventually("it is told", || boxed.lasts(Trouble::ConsoleRefuses));
    let text = boxed.troubles.lasting()[0].text.clone();
    assert!(text.contains("`cert`"), "{text}");
    std::fs::copy(&good.key, &own.key).unwrap();
    std::fs::copy(&good.cert, &own.cert).unwrap();
    all_settled(&uploader);
    assert!(!boxed.lasts(Trouble::ConsoleRefuses));
    assert_eq!(console.whole(), boxed.pictures);
}

#[test]
fn what_is_gone_changed_or_not_taken_holds_up_no_other() {
    let boxed =
        TestBox::new(&[("low", KIB), ("high", 2 * KIB), ("high", 3 * KIB), ("high", 4 * KIB)]);
    std::fs::write(boxed.path(2), b"rot").unwrap();
    std::fs::remove_file(boxed.path(1)).unwrap();
    let refused = [Act::Claims(u64::MAX), Act::Status(422)];
    // The first is asked for twice, and refused twice more once all others are done.
    let low = [Act::Dribble, Act::Dribble];
    let again = [Act::Claims(4 * 1_024), Act::Status(413), Act::Claims(0), Act::Status(422)];
    let console = TestConsole::start(refused.into_iter().chain(low).chain(again));
    let uploader = boxed.uploads_to(&console);
    let counters = all_settled(&uploader);
    assert_eq!(console.whole(), [boxed.pictures[0]]);
    assert_eq!((counters.sent, counters.gone, counters.refused), (1, 2, 1));
    assert_eq!(boxed.troubles.lasting(), []);
}

#[test]
fn a_server_that_says_yes_to_all_is_no_console() {
    let boxed = TestBox::new(&[("high", 10 * KIB)]);
    // It answers the question, then the picture, then says that the way there is another.
    let console = TestConsole::start([
        Act::Status(200),
        Act::Dribble,
        Act::Status(200),
        Act::Dribble,
        Act::Status(201),
        Act::Dribble,
        Act::Status(400),
    ]);
    let uploader = boxed.uploads_to(&console);
    let counters = all_settled(&uploader);
    assert_eq!(console.whole(), boxed.pictures, "none is forgotten");
    assert_eq!((counters.sent, counters.had, counters.refused), (1, 0, 0));
}

#[test]
fn a_console_that_keeps_nothing_is_not_flooded() {
    let boxed = TestBox::new(&[("high", 300 * KIB)]);
    let console = TestConsole::start([Act::Dribble, Act::Claims(0), Act::Claims(0)]);
    let uploader = boxed.uploads_to(&console);
    all_settled(&uploader);
    assert_eq!(console.whole(), boxed.pictures);
}

/// Not a test by itself: what the process does that is killed.
#[test]
fn the_other_process() {
    let Ok(dir) = std::env::var("VIAHE_TEST_DIR") else { return };
    let port = std::env::var("VIAHE_TEST_PORT").unwrap().parse().unwrap();
    let uploader = uploader(Path::new(&dir), port, &Troubles::default());
    eventually("ever", || uploader.counters().bytes == u64::MAX);
}

#[test]
fn kills_lose_no_picture() {
    let incidents: Vec<(&str, usize)> = (0..12).map(|n| ("high", (n + 1) * KIB)).collect();
    let boxed = TestBox::new(&incidents);
    // Every second line breaks as well; the rest it keeps.
    let console = TestConsole::start((0..20).flat_map(|n| [Act::Dribble, Act::Cut(n * 100)]));
    for kill in 1..=4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "upload::the_other_process", "--nocapture", "--test-threads=1"])
            .env("VIAHE_TEST_DIR", boxed.dir.path())
            .env("VIAHE_TEST_PORT", console.addr.port().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        console.wait_for_requests(kill * 9);
        child.kill().unwrap();
        child.wait().unwrap();
        // Nobody else holds its output.
        BufReader::new(child.stdout.take().unwrap()).lines().for_each(drop);
    }
    let uploader = boxed.uploads_to(&console);
    all_settled(&uploader);
    let mut whole = console.whole();
    whole.sort();
    let mut all = boxed.pictures.clone();
    all.sort();
    assert_eq!(whole, all);
    drop(uploader);
    assert_eq!(boxed.waiting(), 0);
}
