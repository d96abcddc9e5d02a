//! Frame → tensor in one pass: the fused kernel.
//!
//! Input: a [`FrameView`], where the decoder put it. Output: one image of the model's input tensor,
//! in memory that ONNX Runtime reads. Each output row is interpolated from two rows of each plane,
//! converted, normalised and written; there is no RGB picture and no resized picture in between.
//! Not here: the memory itself, batches (one call an image), which parts of a frame are worth a look.
//!
//! # What is computed
//! 1. A frame, or each part of it, fills its place in the input. Output pixel `i` of `n` lies at
//!    `start + (i + 0.5) * part / n - 0.5`: half-pixel centres, as `OpenCV`'s `INTER_LINEAR`. Plain
//!    bilinear, two samples an axis also when shrinking, because models' training and reference
//!    pipelines do so; a filter against aliasing would show a model softer pictures than it knows.
//! 2. Luma and chroma are interpolated each in its own plane. Chroma counts as centred between its
//!    luma samples: what converters that repeat chroma (`OpenCV`'s among them) imply.
//! 3. R'G'B' by the exact matrix in floating point, stretched where the picture has little contrast and the model
//!    gains by it, clamped to 0–255, then `(v - mean) / std`.
//! 4. The rest is `(pad - mean) / std`.
//!
//! Conversion is affine, so doing it after interpolation instead of before differs only where the
//! clamp acts or where neighbouring luma samples would have shared one chroma sample. Weights are
//! 14-bit fractions across; the result is within 0.03 of one 8-bit step of the definition (held by
//! a test against a plain 64-bit reference).
//!
//! See `docs/adr/0002-fused-kernel.md`.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Vector loads and stores; each says why it is sound.
mod avx2;
mod color;
mod contrast;
mod padding;
mod portable;
#[cfg(test)]
mod reference;
mod rows;
mod sampling;
#[cfg(test)]
mod tests;

use crate::ledger::{Ledger, Stage};
use color::Color;
use contrast::Contrast;
use portable::Portable;
use rows::{OutRow, SamplePlanes, SourceRows, chroma_row_bytes, out_row};
use sampling::{Axis, RowTap};
use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat};
use viahe_core::geometry::PxRect;
use viahe_core::tensor::{Fit, InputSpec, Sheet};

/// Largest side of a model's input in px.
pub const INPUT_SIDE_PX_MAX: usize = 8192;

/// The tensor or the model's input description cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PreprocessError {
    /// The caller's memory is not one image.
    #[error(
        "the tensor has {got} values, one image of {width}x{height} px needs {want}; give each \
         call the part of the tensor that is its image"
    )]
    Length {
        /// Columns of the model's input.
        width: usize,
        /// Rows of the model's input.
        height: usize,
        /// Values needed.
        want: usize,
        /// Values given.
        got: usize,
    },
    /// A side is 0 or beyond [`INPUT_SIDE_PX_MAX`].
    #[error(
        "the model's input is {width}x{height} px, sides are 1 to {max} px; correct [input] in \
         its model.toml",
        max = INPUT_SIDE_PX_MAX
    )]
    Size {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// A part of another frame than the one given, or one that the input has no room for.
    #[error(
        "a part of the picture does not lie in the frame, or its place not in the model's input"
    )]
    Part,
    /// A number that would fill the tensor with infinities.
    #[error(
        "the model's {what} is {value}; it must be finite and a deviation not zero, correct \
         [input] in its model.toml"
    )]
    Normalisation {
        /// `mean`, `std` or `pad`.
        what: &'static str,
        /// What was given.
        value: f32,
    },
}

/// Which code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// AVX2 and FMA, eight pixels a step.
    Avx2,
    /// Plain Rust.
    Portable,
}

/// One camera's way into one model. Owns the tables and row buffers, so a frame of the same
/// geometry as the one before allocates nothing.
#[derive(Debug)]
pub struct Preprocessor {
    spec: InputSpec,
    portable_only: bool,
    plan: Option<Plan>,
}

impl Preprocessor {
    /// For a model's input, with the fastest code that the processor can run.
    pub fn new(spec: InputSpec) -> Self {
        Self { spec, portable_only: false, plan: None }
    }

    /// Like [`new`](Self::new), but always with [`Backend::Portable`]; to compare and to measure.
    pub fn portable(spec: InputSpec) -> Self {
        Self { spec, portable_only: true, plan: None }
    }

    /// What ran the last image; `None` before the first. Where parts were run by both, the slower one.
    pub fn backend(&self) -> Option<Backend> {
        let all = |plan: &Plan| plan.parts.iter().all(|p| p.rows.backend() == Backend::Avx2);
        self.plan.as_ref().map(|p| if all(p) { Backend::Avx2 } else { Backend::Portable })
    }

    /// Writes one image of `spec.len()` values, a whole frame, into `out`; returns how it was fitted. The
    /// rest is as for [`run_sheet`](Self::run_sheet).
    ///
    /// # Errors
    /// As [`run_sheet`](Self::run_sheet).
    pub fn run(
        &mut self,
        frame: &FrameView<'_>,
        out: &mut [f32],
        ledger: &Ledger,
    ) -> Result<Sheet, PreprocessError> {
        check_size(&self.spec)?;
        let whole = self.spec.fit_frame(frame.width(), frame.height());
        let known = self.plan.as_ref().map(|plan| &plan.sheet);
        let is_whole = |s: &&Sheet| s.parts() == [whole] && s.size() == self.spec.size();
        let sheet = match known.filter(is_whole) {
            Some(sheet) => sheet.clone(),
            None => Sheet::new(self.spec.size(), [whole]),
        };
        self.run_sheet(frame, &sheet, out, ledger)?;
        Ok(sheet)
    }

    /// Writes one image of the sheet's size into `out`, every value of it, and adds its bytes to
    /// the ledger: the parts of the frame that `sheet` names, each in its place, and padding around them.
    /// Rebuilds its tables (and allocates) when sheet or the frame's size, format or colour is not that
    /// of the image before; strides may change freely.
    ///
    /// # Errors
    /// [`PreprocessError`] when `out` has another length, the model's input description cannot be
    /// used or the sheet is none of this frame; nothing is written then.
    pub fn run_sheet(
        &mut self,
        frame: &FrameView<'_>,
        sheet: &Sheet,
        out: &mut [f32],
        ledger: &Ledger,
    ) -> Result<(), PreprocessError> {
        let geometry = Geometry::of(frame);
        let spec = self.spec.at(sheet.size());
        let plan = match &mut self.plan {
            Some(plan) if plan.geometry == geometry && plan.sheet == *sheet => plan,
            slot => {
                check(&spec)?;
                check_parts(&spec, geometry, sheet)?;
                slot.insert(Plan::new(&spec, geometry, sheet.clone(), self.portable_only))
            }
        };
        if out.len() != spec.len() {
            let (width, height, want) = (spec.width, spec.height, spec.len());
            return Err(PreprocessError::Length { width, height, want, got: out.len() });
        }
        plan.run(&spec, frame, out);
        ledger.add(Stage::Preprocess, size_of_val(out));
        Ok(())
    }
}

fn check_size(spec: &InputSpec) -> Result<(), PreprocessError> {
    let sides = 1..=INPUT_SIDE_PX_MAX;
    if sides.contains(&spec.width) && sides.contains(&spec.height) {
        Ok(())
    } else {
        Err(PreprocessError::Size { width: spec.width, height: spec.height })
    }
}

/// Refuses what would read beside the frame, write beside the input, or write twice.
fn check_parts(spec: &InputSpec, frame: Geometry, sheet: &Sheet) -> Result<(), PreprocessError> {
    let frame = PxRect::of_size(frame.width, frame.height);
    let input = PxRect::of_size(spec.width, spec.height);
    let parts = sheet.parts();
    let fits = |fit: &Fit| fit.crop.is_in(&frame) && fit.place.is_in(&input);
    let apart = |i: usize| parts[..i].iter().all(|other| !other.place.meets(&parts[i].place));
    if parts.iter().all(fits) && (0..parts.len()).all(apart) {
        Ok(())
    } else {
        Err(PreprocessError::Part)
    }
}

/// Refuses what would panic or yield infinities.
fn check(spec: &InputSpec) -> Result<(), PreprocessError> {
    check_size(spec)?;
    let pad = spec.fit.pad();
    let finite = |c: usize, v: f32| ((v - spec.mean[c]) / spec.std[c]).is_finite();
    let bad_mean = spec.mean.into_iter().find(|v| !v.is_finite());
    let bad_pad = Some(pad).filter(|v| !v.is_finite());
    // Zero and NaN fail, and what is so small that the ends of the scale overflow.
    let bad_std = (0..3).find(|&c| ![0.0, 255.0, pad].iter().all(|&v| finite(c, v)));
    for (what, bad) in [("mean", bad_mean), ("pad", bad_pad), ("std", bad_std.map(|c| spec.std[c]))]
    {
        if let Some(value) = bad {
            return Err(PreprocessError::Normalisation { what, value });
        }
    }
    Ok(())
}

/// What the tables depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Geometry {
    width: usize,
    height: usize,
    format: PixelFormat,
    matrix: ColorMatrix,
    range: ColorRange,
}

impl Geometry {
    fn of(frame: &FrameView<'_>) -> Self {
        Self {
            width: frame.width(),
            height: frame.height(),
            format: frame.format(),
            matrix: frame.matrix(),
            range: frame.range(),
        }
    }
}

/// Everything that stays the same from image to image.
#[derive(Debug)]
struct Plan {
    geometry: Geometry,
    sheet: Sheet,
    /// Of the picture before.
    contrast: Contrast,
    color: Color,
    /// Normalised padding by channel.
    pad: [f32; 3],
    gaps: Vec<PxRect>,
    parts: Vec<Part>,
}

impl Plan {
    fn new(spec: &InputSpec, geometry: Geometry, sheet: Sheet, portable_only: bool) -> Self {
        let places: Vec<PxRect> = sheet.parts().iter().map(|fit| fit.place).collect();
        let gaps = padding::gaps(PxRect::of_size(spec.width, spec.height), &places);
        let part = |fit: &Fit| Part::new(geometry, fit, portable_only);
        let contrast = Contrast::plain(geometry.range);
        Self {
            geometry,
            contrast,
            color: Color::new(geometry.matrix, geometry.range, contrast, spec),
            pad: std::array::from_fn(|c| (spec.fit.pad() - spec.mean[c]) / spec.std[c]),
            gaps,
            parts: sheet.parts().iter().map(part).collect(),
            sheet,
        }
    }

    fn run(&mut self, spec: &InputSpec, frame: &FrameView<'_>, out: &mut [f32]) {
        let contrast = Contrast::of(frame, spec.contrast_gain_max);
        if contrast != self.contrast {
            self.contrast = contrast;
            self.color = Color::new(self.geometry.matrix, self.geometry.range, contrast, spec);
        }
        let planes = SamplePlanes::new(frame, color::chroma_order(spec.channels));
        for part in &mut self.parts {
            part.run(spec, &planes, &self.color, out);
        }
        for gap in &self.gaps {
            padding::fill(spec, *gap, self.pad, out);
        }
    }
}

/// A part of the frame on its way to its place in the input.
#[derive(Debug)]
struct Part {
    place: PxRect,
    luma_rows: Vec<RowTap>,
    chroma_rows: Vec<RowTap>,
    rows: RowKernel,
}

impl Part {
    fn new(frame: Geometry, &Fit { crop, place, .. }: &Fit, portable_only: bool) -> Self {
        let Geometry { width, height, format, .. } = frame;
        let step = match format {
            PixelFormat::I420 => 1,
            PixelFormat::Nv12 => 2,
        };
        let (across, down) = ((crop.x, crop.width), (crop.y, crop.height));
        let luma = Axis::luma(width, across, place.width).columns(1);
        let chroma = Axis::chroma(width, across, place.width).columns(step);
        Self {
            place,
            luma_rows: Axis::luma(height, down, place.height).rows(),
            chroma_rows: Axis::chroma(height, down, place.height).rows(),
            rows: RowKernel::new(
                (luma, width),
                (chroma, chroma_row_bytes(width, format)),
                portable_only,
            ),
        }
    }

    fn run(&mut self, spec: &InputSpec, planes: &SamplePlanes<'_>, color: &Color, out: &mut [f32]) {
        let source = |row: usize| planes.rows(self.luma_rows[row], self.chroma_rows[row]);
        let rows = self.place.height;
        for row in 0..rows {
            let next = source((row + 1).min(rows - 1));
            self.rows.row(&source(row), &next, color, out_row(spec, out, self.place, row));
        }
    }
}

/// The code that makes one output row.
#[derive(Debug)]
enum RowKernel {
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    Portable(Portable),
}

/// The columns that each output needs, and the bytes of a row.
type Columns = (Vec<sampling::ColumnTap>, usize);

impl RowKernel {
    fn new(luma: Columns, chroma: Columns, portable_only: bool) -> Self {
        #[cfg(target_arch = "x86_64")]
        if !portable_only
            && let Some(avx2) = avx2::Avx2::new((&luma.0, luma.1), (&chroma.0, chroma.1))
        {
            return Self::Avx2(avx2);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = portable_only;
        Self::Portable(Portable::new(luma.0, chroma.0))
    }

    fn backend(&self) -> Backend {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Backend::Avx2,
            Self::Portable(_) => Backend::Portable,
        }
    }

    /// Writes one output row, while the processor brings near what the `next` one reads.
    fn row(
        &mut self,
        source: &SourceRows<'_>,
        next: &SourceRows<'_>,
        color: &Color,
        out: OutRow<'_>,
    ) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.row(source, next, color, out),
            Self::Portable(portable) => portable.row(source, color, out),
        }
    }
}
