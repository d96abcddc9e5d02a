//! The console as a centre meets it. What is measured stands in the files; each prints its figures.
//!
//! - `search [INCIDENTS] [WORD]`: the queue and the list with so many in store (1,000,000); of the questions those with
//!   this word. The store is filled once, in some ten minutes, and stays in cargo's folder for the next time: remove it
//!   when what is kept of incidents has changed.
//! - `peer [INCIDENTS]`: taking, queue and search beside a plain `FastAPI` service (20,000).
//! - `boxes [BOXES] [SECONDS]`: five incidents a second of each of so many boxes (200, 600 s), through mosquitto.
//!
//! `cargo bench -p viahe-console -- boxes 200 60`; without a word all three, the last for a minute.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench fails by panicking")]

mod boxes;
mod city;
mod client;
mod mqtt;
mod peer;
mod search;
mod side;

use std::path::Path;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |n: usize, usual: u64| {
        words.get(n).map_or(usual, |word| word.parse().unwrap_or_else(|e| panic!("{word:?}: {e}")))
    };
    match words.first().map(String::as_str) {
        // Cargo asks also for the tests of a bench.
        Some("--test") => {}
        Some("serve") => side::serve(Path::new(&words[1])),
        Some("search") => {
            search::run(number(1, 1_000_000) as u32, words.get(2).map_or("", String::as_str));
        }
        Some("peer") => peer::run(number(1, 20_000) as u32),
        Some("boxes") => boxes::run(number(1, 200) as u32, number(2, 600)),
        None => {
            search::run(1_000_000, "");
            peer::run(20_000);
            boxes::run(200, 60);
        }
        Some(other) => panic!("{other:?}: search, peer or boxes"),
    }
}

/// The middle one, and the one that a hundredth exceeds, of values that are sorted by it.
fn median_and_p99(values: &mut [f64]) -> [f64; 2] {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    [at(0.5), at(0.99)]
}
