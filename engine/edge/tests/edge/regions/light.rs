//! What pictures of little contrast show once they are stretched: what `contrast_gain_max` of `model.toml` rests on.

use super::picture::{Picture, clip};
use super::recall::{PEOPLE, fitted, shown};
use super::{CARS, CONFIDENCE_MIN, Eye, IOU_MIN, package};
use viahe_core::geometry::PxBox;
use viahe_edge::infer::Runtime;
use viahe_edge::models::{Locations, Package};
use viahe_testing::machine::skipped;

/// px on the model's input.
const HEIGHT: f64 = 25.0;
/// Where in the picture the person is put, in shares of what is free there.
const AT: [f32; 2] = [0.3, 0.4];
/// Name; gain and offset of the light, as shares; noise in luma codes.
#[rustfmt::skip]
const LIGHTS: [(&str, [f32; 3]); 4] = [
    ("night 35 %, noise 3", [0.35, 0.0,  3.0]),
    ("night 12 %, noise 3", [0.12, 0.0,  3.0]),
    ("night 6 %, noise 1",  [0.06, 0.0,  1.0]),
    ("haze, 20 % left",     [0.2,  0.53, 1.0]),
];
/// Of 31 people or 12 cars a light may cost so many, as one look is like another but for noise.
const FEWER_MAX: usize = 2;

/// How many people, and how many of the two cars, are found in one light.
fn found(eye: &mut Eye, package: &Package, frames: &[Picture], light: [f32; 3]) -> [usize; 2] {
    let [gain, offset, noise] = light;
    let mut sees = |picture: &Picture, thing: &PxBox, class: &str| {
        eye.look(&picture.lit(gain, offset, noise).view());
        eye.found[0].iter().any(|d| {
            let label = package.model.labels[usize::from(d.class.0)].as_ref();
            label.is_some_and(|label| label.as_str().starts_with(class))
                && d.confidence.get() >= CONFIDENCE_MIN
                && d.bbox.iou(thing) >= IOU_MIN
        })
    };
    let (mut people, mut cars) = (0, 0);
    for (frame, persons) in PEOPLE {
        let frame = &frames[frame / 100];
        for person in persons {
            let tall = f64::from(person[3] - person[1]) * fitted(&package.model);
            let (picture, person) = shown(frame, *person, (HEIGHT / tall) as f32, AT);
            people += usize::from(sees(&picture, &person, "person"));
        }
        for [x0, y0, x1, y1] in CARS {
            let car = PxBox::new(x0, y0, x1, y1).unwrap();
            cars += usize::from(sees(frame, &car, "vehicle"));
        }
    }
    [people, cars]
}

#[test]
fn little_light_is_made_the_most_of() {
    let locations = Locations::discover(None).unwrap();
    let runtime = Runtime::load(&locations.onnxruntime().expect("run: make setup")).unwrap();
    let frames: Vec<Picture> = clip(&locations).step_by(100).collect();
    for name in ["ssdlite-coco", "nanodet-g", "yolox-nano"] {
        let Some(stretched) = package(name) else {
            skipped(&format!("{name} is not installed"));
            continue;
        };
        assert!(stretched.model.input.contrast_gain_max > 1.0, "{name}");
        let mut plain = stretched.clone();
        plain.model.input.contrast_gain_max = 1.0;
        let mut eyes = [&plain, &stretched].map(|p| Eye::new(&runtime, p, Vec::new()));
        let mut sums = [0; 2];
        for (what, light) in LIGHTS {
            let [before, after] = eyes.each_mut().map(|eye| found(eye, &stretched, &frames, light));
            println!("{name}, {what}: people and cars {before:?}, stretched {after:?}");
            for (before, after) in before.into_iter().zip(after) {
                assert!(after + FEWER_MAX >= before, "{name}, {what}: {after} instead of {before}");
                sums = [sums[0] + before, sums[1] + after];
            }
        }
        println!("{name}: {} instead of {}", sums[1], sums[0]);
        assert!(sums[1] * 10 >= sums[0] * 11, "{name}: {} instead of {}", sums[1], sums[0]);
    }
}
