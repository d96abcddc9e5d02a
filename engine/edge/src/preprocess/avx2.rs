//! The kernel's row for x86-64 with AVX2 and FMA: eight pixels a step, no intermediate buffer.
//!
//! Gathering is done with byte shuffles, as gather instructions are slow on small cores and on
//! those with the microcode fix for data sampling. The taps of four neighbouring outputs lie close
//! together, so one to four 16-byte loads hold them all; a shuffle per load picks each output's two
//! samples and widens them to 16 bits, ready for a multiply-add with its two weights. Two such
//! quartets, each at its own place of the row, fill the halves of one 256-bit register.

use super::color::Color;
use super::rows::{OutRow, SourceRows};
use super::sampling::{ColumnTap, WEIGHT_ONE};
use std::arch::x86_64::{
    __m256, __m256i, _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch, _mm256_castsi128_si256,
    _mm256_cvtepi32_ps, _mm256_fmadd_ps, _mm256_inserti128_si256, _mm256_load_si256,
    _mm256_madd_epi16, _mm256_max_ps, _mm256_min_ps, _mm256_or_si256, _mm256_permute2f128_ps,
    _mm256_set1_ps, _mm256_shuffle_epi8, _mm256_shuffle_ps, _mm256_storeu_ps, _mm256_sub_ps,
};

/// Outputs a step.
const STEP: usize = 8;
/// Outputs whose samples one load must reach.
const QUARTET: usize = 4;
/// Bytes of one load.
const LOAD: usize = 16;
/// Most loads for one quartet; a frame shrunk by more than 20 or so takes the portable path.
const LOADS_MAX: usize = 4;
/// A shuffle index that yields zero.
const NOTHING: u8 = 0x80;

/// Shuffle indices of one load of both quartets.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
struct Mask([u8; 32]);

/// Left and right weight of eight outputs.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
struct Weights([i16; 16]);

/// The taps of one plane's row, eight outputs a step.
///
/// Invariant: `base + LOAD * loads <= row_bytes` for each base, so a row of `row_bytes` can be read
/// without a check.
#[derive(Debug)]
struct Steps {
    row_bytes: usize,
    loads: usize,
    /// By step: where each quartet's first load begins.
    bases: Vec<[u32; 2]>,
    /// By step, then load.
    masks: Vec<Mask>,
    /// By step.
    weights: Vec<Weights>,
}

impl Steps {
    /// `None` when the samples lie too far apart or the row is shorter than its loads.
    fn new(taps: &[ColumnTap], starts: &[usize], row_bytes: usize, loads: usize) -> Option<Self> {
        let reach = LOAD * loads;
        let base_max = row_bytes.checked_sub(reach)?;
        let mut steps = Self {
            row_bytes,
            loads,
            bases: Vec::with_capacity(starts.len()),
            masks: Vec::with_capacity(starts.len() * loads),
            weights: Vec::with_capacity(starts.len()),
        };
        for &start in starts {
            let taps = &taps[start..start + STEP];
            let bases = [0, QUARTET].map(|q| (taps[q].left as usize).min(base_max));
            for load in 0..loads {
                steps.masks.push(mask(taps, bases, load));
            }
            let mut weights = [0; 2 * STEP];
            for (pair, tap) in weights.as_chunks_mut::<2>().0.iter_mut().zip(taps) {
                *pair = [WEIGHT_ONE - tap.right_weight, tap.right_weight];
            }
            steps.weights.push(Weights(weights));
            steps.bases.push(bases.map(|b| b as u32));
        }
        Some(steps)
    }
}

/// Picks from load number `load` what each output needs of it.
fn mask(taps: &[ColumnTap], bases: [usize; 2], load: usize) -> Mask {
    let mut mask = [NOTHING; 32];
    for (i, tap) in taps.iter().enumerate() {
        for (sample, at) in [tap.left, tap.right].into_iter().enumerate() {
            let offset = at as usize - bases[i / QUARTET];
            if offset / LOAD == load {
                mask[i * 4 + sample * 2] = (offset % LOAD) as u8;
            }
        }
    }
    Mask(mask)
}

/// Loads that reach all samples of any quartet.
fn loads_needed(taps: &[ColumnTap], starts: &[usize]) -> usize {
    let quartets = starts.iter().flat_map(|&s| [s, s + QUARTET]);
    let span = |s: usize| {
        let right = taps[s..s + QUARTET].iter().map(|t| t.right).max().unwrap_or(0);
        (right - taps[s].left) as usize + 1
    };
    quartets.map(|s| span(s).div_ceil(LOAD)).max().unwrap_or(1)
}

/// Tables for one geometry. Having one proves that the processor has AVX2 and FMA.
#[derive(Debug)]
pub(super) struct Avx2 {
    luma: Steps,
    chroma: Steps,
    /// By step: its first output column. The last step overlaps the one before where the width is
    /// no multiple of eight.
    starts: Vec<usize>,
}

impl Avx2 {
    /// `None` where this path cannot serve: no AVX2 or FMA, fewer than eight columns, a frame too
    /// narrow for its loads or shrunk too far.
    pub(super) fn new(luma: (&[ColumnTap], usize), chroma: (&[ColumnTap], usize)) -> Option<Self> {
        if !is_x86_feature_detected!("avx2") || !is_x86_feature_detected!("fma") {
            return None;
        }
        let last = luma.0.len().checked_sub(STEP)?;
        let starts: Vec<usize> = (0..last).step_by(STEP).chain([last]).collect();
        let (needed_luma, needed_chroma) =
            (loads_needed(luma.0, &starts), loads_needed(chroma.0, &starts));
        // Few pairs of load counts, so few instances of the code below.
        let (luma_loads, chroma_loads) = [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 2), (4, 4)]
            .into_iter()
            .find(|&(l, c)| l >= needed_luma && c >= needed_chroma)?;
        debug_assert!(luma_loads <= LOADS_MAX);
        Some(Self {
            luma: Steps::new(luma.0, &starts, luma.1, luma_loads)?,
            chroma: Steps::new(chroma.0, &starts, chroma.1, chroma_loads)?,
            starts,
        })
    }

    /// Writes one output row. Meanwhile asks for what `next` will read: shrinking skips rows, which
    /// the processor's own prefetcher does not foresee.
    ///
    /// # Panics
    /// When a row's length is not the one that the tables were made for.
    pub(super) fn row(
        &self,
        source: &SourceRows<'_>,
        next: &SourceRows<'_>,
        color: &Color,
        out: OutRow<'_>,
    ) {
        let run = match (self.luma.loads, self.chroma.loads) {
            (1, 1) => row::<1, 1>,
            (2, 1) => row::<2, 1>,
            (2, 2) => row::<2, 2>,
            (3, 2) => row::<3, 2>,
            (3, 3) => row::<3, 3>,
            (4, 2) => row::<4, 2>,
            _ => row::<4, 4>,
        };
        // SAFETY: `new` found AVX2 and FMA.
        unsafe { run(self, source, next, color, out) }
    }
}

/// One plane's two rows.
type Rows<'a> = [&'a [u8]; 2];

#[target_feature(enable = "avx2,fma")]
fn row<const LUMA: usize, const CHROMA: usize>(
    tables: &Avx2,
    source: &SourceRows<'_>,
    next: &SourceRows<'_>,
    color: &Color,
    mut out: OutRow<'_>,
) {
    let [luma, first, second] = source.planes;
    assert!(luma.iter().all(|r| r.len() == tables.luma.row_bytes));
    assert!(first.iter().chain(&second).all(|r| r.len() == tables.chroma.row_bytes));
    let (luma_masks, _) = tables.luma.masks.as_chunks::<LUMA>();
    let (chroma_masks, _) = tables.chroma.masks.as_chunks::<CHROMA>();
    let luma_steps = tables.luma.bases.iter().zip(luma_masks).zip(&tables.luma.weights);
    let chroma_steps = tables.chroma.bases.iter().zip(chroma_masks).zip(&tables.chroma.weights);
    let c = Vectors::new(color);
    let luma_weight = _mm256_set1_ps(source.luma_weight);
    let chroma_weight = _mm256_set1_ps(source.chroma_weight);
    for ((&start, luma_step), chroma_step) in tables.starts.iter().zip(luma_steps).zip(chroma_steps)
    {
        let ((bases, masks), weights) = luma_step;
        fetch::<LUMA>(next.planes[0], *bases);
        // SAFETY: the rows have the length that the tables were made for (asserted above), and
        // `LUMA` is the tables' number of loads (`Avx2::row`).
        let y = unsafe { sample::<LUMA>(luma, *bases, masks, weights, luma_weight) };
        let ((bases, masks), weights) = chroma_step;
        fetch::<CHROMA>(next.planes[1], *bases);
        fetch::<CHROMA>(next.planes[2], *bases);
        // SAFETY: as above, with `CHROMA`.
        let u = unsafe { sample::<CHROMA>(first, *bases, masks, weights, chroma_weight) };
        // SAFETY: as above.
        let v = unsafe { sample::<CHROMA>(second, *bases, masks, weights, chroma_weight) };
        let pixels = c.convert(y, u, v);
        match &mut out {
            OutRow::Planar(planes) => {
                for (plane, values) in planes.iter_mut().zip(pixels) {
                    store(&mut plane[start..start + STEP], values);
                }
            }
            OutRow::Interleaved(out) => {
                interleave(&mut out[start * 3..(start + STEP) * 3], pixels);
            }
        }
    }
}

/// Asks for the cache lines that the same step of the next row will read. Spread over the steps,
/// as a processor keeps a few dozen lines under way at most.
#[allow(clippy::inline_always)] // A call here would cost more than the work.
#[inline(always)]
fn fetch<const LOADS: usize>([top, bottom]: Rows<'_>, [low, high]: [u32; 2]) {
    let fetch = |row: &[u8], at: u32| {
        // SAFETY: a hint, which faults for no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().wrapping_add(at as usize).cast()) }
    };
    fetch(top, low);
    fetch(bottom, low);
    // Two quartets of at most two loads span one line; wider ones two.
    if LOADS > 2 {
        fetch(top, high);
        fetch(bottom, high);
    }
}

/// Eight samples of one plane, times [`WEIGHT_ONE`].
///
/// # Safety
/// Both rows hold `LOAD * LOADS` bytes from each of `bases`.
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn sample<const LOADS: usize>(
    [top, bottom]: Rows<'_>,
    bases: [u32; 2],
    masks: &[Mask; LOADS],
    weights: &Weights,
    bottom_weight: __m256,
) -> __m256 {
    // SAFETY: by the contract of this function.
    let (top, bottom) =
        unsafe { (across(top, bases, masks, weights), across(bottom, bases, masks, weights)) };
    _mm256_fmadd_ps(_mm256_sub_ps(bottom, top), bottom_weight, top)
}

/// Interpolates eight samples of one row across.
///
/// # Safety
/// The row holds `LOAD * LOADS` bytes from each of `bases`.
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn across<const LOADS: usize>(
    row: &[u8],
    bases: [u32; 2],
    masks: &[Mask; LOADS],
    weights: &Weights,
) -> __m256 {
    debug_assert!(bases.iter().all(|&b| b as usize + LOAD * LOADS <= row.len()));
    let [low, high] = bases.map(|b| b as usize);
    // SAFETY: each load lies in the row by the contract of this function; table entries are
    // aligned to 32 bytes by their types.
    let (pick, weights) = unsafe {
        let pick = |load: usize| -> __m256i {
            let low = _mm_loadu_si128(row.as_ptr().add(low + load * LOAD).cast());
            let high = _mm_loadu_si128(row.as_ptr().add(high + load * LOAD).cast());
            let both = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high);
            let mask = _mm256_load_si256(masks[load].0.as_ptr().cast());
            _mm256_shuffle_epi8(both, mask)
        };
        (pick, _mm256_load_si256(weights.0.as_ptr().cast()))
    };
    let mut pairs = pick(0);
    for load in 1..LOADS {
        pairs = _mm256_or_si256(pairs, pick(load));
    }
    _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, weights))
}

/// [`Color`] with each number in all lanes.
struct Vectors {
    luma: [__m256; 3],
    outer: [__m256; 2],
    green: [__m256; 2],
    bias: [__m256; 3],
    low: [__m256; 3],
    high: [__m256; 3],
}

impl Vectors {
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn new(c: &Color) -> Self {
        let all = |v: f32| _mm256_set1_ps(v);
        Self {
            luma: c.luma.map(all),
            outer: c.outer.map(all),
            green: c.green.map(all),
            bias: c.bias.map(all),
            low: c.low.map(all),
            high: c.high.map(all),
        }
    }

    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn convert(&self, y: __m256, first: __m256, second: __m256) -> [__m256; 3] {
        let add = |a, b, c| _mm256_fmadd_ps(a, b, c);
        let outer0 = add(first, self.outer[0], self.bias[0]);
        let green = add(first, self.green[0], add(second, self.green[1], self.bias[1]));
        let outer1 = add(second, self.outer[1], self.bias[2]);
        let clamp = |i: usize, chroma: __m256| {
            let v = add(y, self.luma[i], chroma);
            _mm256_min_ps(_mm256_max_ps(v, self.low[i]), self.high[i])
        };
        [clamp(0, outer0), clamp(1, green), clamp(2, outer1)]
    }
}

/// Writes eight values.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn store(out: &mut [f32], values: __m256) {
    let out: &mut [f32] = &mut out[..STEP];
    // SAFETY: `out` has eight values.
    unsafe { _mm256_storeu_ps(out.as_mut_ptr(), values) }
}

/// Writes eight pixels of three values each.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn interleave(out: &mut [f32], [a, b, c]: [__m256; 3]) {
    // Names give what each half holds, pixel by pixel: a0 a2 b0 b2, and so on.
    let ab_even = _mm256_shuffle_ps::<0b10_00_10_00>(a, b);
    let bc_odd = _mm256_shuffle_ps::<0b11_01_11_01>(b, c);
    let c_even_a_odd = _mm256_shuffle_ps::<0b11_01_10_00>(c, a);
    let first = _mm256_shuffle_ps::<0b10_00_10_00>(ab_even, c_even_a_odd); // a0 b0 c0 a1
    let second = _mm256_shuffle_ps::<0b11_01_10_00>(bc_odd, ab_even); // b1 c1 a2 b2
    let third = _mm256_shuffle_ps::<0b11_01_11_01>(c_even_a_odd, bc_odd); // c2 a3 b3 c3
    store(&mut out[..8], _mm256_permute2f128_ps::<0x20>(first, second));
    store(&mut out[8..16], _mm256_permute2f128_ps::<0x30>(third, first));
    store(&mut out[16..24], _mm256_permute2f128_ps::<0x31>(second, third));
}
