//! A camera of two streams: looks are small and evidence is large, whatever becomes of either, and nobody
//! sees the password of either.

use crate::support::broker::{Broker, Ears};
use crate::support::engine::{CameraSim, Engine, Pipeline, SITE};
use crate::support::event::{check_drawing, check_picture, jpeg_size, picture, time};
use crate::support::media::small_clip;
use crate::support::program::run_viahe;
use crate::support::{LONG, clip, until};
use serde_json::{Value, json};
use std::path::Path;

const CAMERA: &str = "gate-east";
const LOGIN: &str = "viewer:canary-5/x%40";
/// As an address spells it.
const LOGIN_IN_URL: &str = "viewer:canary-5%2Fx%2540";
/// Between two pictures of the sample clip, and more.
const INTERVAL_MS: i128 = 100;
const LARGE: [u32; 2] = [768, 576];
const SMALL: [u32; 2] = [384, 288];

fn metric(engine: &Engine, series: &str, stream: &str, wanted: impl Fn(u64) -> bool) {
    let series = format!("{series}{{camera=\"{CAMERA}\",stream=\"{stream}\"}}");
    engine.until_metric(&series, wanted);
}

/// The camera's state once it is as wanted.
fn state(ears: &Ears, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let topic = format!("viahe/v1/{SITE}/cam/{CAMERA}/state");
    until(what, LONG, || {
        let newest = ears.heard().into_iter().rfind(|m| m.topic == topic)?.payload;
        wanted(&newest).then_some(newest)
    })
}

/// The size of the picture that an operator gets now.
fn snapshot(broker: &Broker, ears: &Ears, pipeline: &Pipeline, id: &str) -> (usize, usize) {
    let command = json!({ "id": id, "camera": CAMERA });
    broker.say(&format!("viahe/v1/{SITE}/cmd/snapshot"), &command);
    let topic = format!("viahe/v1/{SITE}/reply/{id}");
    let answer = until(id, LONG, || ears.heard().into_iter().find(|m| m.topic == topic));
    let sha256 = answer.payload["evidence"]["sha256"].as_str().unwrap().to_owned();
    jpeg_size(&std::fs::read(picture(&pipeline.state_dir(), &sha256)).unwrap())
}

#[test]
fn looks_are_small_and_evidence_is_large_whatever_becomes_of_either() {
    let dir = tempfile::tempdir().unwrap();
    let small_clip = small_clip(dir.path(), SMALL);
    let broker = Broker::start();
    let ears = broker.listen();
    let serve = |clip: &Path, port| CameraSim::start_with(clip, &["cam"], port, Some(LOGIN));
    let (large, small) = (serve(&clip(), 0), serve(&small_clip, 0));
    let url = |sim: &CameraSim| format!("rtsp://{LOGIN_IN_URL}@127.0.0.1:{}/cam", sim.port);
    let pipeline = Pipeline::new(broker.port).camera_of_two(CAMERA, &url(&large), &url(&small));
    let tried = run_viahe(["check", pipeline.write().to_str().unwrap(), "--connect"]);
    tried.prints(0, &["looked at by its substream", "768x576 px; substream 384x288 px"]);
    assert!(!format!("{tried:?}").contains("canary"), "{tried:?}");

    let engine = Engine::start_with(&pipeline, |command| {
        command.env("VIAHE_LOG", "debug");
    });
    ears.hear_incidents(2);
    for message in ears.incidents() {
        let data = &message.payload["data"];
        let evidence = data["evidence"].as_array().unwrap();
        assert_eq!(evidence.len(), 2, "{data}");
        for picture in evidence {
            check_picture(picture, &pipeline.state_dir());
        }
        check_drawing(&evidence[1], &pipeline.state_dir());
        // It says when it was taken itself.
        let [opened, shown] = [&data["opened"], &evidence[1]["captured"]].map(time);
        assert!(opened.duration_since(shown).abs().as_millis() <= INTERVAL_MS, "{data}");
    }
    let told = state(&ears, "both", |state| state["streams"]["main"]["state"] == "online");
    assert_eq!((&told["state"], &told["reason"]), (&"online".into(), &"".into()), "{told}");
    assert_eq!((&told["resolution"], &told["streams"]["looks"]), (&json!(SMALL), &json!("sub")));
    assert_eq!(told["streams"]["main"]["resolution"], json!(LARGE));
    metric(&engine, "viahe_stream_pictures_total", "main", |n| n >= 2);
    metric(&engine, "viahe_stream_pictures_total", "sub", |n| n == 0);

    let port = large.port;
    large.kill();
    let told = state(&ears, "main stream away", |state| {
        state["reason"].as_str().unwrap().starts_with("main stream: ")
    });
    assert_eq!(told["state"], "online", "looks go on: {told}");
    metric(&engine, "viahe_stream_up", "main", |n| n == 0);
    engine.until_looks(&[CAMERA], 2);
    assert_eq!(snapshot(&broker, &ears, &pipeline, "small"), (384, 288));
    metric(&engine, "viahe_stream_pictures_total", "sub", |n| n == 1);
    engine.process.line("a picture is of the substream");

    let large = serve(&clip(), port);
    state(&ears, "main stream back", |state| state["reason"] == "");
    small.kill();
    let told = state(&ears, "substream away", |state| state["streams"]["looks"] == "main");
    assert_eq!(told["state"], "online", "{told}");
    assert!(told["reason"].as_str().unwrap().starts_with("substream: "), "{told}");
    engine.until_looks(&[CAMERA], 2);
    assert_eq!(snapshot(&broker, &ears, &pipeline, "large"), (768, 576));
    metric(&engine, "viahe_stream_looked_at", "main", |n| n == 1);
    assert_eq!(ears.ids(None).len(), 2, "they are the same vehicles");

    let pages = ["/metrics", "/healthz"].map(|page| engine.page(page).1);
    let lines = engine.process.lines().into_iter().map(|line| line.text);
    let heard = ears.heard().into_iter().map(|message| message.payload.to_string());
    for text in lines.chain(pages).chain(heard) {
        assert!(!text.contains("canary"), "{text}");
    }
    drop(large);
}
