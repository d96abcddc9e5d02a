//! A made-up city: two thousand frontages, four violations, a year of incidents.

use serde_json::{Value, json};
use viahe_console::model::Bounds;
use viahe_console::store::Heard;
use viahe_contract::message::to_bytes;
use viahe_contract::time::Timestamp;
use viahe_testing::incident;

const STREETS: [&str; 20] = [
    "Lê Lợi",
    "Nguyễn Huệ",
    "Trần Phú",
    "Hai Bà Trưng",
    "Võ Văn Tần",
    "Pasteur",
    "Lý Tự Trọng",
    "Phan Châu Trinh",
    "Hùng Vương",
    "Quang Trung",
    "Lê Duẩn",
    "Nguyễn Trãi",
    "Cách Mạng Tháng Tám",
    "Ngô Quyền",
    "Bà Triệu",
    "Hoàng Diệu",
    "Trường Chinh",
    "Kim Mã",
    "Xã Đàn",
    "Giải Phóng",
];
const KINDS: [(&str, &str, &str); 4] = [
    ("illegal-parking", "Đỗ xe trái phép", "medium"),
    ("sidewalk-obstruction", "Lấn chiếm vỉa hè", "low"),
    ("street-vending", "Bán hàng rong", "low"),
    ("wrong-way", "Đi ngược chiều", "high"),
];
pub(crate) const SITES: u32 = 200;
const CAMERAS: u32 = 5;
const ZONES: u32 = 2;
/// Ten hours after the last midnight of a year that ends here.
const END: u64 = 1_796_000_000;
const YEAR_SECS: u64 = 365 * 24 * 3600;

/// The site of the `n`-th incident.
pub(crate) fn site(n: u32) -> String {
    format!("ward-{:03}", n % SITES)
}

/// The `n`-th incident of `total`, as it is told on MQTT; later ones opened later.
pub(crate) fn event(n: u32, total: u32) -> Value {
    let mut told = incident::event(&site(n), n, 1);
    // Neighbours differ in all they have.
    let mixed = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let (violation, title, severity) = KINDS[mixed as usize % 8 % 4];
    let (camera, zone) = (mixed / 8 % u64::from(CAMERAS), mixed / 64 % u64::from(ZONES));
    let opened = END - YEAR_SECS + YEAR_SECS * u64::from(n) / u64::from(total.max(1));
    let at = Timestamp::from_secs(opened).at_offset(7 * 3600);
    let street = STREETS[(u64::from(n % SITES) + camera) as usize % STREETS.len()];
    told["source"] = json!(format!("viahe/{}/cam-{camera:02}", site(n)));
    told["subject"] = json!(violation);
    told["time"] = json!(at);
    let position = json!({
        "lat": 10.0 + f64::from(n % SITES / 10) / 50.0 + camera as f64 / 1_000.0,
        "lon": 106.0 + f64::from(n % SITES % 10) / 50.0,
    });
    let more = json!({
        "position": position, "severity": severity, "title": title, "camera": format!("cam-{camera:02}"),
        "camera_name": format!("Camera {camera} {street}"), "zone": format!("kerb-{zone}"),
        "place": format!("Vỉa hè {street}, số {}", zone * 2 + 1), "opened": at, "updated": at, "first_seen": at
    });
    for (key, value) in more.as_object().unwrap() {
        told["data"][key] = value.clone();
    }
    told
}

/// Around the site of the `n`-th incident, and no other.
pub(crate) fn around(n: u32) -> Bounds {
    let (south, west) =
        (10.0 + f64::from(n % SITES / 10) / 50.0, 106.0 + f64::from(n % SITES % 10) / 50.0);
    Bounds { west, south, east: west + 0.01, north: south + 0.01 }
}

/// Where it is told.
pub(crate) fn topic(told: &Value) -> String {
    let [site, camera, violation] =
        [&told["source"], &told["data"]["camera"], &told["subject"]].map(|v| v.as_str().unwrap());
    let site = site.split('/').nth(1).unwrap();
    format!("viahe/v1/{site}/cam/{camera}/incident/{violation}")
}

/// The same, as the store takes it.
pub(crate) fn heard(n: u32, total: u32) -> Heard {
    let told = event(n, total);
    Heard {
        payload: told["data"].to_string(),
        event: serde_json::from_slice(&to_bytes(&told)).unwrap(),
        received: Timestamp::from_secs(END),
    }
}

/// A time of the year, in hundredths of it.
pub(crate) fn in_year(hundredths: u64) -> Timestamp {
    Timestamp::from_secs(END - YEAR_SECS + YEAR_SECS * hundredths / 100)
}
