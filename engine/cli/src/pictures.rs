//! Still pictures for people: files in, drawings out.
//!
//! A picture is made into an I420 frame and goes the same way as a camera's; this is the one
//! place where RGB exists.

mod font;

pub(crate) use font::Font;

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
};
use std::io::Cursor;
use std::path::Path;
use viahe_core::frame::{
    ColorMatrix, ColorRange, Frame, FrameStamp, FrameView, PixelFormat, Plane,
};
use viahe_core::time::{ClockSource, Timestamp};
use viahe_edge::bounded;
use viahe_edge::evidence::JpegEncoder;
use viahe_edge::ledger::Ledger;

/// Largest picture file that is read.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Memory that decoding may take: 8192 x 8192 px in colour, twice.
const DECODED_BYTES_MAX: u64 = 512 << 20;
/// Of pictures that are drawn on: nothing is to be seen of the way.
const QUALITY: u8 = 95;

/// Cells along the longer side of what is hidden.
const HIDDEN_CELLS: i64 = 5;
/// Of small ones the cells are not smaller.
const HIDDEN_CELL_PX_MIN: i64 = 4;

/// An RGB picture.
pub(crate) struct Picture(RgbImage);

/// Corners in px; may lie outside.
pub(crate) type Corners = [f32; 4];

impl Picture {
    /// Reads a JPEG, PNG or WebP file; one that its camera says was held askew is turned upright.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let said = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let bytes = bounded::read(path, FILE_BYTES_MAX).map_err(|e| said(&e))?;
        Self::decode(&bytes).map_err(|e| said(&e))
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        let max = FrameView::SIZE_PX_MAX;
        let read = || -> Result<DynamicImage, ImageError> {
            let mut limits = Limits::default();
            limits.max_image_width = Some(max as u32);
            limits.max_image_height = Some(max as u32);
            limits.max_alloc = Some(DECODED_BYTES_MAX);
            let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
            reader.limits(limits);
            let mut decoder = reader.into_decoder()?;
            // A wrong tag is no reason to refuse the picture.
            let upright = decoder.orientation();
            let mut image = DynamicImage::from_decoder(decoder)?;
            if let Ok(upright) = upright {
                image.apply_orientation(upright);
            }
            Ok(image)
        };
        let image = read().map_err(|e| match e {
            ImageError::Unsupported(_) => "neither JPEG, PNG nor WebP; convert it first".to_owned(),
            ImageError::Limits(_) => format!("larger than {max} px a side; make it smaller first"),
            other => format!("not a whole picture: {other}; copy it again"),
        })?;
        let rgb = image.into_rgb8();
        let (width, height) = rgb.dimensions();
        if width < 2 || height < 2 {
            return Err(format!("{width}x{height} px; 2 to {max} px a side"));
        }
        Ok(Self(rgb))
    }

    /// What a frame shows.
    pub(crate) fn of(view: &FrameView<'_>) -> Result<Self, String> {
        let mut encoder = JpegEncoder::default();
        let jpeg = encoder.encode(view, QUALITY, &Ledger::default()).map_err(|e| e.to_string())?;
        Self::decode(jpeg)
    }

    pub(crate) fn width(&self) -> usize {
        self.0.width() as usize
    }

    /// Width and height, for positions that may lie outside.
    pub(crate) fn size(&self) -> (i64, i64) {
        (i64::from(self.0.width()), i64::from(self.0.height()))
    }

    pub(crate) fn height(&self) -> usize {
        self.0.height() as usize
    }

    fn at(&self, x: usize, y: usize) -> [f32; 3] {
        self.0.get_pixel(x as u32, y as u32).0.map(f32::from)
    }

    /// As a full-range BT.601 I420 frame, as a JPEG itself is; a camera's frames have one colour
    /// for four pixels too.
    pub(crate) fn frame(&self) -> Still {
        let (width, height) = (self.width(), self.height());
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        let luma = |[r, g, b]: [f32; 3]| 0.299 * r + 0.587 * g + 0.114 * b;
        let byte = |v: f32| (v + 0.5).clamp(0.0, 255.0) as u8;
        let mut planes = Vec::with_capacity(width * height + 2 * cw * ch);
        for y in 0..height {
            planes.extend((0..width).map(|x| byte(luma(self.at(x, y)))));
        }
        for pick in [2, 0] {
            let scale = if pick == 2 { 1.772 } else { 1.402 };
            for (cx, cy) in (0..ch).flat_map(|cy| (0..cw).map(move |cx| (cx, cy))) {
                let xs = [2 * cx, (2 * cx + 1).min(width - 1)];
                let ys = [2 * cy, (2 * cy + 1).min(height - 1)];
                let four = ys.iter().flat_map(|&y| xs.iter().map(move |&x| (x, y)));
                let difference = |(x, y)| {
                    let rgb = self.at(x, y);
                    (rgb[pick] - luma(rgb)) / scale
                };
                planes.push(byte(128.0 + four.map(difference).sum::<f32>() / 4.0));
            }
        }
        Still { width, height, planes }
    }

    /// Can a picture be written under this name?
    pub(crate) fn check_name(path: &Path) -> Result<(), String> {
        match ImageFormat::from_path(path) {
            Ok(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) => Ok(()),
            _ => Err(format!("{}: the name must end in .png, .jpg or .webp", path.display())),
        }
    }

    /// Writes it in the format that its name ends in.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        Self::check_name(path)?;
        self.0.save(path).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// As the bytes of a PNG file.
    pub(crate) fn png(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Cursor::new(Vec::new());
        self.0.write_to(&mut bytes, ImageFormat::Png).map_err(|e| e.to_string())?;
        Ok(bytes.into_inner())
    }

    /// Mixes a colour into a pixel, wholly at `share` 1; outside there is none.
    fn mix(&mut self, x: i64, y: i64, colour: [u8; 3], share: f32) {
        let inside = |v: i64, size: u32| u32::try_from(v).ok().filter(|v| *v < size);
        let (width, height) = self.0.dimensions();
        let (Some(x), Some(y)) = (inside(x, width), inside(y, height)) else { return };
        let Rgb(pixel) = self.0.get_pixel_mut(x, y);
        for (old, new) in pixel.iter_mut().zip(colour) {
            *old = (f32::from(*old) * (1.0 - share) + f32::from(new) * share + 0.5) as u8;
        }
    }

    /// Makes a part unrecognisable: a few cells of one colour each. Left, top, right and bottom in px; may lie outside.
    pub(crate) fn hide(&mut self, [x0, y0, x1, y1]: [i64; 4]) {
        let (width, height) = self.size();
        let (x0, y0, x1, y1) = (x0.max(0), y0.max(0), x1.min(width), y1.min(height));
        // So few that no face is left, whatever is done to them.
        let cell = ((x1 - x0).max(y1 - y0) / HIDDEN_CELLS).max(HIDDEN_CELL_PX_MIN);
        let mut top = y0;
        while top < y1 {
            let mut left = x0;
            while left < x1 {
                let cell = [left, top, (left + cell).min(x1), (top + cell).min(y1)];
                self.level(cell);
                left = cell[2];
            }
            top = (top + cell).min(y1);
        }
    }

    /// Gives a part the mean of its colours.
    fn level(&mut self, [x0, y0, x1, y1]: [i64; 4]) {
        let pixels = || (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x as u32, y as u32)));
        let (mut sums, mut count) = ([0_u64; 3], 0);
        for (x, y) in pixels() {
            let Rgb(pixel) = self.0.get_pixel(x, y);
            sums.iter_mut().zip(pixel).for_each(|(sum, v)| *sum += u64::from(*v));
            count += 1;
        }
        let mean = sums.map(|sum| (sum / count.max(1)) as u8);
        pixels().for_each(|(x, y)| self.0.put_pixel(x, y, Rgb(mean)));
    }

    /// A line of `thick` px.
    pub(crate) fn line(&mut self, from: [f32; 2], to: [f32; 2], colour: [u8; 3], thick: i64) {
        let length = (to[0] - from[0]).abs().max((to[1] - from[1]).abs());
        let steps = length.ceil().clamp(1.0, 4.0 * FrameView::SIZE_PX_MAX as f32) as u32;
        let mut last = None;
        for step in 0..=steps {
            let share = step as f32 / steps as f32;
            let at = [0, 1].map(|i| (from[i] + (to[i] - from[i]) * share).round() as i64);
            if last == Some(at) {
                continue;
            }
            last = Some(at);
            for dx in 0..thick {
                for dy in 0..thick {
                    self.mix(at[0] + dx - thick / 2, at[1] + dy - thick / 2, colour, 1.0);
                }
            }
        }
    }

    /// A thin line that leaves what is below to be seen.
    pub(crate) fn faint(&mut self, from: [i64; 2], to: [i64; 2]) {
        let upright = from[0] == to[0];
        let (first, last) = if upright { (from[1], to[1]) } else { (from[0], to[0]) };
        for v in first..=last {
            let [x, y] = if upright { [from[0], v] } else { [v, from[1]] };
            // Light beside dark is seen on any ground.
            self.mix(x, y, [255; 3], 0.45);
            let (dx, dy) = if upright { (1, 0) } else { (0, 1) };
            self.mix(x + dx, y + dy, [0; 3], 0.45);
        }
    }

    /// The outline of a box.
    pub(crate) fn rectangle(&mut self, [x0, y0, x1, y1]: Corners, colour: [u8; 3]) {
        for (from, to) in
            [([x0, y0], [x1, y0]), ([x1, y0], [x1, y1]), ([x1, y1], [x0, y1]), ([x0, y1], [x0, y0])]
        {
            self.line(from, to, colour, 2);
        }
    }

    /// White letters on a dark ground, moved inside where they would stick out; `at` is their
    /// upper left corner.
    pub(crate) fn text(&mut self, font: &Font, at: [f32; 2], text: &str) {
        let px = Font::size_for(self.height());
        let [width, height] = font.extent(text, px);
        let x = at[0].min(self.width() as f32 - width).max(0.0).round();
        let y = at[1].min(self.height() as f32 - height).max(0.0).round();
        for dy in 0..height.ceil() as i64 {
            for dx in 0..width.ceil() as i64 {
                self.mix(x as i64 + dx, y as i64 + dy, [0; 3], 0.7);
            }
        }
        font.draw(text, px, [x, y], &mut |x, y, share| self.mix(x, y, [255; 3], share));
    }
}

/// A still as a frame.
pub(crate) struct Still {
    width: usize,
    height: usize,
    planes: Vec<u8>,
}

impl Frame for Still {
    fn stamp(&self) -> FrameStamp {
        let at = Timestamp(0);
        FrameStamp {
            seq: 0,
            captured: at,
            arrived: at,
            offset_ms: 0,
            clock: ClockSource::Recording,
        }
    }

    fn view(&self) -> FrameView<'_> {
        let (cw, ch) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let (y, chroma) = self.planes.split_at(self.width * self.height);
        let (u, v) = chroma.split_at(cw * ch);
        let planes = [
            Plane { data: y, stride: self.width },
            Plane { data: u, stride: cw },
            Plane { data: v, stride: cw },
        ];
        // `Picture::read` admits only sizes that a view takes, and `frame` fills every plane.
        #[allow(clippy::expect_used)]
        FrameView::new(
            self.width,
            self.height,
            PixelFormat::I420,
            ColorMatrix::Bt601,
            ColorRange::Full,
            &planes,
        )
        .expect("planes of their own size")
    }
}

#[cfg(test)]
mod tests;
