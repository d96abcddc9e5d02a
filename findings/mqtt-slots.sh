#!/usr/bin/env bash
# What a connection of rumqttc takes that publishes nothing: does its room for messages on the way grow as they are sent?
#
# Guessed: a client that publishes nothing takes some tens of kB, whichever version of MQTT it speaks; a limit of what may be on the way
# bounds the messages, and costs nothing.
# Seen with rumqttc 0.25.1: room for each packet id that may be on the way is made and written to when the client is made, before it
# connects. For MQTT 3.1.1 that is 100 by default; for MQTT 5 it is 65,535, and the client takes 13 MB of memory that is never used.
# `set_outgoing_inflight_upper_limit(1000)` makes it 0.2 MB; the broker's own limit (`receive maximum`) bounds what is sent, not this room.
#
# Needs cargo, and the crates' registry. Leaves nothing behind.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > Cargo.toml <<'TOML'
[package]
name = "mqtt-slots"
version = "0.0.0"
edition = "2024"

[dependencies]
rumqttc = { version = "=0.25.1", default-features = false }
TOML
mkdir src
cat > src/main.rs <<'RUST'
use rumqttc::{AsyncClient, MqttOptions, v5};

/// Memory of this process that no file stands behind, in kB.
fn taken() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn grown<T>(make: impl FnOnce() -> T) -> i64 {
    let before = taken();
    let made = make();
    let after = taken();
    drop(made);
    after - before
}

fn main() {
    let old = grown(|| AsyncClient::new(MqttOptions::new("a", "localhost", 1883), 10));
    let new = grown(|| v5::AsyncClient::new(v5::MqttOptions::new("a", "localhost", 1883), 10));
    let bounded = grown(|| {
        let mut options = v5::MqttOptions::new("a", "localhost", 1883);
        options.set_outgoing_inflight_upper_limit(1000);
        v5::AsyncClient::new(options, 10)
    });
    println!("rumqttc 0.25.1, before it connects: MQTT 3.1.1 {old} kB, MQTT 5 {new} kB, MQTT 5 with room for 1,000 {bounded} kB");
    let as_seen = old < 1_000 && (8_000..20_000).contains(&new) && bounded < 1_000;
    assert!(as_seen, "it is otherwise now: correct what is said above");
}
RUST
cargo run -q
