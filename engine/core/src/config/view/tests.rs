use super::*;
use serde_json::json;

const SITE: &str = r#"
[site]
id = "hue"
timezone = "Asia/Ho_Chi_Minh"
[model.street]
package = "ssdlite-coco"
[[camera]]
id = "gate"
name = "Cổng chợ"
url = "rtsp://h/1"
model = "street"
position = { lat = 16.4637, lon = 107.5909 }
regions = "off"
[camera.zone.kerb]
name = "Lề đường"
polygon = [[0.1, 0.123456789], [1, 0], [1, 1]]
[[camera.rule]]
use = "illegal-parking"
zone = "kerb"
classes = ["vehicle.car"]
dwell_secs = 120
cooldown_secs = 5.5
schedule = ["Mon-Fri 06:00-22:00"]
[[sensor]]
id = "rain-1"
topic = "sensors/rain-1"
quantity = "rain"
format = "json"
[[window]]
name = "rain-24h"
sensors = ["rain-1"]
shape = "tumbling"
size_secs = 86400
function = "sum"
[[rule]]
use = "rain-watch"
window = "rain-24h"
"#;

#[test]
fn a_file_is_seen_as_it_is_written() {
    let View { cameras, models, rules, permits, sensors, windows } = view(SITE);
    assert_eq!(json!(models), json!([{ "id": "street", "package": "ssdlite-coco" }]));
    let gate = &cameras[0];
    assert_eq!((gate.model.as_str(), gate.regions), ("ssdlite-coco", false));
    assert_eq!(json!(gate.zones[0].polygon[0]), json!([0.1, 0.123_456_789]), "no digit is lost");
    let rule = &gate.rules[0];
    let numbers: Vec<(&str, f64)> = rule.parameters.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    assert_eq!(numbers, [("cooldown_secs", 5.5), ("dwell_secs", 120.0)]);
    assert_eq!((rule.id.as_ref(), rule.severity), (None, None), "the catalogue's");
    assert_eq!(rules[0].window.as_ref().map(Name::as_str), Some("rain-24h"));
    assert_eq!(permits, []);
    assert_eq!((sensors[0].unit.as_str(), windows[0].unit.as_str()), ("mm", "mm"));
    assert_eq!(view("camera = [").cameras, []);
}

#[test]
fn what_is_wrong_with_a_file_hides_the_rest_of_it_from_nobody() {
    let wrong =
        SITE.replace("dwell_secs = 120", "dwell_secs = \"long\"").replace("[1, 1]]", "[1, 1]");
    assert_eq!(view(&wrong).cameras, [], "no TOML");
    let wrong = SITE.replace("dwell_secs = 120", "dwell_secs = \"long\"");
    let seen = view(&wrong);
    let known: Vec<&str> = seen.cameras[0].rules[0].parameters.keys().map(String::as_str).collect();
    assert_eq!(known, ["cooldown_secs"]);
}

#[test]
fn an_entry_says_what_its_rules_need() {
    let seen = |name: &str, text: &str| {
        entry_view(&Name::try_from(name).unwrap(), &Entry::parse(name, text).unwrap())
    };
    let way = seen("wrong-way", include_str!("../../../../../pipelines/catalogue/wrong-way.toml"));
    assert!(way.needs.camera && way.needs.zone && !way.needs.calibration && !way.needs.line);
    let parameter = |name: &str| way.parameters.iter().find(|p| p.name == name).unwrap();
    let allowed = parameter("allowed_deg");
    assert_eq!(
        (allowed.kind, allowed.default, allowed.unit.as_deref()),
        (ParameterKind::Direction, None, Some("°"))
    );
    assert_eq!(parameter("confidence_min").default, Some(0.3));
    assert_eq!(parameter("absence_secs").default, Some(3.0));
    assert!(way.parameters.iter().all(|p| p.name != "dwell_secs"), "it takes none");
    let flood = seen(
        "flooded-street",
        include_str!("../../../../../pipelines/catalogue/flooded-street.toml"),
    );
    assert!(!flood.needs.zone && flood.needs.sensor.as_deref() == Some("water_level"));
    let on = flood.parameters.iter().find(|p| p.name == "value_on").unwrap();
    assert_eq!(on.unit.as_deref(), Some("cm"));
    assert!(flood.parameters.iter().all(|p| p.name != "confidence_min"), "it looks at nothing");
    let crowd = seen("crowding", include_str!("../../../../../pipelines/catalogue/crowding.toml"));
    let count = crowd.parameters.iter().find(|p| p.name == "count_min").unwrap();
    assert_eq!((count.kind, count.unit.as_ref()), (ParameterKind::Whole, None));
}
