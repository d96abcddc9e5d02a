//! The kernel against its definition.

use super::reference::{Order, levels, levels_of};
use super::{Backend, PreprocessError, Preprocessor};
use crate::ledger::{Ledger, Stage};
use proptest::prelude::*;
use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat, Plane};
use viahe_core::geometry::PxRect;
use viahe_core::tensor::{Channels, Fit, FitMode, InputSpec, Layout, Sheet};

/// Largest error in 8-bit steps. Weights across are rounded to 1/16384, so a plane errs by at most
/// 255 / 32768 = 0.008; the matrices weigh luma and chroma by up to 1.17 + 2.12 in blue, and 1.17
/// + 0.46 + 0.81 in green.
const TOLERANCE_LEVELS: f64 = 0.03;

const FORMATS: [PixelFormat; 2] = [PixelFormat::I420, PixelFormat::Nv12];
const MATRICES: [ColorMatrix; 2] = [ColorMatrix::Bt601, ColorMatrix::Bt709];
const RANGES: [ColorRange; 2] = [ColorRange::Limited, ColorRange::Full];
const LAYOUTS: [Layout; 2] = [Layout::Nchw, Layout::Nhwc];
const CHANNELS: [Channels; 2] = [Channels::Rgb, Channels::Bgr];
const FITS: [FitMode; 2] = [FitMode::Stretch, FitMode::Letterbox { pad: 114.0 }];

/// Planes whose buffers end with their last sample.
#[derive(Clone, Debug)]
struct Picture {
    width: usize,
    height: usize,
    format: PixelFormat,
    strides: [usize; 3],
    planes: [Vec<u8>; 3],
}

impl Picture {
    /// `sample(plane, column in bytes, row)` gives the bytes; those between rows are 0xAB.
    fn new(
        (width, height): (usize, usize),
        format: PixelFormat,
        padding: [usize; 3],
        mut sample: impl FnMut(usize, usize, usize) -> u8,
    ) -> Self {
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        let sizes = match format {
            PixelFormat::I420 => [(width, height), (cw, ch), (cw, ch)],
            PixelFormat::Nv12 => [(width, height), (cw * 2, ch), (0, 0)],
        };
        let mut strides = [0; 3];
        let planes = [0, 1, 2].map(|p| {
            let (row, rows) = sizes[p];
            strides[p] = row + padding[p];
            let mut data = vec![0xAB; (strides[p] * rows).saturating_sub(padding[p])];
            for y in 0..rows {
                for x in 0..row {
                    data[y * strides[p] + x] = sample(p, x, y);
                }
            }
            data.into_boxed_slice().into_vec()
        });
        Self { width, height, format, strides, planes }
    }

    /// Every byte by chance.
    fn noise(size: (usize, usize), format: PixelFormat, padding: [usize; 3], seed: u64) -> Self {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Self::new(size, format, padding, |_, _, _| {
            // xorshift64 (Marsaglia 2003).
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 56) as u8
        })
    }

    /// One colour.
    fn flat(size: (usize, usize), [y, cb, cr]: [u8; 3]) -> Self {
        Self::new(size, PixelFormat::I420, [0; 3], |p, _, _| [y, cb, cr][p])
    }

    fn view(&self, matrix: ColorMatrix, range: ColorRange) -> FrameView<'_> {
        let planes: Vec<Plane<'_>> = self
            .planes
            .iter()
            .zip(self.strides)
            .map(|(data, stride)| Plane { data, stride })
            .collect();
        FrameView::new(self.width, self.height, self.format, matrix, range, &planes).unwrap()
    }
}

fn spec(size: (usize, usize), layout: Layout, channels: Channels, fit: FitMode) -> InputSpec {
    InputSpec {
        width: size.0,
        height: size.1,
        layout,
        channels,
        fit,
        contrast_gain_max: 1.0,
        mean: [123.7, 116.3, 103.5],
        std: [58.4, 57.1, 57.4],
    }
}

/// Runs one image and takes the normalisation back.
fn run(mut kernel: Preprocessor, spec: &InputSpec, frame: &FrameView<'_>) -> Vec<f64> {
    let mut out = vec![f32::NAN; spec.len()];
    kernel.run(frame, &mut out, &Ledger::default()).unwrap();
    undo(spec, &out)
}

/// The same of a sheet.
fn run_sheet(
    mut kernel: Preprocessor,
    spec: &InputSpec,
    frame: &FrameView<'_>,
    sheet: &Sheet,
) -> Vec<f64> {
    let mut out = vec![f32::NAN; spec.len()];
    kernel.run_sheet(frame, sheet, &mut out, &Ledger::default()).unwrap();
    undo(spec, &out)
}

/// Takes the normalisation back.
fn undo(spec: &InputSpec, out: &[f32]) -> Vec<f64> {
    let channel = |i: usize| match spec.layout {
        Layout::Nchw => i / (spec.width * spec.height),
        Layout::Nhwc => i % 3,
    };
    let undo = |(i, v): (usize, &f32)| {
        f64::from(*v) * f64::from(spec.std[channel(i)]) + f64::from(spec.mean[channel(i)])
    };
    out.iter().enumerate().map(undo).collect()
}

/// Fails with the worst value when the two differ by more than `tolerance`.
fn assert_close(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let error = |i: usize| (got[i] - want[i]).abs();
    // A NaN must fail, hence not `<=`.
    if let Some(bad) = (0..got.len()).find(|&i| error(i).is_nan() || error(i) > tolerance) {
        panic!("{what}: value {bad} is {}, not {}", got[bad], want[bad]);
    }
}

/// Both backends against the definition, and against each other.
fn check(spec: &InputSpec, frame: &FrameView<'_>, what: &str) {
    let want = levels(spec, frame, Order::InterpolateFirst);
    let fast = run(Preprocessor::new(*spec), spec, frame);
    let portable = run(Preprocessor::portable(*spec), spec, frame);
    assert_close(&fast, &want, TOLERANCE_LEVELS, &format!("{what}, fastest"));
    assert_close(&portable, &want, TOLERANCE_LEVELS, &format!("{what}, portable"));
    // Equal integers across; then only the rounding of 32-bit floats differs.
    assert_close(&fast, &portable, 1e-3, &format!("{what}, fastest against portable"));
}

/// Parts of a frame, as [`check`].
fn check_sheet(spec: &InputSpec, frame: &FrameView<'_>, sheet: &Sheet) {
    let want = levels_of(spec, frame, sheet, Order::InterpolateFirst);
    let fast = run_sheet(Preprocessor::new(*spec), spec, frame, sheet);
    let portable = run_sheet(Preprocessor::portable(*spec), spec, frame, sheet);
    assert_close(&fast, &want, TOLERANCE_LEVELS, &format!("{sheet:?}, fastest"));
    assert_close(&portable, &want, TOLERANCE_LEVELS, &format!("{sheet:?}, portable"));
    assert_close(&fast, &portable, 1e-3, &format!("{sheet:?}, fastest against portable"));
}

fn rect([x, y, width, height]: [usize; 4]) -> PxRect {
    PxRect { x, y, width, height }
}

/// Every kind of frame and tensor, for sizes that exercise each path.
#[test]
fn matches_the_definition() {
    // Frame size, bytes between rows, input size.
    let sizes = [
        ((5, 3), [0, 0, 0], (9, 8)),
        ((5, 3), [3, 5, 1], (2, 2)),
        ((2, 2), [0, 0, 0], (16, 16)),
        ((64, 48), [0, 0, 0], (64, 48)),
        ((97, 55), [31, 7, 9], (41, 64)),
        ((641, 479), [127, 63, 65], (75, 100)),
        ((641, 479), [0, 0, 0], (700, 33)),
        ((1280, 720), [0, 0, 0], (53, 30)),
    ];
    let mut seed = 0;
    for (size, padding, input) in sizes {
        for format in FORMATS {
            for (matrix, range) in MATRICES.into_iter().flat_map(|m| RANGES.map(|r| (m, r))) {
                seed += 1;
                let picture = Picture::noise(size, format, padding, seed);
                let frame = picture.view(matrix, range);
                for (layout, channels) in LAYOUTS.into_iter().flat_map(|l| CHANNELS.map(|c| (l, c)))
                {
                    for fit in FITS {
                        let spec = spec(input, layout, channels, fit);
                        check(&spec, &frame, &format!("{size:?} {format:?} {matrix:?} {spec:?}"));
                    }
                }
            }
        }
    }
}

/// Frames as cameras send them into models as they are used.
#[test]
fn matches_the_definition_at_full_size() {
    for (size, format, input, fit) in [
        ((1920, 1080), PixelFormat::I420, (416, 416), FITS[1]),
        ((1920, 1080), PixelFormat::Nv12, (300, 300), FITS[0]),
        ((1280, 720), PixelFormat::I420, (640, 640), FITS[1]),
        ((3840, 2160), PixelFormat::Nv12, (320, 320), FITS[1]),
        ((352, 288), PixelFormat::I420, (416, 416), FITS[1]),
    ] {
        let picture = Picture::noise(size, format, [0; 3], 7);
        let frame = picture.view(ColorMatrix::Bt709, ColorRange::Limited);
        for (layout, channels) in LAYOUTS.into_iter().zip(CHANNELS) {
            let spec = spec(input, layout, channels, fit);
            check(&spec, &frame, &format!("{size:?} {format:?} {spec:?}"));
        }
    }
}

proptest! {
    #[test]
    fn matches_the_definition_for_any_size(
        size in (2..130usize, 2..40usize),
        padding in [0..40usize, 0..40usize, 0..40usize],
        input in (1..70usize, 1..30usize),
        kinds in 0..64usize,
        seed: u64,
    ) {
        let pick = |bit: usize| kinds >> bit & 1;
        let picture = Picture::noise(size, FORMATS[pick(0)], padding, seed);
        let frame = picture.view(MATRICES[pick(1)], RANGES[pick(2)]);
        let spec = spec(input, LAYOUTS[pick(3)], CHANNELS[pick(4)], FITS[pick(5)]);
        check(&spec, &frame, "any size");
    }
}

proptest! {
    /// Any parts of a frame, odd ones and those at its edges as well, in two places beside or below each other.
    #[test]
    fn parts_match_the_definition(
        size in (8..130usize, 8..60usize),
        input in (20..70usize, 12..40usize),
        ends in [0.0..1.0f64, 0.0..1.0, 0.0..1.0, 0.0..1.0, 0.0..1.0, 0.0..1.0, 0.0..1.0, 0.0..1.0],
        split in 2..10usize,
        kinds in 0..128usize,
        seed: u64,
    ) {
        let pick = |bit: usize| kinds >> bit & 1;
        let picture = Picture::noise(size, FORMATS[pick(0)], [0; 3], seed);
        let frame = picture.view(MATRICES[pick(1)], RANGES[pick(2)]);
        let spec = spec(input, LAYOUTS[pick(3)], CHANNELS[pick(4)], FITS[pick(5)]);
        let span = |from: f64, to: f64, px: usize| {
            let first = ((from * px as f64) as usize).min(px - 1);
            (first, 1 + (to * (px - first - 1) as f64).round() as usize)
        };
        let crop = |e: &[f64]| {
            let ((x, width), (y, height)) = (span(e[0], e[1], size.0), span(e[2], e[3], size.1));
            rect([x, y, width, height])
        };
        let (w, h) = input;
        let places = if pick(6) == 0 {
            [[0, 0, split, h], [split + 1, 2, w - split - 1, h - 3]]
        } else {
            [[1, 0, w - 4, split], [0, split, w, h - split]]
        };
        let parts = ends.chunks(4).zip(places).map(|(e, place)| Fit::part(crop(e), rect(place)));
        check_sheet(&spec, &frame, &Sheet::new(spec.size(), parts));
    }
}

/// A part of a camera's frame at its own scale, with the whole frame beside it, runs at full speed.
#[test]
fn parts_of_a_camera_match_the_definition() {
    for format in FORMATS {
        let picture = Picture::noise((1920, 1080), format, [0; 3], 3);
        let frame = picture.view(ColorMatrix::Bt709, ColorRange::Limited);
        let spec = spec((416, 416), Layout::Nchw, Channels::Bgr, FITS[1]);
        let part = |crop, place| Fit::part(rect(crop), rect(place));
        let parts = [spec.fit_frame(1920, 1080), part([1501, 333, 416, 181], [0, 234, 416, 181])];
        let sheet = Sheet::new(spec.size(), parts);
        check_sheet(&spec, &frame, &sheet);
        let (mut kernel, ledger) = (Preprocessor::new(spec), Ledger::default());
        let mut out = vec![0.0; spec.len()];
        kernel.run_sheet(&frame, &sheet, &mut out, &ledger).unwrap();
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            assert_eq!(kernel.backend(), Some(Backend::Avx2));
        }
        // On another size the same kernel writes the whole frame as it lies on its own.
        let flat = Sheet::new([416, 256], [spec.fit_frame(1920, 1080)]);
        let mut on_flat = vec![0.0; 3 * 416 * 256];
        kernel.run_sheet(&frame, &flat, &mut on_flat, &ledger).unwrap();
        for (on_flat, out) in on_flat.chunks(416 * 256).zip(out.chunks(416 * 416)) {
            assert_eq!(on_flat[..416 * 234], out[..416 * 234]);
        }
        // The whole frame is as it would be alone.
        let mut alone = vec![0.0; spec.len()];
        kernel.run(&frame, &mut alone, &ledger).unwrap();
        let rows = 234 * 416;
        assert!(out.iter().zip(&alone).take(rows).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

/// What a second stage is shown of a thing: a part of the frame, fitted as if it were all of one.
#[test]
fn crops_match_the_definition() {
    for format in FORMATS {
        let picture = Picture::noise((641, 363), format, [0; 3], 5);
        let frame = picture.view(ColorMatrix::Bt601, ColorRange::Limited);
        for (fit, layout) in FITS.into_iter().zip([Layout::Nhwc, Layout::Nchw]) {
            let spec = spec((64, 48), layout, Channels::Rgb, fit);
            for crop in [[100, 40, 33, 71], [0, 0, 9, 5], [600, 300, 41, 63], [77, 11, 200, 20]] {
                let sheet = Sheet::new(spec.size(), [spec.fit_part(rect(crop))]);
                check_sheet(&spec, &frame, &sheet);
            }
        }
    }
}

#[test]
fn refuses_parts_that_are_none_of_the_frame() {
    let spec = spec((16, 16), Layout::Nchw, Channels::Rgb, FITS[0]);
    let picture = Picture::flat((32, 32), [128; 3]);
    let frame = picture.view(ColorMatrix::Bt601, ColorRange::Full);
    let good = ([0, 0, 32, 32], [0, 0, 16, 8]);
    for other in [
        ([1, 0, 32, 32], [0, 8, 16, 8]),
        ([0, 0, 0, 32], [0, 8, 16, 8]),
        ([0, 0, 32, 32], [0, 8, 16, 9]),
        ([0, 0, 32, 32], [0, 8, 0, 8]),
        ([0, 0, 32, 32], [0, 7, 16, 8]),
        ([usize::MAX, 0, 2, 2], [0, 8, 16, 8]),
    ] {
        let parts = [good, other].map(|(c, p)| Fit::part(rect(c), rect(p)));
        let sheet = Sheet::new(spec.size(), parts);
        let (mut out, ledger) = (vec![7.0; spec.len()], Ledger::default());
        let refused = Preprocessor::new(spec).run_sheet(&frame, &sheet, &mut out, &ledger);
        assert_eq!(refused, Err(PreprocessError::Part), "{other:?}");
        assert!(out.iter().all(|v| v.to_bits() == 7f32.to_bits()), "nothing is written");
    }
}

/// The vector path is what runs on processors that have it, also for narrow loads and steep
/// shrinking; without this the tests above could compare the portable path with itself.
#[test]
fn the_vector_path_serves_usual_geometries() {
    #[cfg(target_arch = "x86_64")]
    let vector = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let vector = false;
    if !vector {
        viahe_testing::machine::skipped("the vector path: this processor has no AVX2 and FMA");
        return;
    }
    #[rustfmt::skip]
    let cases = [
        // frame        input       expected
        ((1920, 1080), (416, 416), Backend::Avx2),
        ((1280, 720),  (300, 300), Backend::Avx2),
        ((3840, 2160), (320, 320), Backend::Avx2),
        ((97, 55),     (41, 64),   Backend::Avx2),
        ((352, 288),   (640, 640), Backend::Avx2),
        ((20, 20),     (64, 64),   Backend::Portable), // chroma rows are shorter than a load
        ((640, 480),   (7, 7),     Backend::Portable), // fewer columns than a step
        ((1280, 720),  (53, 30),   Backend::Portable), // shrunk too far
    ];
    for (size, input, want) in cases {
        for format in FORMATS {
            let spec = spec(input, Layout::Nchw, Channels::Rgb, FITS[0]);
            let mut kernel = Preprocessor::new(spec);
            let picture = Picture::noise(size, format, [0; 3], 1);
            let frame = picture.view(ColorMatrix::Bt601, ColorRange::Limited);
            kernel.run(&frame, &mut vec![0.0; spec.len()], &Ledger::default()).unwrap();
            // Interleaved chroma rows are twice as long, so they may serve where planar ones do not.
            if format == PixelFormat::I420 || want == Backend::Avx2 {
                assert_eq!(kernel.backend(), Some(want), "{size:?} {input:?} {format:?}");
            }
        }
    }
}

/// 8-bit codes of full colour bars: ITU-R BT.601-7 and BT.709-6 formulas, rounded to codes.
#[test]
fn colour_bars() {
    #[rustfmt::skip]
    let bars = [
        // name      red  green  blue   BT.601 limited   BT.709 limited   BT.601 full
        ("white",   [255, 255, 255], [235, 128, 128], [235, 128, 128], [255, 128, 128]),
        ("yellow",  [255, 255,   0], [210,  16, 146], [219,  16, 138], [226,   1, 149]),
        ("cyan",    [  0, 255, 255], [170, 166,  16], [188, 154,  16], [179, 171,   1]),
        ("green",   [  0, 255,   0], [145,  54,  34], [173,  42,  26], [150,  44,  21]),
        ("magenta", [255,   0, 255], [106, 202, 222], [ 78, 214, 230], [105, 212, 235]),
        ("red",     [255,   0,   0], [ 81,  90, 240], [ 63, 102, 240], [ 76,  85, 255]),
        ("blue",    [  0,   0, 255], [ 41, 240, 110], [ 32, 240, 118], [ 29, 255, 107]),
        ("black",   [  0,   0,   0], [ 16, 128, 128], [ 16, 128, 128], [  0, 128, 128]),
        ("grey",    [128, 128, 128], [126, 128, 128], [126, 128, 128], [128, 128, 128]),
    ];
    let spec = spec((24, 24), Layout::Nhwc, Channels::Rgb, FitMode::Stretch);
    for (name, rgb, sd, hd, full) in bars {
        for (codes, matrix, range) in [
            (sd, ColorMatrix::Bt601, ColorRange::Limited),
            (hd, ColorMatrix::Bt709, ColorRange::Limited),
            (full, ColorMatrix::Bt601, ColorRange::Full),
        ] {
            let picture = Picture::flat((64, 64), codes);
            let got = run(Preprocessor::new(spec), &spec, &picture.view(matrix, range));
            let want: Vec<f64> =
                rgb.iter().cycle().take(got.len()).map(|&v| f64::from(v)).collect();
            // Half a code of luma and of chroma, times their gains.
            assert_close(&got, &want, 1.8, &format!("{name} {matrix:?} {range:?}"));
        }
    }
}

/// Interpolating before the conversion is not converting before the interpolation: it differs where
/// chroma changes from sample to sample. On a picture as smooth as a lens makes it, by little.
#[test]
fn differs_little_from_converting_first() {
    let wave = |t: f64| 128.0 + 60.0 * t.sin();
    let picture = Picture::new((640, 360), PixelFormat::I420, [0; 3], |p, x, y| {
        let px = if p == 0 { 1.0 } else { 2.0 };
        let (x, y) = (x as f64 * px, y as f64 * px);
        wave(x / 25.0 + y / 40.0 + p as f64) as u8
    });
    let frame = picture.view(ColorMatrix::Bt709, ColorRange::Limited);
    let spec = spec((300, 300), Layout::Nchw, Channels::Rgb, FitMode::Stretch);
    let ours = levels(&spec, &frame, Order::InterpolateFirst);
    let theirs = levels(&spec, &frame, Order::ConvertFirst);
    let error = |(a, b): (&f64, &f64)| (a - b).abs();
    let worst = ours.iter().zip(&theirs).map(error).fold(0.0, f64::max);
    let mean = ours.iter().zip(&theirs).map(error).sum::<f64>() / ours.len() as f64;
    assert!(worst < 4.0 && mean < 0.7, "worst {worst:.2}, mean {mean:.2} levels");
}

/// What lies between rows and after planes must not matter.
#[test]
fn bytes_between_rows_do_not_matter() {
    for format in FORMATS {
        let tight = Picture::noise((97, 55), format, [0; 3], 3);
        let mut loose = Picture::new((97, 55), format, [17, 9, 5], |p, x, y| {
            tight.planes[p][y * tight.strides[p] + x]
        });
        loose.planes.iter_mut().for_each(|p| p.extend([0xCD; 64]));
        let spec = spec((40, 40), Layout::Nhwc, Channels::Bgr, FITS[1]);
        let [a, b] = [&tight, &loose].map(|p| {
            run(Preprocessor::new(spec), &spec, &p.view(ColorMatrix::Bt601, ColorRange::Full))
        });
        assert_eq!(a, b, "{format:?}");
    }
}

/// A camera that changes its size, format or colour in mid-stream gets what a fresh kernel gives.
#[test]
fn follows_a_change_of_geometry() {
    let spec = spec((48, 32), Layout::Nchw, Channels::Rgb, FITS[1]);
    let mut kernel = Preprocessor::new(spec);
    let ledger = Ledger::default();
    let mut runs = 0;
    for size in [(64, 48), (65, 48), (20, 20), (64, 48)] {
        for format in FORMATS {
            for (matrix, range) in MATRICES.into_iter().zip(RANGES) {
                for padding in [0, 11] {
                    let picture = Picture::noise(size, format, [padding; 3], 5);
                    let frame = picture.view(matrix, range);
                    let [mut got, mut want] = [0, 1].map(|_| vec![f32::NAN; spec.len()]);
                    let fit = kernel.run(&frame, &mut got, &ledger).unwrap();
                    let fresh = Preprocessor::new(spec).run(&frame, &mut want, &ledger).unwrap();
                    assert_eq!(fit, Sheet::whole(&spec, [size.0, size.1]));
                    assert_eq!((fit, got), (fresh, want), "{size:?} {format:?} {matrix:?}");
                    runs += 2;
                }
            }
        }
    }
    assert_eq!(ledger.bytes(Stage::Preprocess), runs * spec.len() as u64 * 4);
}

#[test]
fn a_negative_deviation_turns_the_picture_over() {
    let mut spec = spec((16, 16), Layout::Nchw, Channels::Rgb, FITS[0]);
    (spec.mean, spec.std) = ([255.0; 3], [-255.0; 3]);
    let picture = Picture::flat((32, 32), [235, 128, 128]);
    let frame = picture.view(ColorMatrix::Bt709, ColorRange::Limited);
    let mut out = vec![f32::NAN; spec.len()];
    Preprocessor::new(spec).run(&frame, &mut out, &Ledger::default()).unwrap();
    assert!(out.iter().all(|v| v.abs() < 1e-5), "white is 0: {}", out[0]);
}

#[test]
fn refuses_what_it_cannot_do() {
    let good = spec((16, 16), Layout::Nchw, Channels::Rgb, FITS[0]);
    let cases: [(&str, InputSpec, usize, &str); 8] = [
        ("short", good, 767, "needs 768"),
        ("long", good, 769, "has 769 values"),
        ("no columns", InputSpec { width: 0, ..good }, 0, "0x16 px"),
        ("overflow", InputSpec { width: usize::MAX, ..good }, 768, "1 to 8192 px"),
        ("std 0", InputSpec { std: [1.0, 0.0, 1.0], ..good }, 768, "std is 0"),
        ("mean", InputSpec { mean: [f32::NAN, 0.0, 0.0], ..good }, 768, "mean is NaN"),
        ("std tiny", InputSpec { mean: [3e38; 3], std: [1e-3; 3], ..good }, 768, "std is 0.001"),
        (
            "pad",
            InputSpec { fit: FitMode::Letterbox { pad: f32::INFINITY }, ..good },
            768,
            "pad is inf",
        ),
    ];
    let picture = Picture::flat((32, 32), [128; 3]);
    let frame = picture.view(ColorMatrix::Bt601, ColorRange::Full);
    for (name, spec, len, want) in cases {
        let (mut out, ledger) = (vec![7.0; len], Ledger::default());
        let err = Preprocessor::new(spec).run(&frame, &mut out, &ledger).unwrap_err();
        assert!(err.to_string().contains(want), "{name}: {err}");
        assert!(out.iter().all(|v| v.to_bits() == 7f32.to_bits()), "{name}: nothing is written");
        assert_eq!(ledger.bytes(Stage::Preprocess), 0, "{name}");
    }
    assert!(matches!(
        Preprocessor::new(good).run(&frame, &mut [], &Ledger::default()),
        Err(PreprocessError::Length { want: 768, got: 0, .. })
    ));
}
