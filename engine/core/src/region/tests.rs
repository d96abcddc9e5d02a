//! Regions against an ideal detector: what is in the picture is found once, and where it is.

use super::layout::{GAIN_MIN, Shown};
use super::{Focus, View};
use crate::config::model::parse;
use crate::detect::{Confidence, Detection};
use crate::geometry::{PxBox, PxRect, UnitBox};
use crate::id::ClassIx;
use crate::model::Model;
use crate::tensor::{Fit, FitMode, InputSpec, Sheet};
use proptest::prelude::*;

const FRAME: [usize; 2] = [1920, 1080];
const PERSON: ClassIx = ClassIx(0);
const CAR: ClassIx = ClassIx(2);
const TRUCK: ClassIx = ClassIx(7);

fn ssd() -> Model {
    parse("model.toml", include_str!("../../../../models/ssdlite-coco/model.toml")).unwrap()
}

fn yolox() -> Model {
    parse("model.toml", include_str!("../../../../models/yolox-nano/model.toml")).unwrap()
}

fn area(corners: [f32; 4]) -> UnitBox {
    corners.try_into().unwrap()
}

fn object(class: ClassIx, [x0, y0, x1, y1]: [f32; 4]) -> Detection {
    let (bbox, confidence) = (PxBox::new(x0, y0, x1, y1).unwrap(), Confidence::ONE);
    Detection { class, confidence, bbox, part: 0 }
}

/// What a detector sees on an image that sees all that is there: of what a part cuts off, the rest, unless that is
/// less than a third.
fn seen(objects: &[Detection], parts: &[Fit]) -> Vec<Detection> {
    let in_part = |(part, fit): (usize, &Fit)| {
        let PxRect { x, y, .. } = fit.crop;
        let crop =
            PxBox::new(x as f32, y as f32, fit.crop.right() as f32, fit.crop.bottom() as f32);
        let crop = crop.unwrap();
        let (part, crop) = (part as u8, &crop);
        let clipped = |object: &Detection| {
            let b = object.bbox;
            let (x0, y0) = (b.x0.max(crop.x0), b.y0.max(crop.y0));
            let bbox = PxBox::new(x0, y0, b.x1.min(crop.x1), b.y1.min(crop.y1))?;
            let confidence = (bbox.area() / b.area()).clamp(0.0, 1.0);
            let confidence = Confidence::try_from(confidence).unwrap();
            (confidence.get() > 0.33).then_some(Detection { confidence, bbox, part, ..*object })
        };
        objects.iter().filter_map(clipped).collect::<Vec<_>>()
    };
    parts.iter().enumerate().flat_map(in_part).collect()
}

/// One look at these objects.
fn look(focus: &mut Focus, objects: &[Detection]) -> (usize, Vec<Detection>) {
    let images = focus.look(FRAME[0], FRAME[1]);
    let of = |i| seen(objects, focus.image(i).unwrap().1.parts());
    let mut found: Vec<Vec<Detection>> = (0..images).map(of).collect();
    focus.conclude(&mut found);
    (images, found.swap_remove(0))
}

fn boxes(found: &[Detection]) -> Vec<[i32; 4]> {
    let mut boxes: Vec<[i32; 4]> = found
        .iter()
        .map(|d| [d.bbox.x0, d.bbox.y0, d.bbox.x1, d.bbox.y1].map(|v| v.round() as i32))
        .collect();
    boxes.sort_unstable();
    boxes
}

#[test]
fn what_gains_nothing_is_looked_at_whole() {
    let large = [[0.0, 0.0, 1.0, 1.0], [0.05, 0.6, 0.95, 0.98], [0.3, 0.7, 0.6, 0.9]];
    for model in [ssd(), yolox()] {
        let whole = Sheet::whole(&model.input, FRAME);
        let shown = Shown::Whole(whole);
        assert_eq!(Shown::of(&[], FRAME, &model.input, &[]), shown);
        for corners in large {
            assert_eq!(Shown::of(&[area(corners)], FRAME, &model.input, &[]), shown, "{corners:?}");
        }
    }
}

/// What is near enough to be seen in the whole frame needs no image of its own, however much it would gain; one
/// place that is not is reason enough.
#[test]
fn what_is_large_enough_is_looked_at_whole() {
    for model in [ssd(), yolox()] {
        let near = area([0.3, 0.3, 0.4, 0.34]);
        let far = area([0.3, 0.16, 0.4, 0.2]);
        assert!(matches!(Shown::of(&[near], FRAME, &model.input, &[]), Shown::Whole(_)));
        assert!(Shown::of(&[far], FRAME, &model.input, &[]).gain() > 2.0);
        assert!(Shown::of(&[near, far], FRAME, &model.input, &[]).gain() > 1.5);
    }
}

/// A far kerb: beside the whole frame where the model leaves room for it, in turn with it elsewhere.
#[test]
fn a_small_area_is_seen_at_its_own_size() {
    let kerb = [area([0.6, 0.16, 0.75, 0.21])];
    let Shown::Together { sheet, gain } = Shown::of(&kerb, FRAME, &yolox().input, &[]) else {
        panic!("a letterboxed frame leaves room");
    };
    let [whole, close] = sheet.parts() else { panic!("{sheet:?}") };
    assert_eq!(*whole, yolox().input.fit_frame(1920, 1080));
    assert!(close.place.y >= 234 && gain > 1.9, "{close:?}, {gain}");
    let Shown::InTurn { whole, close, gain } = Shown::of(&kerb, FRAME, &ssd().input, &[]) else {
        panic!("a stretched frame leaves none");
    };
    assert_eq!(whole, Sheet::whole(&ssd().input, FRAME));
    assert!(gain > 2.2, "{gain}");
    let [close] = close.parts() else { panic!("{close:?}") };
    assert_eq!(close.place, PxRect::of_size(300, 300));
}

/// With smaller sizes to choose from, each image is as large as what it shows: nothing is seen smaller, and a frame in
/// its letterbox is where it was.
#[test]
fn images_are_no_larger_than_what_they_show() {
    let (own, sizes) = (yolox().input, [[416, 320], [256, 256], [416, 256]]);
    let shown = |areas: &[UnitBox], frame| Shown::of(areas, frame, &own, &sizes);
    let whole = |size: [usize; 2], frame| Shown::Whole(Sheet::whole(&own.at(size), frame));
    let cases = [([1920, 1080], [416, 256]), ([768, 576], [416, 320]), ([1080, 1920], [416, 416])];
    for (frame, size) in cases {
        assert_eq!(shown(&[], frame), whole(size, frame), "{frame:?}");
        let [on_own] = [Sheet::whole(&own, frame)];
        assert_eq!(sheets(&shown(&[], frame))[0].parts(), on_own.parts(), "{frame:?}");
    }
    // A small region is shown at its own size on the smallest, and the whole frame beside it on the flat one.
    let far = [area([0.4, 0.02, 0.43, 0.05])];
    let stretched = InputSpec { fit: FitMode::Stretch, ..own };
    let Shown::InTurn { whole, close, .. } = Shown::of(&far, FRAME, &stretched, &sizes) else {
        panic!("a stretched frame leaves no room");
    };
    assert_eq!((whole.size(), close.size()), ([416, 416], [256, 256]));
    // What lies in the room beside the frame needs that room.
    let kerb = [area([0.6, 0.16, 0.75, 0.21])];
    assert_eq!(shown(&kerb, FRAME), Shown::of(&kerb, FRAME, &own, &[]));
}

#[test]
fn a_long_area_lies_in_tiles_and_areas_apart_on_one_image() {
    let input = ssd().input;
    let far = Shown::of(&[area([0.0, 0.12, 1.0, 0.2])], FRAME, &input, &[]);
    assert!(far.parts().len() >= 2, "{far:?}");
    let corners = [area([0.0, 0.1, 0.1, 0.15]), area([0.9, 0.1, 1.0, 0.15])];
    let both = Shown::of(&corners, FRAME, &input, &[]);
    assert!(both.parts().len() == 2 && both.gain() > 2.0, "{both:?}");
}

/// Of fewer px than those of both models.
fn any_size() -> impl Strategy<Value = [usize; 2]> {
    (1..14usize, 1..14usize)
        .prop_map(|(x, y)| [x * 32, y * 32])
        .prop_filter("fewer px", |[x, y]| x * y < 300 * 300)
}

/// All images that looks take.
fn sheets(shown: &Shown) -> Vec<&Sheet> {
    match shown {
        Shown::Whole(sheet) | Shown::Together { sheet, .. } => vec![sheet],
        Shown::InTurn { whole, close, .. } => vec![whole, close],
    }
}

/// Of the part that is shown smallest, but for what whole px take.
fn least_scale(sheet: &Sheet) -> f32 {
    let scale = |fit: &Fit| (fit.scale[0] * fit.scale[1]).sqrt();
    sheet.parts().iter().map(scale).fold(f32::INFINITY, f32::min)
}

fn any_area() -> impl Strategy<Value = UnitBox> {
    (0.0..0.9f32, 0.0..0.3f32, 0.0..1.0f32, 0.0..0.2f32)
        .prop_map(|(x, y, w, h)| area([x, y, (x + 0.02 + w * w).min(1.0), (y + 0.01 + h).min(1.0)]))
}

proptest! {
    /// Each area is shown whole, true to shape, no larger than it is, and in a place of its own.
    #[test]
    fn areas_are_shown_whole(
        areas in prop::collection::vec(any_area(), 1..4),
        frame in (64..2600usize, 64..1600usize),
        letterbox: bool,
        at in (0.0..1.0f32, 0.0..1.0f32),
        sizes in prop::collection::vec(any_size(), 0..4),
    ) {
        let mut input = if letterbox { yolox().input } else { ssd().input };
        if letterbox {
            input.fit = FitMode::Letterbox { pad: 114.0 };
        }
        let frame = [frame.0, frame.1];
        let shown = Shown::of(&areas, frame, &input, &sizes);
        let whole = PxRect::of_size(frame[0], frame[1]);
        let on_own = Shown::of(&areas, frame, &input, &[]);
        for (sheet, on_own) in sheets(&shown).into_iter().zip(sheets(&on_own)) {
            let (size, all) = (sheet.size(), sheet.parts());
            prop_assert!(size == input.size() || sizes.contains(&size) && sheet.px() < on_own.px());
            prop_assert!(least_scale(sheet) >= least_scale(on_own), "{sheet:?} {on_own:?}");
            let room = PxRect::of_size(size[0], size[1]);
            for (i, fit) in all.iter().enumerate() {
                prop_assert!(fit.crop.is_in(&whole) && fit.place.is_in(&room), "{fit:?}");
                prop_assert!(all[..i].iter().all(|other| !other.place.meets(&fit.place)));
            }
        }
        prop_assert_eq!(sheets(&shown).len(), sheets(&on_own).len());
        if shown.parts().is_empty() {
            return Ok(());
        }
        prop_assert!(shown.gain() >= GAIN_MIN);
        for fit in shown.parts() {
            let ([x, y], side) = (fit.scale, fit.place.width.min(fit.place.height) as f32);
            let [whole_x, whole_y] = input.fit_frame(frame[0], frame[1]).scale;
            let bend = (whole_x / whole_y).max(whole_y / whole_x).sqrt();
            let most = bend * (1.0 + 1.5 / side + 0.01);
            prop_assert!(x / y <= most && y / x <= most, "{fit:?}");
            prop_assert!(x < 1.05 && y < 1.05, "{fit:?}");
        }
        for area in &areas {
            let [x0, y0, x1, y1] = area.corners();
            let (x, y) = (x0 + at.0 * (x1 - x0), y0 + at.1 * (y1 - y0));
            let px = |v: f32, side: usize| ((v * side as f32) as usize).min(side - 1);
            let pixel = PxRect { x: px(x, frame[0]), y: px(y, frame[1]), width: 1, height: 1 };
            prop_assert!(shown.parts().iter().any(|fit| pixel.is_in(&fit.crop)), "{shown:?}");
        }
    }

    /// Cars in a row along a far street, wherever the borders of tiles lie: each is one detection where it is.
    #[test]
    fn each_object_is_found_once_and_where_it_is(
        starts in prop::collection::vec((5.0..60.0f32, 25.0..160.0f32, 12.0..60.0f32), 1..20),
        letterbox: bool,
        top in 0.06..0.16f32,
    ) {
        let model = if letterbox { yolox() } else { ssd() };
        let mut focus = Focus::new(&model, vec![area([0.0, top, 1.0, top + 0.06])]);
        let (mut x, mut objects) = (0.0, Vec::new());
        for (gap, width, height) in starts {
            x += gap;
            if x + width < 1920.0 {
                let ground = (top + 0.04) * 1080.0;
                objects.push(object(CAR, [x, ground - height, x + width, ground]));
                x += width;
            }
        }
        let mut want = boxes(&objects);
        want.sort_unstable();
        for _ in 0..3 {
            let (_, found) = look(&mut focus, &objects);
            prop_assert_eq!(boxes(&found), want.clone());
        }
    }
}

/// A region of a kerb, for a model that has no room beside the frame.
fn kerb() -> (Focus, PxRect) {
    let mut focus = Focus::new(&ssd(), vec![area([0.6, 0.16, 0.75, 0.21])]);
    focus.look(FRAME[0], FRAME[1]);
    let (view, sheet) = focus.image(0).unwrap();
    assert_eq!((view, sheet.parts().len()), (View::Close, 1));
    let crop = sheet.parts()[0].crop;
    focus.conclude(&mut [Vec::new(), Vec::new()]);
    (focus, crop)
}

#[test]
fn the_whole_frame_is_looked_at_each_fourth_time() {
    let (mut focus, _) = kerb();
    let images: Vec<usize> = (0..9).map(|_| look(&mut focus, &[]).0).collect();
    assert_eq!(images, [1, 1, 1, 2, 1, 1, 1, 2, 1]);
}

/// A batch that could not be run is tried again, picture by picture.
#[test]
fn a_look_that_comes_to_nothing_is_no_look() {
    let (mut focus, _) = kerb();
    for images in [1, 1, 1, 2, 1] {
        assert_eq!(focus.look(FRAME[0], FRAME[1]), images);
        assert_eq!(look(&mut focus, &[]).0, images);
    }
}

/// What is larger than its region is seen as a piece of it; while it is there, each look sees all of it.
#[test]
fn what_is_larger_than_its_region_is_found_whole() {
    let (mut focus, crop) = kerb();
    let (left, right) = (crop.x as f32, crop.right() as f32);
    let bus = object(TRUCK, [left - 150.0, 60.0, right - 20.0, 262.0]);
    let (images, piece) = look(&mut focus, &[bus]);
    assert_eq!((images, piece.len()), (1, 1));
    for _ in 0..4 {
        let (images, found) = look(&mut focus, &[bus]);
        assert_eq!((images, boxes(&found)), (2, boxes(&[bus])));
    }
    // A car on the road that leaves the region on the other side is no reason to look at all.
    let passing = object(CAR, [left - 30.0, 340.0, left + 60.0, 390.0]);
    let images: Vec<usize> = (0..6).map(|_| look(&mut focus, &[passing]).0).collect();
    assert_eq!(images[1..], [1, 1, 1, 2, 1]);
}

/// What is beside an area is the same in each look, also what its region shows a piece of: gate and tracker
/// take a change for news.
#[test]
fn what_is_beside_an_area_is_the_same_in_each_look() {
    let (mut focus, crop) = kerb();
    let left = crop.x as f32;
    let objects = [
        object(CAR, [left - 40.0, 200.0, left + 60.0, 250.0]),
        object(CAR, [left + 50.0, 205.0, left + 150.0, 255.0]),
        object(PERSON, [left - 30.0, 190.0, left + 50.0, 250.0]),
        object(TRUCK, [left - 300.0, 120.0, left - 20.0, 255.0]),
    ];
    let pieces = [
        object(CAR, [left, 200.0, left + 60.0, 250.0]),
        objects[1],
        object(PERSON, [left, 190.0, left + 50.0, 250.0]),
    ];
    for images in [1, 1, 1, 2, 1] {
        let (took, found) = look(&mut focus, &objects);
        assert_eq!((took, boxes(&found)), (images, boxes(&pieces)));
    }
}

/// Beside the whole frame regions hide nothing: what they cut off is one with it, and neighbours stay two.
#[test]
fn things_at_a_border_are_one_only_where_they_are_one() {
    let mut focus = Focus::new(&yolox(), vec![area([0.6, 0.16, 0.75, 0.21])]);
    focus.look(FRAME[0], FRAME[1]);
    let left = focus.image(0).unwrap().1.parts()[1].crop.x as f32;
    let all = [
        object(CAR, [left - 40.0, 200.0, left + 60.0, 250.0]),
        object(TRUCK, [left - 130.0, 120.0, left - 20.0, 255.0]),
        object(CAR, [left + 50.0, 205.0, left + 150.0, 255.0]),
        object(PERSON, [left - 30.0, 190.0, left + 50.0, 250.0]),
    ];
    for _ in 0..3 {
        let (images, found) = look(&mut focus, &all);
        assert_eq!((images, boxes(&found)), (1, boxes(&all)));
    }
}

/// Another rule, another zone: from the next look on.
#[test]
fn it_turns_to_other_areas_and_frames() {
    let (mut focus, crop) = kerb();
    focus.turn_to(&[area([0.1, 0.16, 0.2, 0.21])]);
    focus.look(FRAME[0], FRAME[1]);
    assert!(focus.image(0).unwrap().1.parts()[0].crop.right() <= crop.x);
    focus.turn_to(&[]);
    assert_eq!(focus.look(FRAME[0], FRAME[1]), 1);
    let whole = Sheet::whole(&ssd().input, FRAME);
    assert_eq!(focus.image(0), Some((View::Whole, &whole)));
    focus.look(640, 360);
    assert_eq!(focus.image(0).unwrap().1.parts()[0].crop, PxRect::of_size(640, 360));
}
