//! What the encoder is given, against the equations of ITU-T H.273 in floating point.

use super::*;
use proptest::prelude::*;

const MATRICES: [ColorMatrix; 2] = [ColorMatrix::Bt601, ColorMatrix::Bt709];
const RANGES: [ColorRange; 2] = [ColorRange::Limited, ColorRange::Full];

/// By way of `R'G'B'`.
fn reference(matrix: ColorMatrix, range: ColorRange, [y, cb, cr]: [u8; 3]) -> [f64; 3] {
    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
    let (y, cb, cr) = match range {
        ColorRange::Limited => ((y - 16.0) / 219.0, cb / 224.0, cr / 224.0),
        ColorRange::Full => (y / 255.0, cb / 255.0, cr / 255.0),
    };
    let (kr, kb) = match matrix {
        ColorMatrix::Bt601 => (0.299, 0.114),
        ColorMatrix::Bt709 => (0.2126, 0.0722),
    };
    let (r, b) = (y + 2.0 * (1.0 - kr) * cr, y + 2.0 * (1.0 - kb) * cb);
    let g = (y - kr * r - kb * b) / (1.0 - kr - kb);
    let luma = 0.299 * r + 0.587 * g + 0.114 * b;
    [luma * 255.0, (b - luma) / 1.772 * 255.0 + 128.0, (r - luma) / 1.402 * 255.0 + 128.0]
        .map(|v| v.clamp(0.0, 255.0))
}

/// A frame with gaps between its rows.
struct Samples {
    size: [usize; 2],
    strides: [usize; 3],
    planes: [Vec<u8>; 3],
}

impl Samples {
    fn new(size: [usize; 2], gap: usize, sample: &mut dyn FnMut() -> u8) -> Self {
        let pairs = size.map(|side| side.div_ceil(2));
        let sides = [size, pairs, pairs];
        let strides = sides.map(|[width, _]| width + gap);
        let mut plane = |[width, height]: [usize; 2]| {
            (0..(width + gap) * height).map(|_| sample()).collect::<Vec<_>>()
        };
        Self { size, strides, planes: sides.map(&mut plane) }
    }

    /// Nearest samples, as the frame has them.
    fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let at = |i: usize, x: usize, y: usize| self.planes[i][y * self.strides[i] + x];
        [at(0, x, y), at(1, x / 2, y / 2), at(2, x / 2, y / 2)]
    }

    /// Runs `look` on the frame in both formats.
    fn views(&self, matrix: ColorMatrix, range: ColorRange, look: &dyn Fn(&FrameView<'_>)) {
        let [width, height] = self.size;
        let plane = |i: usize| Plane { data: &self.planes[i], stride: self.strides[i] };
        let planes = [plane(0), plane(1), plane(2)];
        look(&FrameView::new(width, height, PixelFormat::I420, matrix, range, &planes).unwrap());
        let both = self.planes[1].iter().zip(&self.planes[2]).flat_map(|(cb, cr)| [*cb, *cr]);
        let both: Vec<u8> = both.collect();
        let planes = [plane(0), Plane { data: &both, stride: self.strides[1] * 2 }];
        look(&FrameView::new(width, height, PixelFormat::Nv12, matrix, range, &planes).unwrap());
    }
}

/// What the encoder is given of `samples` is right, with the processor's widest instructions and
/// with those that all have.
fn check(samples: &Samples, matrix: ColorMatrix, range: ColorRange) {
    let [width, height] = samples.size;
    let exact = matrix == ColorMatrix::Bt601 && range == ColorRange::Full;
    samples.views(matrix, range, &|view| {
        let mut room = vec![0xEE; 7];
        let planes = planes(view, &mut room);
        let name = format!("{width}x{height} {:?} {matrix:?} {range:?}", view.format());
        let at = |i: usize, x: usize, y: usize| {
            let Plane { data, stride } = planes.samples[i];
            data[y * stride + x]
        };
        let close = |i: usize, x: usize, y: usize, of: [u8; 3]| {
            let (got, want) = (f64::from(at(i, x, y)), reference(matrix, range, of)[i]);
            let most = if exact { 1e-9 } else { 0.9 };
            assert!((got - want).abs() <= most, "{name} plane {i} {x},{y}: {of:?} {got} {want}");
        };
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let of = samples.at(x, y);
            close(0, x, y, of);
            close(1, x / 2, y / 2, of);
            close(2, x / 2, y / 2, of);
        }
        // Sides are rounded up by repeating the last.
        let [last_x, last_y] = [width - 1, height - 1];
        for x in 0..width.next_multiple_of(2) {
            assert_eq!(at(0, x, last_y | 1), at(0, x.min(last_x), last_y), "{name}");
        }
        let mut portable = needed(view).map(|bytes| vec![0; bytes]);
        convert_rows(view, portable.each_mut().map(|plane| &mut plane[..]));
        assert_eq!(portable.concat(), room[..portable.iter().map(Vec::len).sum()], "{name}");
    });
}

/// Each Cb with each Cr at the ends and in the middle, each luma: at each place of a wide step.
#[test]
fn extremes_are_converted_exactly() {
    let edges = [0, 1, 15, 16, 17, 127, 128, 129, 234, 235, 236, 239, 240, 241, 254, 255];
    let mut lumas = 0u8;
    let mut at = 0;
    // Planes come one after the other: luma takes every value, chroma every pair of edges.
    let size = [2 * edges.len(), 2 * edges.len()];
    for turn in 0..4 {
        let samples = Samples::new(size, 0, &mut || {
            at += 1;
            let (luma, pairs) = (size[0] * size[1], edges.len() * edges.len());
            match at - 1 {
                n if n < luma => {
                    lumas = lumas.wrapping_add(37);
                    lumas
                }
                n if n < luma + pairs => edges[(n - luma) % edges.len()],
                n => edges[(n - luma - pairs) / edges.len()],
            }
        });
        at = 0;
        lumas = lumas.wrapping_add(turn * 64 + 1);
        for (matrix, range) in MATRICES.into_iter().flat_map(|m| RANGES.map(|r| (m, r))) {
            check(&samples, matrix, range);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_frame_is_converted_exactly(
        size in [2usize..150, 2usize..20],
        gap in 0usize..40,
        bytes in proptest::collection::vec(any::<u8>(), 9001),
    ) {
        let mut cycle = bytes.iter().copied().cycle();
        let samples = Samples::new(size, gap, &mut || cycle.next().unwrap_or_default());
        for (matrix, range) in MATRICES.into_iter().flat_map(|m| RANGES.map(|r| (m, r))) {
            check(&samples, matrix, range);
        }
    }
}

/// Frames of other sizes, matrices and ranges before do not show in a picture.
#[test]
fn an_encoder_gives_the_same_picture_again() {
    let ledger = Ledger::default();
    let used = std::cell::RefCell::new(JpegEncoder::default());
    let mut next = 0u8;
    for size in [[64, 48], [33, 17], [128, 2], [2, 2], [65, 49], [64, 48]] {
        let samples = Samples::new(size, 3, &mut || {
            next = next.wrapping_mul(5).wrapping_add(13);
            next
        });
        for (matrix, range) in MATRICES.into_iter().flat_map(|m| RANGES.map(|r| (m, r))) {
            samples.views(matrix, range, &|view| {
                let mut fresh = JpegEncoder::default();
                let fresh = fresh.encode(view, 90, &ledger).unwrap();
                assert_eq!(used.borrow_mut().encode(view, 90, &ledger).unwrap(), fresh);
                assert!(fresh.starts_with(&[0xFF, 0xD8]) && fresh.ends_with(&[0xFF, 0xD9]));
            });
        }
    }
}
