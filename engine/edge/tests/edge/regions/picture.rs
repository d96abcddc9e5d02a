//! Pictures in memory, made smaller and put together.

use std::path::PathBuf;
use std::sync::Arc;
use viahe_contract::time::Timestamp;
use viahe_core::frame::{ColorMatrix, ColorRange, Frame, FrameView, PixelFormat, Plane};
use viahe_core::random::SplitMix64;
use viahe_edge::ingest::FileReader;
use viahe_edge::models::Locations;

/// A picture in I420.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) size: [usize; 2],
    planes: [Vec<u8>; 3],
}

impl Picture {
    fn of(view: &FrameView<'_>) -> Self {
        let size = [view.width(), view.height()];
        let plane = |i: usize| {
            let [w, h] = plane_size(size, i);
            let Plane { data, stride } = view.plane(i);
            (0..h).flat_map(|y| &data[y * stride..][..w]).copied().collect()
        };
        assert_eq!(view.format(), PixelFormat::I420);
        Self { size, planes: [0, 1, 2].map(plane) }
    }

    /// In another size: each px is the mean of what it covers, as a lens makes it.
    pub(crate) fn scaled(&self, size: [usize; 2]) -> Self {
        let plane = |i: usize| {
            let ([w, h], [to_w, to_h]) = (plane_size(self.size, i), plane_size(size, i));
            let covered = |at: usize, n: usize, of: usize| {
                let first = at * of / n;
                first..((at + 1) * of).div_ceil(n).clamp(first + 1, of)
            };
            let px = |y: usize, x: usize| {
                let (ys, xs) = (covered(y, to_h, h), covered(x, to_w, w));
                let n = ys.len() * xs.len();
                let all = ys.flat_map(|y| xs.clone().map(move |x| y * w + x));
                (all.map(|at| usize::from(self.planes[i][at])).sum::<usize>() / n) as u8
            };
            (0..to_h).flat_map(|y| (0..to_w).map(move |x| (y, x))).map(|(y, x)| px(y, x)).collect()
        };
        Self { size, planes: [0, 1, 2].map(plane) }
    }

    pub(crate) fn put(&mut self, other: &Self, at: [usize; 2]) {
        for i in 0..3 {
            let ([w, _], [of_w, of_h]) = (plane_size(self.size, i), plane_size(other.size, i));
            let half = usize::from(i > 0) + 1;
            for y in 0..of_h {
                let to = (at[1] / half + y) * w + at[0] / half;
                self.planes[i][to..to + of_w].copy_from_slice(&other.planes[i][y * of_w..][..of_w]);
            }
        }
    }

    /// A part of it; begins at an even px.
    pub(crate) fn part(&self, at: [usize; 2], size: [usize; 2]) -> Self {
        let plane = |i: usize| {
            let ([w, _], [of_w, of_h]) = (plane_size(self.size, i), plane_size(size, i));
            let half = usize::from(i > 0) + 1;
            let row = |y: usize| (at[1] / half + y) * w + at[0] / half;
            (0..of_h).flat_map(|y| &self.planes[i][row(y)..][..of_w]).copied().collect()
        };
        Self { size, planes: [0, 1, 2].map(plane) }
    }

    /// In another light: each luma level, 0 to 1, becomes `gain` times itself plus `offset`, colours fade with it, and
    /// luma has noise of about so many codes.
    pub(crate) fn lit(&self, gain: f32, offset: f32, noise_codes: f32) -> Self {
        let mut random = SplitMix64::new(7);
        // The sum of eight even bytes is nearly normal, with a deviation of 209.
        let mut normal = || {
            let sum: i32 = random.draw().to_le_bytes().into_iter().map(i32::from).sum();
            (sum - 1020) as f32 / 209.0
        };
        let luma = self.planes[0].iter().map(|code| {
            let level = gain * (f32::from(*code) - 16.0) + 219.0 * offset;
            (16.0 + level + noise_codes * normal()).clamp(1.0, 254.0) as u8
        });
        let luma = luma.collect();
        let faded = |i: usize| {
            self.planes[i]
                .iter()
                .map(|code| (128.0 + gain * (f32::from(*code) - 128.0)) as u8)
                .collect()
        };
        Self { size: self.size, planes: [luma, faded(1), faded(2)] }
    }

    pub(crate) fn view(&self) -> FrameView<'_> {
        let plane = |i: usize| Plane { data: &self.planes[i], stride: plane_size(self.size, i)[0] };
        let (planes, [w, h]) = ([plane(0), plane(1), plane(2)], self.size);
        let (matrix, range) = (ColorMatrix::Bt601, ColorRange::Limited);
        FrameView::new(w, h, PixelFormat::I420, matrix, range, &planes).unwrap()
    }
}

fn plane_size([w, h]: [usize; 2], i: usize) -> [usize; 2] {
    if i == 0 { [w, h] } else { [w.div_ceil(2), h.div_ceil(2)] }
}

/// The frames of the sample clip.
pub(crate) fn clip(locations: &Locations) -> impl Iterator<Item = Picture> {
    let clips = locations.deps.iter().map(|d| d.join("clips/vtest.mp4"));
    let file: PathBuf =
        clips.into_iter().find(|c| c.is_file()).expect("the sample clip; run: make setup");
    let reader = FileReader::open(&file, Timestamp::from_secs(1), Arc::default()).unwrap();
    reader.map(|frame| Picture::of(&frame.unwrap().view()))
}
