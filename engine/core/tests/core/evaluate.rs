//! Our figures against those of TrackEval and pycocotools, of scenes that `benches/peers/evaluators.py` made up; and small
//! scenes where it is known by heart what must come.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use viahe_core::evaluate::detections::{
    Average, Found, Kind, Pictures, SIZES, Truth, average_precision, judge,
};
use viahe_core::evaluate::tracks::{Boxes, Figures, Score, Sequence, Wanted};
use viahe_testing::machine::root;

/// Sums are taken in another order.
const OFF_MAX: f64 = 1e-9;
/// `GROUPS` of the script.
const GROUPS: [usize; 6] = [0, 1, 1, 1, 2, 3];

fn read(file: &str) -> String {
    let path = root().join("fixtures/evaluate").join(file);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn json(file: &str) -> Value {
    serde_json::from_str(&read(file)).unwrap()
}

fn tracks(truth: &str, told: &str) -> Score {
    let (truth, told) = (Boxes::parse(truth).unwrap(), Boxes::parse(told).unwrap());
    Score::of(&Sequence::new(&truth, &told, &Wanted::default()))
}

/// Each figure that `said` has.
fn assert_same(of: &str, got: &impl serde::Serialize, said: &Value) {
    let got = serde_json::to_value(got).unwrap();
    let said = said.as_object().unwrap();
    assert!(said.len() >= 4, "{of}: {said:?}");
    for (name, said) in said {
        let (got, said) = (got[name].as_f64().unwrap(), said.as_f64().unwrap());
        assert!((got - said).abs() <= OFF_MAX, "{of}: {name} is {got}, and should be {said}");
    }
}

#[test]
fn tracks_are_scored_as_trackeval_does() {
    let said = json("said.json");
    let mut together = Score::default();
    for name in ["street", "square", "grid"] {
        let [truth, told] = ["truth", "tracks"].map(|of| read(&format!("tracks/{name}.{of}.txt")));
        let score = tracks(&truth, &told);
        assert_same(name, &score.figures(), &said["tracks"][name]);
        together.add(&score);
    }
    assert_same("together", &together.figures(), &said["tracks"]["together"]);
}

/// A person who walks for so many frames, and what is told of each: `None` for nothing, `Some(0)` for a false alarm alone.
fn walk(told: &[Option<i64>]) -> Figures {
    let frames = || (1..).zip(told);
    let row = |(frame, _)| format!("{frame},1,{},50,20,40,1,1,1\n", 5 * frame);
    let truth = frames().map(row).collect::<Vec<String>>().concat();
    let line = |(frame, told): (i64, &Option<i64>)| {
        let (id, x) = told.map(|id| if id == 0 { (9, 900) } else { (id, 5 * frame) })?;
        Some(format!("{frame},{id},{x},50,20,40,1\n"))
    };
    let told: String = frames().filter_map(line).collect();
    tracks(&truth, &told).figures()
}

#[test]
fn an_empty_frame_keeps_continuity_and_a_false_alarm_breaks_it() {
    let whole = walk(&[Some(7); 5]);
    assert_eq!((whole.mota, whole.idf1, whole.fragments), (1.0, 1.0, 0));
    assert!((whole.hota - 1.0).abs() < OFF_MAX);
    let empty = walk(&[Some(7), Some(7), None, Some(7), Some(7)]);
    assert_eq!((empty.fragments, empty.misses, empty.id_switches), (0, 1, 0));
    let alarm = walk(&[Some(7), Some(7), Some(0), Some(7), Some(7)]);
    assert_eq!((alarm.fragments, alarm.misses, alarm.id_switches), (1, 1, 0));
    let other = walk(&[Some(7), Some(7), None, Some(8), Some(8)]);
    assert_eq!((other.fragments, other.id_switches), (0, 1));
}

#[test]
fn what_need_not_be_found() {
    let object = "1,1,0,0,20,40,1,1,1\n";
    let told = "1,7,0,0,20,40,1\n1,8,100,0,20,40,1\n";
    // A person in a mirror takes its track away; flag 0 alone does not.
    for (other, alarms) in [("1,2,100,0,20,40,0,12,1\n", 0), ("1,2,100,0,20,40,0,1,1\n", 1)] {
        let figures = tracks(&format!("{object}{other}"), told).figures();
        assert_eq!(
            (figures.objects, figures.hits, figures.false_alarms),
            (1, 1, alarms),
            "{other}"
        );
    }
    // The format of 2015 has no classes: what stands in that place is a coordinate.
    let flagged = "1,1,0,0,20,40,1,12,4,0\n1,2,100,0,20,40,0,1,0,0\n";
    let figures = tracks(flagged, told).figures();
    assert_eq!((figures.objects, figures.hits, figures.false_alarms), (1, 1, 1));
}

#[test]
fn an_id_twice_in_a_frame_is_named() {
    let told = |text: &str| Boxes::parse(text).unwrap_err().to_string();
    let twice = told("1,7,0,0,9,9,1\n2,7,0,0,9,9,1\n\n2,7,5,5,9,9,1\n");
    assert!(twice.starts_with("line 4: id 7 is in frame 2 already (line 2)"), "{twice}");
    let detections = told("1,-1,0,0,9,9,1\n1,-1,5,5,9,9,1\n");
    assert!(detections.contains("`viahe track` makes tracks of"), "{detections}");
    assert!(told("1,7,0,0,9\n").starts_with("line 1: 5 columns"));
}

/// The made-up data set; classes by `of`.
fn pictures(of: impl Fn(usize) -> usize) -> Pictures {
    let (truth, results) = (json("boxes/truth.json"), json("boxes/results.json"));
    let list = |of: &Value| of.as_array().unwrap().clone();
    let id = |of: &Value, key: &str| of[key].as_u64().unwrap() as usize;
    let sides = |of: &Value| serde_json::from_value::<[f64; 4]>(of["bbox"].clone()).unwrap();
    let mut images: Vec<usize> = list(&truth["images"]).iter().map(|i| id(i, "id")).collect();
    images.sort_unstable();
    let images: BTreeMap<usize, usize> = images.into_iter().zip(0..).collect();
    let truths = list(&truth["annotations"]);
    let truths = truths.iter().map(|a| Truth {
        image: images[&id(a, "image_id")],
        class: of(id(a, "category_id") - 1),
        sides: sides(a),
        area: a["area"].as_f64().unwrap(),
        kind: if a["iscrowd"] == 1 { Kind::Crowd } else { Kind::Object },
    });
    let found = list(&results);
    let found = found.iter().map(|d| Found {
        image: images[&id(d, "image_id")],
        class: of(id(d, "category_id") - 1),
        sides: sides(d),
        score: d["score"].as_f64().unwrap(),
    });
    Pictures { images: images.len(), classes: 6, truths: truths.collect(), found: found.collect() }
}

fn assert_as_said(of: &str, pictures: &Pictures) {
    let said = json("said.json");
    let classes = average_precision(pictures);
    let told = said[of]["classes"].as_array().unwrap();
    for (class, told) in told.iter().enumerate() {
        for (size, (name, _)) in SIZES.iter().enumerate() {
            let got = classes[class][size];
            assert_eq!(got.is_none(), told[size].is_null(), "{of} {class} {name}");
            if let Some(got) = got {
                assert_same(&format!("{of} {class} {name}"), &got, &told[size]);
            }
        }
    }
    for (size, (name, _)) in SIZES.iter().enumerate() {
        let mean = Average::mean(classes.iter().filter_map(|class| class[size].as_ref())).unwrap();
        assert_same(&format!("{of}, mean, {name}"), &mean, &said[of]["mean"][size]);
    }
}

#[test]
fn boxes_are_scored_as_pycocotools_does() {
    assert_as_said("boxes", &pictures(|class| class));
    assert_as_said("groups", &pictures(|class| GROUPS[class]));
}

#[test]
fn what_a_rule_sees() {
    let truth = |class, x: f64, kind| Truth {
        image: 0,
        class,
        sides: [x, 0.0, 10.0, 10.0],
        area: 100.0,
        kind,
    };
    let found =
        |class, x: f64, score| Found { image: 0, class, sides: [x, 0.0, 10.0, 10.0], score };
    let pictures = Pictures {
        images: 1,
        classes: 2,
        truths: vec![
            truth(0, 0.0, Kind::Object),
            truth(0, 50.0, Kind::Object),
            truth(1, 90.0, Kind::Object),
            truth(0, 200.0, Kind::Ignored),
            truth(0, 300.0, Kind::Crowd),
        ],
        found: vec![
            found(0, 0.0, 0.9),
            found(0, 1.0, 0.8),
            found(0, 50.0, 0.3),
            found(0, 200.0, 0.9),
            found(0, 300.0, 0.9),
            found(0, 301.0, 0.9),
            found(1, 0.0, 0.5),
        ],
    };
    let judged = judge(&pictures, 0.35);
    assert_eq!(judged.found[..3], [true, false, false]);
    assert_eq!(judged.false_alarms, [1, 1]);
    assert_eq!([0, 1].map(|class| judged.count(&pictures, class)), [(2, 1), (1, 0)]);
    assert_eq!(judge(&pictures, 0.3).count(&pictures, 0), (2, 2));
}
