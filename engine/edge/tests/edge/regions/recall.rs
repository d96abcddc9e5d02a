//! Which share of people a model finds by how tall they are on its input: what `[recall]` of `model.toml` says.
//!
//! Truth was drawn by hand over the sample clip. Frames are made smaller by a known factor and put over themselves, or a
//! part of them is shown alone, so that one person at a time has the height that is asked for.

use super::picture::{Picture, clip};
use super::{CONFIDENCE_MIN, Eye, IOU_MIN, package};
use viahe_core::geometry::PxBox;
use viahe_core::model::Model;
use viahe_core::tensor::FitMode;
use viahe_edge::infer::Runtime;
use viahe_edge::models::Locations;
use viahe_testing::machine::skipped;

/// Of the clip.
const SIZE: [usize; 2] = [768, 576];
/// px on the model's input.
const HEIGHTS: [f64; 9] = [10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 50.0, 60.0];
/// Where in the picture the person is put, in shares of what is free there.
const AT: [[f32; 2]; 2] = [[0.3, 0.4], [0.62, 0.55]];
/// Figures of another processor differ by so much at most: a few of 62 looks.
const OFF_MAX: f64 = 0.07;

/// People who are seen whole, by frame: left, top, right and bottom in px.
pub(super) const PEOPLE: [(usize, &[[f32; 4]]); 6] = [
    (
        0,
        &[[642.0, 241.0, 687.0, 320.0], [255.0, 220.0, 280.0, 307.0], [501.0, 158.0, 530.0, 232.0]],
    ),
    (
        100,
        &[
            [591.0, 154.0, 616.0, 233.0],
            [350.0, 200.0, 384.0, 274.0],
            [375.0, 179.0, 411.0, 256.0],
            [497.0, 148.0, 518.0, 220.0],
            [518.0, 152.0, 541.0, 221.0],
            [224.0, 62.0, 237.0, 94.0],
        ],
    ),
    (
        200,
        &[
            [219.0, 192.0, 248.0, 266.0],
            [488.0, 145.0, 518.0, 222.0],
            [706.0, 254.0, 743.0, 354.0],
            [618.0, 265.0, 652.0, 368.0],
            [85.0, 154.0, 111.0, 214.0],
            [677.0, 99.0, 697.0, 153.0],
            [702.0, 102.0, 721.0, 155.0],
        ],
    ),
    (
        400,
        &[[274.0, 202.0, 301.0, 285.0], [687.0, 301.0, 742.0, 410.0], [590.0, 141.0, 617.0, 204.0]],
    ),
    (
        600,
        &[
            [570.0, 200.0, 597.0, 287.0],
            [456.0, 302.0, 504.0, 418.0],
            [643.0, 305.0, 670.0, 411.0],
            [670.0, 209.0, 705.0, 296.0],
            [190.0, 144.0, 214.0, 214.0],
        ],
    ),
    (
        700,
        &[
            [681.0, 218.0, 728.0, 306.0],
            [367.0, 172.0, 396.0, 255.0],
            [103.0, 287.0, 143.0, 395.0],
            [521.0, 167.0, 544.0, 235.0],
            [185.0, 167.0, 212.0, 238.0],
            [281.0, 211.0, 307.0, 294.0],
            [476.0, 136.0, 494.0, 200.0],
        ],
    ),
];

/// Even, since chroma is halved.
fn even(px: f32) -> usize {
    (px / 2.0).round() as usize * 2
}

/// A picture in which a person is `scale` times as tall as in this frame, and the person's box there.
pub(super) fn shown(
    frame: &Picture,
    person: [f32; 4],
    scale: f32,
    at: [f32; 2],
) -> (Picture, PxBox) {
    let place = |size: [usize; 2], from: [usize; 2], to: [usize; 2]| {
        let to = |px: f32, axis: usize| {
            let by = size[axis] as f32 / SIZE[axis] as f32;
            px * by - from[axis] as f32 + to[axis] as f32
        };
        let [x0, y0, x1, y1] = person;
        PxBox::new(to(x0, 0), to(y0, 1), to(x1, 0), to(y1, 1)).unwrap()
    };
    if scale < 1.0 {
        let size = SIZE.map(|side| even(side as f32 * scale));
        let to = [0, 1].map(|axis| even((SIZE[axis] - size[axis]) as f32 * at[axis]));
        let mut picture = frame.clone();
        picture.put(&frame.scaled(size), to);
        return (picture, place(size, [0, 0], to));
    }
    // A part of the frame fills the input, and shows the person larger.
    let size = SIZE.map(|side| even(side as f32 / scale));
    let from = [0, 1].map(|axis| {
        let middle = f32::midpoint(person[axis], person[axis + 2]);
        let first = middle - at[axis] * size[axis] as f32;
        even(first.clamp(0.0, (SIZE[axis] - size[axis]) as f32)).min(SIZE[axis] - size[axis])
    });
    (frame.part(from, size), place(SIZE, from, [0, 0]))
}

/// By how much a picture of the clip's shape is smaller on the model's input, in height.
pub(super) fn fitted(model: &Model) -> f64 {
    let [across, down] = [0, 1].map(|axis| model.input.size()[axis] as f64 / SIZE[axis] as f64);
    if model.input.fit == FitMode::Stretch { down } else { across.min(down) }
}

#[test]
fn people_are_found_as_the_model_says() {
    let locations = Locations::discover(None).unwrap();
    let runtime = Runtime::load(&locations.onnxruntime().expect("run: make setup")).unwrap();
    let frames: Vec<Picture> = clip(&locations).step_by(100).collect();
    for name in ["ssdlite-coco", "nanodet-g", "yolox-nano"] {
        let Some(package) = package(name) else {
            skipped(&format!("{name} is not installed"));
            continue;
        };
        let mut eye = Eye::new(&runtime, &package, Vec::new());
        let is_person = |class: u16| {
            let label = package.model.labels[usize::from(class)].as_ref();
            label.is_some_and(|class| class.as_str().starts_with("person"))
        };
        let mut measured = Vec::new();
        for height in HEIGHTS {
            let (mut found, mut of) = (0, 0);
            for (frame, people) in PEOPLE {
                for person in people {
                    let tall = f64::from(person[3] - person[1]) * fitted(&package.model);
                    for at in AT {
                        let scale = (height / tall) as f32;
                        let (picture, person) = shown(&frames[frame / 100], *person, scale, at);
                        eye.look(&picture.view());
                        let is_found = eye.found[0].iter().any(|d| {
                            is_person(d.class.0)
                                && d.confidence.get() >= CONFIDENCE_MIN
                                && d.bbox.iou(&person) >= IOU_MIN
                        });
                        (found, of) = (found + usize::from(is_found), of + 1);
                    }
                }
            }
            println!("{name}: people {height:>2} px tall on the input: {found} of {of}");
            measured.push([height, f64::from(found as u32) / f64::from(of)]);
        }
        let said = package.model.recall.as_ref();
        let said = said.unwrap_or_else(|| panic!("{name} says no recall: {measured:.2?}"));
        assert_eq!(said.by_height.len(), measured.len(), "{name}");
        for (said, measured) in said.by_height.iter().zip(&measured) {
            let off = [0, 1].map(|i| (said[i] - measured[i]).abs());
            let same = off[0] < 0.5 && off[1] <= OFF_MAX;
            assert!(same, "{name} says {said:?}, and measured is {measured:.2?}");
        }
    }
}
