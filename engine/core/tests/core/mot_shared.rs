//! The tracker against other trackers on real sequences (development data, not in the project).
//!
//! The peers' scores were measured on the same files, at an overlap of 0.5: of whole files SORT with `max_age` 30, the
//! best of SORT, ByteTrack (supervision) and OC-SORT; live the best of those of `benches/peers/tracker.py`.

use crate::mot_support::{Score, score_text};
use std::fmt::Write as _;
use viahe_core::track::mot::{MotOptions, parse, track_file};
use viahe_testing::machine::development_data;

struct Peer {
    sequence: &'static str,
    mota: f64,
    idf1: f64,
}

const PEERS: [Peer; 2] = [
    Peer { sequence: "TUD-Campus", mota: 64.3, idf1: 71.6 },
    Peer { sequence: "TUD-Stadtmitte", mota: 72.6, idf1: 80.0 },
];

fn read(sequence: &str, file: &str) -> Option<String> {
    let path = development_data("tracking")?.join(sequence).join(file);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

fn track(sequence: &str, options: &MotOptions) -> Option<Score> {
    let told = track_file(&read(sequence, "det.txt")?, options).unwrap();
    Some(score_text(&read(sequence, "gt.txt")?, &told))
}

#[test]
fn better_than_the_best_peer() {
    for peer in &PEERS {
        let Some(score) = track(peer.sequence, &MotOptions::default()) else { return };
        let Some(online) = track(peer.sequence, &MotOptions::online(25.0)) else { return };
        println!("{:15} file   {score}\n{:15} online {online}", peer.sequence, "");
        assert!(score.mota() > peer.mota, "{}: {score}", peer.sequence);
        assert!(score.idf1() > peer.idf1, "{}: {score}", peer.sequence);
    }
}

/// Of a sequence at a rate, thinned in every way that the rate allows and scored together: the best MOTA and the best
/// IDF1 of the peers, and how far they may be missed.
type Live = (&'static str, usize, [f64; 2], [f64; 2]);

const LIVE: [Live; 8] = [
    ("TUD-Campus", 1, [63.2, 74.5], [1.0, 1.5]),
    ("TUD-Campus", 5, [52.4, 61.9], [0.0, 0.0]),
    ("TUD-Campus", 10, [41.2, 47.4], [0.0, 0.0]),
    ("TUD-Campus", 25, [39.8, 39.6], [0.0, 0.0]),
    ("TUD-Stadtmitte", 1, [71.5, 79.4], [0.0, 0.0]),
    ("TUD-Stadtmitte", 5, [68.8, 78.2], [0.0, 0.0]),
    ("TUD-Stadtmitte", 10, [63.3, 73.4], [0.0, 0.0]),
    ("TUD-Stadtmitte", 25, [47.5, 50.5], [0.0, 0.0]),
];

/// What a camera's rules are told, which know no end of a file.
#[test]
fn live_better_than_the_best_peer_of_each_rate() {
    let every = |text: &str, stride: usize, phase: usize| -> String {
        let frame = |line: &&str| line.split(',').next().unwrap().parse::<usize>().unwrap();
        let kept = text.lines().filter(|line| frame(line) % stride == phase);
        kept.flat_map(|line| [line, "\n"]).collect()
    };
    for (sequence, stride, best, short) in LIVE {
        let Some(seen) = read(sequence, "det.txt") else { return };
        let truth = read(sequence, "gt.txt").unwrap();
        let mut total = Score::default();
        for phase in 0..stride {
            let told = track_file(&every(&seen, stride, phase), &MotOptions::online(25.0)).unwrap();
            total.add(&score_text(&every(&truth, stride, phase), &told));
        }
        let hz = 25.0 / stride as f64;
        println!("{sequence:15} {hz:4} Hz  {total}  best peers {best:?}");
        assert!(total.mota() > best[0] - short[0], "{sequence} {hz} Hz: {total}");
        assert!(total.idf1() > best[1] - short[1], "{sequence} {hz} Hz: {total}");
    }
}

/// Another scale of confidence, another order of lines: the same tracks.
#[test]
fn the_scale_of_confidence_and_the_order_of_lines_do_not_matter() {
    let Some(text) = read("TUD-Campus", "det.txt") else { return };
    let with_scores = |score: &dyn Fn(f32) -> f32| -> String {
        let rewrite = |line: &str| {
            let mut fields: Vec<String> = line.split(',').map(Into::into).collect();
            fields[6] = score(fields[6].parse().unwrap()).to_string();
            fields.join(",") + "\n"
        };
        text.lines().rev().map(rewrite).collect()
    };
    let plain = track_file(&text, &MotOptions::default()).unwrap();
    let percent = track_file(&with_scores(&|c| c * 100.0), &MotOptions::default()).unwrap();
    assert_eq!(parse(&plain).unwrap().len(), parse(&percent).unwrap().len());
    let truth = read("TUD-Campus", "gt.txt").unwrap();
    let log_odds = |c: f32| (c / (1.0 - c)).ln();
    let scales: [(&str, &dyn Fn(f32) -> f32); 4] = [
        ("percent", &|c| c * 100.0),
        ("ones", &|_| 1.0),
        ("minus ones", &|_| -1.0),
        ("log-odds", &log_odds),
    ];
    for (name, scale) in scales {
        let told = track_file(&with_scores(scale), &MotOptions::default()).unwrap();
        let score = score_text(&truth, &told);
        println!("{name:10} {score}");
        // Where nothing says which are false, more are believed.
        let mota_min = if name.ends_with("ones") { 60.0 } else { 64.3 };
        assert!(score.mota() > mota_min && score.idf1() > 71.6, "{name}: {score}");
    }
}

/// No constant may be a knife's edge: halved or grown by half, each keeps most of the score.
#[test]
fn no_constant_halved_or_grown_by_half_collapses_the_score() {
    type Set = fn(&mut MotOptions, f32);
    let constants: [(&str, Set); 20] = [
        ("high_confidence", |o, by| o.tracker.high_confidence *= by),
        ("confirm_evidence", |o, by| o.tracker.confirm_evidence *= by),
        ("evidence_secs", |o, by| o.tracker.evidence_secs *= by),
        ("tentative_keep_secs", |o, by| o.tracker.tentative_keep_secs *= by),
        ("lost_keep_secs", |o, by| o.tracker.lost_keep_secs *= by),
        ("stationary_keep_secs", |o, by| o.tracker.stationary_keep_secs *= by),
        ("stationary_keep_ratio", |o, by| o.tracker.stationary_keep_ratio *= by),
        ("still_min_secs", |o, by| o.tracker.still_min_secs *= by),
        ("still_radius", |o, by| o.tracker.still_radius *= by),
        ("place_iou", |o, by| o.tracker.place_iou *= by),
        ("speed_std", |o, by| o.tracker.speed_std *= by),
        ("course_memory_secs", |o, by| o.tracker.course_memory_secs *= by),
        ("growth_std", |o, by| o.tracker.growth_std *= by),
        ("place_noise", |o, by| o.tracker.place_noise *= by),
        ("scale_noise", |o, by| o.tracker.scale_noise *= by),
        ("noise_memory_secs", |o, by| o.tracker.noise_memory_secs *= by),
        ("alone_secs", |o, by| o.tracker.alone_secs *= by),
        ("gate", |o, by| o.tracker.gate *= by),
        ("stranger_density", |o, by| o.tracker.stranger_density *= by),
        ("just_seen_gate", |o, by| o.tracker.just_seen_gate *= by),
    ];
    for (name, set) in constants {
        let mut line = format!("{name:22}");
        for by in [0.5, 1.5] {
            let mut options = MotOptions::default();
            set(&mut options, by);
            for (peer, mota_min, idf1_min) in [(&PEERS[0], 50.0, 60.0), (&PEERS[1], 62.0, 62.0)] {
                let Some(score) = track(peer.sequence, &options) else { return };
                write!(line, "  {:4.1}/{:4.1}", score.mota(), score.idf1()).unwrap();
                let kept = score.mota() > mota_min && score.idf1() > idf1_min;
                assert!(kept, "{name} x {by} on {}: {score}", peer.sequence);
            }
        }
        println!("{line}");
    }
}
