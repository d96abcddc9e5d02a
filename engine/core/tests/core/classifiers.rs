//! Descriptions of classifiers.

use viahe_contract::class::Class;
use viahe_core::config::model::{parse, parse_any};
use viahe_core::config::{ConfigError, Taxonomy};
use viahe_core::geometry::{PxBox, PxRect};
use viahe_core::model::{Crop, Described};
use viahe_testing::model::{HELMETS, TINY};

fn read(text: &str) -> Result<Described, ConfigError> {
    parse_any("model.toml", text, &Taxonomy::builtin())
}

#[test]
fn a_classifier_reads() {
    let Described::Classifier(classifier) = read(HELMETS).unwrap() else { panic!("a detector") };
    assert_eq!(classifier.model.head.tensors(1), [("kinds", vec![1, 3])]);
    assert_eq!(classifier.model.labels.iter().flatten().count(), 2);
    let crop = &classifier.crop;
    assert_eq!((crop.top, crop.bottom, crop.margin), (0.0, 0.5, 0.0));
    assert!(crop.is_of(&Class::try_from("person").unwrap()));
    assert!(matches!(read(TINY).unwrap(), Described::Detector(_)));
}

#[test]
fn who_asks_for_a_detector_is_told_what_it_is() {
    let err = parse("model.toml", HELMETS).unwrap_err().to_string();
    assert!(err.contains("it is a classifier") && err.contains("`refine`"), "{err}");
}

#[test]
fn one_mistake_one_message() {
    #[rustfmt::skip]
    let cases = [
        // what was changed                                       the message says
        ("[crop]", "[crup]",                                      "`crop` is missing"),
        ("[crop]", "[nms]\niou = 0.5\nconfidence_min = 0.2\n[crop]", "`nms` is of no use"),
        ("[crop]", "[scores]\nslope = 1\noffset = 0\ndata = \"d\"\ndate = \"2026-11-30\"\n[crop]", "`scores` is of no use"),
        ("classes = 3", "classes = 3\ncandidates = 4",           "`candidates` is of no use"),
        ("classes = 3", "classes = 65",                           "too many for a classifier"),
        ("classes = 3", "classes = 1",                            "classes 0 to 0"),
        ("activation = \"softmax\"\n", "",                       "`activation` is missing"),
        ("tensor = \"kinds\"\n", "",                             "`tensor` is missing"),
        ("batch = \"any\"", "batch = 8",                         "one crop at a time"),
        ("of = [\"person\"]", "of = []",                         "the list is empty"),
        ("of = [\"person\"]", "of = [\"vehicle\"]",             "no kind of vehicle"),
        ("\"person.rider_bare\"", "\"person\"",                 "no kind of person"),
        ("\"person.rider_bare\"", "\"vehicle.car\"",            "no kind of person"),
        ("\"person.rider_bare\"", "\"person.rider_baer\"",      "did you mean \"person.rider_bare\"?"),
        ("bottom = 0.5", "bottom = 0.2\ntop = 0.2",              "it is shown nothing"),
        ("bottom = 0.5", "bottom = 1.5",                          "must be from 0 to 1"),
        ("height_min_px = 20\n", "",                              "`height_min_px` is missing"),
        ("width = 8", "width = 8\nsizes = [[8, 8]]",             "made for one size"),
    ];
    for (from, to, want) in cases {
        let text = HELMETS.replacen(from, to, 1);
        assert_ne!(text, HELMETS, "{from}");
        let err = read(&text).unwrap_err();
        assert!(err.to_string().contains(want), "{from:?} -> {to:?}: {err}");
        assert!(err.problems.iter().all(|p| !p.remedy.is_empty()), "{err}");
    }
    let err = read(&TINY.replace("[nms]", "[crop]\nof = [\"person\"]\nheight_min_px = 9\n[nms]"))
        .unwrap_err();
    assert!(err.to_string().contains("`crop` is of no use with head = \"ssd\""), "{err}");
}

fn head_of(height_min_px: f32) -> Crop {
    let of = vec![Class::try_from("person").unwrap()];
    Crop { of, top: 0.0, bottom: 0.25, margin: 0.5, height_min_px }
}

#[test]
fn a_part_is_cut_where_the_frame_ends() {
    for (corners, want) in [
        ([100.0, 40.0, 120.0, 120.0], Some([90, 30, 40, 40])),
        ([0.0, 0.0, 20.0, 80.0], Some([0, 0, 30, 30])),
        ([180.5, 40.2, 200.0, 120.2], Some([170, 30, 30, 41])),
        ([100.0, 40.0, 120.0, 49.0], None),
        ([100.0, 130.0, 120.0, 230.0], None),
    ] {
        let [x0, y0, x1, y1] = corners;
        let bbox = PxBox::new(x0, y0, x1, y1).unwrap();
        let want = want.map(|[x, y, width, height]| PxRect { x, y, width, height });
        assert_eq!(head_of(10.0).of_box(&bbox, [200, 100]), want, "{corners:?}");
    }
}
