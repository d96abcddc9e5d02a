//! Areas of a picture → what one look feeds the model with.

use super::context::{CONTEXT_MIN, Span, TALL, contexts, union};
use crate::geometry::{PxRect, UnitBox};
use crate::tensor::{Fit, InputSpec, Sheet};

/// Where a car is expected to be so tall on an image of the whole frame, that image is enough: `SSDLite` finds a
/// fifth of such cars in each look, half of them at 20 px (`engine/edge/tests/edge/regions.rs`), and for what stands a
/// fifth of the looks are enough.
const ENOUGH_PX: f32 = 16.0;
/// It is worth it from here on: what is seen of a thing grows by so much in both directions.
pub(super) const GAIN_MIN: f32 = 1.5;
/// Where regions have an image of their own, the whole frame is looked at each so many looks: what is larger than
/// its region is mostly seen as a piece of it at once; this is for what is not.
pub(super) const WHOLE_EACH: u32 = 4;
/// No part is shown larger than it is: there is no more to see.
const SCALE_MAX: f32 = 1.0;
/// Most parts of one image.
const PARTS_MAX: usize = 4;
/// Columns and rows of cells that parts may lie in, simplest first.
const GRIDS: [[usize; 2]; 6] = [[1, 1], [1, 2], [2, 1], [2, 2], [1, 3], [3, 1]];
/// Models find nothing in less.
const SIDE_MIN: usize = 32;

/// How a frame is shown to a model.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// They gain nothing, or nothing that is needed: the whole frame, each time.
    Whole(Sheet),
    /// They lie on one image with the whole frame, where it leaves room.
    Together {
        /// The whole frame first.
        sheet: Sheet,
        /// So much larger they are seen than on an image of the whole frame.
        gain: f32,
    },
    /// They have an image of their own; the whole frame is looked at besides, each fourth time.
    InTurn {
        /// The whole frame.
        whole: Sheet,
        /// The regions.
        close: Sheet,
        /// So much larger they are seen than on an image of the whole frame.
        gain: f32,
    },
}

impl Shown {
    /// The best that a model with this input can be shown of these areas of a frame. Of its other sizes each image then
    /// has the one of fewest px on which all that lies there is no smaller.
    pub fn of(areas: &[UnitBox], frame: [usize; 2], own: &InputSpec, sizes: &[[usize; 2]]) -> Self {
        let least = |sheet, on: &dyn Fn(&InputSpec) -> Option<Sheet>| {
            sizes.iter().filter_map(|size| on(&own.at(*size))).fold(sheet, fewer_px)
        };
        let whole = own.fit_frame(frame[0], frame[1]);
        let unit = (whole.scale[0] * whole.scale[1]).sqrt();
        let scene = Scene::new(areas, frame, whole);
        let all = || least(Sheet::new(own.size(), [whole]), &|input| scene.whole_on(input));
        let car = |area: &UnitBox| TALL / 2.0 * area.corners()[3] * frame[1] as f32 * unit;
        let is_enough = areas.iter().all(|area| car(area) >= ENOUGH_PX);
        if is_enough || frame[0] < SIDE_MIN || frame[1] < SIDE_MIN {
            return Self::Whole(all());
        }
        let (together, alone) = (scene.beside(own), scene.alone(own));
        let gain = |of: &Option<Close>| of.as_ref().map_or(0.0, |close| close.scale / unit);
        // Half as much again in size is worth the whole frame on an image of its own.
        let enough = gain(&together) >= GAIN_MIN && gain(&together) * 1.5 >= gain(&alone);
        match (together, alone) {
            (Some(Close { scale, sheet }), _) if enough => {
                let sheet = least(sheet, &|input| scene.beside(input)?.no_smaller(scale));
                Self::Together { sheet, gain: scale / unit }
            }
            (_, Some(Close { scale, sheet })) if scale / unit >= GAIN_MIN => {
                let close = least(sheet, &|input| scene.alone(input)?.no_smaller(scale));
                Self::InTurn { whole: all(), close, gain: scale / unit }
            }
            _ => Self::Whole(all()),
        }
    }

    /// Parts of the frame that are looked at closely.
    pub fn parts(&self) -> &[Fit] {
        match self {
            Self::Whole(_) => &[],
            Self::Together { sheet, .. } => sheet.parts().get(1..).unwrap_or_default(),
            Self::InTurn { close, .. } => close.parts(),
        }
    }

    /// So much larger these are seen than on an image of the whole frame.
    pub fn gain(&self) -> f32 {
        match self {
            Self::Whole(_) => 1.0,
            Self::Together { gain, .. } | Self::InTurn { gain, .. } => *gain,
        }
    }

    /// Pixels of the images of a look, on average while nothing reaches out of its region: what it costs.
    pub fn px_per_look(&self) -> f32 {
        match self {
            Self::Whole(sheet) | Self::Together { sheet, .. } => sheet.px() as f32,
            Self::InTurn { whole, close, .. } => {
                close.px() as f32 + whole.px() as f32 / WHOLE_EACH as f32
            }
        }
    }

    /// Images for a look, on average while nothing reaches out of its region.
    pub fn images_per_look(&self) -> f32 {
        match self {
            Self::Whole(_) | Self::Together { .. } => 1.0,
            Self::InTurn { .. } => 1.0 + 1.0 / WHOLE_EACH as f32,
        }
    }
}

fn fewer_px(one: Sheet, other: Sheet) -> Sheet {
    if other.px() < one.px() { other } else { one }
}

/// Parts of a frame on an image, and the scale of the one that is shown smallest.
struct Close {
    scale: f32,
    sheet: Sheet,
}

impl Close {
    /// Unless it shows them smaller.
    fn no_smaller(self, scale: f32) -> Option<Sheet> {
        (self.scale >= scale).then_some(self.sheet)
    }
}

/// What is to be shown, on whatever size.
struct Scene {
    spans: Vec<Span>,
    frame: [usize; 2],
    /// How the whole frame lies on the model's own size.
    whole: Fit,
}

impl Scene {
    fn new(areas: &[UnitBox], frame: [usize; 2], whole: Fit) -> Self {
        Self { spans: contexts(areas, frame), frame, whole }
    }

    /// The whole frame, unless it is shown smaller than on the model's own size.
    fn whole_on(&self, input: &InputSpec) -> Option<Sheet> {
        self.fit_on(input).map(|fit| Sheet::new(input.size(), [fit]))
    }

    fn fit_on(&self, input: &InputSpec) -> Option<Fit> {
        let fit = input.fit_frame(self.frame[0], self.frame[1]);
        let is_no_smaller = |axis: usize| fit.scale[axis] >= self.whole.scale[axis];
        (is_no_smaller(0) && is_no_smaller(1)).then_some(fit)
    }

    /// Parts in the room that the whole frame leaves.
    fn beside(&self, input: &InputSpec) -> Option<Close> {
        let whole = self.fit_on(input)?;
        let (scale, parts) = best_in(&self.spans, &self.room(room_beside(whole.place, input)?))?;
        let sheet = Sheet::new(input.size(), std::iter::once(whole).chain(parts));
        Some(Close { scale, sheet })
    }

    /// Parts on an image of their own.
    fn alone(&self, input: &InputSpec) -> Option<Close> {
        let room = self.room(PxRect::of_size(input.width, input.height));
        let (scale, parts) = best_in(&self.spans, &room)?;
        Some(Close { scale, sheet: Sheet::new(input.size(), parts) })
    }

    fn room(&self, all: PxRect) -> Room {
        // Half as far from true to shape as the whole frame is.
        let [x, y] = self.whole.scale;
        Room { all, frame: self.frame, bend: [x / y, y / x].map(|bend| bend.max(1.0).sqrt()) }
    }
}

/// The larger of the strips beside and below a letterboxed frame.
fn room_beside(content: PxRect, input: &InputSpec) -> Option<PxRect> {
    let beside = PxRect {
        x: content.right(),
        y: 0,
        width: input.width - content.right(),
        height: input.height,
    };
    let below = PxRect {
        x: 0,
        y: content.bottom(),
        width: input.width,
        height: input.height - content.bottom(),
    };
    let room = if beside.width > below.height { beside } else { below };
    (room.width >= SIDE_MIN && room.height >= SIDE_MIN).then_some(room)
}

/// A part of the input for parts of a frame.
struct Room {
    all: PxRect,
    frame: [usize; 2],
    /// So much larger than the other axis each may be scaled.
    bend: [f32; 2],
}

/// The parts that show these spans at the largest scale in this room, and that scale.
fn best_in(spans: &[Span], of: &Room) -> Option<(f32, Vec<Fit>)> {
    let Room { all: room, frame, .. } = *of;
    let all = spans.iter().copied().reduce(|a, b| union(&a, &b))?;
    let mut ways: Vec<Vec<Span>> = vec![vec![all]];
    if spans.len() > 1 && spans.len() <= PARTS_MAX {
        ways.push(spans.to_vec());
    }
    ways.extend(GRIDS.into_iter().skip(1).map(|grid| tiles(all, grid, frame)));
    let mut best: Option<(f32, Vec<Fit>)> = None;
    for way in ways {
        for [columns, rows] in GRIDS.into_iter().filter(|[c, r]| c * r >= way.len()) {
            let cell = [room.width / columns, room.height / rows];
            if cell[0] < SIDE_MIN || cell[1] < SIDE_MIN {
                continue;
            }
            let each = way.iter().enumerate().map(|(i, span)| {
                let (x, y) = (room.x + i % columns * cell[0], room.y + i / columns * cell[1]);
                of.part(*span, PxRect { x, y, width: cell[0], height: cell[1] })
            });
            let (scales, parts): (Vec<f32>, Vec<Fit>) = each.unzip();
            let scale = scales.into_iter().fold(f32::INFINITY, f32::min);
            // A way that is no better by a tenth is not worth its borders.
            if best.as_ref().is_none_or(|(other, _)| scale > other * 1.1) {
                best = Some((scale, parts));
            }
        }
    }
    best
}

/// A span in so many columns and rows, which overlap by what stands there at most.
fn tiles(all: Span, [columns, rows]: [usize; 2], frame: [usize; 2]) -> Vec<Span> {
    // The area ends below where its context begins: `TALL * y1` below `y1`.
    let overlap = (all[3] * TALL / (1.0 + TALL)).max(CONTEXT_MIN * frame[1] as f32);
    let along = |first: f32, last: f32, n: usize, i: usize| {
        let step = (last - first - overlap).max(0.0) / n as f32;
        (first + step * i as f32, (first + step * (i + 1) as f32 + overlap).min(last))
    };
    let cell = |i: usize| {
        let (x0, x1) = along(all[0], all[2], columns, i % columns);
        let (y0, y1) = along(all[1], all[3], rows, i / columns);
        [x0, y0, x1, y1]
    };
    (0..columns * rows).map(cell).collect()
}

impl Room {
    /// A span in a cell of the input, as large as it fits, with more around it where there is room.
    fn part(&self, span: Span, cell: PxRect) -> (f32, Fit) {
        let sides = [cell.width, cell.height];
        let fits = |axis: usize| {
            (sides[axis] as f32 / (span[axis + 2] - span[axis]).max(1.0)).min(SCALE_MAX)
        };
        let least = fits(0).min(fits(1));
        let along = |axis: usize| {
            let scale = fits(axis).min(least * self.bend[axis]);
            let (side, all) = (sides[axis], self.frame[axis]);
            let px = ((side as f32 / scale) as usize).clamp(1, all);
            let middle = (span[axis] + span[axis + 2]) * 0.5;
            // What ends at the frame's edge is shown up to it: a fraction of a px is a px there.
            let low = if span[axis + 2] < all as f32 { 0 } else { all - px };
            let first = (middle - px as f32 * 0.5).clamp(low as f32, (all - px) as f32) as usize;
            let shown = ((px as f32 * scale).round() as usize).clamp(1, side);
            (scale, first, px, shown)
        };
        let (across, down) = (along(0), along(1));
        let crop = PxRect { x: across.1, y: down.1, width: across.2, height: down.2 };
        let place = PxRect { x: cell.x, y: cell.y, width: across.3, height: down.3 };
        ((across.0 * down.0).sqrt(), Fit::part(crop, place))
    }
}
