//! Pictures of little contrast, by night, in haze or against rain, are stretched before a model sees them.
//!
//! The luma that one in a hundred samples is below becomes black, and all is multiplied until that which one in a hundred
//! is above is white, or by as much as the model gains by. It is one more gain and one more offset of the affine map that the kernel has anyway, so it costs
//! no pass over the picture: some thousand samples are read beforehand.

use viahe_core::frame::{ColorRange, FrameView};

/// Samples of a picture, across and down.
const SAMPLES: [usize; 2] = [128, 72];
/// Of the picture's height at each edge: what cameras write there is bright on any picture.
const EDGE_SHARE: usize = 16;
/// Below black and above white lie so many of a hundred samples each.
const OUTSIDE_PERCENT: usize = 1;
/// What needs less is left as it is: a day's picture needs up to 1.5, and at dusk (2.5) as much was lost as won.
const GAIN_MIN: f32 = 2.6;
/// Codes between the two below which a picture shows nothing but noise.
const SPAN_MIN: usize = 10;

/// What is done to a picture's light.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Contrast {
    /// Becomes black, as a luma code.
    pub(super) black: f32,
    /// Multiplies luma and chroma.
    pub(super) gain: f32,
}

impl Contrast {
    /// As the picture is.
    pub(super) fn plain(range: ColorRange) -> Self {
        Self { black: black_of(range), gain: 1.0 }
    }

    /// What a picture needs, and no more than `gain_max` of it.
    pub(super) fn of(frame: &FrameView<'_>, gain_max: f32) -> Self {
        let plain = Self::plain(frame.range());
        if gain_max < GAIN_MIN {
            return plain;
        }
        let [black, white] = ends(frame);
        let span = white.saturating_sub(black);
        let full = match frame.range() {
            ColorRange::Limited => 219.0,
            ColorRange::Full => 255.0,
        };
        let gain = full / span.max(1) as f32;
        if gain < GAIN_MIN || span < SPAN_MIN {
            return plain;
        }
        Self { black: black as f32, gain: gain.min(gain_max) }
    }
}

/// The code of black.
fn black_of(range: ColorRange) -> f32 {
    match range {
        ColorRange::Limited => 16.0,
        ColorRange::Full => 0.0,
    }
}

/// The luma codes that few samples are below and above.
fn ends(frame: &FrameView<'_>) -> [usize; 2] {
    let (width, height, luma) = (frame.width(), frame.height(), frame.plane(0));
    let edge = height / EDGE_SHARE;
    let inner = height - 2 * edge;
    let (across, down) = (SAMPLES[0].min(width), SAMPLES[1].min(inner));
    let mut counts = [0_u32; 256];
    for row in 0..down {
        let y = edge + (2 * row + 1) * inner / (2 * down);
        let row = &luma.data[y * luma.stride..][..width];
        for column in 0..across {
            counts[usize::from(row[(2 * column + 1) * width / (2 * across)])] += 1;
        }
    }
    let outside = (across * down * OUTSIDE_PERCENT / 100) as u32;
    [beyond(outside, &counts, 0..256), beyond(outside, &counts, (0..256).rev())]
}

/// The first of the codes at which more than `outside` samples have been passed; a picture has some.
fn beyond(outside: u32, counts: &[u32; 256], mut codes: impl Iterator<Item = usize>) -> usize {
    let mut seen = 0;
    let first = codes.find(|code| {
        seen += counts[*code];
        seen > outside
    });
    first.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::Preprocessor;
    use crate::ledger::Ledger;
    use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat, Plane};
    use viahe_core::tensor::{Channels, FitMode, InputSpec, Layout};

    const SIDE: usize = 64;

    /// Luma and chroma of a picture whose rows run from one luma code to another; the chroma is of something red.
    struct Picture([Vec<u8>; 3], ColorRange);

    impl Picture {
        fn new([darkest, brightest]: [u8; 2], range: ColorRange) -> Self {
            let luma = |i: usize| {
                let share = (i / SIDE) as f32 / (SIDE - 1) as f32;
                (f32::from(darkest) + share * f32::from(brightest - darkest)) as u8
            };
            let chroma = |code| vec![code; SIDE * SIDE / 4];
            Self([(0..SIDE * SIDE).map(luma).collect(), chroma(126), chroma(133)], range)
        }

        fn view(&self) -> FrameView<'_> {
            let plane = |i: usize| Plane { data: &self.0[i], stride: SIDE.div_ceil(i.min(1) + 1) };
            let planes = [plane(0), plane(1), plane(2)];
            FrameView::new(SIDE, SIDE, PixelFormat::I420, ColorMatrix::Bt601, self.1, &planes)
                .unwrap()
        }
    }

    fn spec(contrast_gain_max: f32) -> InputSpec {
        InputSpec {
            width: SIDE,
            height: SIDE,
            layout: Layout::Nhwc,
            channels: Channels::Rgb,
            fit: FitMode::Stretch,
            contrast_gain_max,
            mean: [0.0; 3],
            std: [1.0; 3],
        }
    }

    /// R'G'B', 0 to 255.
    fn seen(kernel: &mut Preprocessor, picture: &Picture) -> Vec<f32> {
        let mut out = vec![f32::NAN; SIDE * SIDE * 3];
        kernel.run(&picture.view(), &mut out, &Ledger::default()).unwrap();
        out
    }

    /// Each level is what it was less `black`, times `gain`.
    fn mapped(plain: &[f32], seen: &[f32], [black, gain]: [f32; 2]) {
        for (plain, seen) in plain.iter().zip(seen) {
            let want = ((plain - black) * gain).clamp(0.0, 255.0);
            assert!((seen - want).abs() < 0.05, "{plain} became {seen}, not {want}");
        }
    }

    #[test]
    fn what_is_dark_or_hazy_is_stretched_and_a_day_is_left() {
        // Luma codes of the first and last row; gain allowed; level that becomes black, gain. Four rows at each edge do not
        // count, and the first that does is more than one in a hundred samples.
        #[rustfmt::skip]
        let cases = [
            ("night",               [20, 70],   ColorRange::Full,    3.0, [23.0, 3.0]),
            ("night, bound higher", [20, 70],   ColorRange::Full,    8.0, [23.0, 255.0 / 43.0]),
            ("haze",                [150, 250], ColorRange::Full,    3.0, [156.0, 255.0 / 87.0]),
            ("night, limited",      [20, 70],   ColorRange::Limited, 3.0, [7.0 * 255.0 / 219.0, 3.0]),
            ("not asked for",       [20, 70],   ColorRange::Full,    1.0, [0.0, 1.0]),
            ("day",                 [10, 240],  ColorRange::Full,    3.0, [0.0, 1.0]),
            ("an even wall",        [90, 94],   ColorRange::Full,    3.0, [0.0, 1.0]),
        ];
        for (what, codes, range, gain_max, map) in cases {
            println!("{what}");
            let picture = Picture::new(codes, range);
            let plain = seen(&mut Preprocessor::new(spec(1.0)), &picture);
            for make in [Preprocessor::new, Preprocessor::portable] {
                mapped(&plain, &seen(&mut make(spec(gain_max)), &picture), map);
            }
        }
    }

    #[test]
    fn what_a_camera_writes_at_the_edge_is_no_light() {
        let mut picture = Picture::new([20, 70], ColorRange::Full);
        for luma in &mut picture.0[0][..3 * SIDE] {
            *luma = 235;
        }
        let plain = seen(&mut Preprocessor::new(spec(1.0)), &picture);
        mapped(&plain, &seen(&mut Preprocessor::new(spec(3.0)), &picture), [23.0, 3.0]);
    }

    #[test]
    fn each_picture_is_judged_for_itself() {
        let [night, day] =
            [[20, 70], [10, 240]].map(|codes| Picture::new(codes, ColorRange::Limited));
        let alone = [&night, &day].map(|p| seen(&mut Preprocessor::new(spec(3.0)), p));
        let mut kernel = Preprocessor::new(spec(3.0));
        for i in [0, 1, 1, 0] {
            assert_eq!(seen(&mut kernel, [&night, &day][i]), alone[i]);
        }
    }
}
