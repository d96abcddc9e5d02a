//! The products of the guide are read as it says.

use crate::support::{World, root};
use std::fs;
use viahe_core::sensor::{decode, topic};
use viahe_core::time::Timestamp;

/// The block whose fence ends in this label.
fn payload<'g>(guide: &'g str, id: &str) -> &'g str {
    let fences = ["json", "text"].map(|language| format!("```{language} {id}\n"));
    let found = fences.iter().find_map(|fence| guide.split_once(fence.as_str()));
    let (_, rest) = found.unwrap_or_else(|| panic!("no payload of {id}"));
    rest.split_once("```").unwrap().0
}

#[test]
fn products_are_read_as_the_guide_says() {
    let guide = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let products = guide.split_once("### Products").unwrap().1;
    let block = products.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let text = format!("[site]\nid = \"guide\"\ntimezone = \"Asia/Ho_Chi_Minh\"\n{block}");
    let plan = World::new().parse("guide", &text).unwrap_or_else(|e| panic!("{e}"));
    let received: Timestamp = "2026-11-29T03:00:05Z".parse().unwrap();
    let mut read = 0;
    for sensor in &plan.sensors {
        let id = sensor.id.as_str();
        let row = products.lines().find(|line| line.contains(&format!("| `{id}` |"))).unwrap();
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let value: f64 = cells[3].split(' ').next().unwrap().parse().unwrap();
        let unit = sensor.decoder.quantity.unit();
        assert!(cells[3].contains(unit.as_str()), "{id}: {} in {unit}", cells[3]);
        let samples = decode(&sensor.decoder, payload(products, id).as_bytes(), received);
        let samples = samples.unwrap_or_else(|e| panic!("{id}: {e}"));
        assert_eq!(samples.len(), 1, "{id}");
        assert!((samples[0].value - value).abs() < 1e-9, "{id}: {}", samples[0].value);
        assert_eq!(samples[0].at, cells[4].parse().unwrap(), "{id}");
        read += 1;
    }
    assert_eq!(read, 8);
}

/// Each payload is passed over, or refused in words, by the sensors of the other products.
#[test]
fn products_are_not_taken_for_each_other() {
    let guide = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let products = guide.split_once("### Products").unwrap().1;
    let block = products.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let text = format!("[site]\nid = \"guide\"\ntimezone = \"UTC\"\n{block}");
    let plan = World::new().parse("guide", &text).unwrap_or_else(|e| panic!("{e}"));
    let received: Timestamp = "2026-11-29T03:00:05Z".parse().unwrap();
    for sensor in &plan.sensors {
        for other in plan.sensors.iter().filter(|other| other.id != sensor.id) {
            let bytes = payload(products, other.id.as_str()).as_bytes();
            let got = decode(&sensor.decoder, bytes, received);
            let none = got.as_ref().map_or_else(|e| e.to_string().contains("; "), Vec::is_empty);
            assert!(none, "{} read by {}: {got:?}", other.id, sensor.id);
            assert!(!topic::matches(&sensor.topic, &other.topic), "{} {}", sensor.id, other.id);
        }
    }
}
