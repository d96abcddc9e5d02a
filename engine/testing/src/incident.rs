//! Incidents as boxes tell them.

use serde_json::{Value, json};

/// A picture as far as anybody looks.
pub const PICTURE: &[u8] = b"\xff\xd8\xff\xe0 a street in Hue";
/// Its name.
pub const PICTURE_NAME: &str = "6552095cbc60828b3ece5392e19f49f96c51bf0f7872a074ae4cda9c49e3918f";

/// The `n`-th incident of a site, as it is told on MQTT.
pub fn event(site: &str, n: u32, revision: u32) -> Value {
    let id = id(n);
    let closed = revision >= 3;
    let verb = match (closed, revision) {
        (true, _) => "closed",
        (false, 1) => "opened",
        (false, _) => "updated",
    };
    let at = |minute: u32| format!("2026-11-30T07:{:02}:{:02}.000+07:00", minute % 60, n % 60);
    let mut event = json!({
        "specversion": "1.0", "id": format!("{id}-r{revision}"), "source": format!("viahe/{site}/gate-east"),
        "type": format!("vn.viahe.incident.{verb}"), "subject": "illegal-parking", "time": at(revision),
        "datacontenttype": "application/json",
        "data": {
            "incident": id, "revision": revision, "state": if closed { "closed" } else { "open" },
            "rule": "no-parking", "rule_version": 1, "severity": "medium",
            "title": "Đỗ xe trái phép", "guidance": "", "stage": "remind", "stage_text": "Nhắc nhở", "offence": 1,
            "citations": [], "camera": "gate-east", "camera_name": "Cổng Đông", "zone": "kerb",
            "place": "Vỉa hè Lê Lợi", "position": null, "first_seen": at(0), "opened": at(0), "updated": at(revision),
            "closed": if closed { json!(at(revision)) } else { Value::Null },
            "ended_by": if closed { json!("over") } else { Value::Null },
            "measured": [], "subjects": [],
            "evidence": [{ "kind": "snapshot.opened", "moment": "opened", "media_type": "image/jpeg",
                "sha256": PICTURE_NAME, "bytes": PICTURE.len(), "captured": at(0) }],
            "evidence_state": "complete", "model": null, "clock": { "source": "arrival", "offset_ms": 0 },
            "of_a_later_version": true
        }
    });
    let zone = [[0.1, 0.4], [0.9, 0.4], [0.9, 0.8], [0.1, 0.8]];
    event["data"]["geometry"] =
        json!({ "zone": zone, "boxes": { "opened": [[0.3, 0.5, 0.4, 0.7]] } });
    event["data"]["subjects"] = json!([{ "track": n, "class": "vehicle.car", "confidence": 0.9, "box": [0.3, 0.5, 0.4, 0.7] }]);
    event
}

/// Of the `n`-th incident.
pub fn id(n: u32) -> String {
    format!("01KANWBRKGQ4H5ZD0Z{n:08}")
}
