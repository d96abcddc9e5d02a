//! Still pictures for `viahe detect`: JPEG and PNG in, annotated PNG out.
//!
//! A picture is made into an I420 frame and goes the same way as a camera's; this is the one
//! place where RGB exists.

use std::fs;
use std::path::Path;
use viahe_core::detect::Detection;
use viahe_core::frame::{
    ColorMatrix, ColorRange, Frame, FrameStamp, FrameView, PixelFormat, Plane,
};
use viahe_core::time::{ClockSource, Timestamp};
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// An RGB picture, 3 bytes a pixel, rows without padding.
pub(crate) struct Rgb {
    pub(crate) width: usize,
    pub(crate) height: usize,
    data: Vec<u8>,
}

impl Rgb {
    /// Reads a JPEG or PNG file.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let said = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let bytes = fs::read(path).map_err(|e| said(&e))?;
        let picture = if bytes.starts_with(b"\x89PNG") {
            Self::from_png(&bytes)
        } else if bytes.starts_with(&[0xFF, 0xD8]) {
            Self::from_jpeg(&bytes)
        } else {
            Err("neither JPEG nor PNG; convert it first".into())
        };
        picture.and_then(Self::even).map_err(|e| said(&e))
    }

    fn from_jpeg(bytes: &[u8]) -> Result<Self, String> {
        let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        let data = decoder.decode().map_err(|e| format!("not a whole JPEG: {e}"))?;
        let (width, height) = decoder.dimensions().ok_or("a JPEG without a size")?;
        Ok(Self { width, height, data })
    }

    fn from_png(bytes: &[u8]) -> Result<Self, String> {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(|e| format!("not a PNG: {e}"))?;
        let size = reader.output_buffer_size().ok_or("a PNG too large for memory")?;
        let mut data = vec![0; size];
        let info = reader.next_frame(&mut data).map_err(|e| format!("not a whole PNG: {e}"))?;
        data.truncate(info.buffer_size());
        let channels = info.color_type.samples();
        let data = data
            .chunks_exact(channels)
            .flat_map(|p| if channels >= 3 { [p[0], p[1], p[2]] } else { [p[0]; 3] })
            .collect();
        Ok(Self { width: info.width as usize, height: info.height as usize, data })
    }

    fn even(self) -> Result<Self, String> {
        let max = FrameView::SIZE_PX_MAX;
        if !(2..=max).contains(&self.width) || !(2..=max).contains(&self.height) {
            return Err(format!("{}x{} px; 2 to {max} px a side", self.width, self.height));
        }
        Ok(self)
    }

    fn at(&self, x: usize, y: usize) -> [f32; 3] {
        let i = (y * self.width + x) * 3;
        [0, 1, 2].map(|c| f32::from(self.data[i + c]))
    }

    /// As a full-range BT.601 I420 frame, as a JPEG itself is.
    pub(crate) fn frame(&self) -> Still {
        let (cw, ch) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let luma = |[r, g, b]: [f32; 3]| 0.299 * r + 0.587 * g + 0.114 * b;
        let byte = |v: f32| (v + 0.5).clamp(0.0, 255.0) as u8;
        let mut planes = Vec::with_capacity(self.width * self.height + 2 * cw * ch);
        for y in 0..self.height {
            planes.extend((0..self.width).map(|x| byte(luma(self.at(x, y)))));
        }
        for pick in [2, 0] {
            let scale = if pick == 2 { 1.772 } else { 1.402 };
            for (cx, cy) in (0..ch).flat_map(|cy| (0..cw).map(move |cx| (cx, cy))) {
                let xs = [2 * cx, (2 * cx + 1).min(self.width - 1)];
                let ys = [2 * cy, (2 * cy + 1).min(self.height - 1)];
                let four = ys.iter().flat_map(|&y| xs.iter().map(move |&x| (x, y)));
                let difference = |(x, y)| {
                    let rgb = self.at(x, y);
                    (rgb[pick] - luma(rgb)) / scale
                };
                planes.push(byte(128.0 + four.map(difference).sum::<f32>() / 4.0));
            }
        }
        Still { width: self.width, height: self.height, planes }
    }

    /// Draws detections and writes a PNG.
    pub(crate) fn annotate(
        mut self,
        found: &[(Detection, String)],
        path: &Path,
    ) -> Result<(), String> {
        for (detection, label) in found {
            let b = detection.bbox;
            self.rectangle([b.x0, b.y0, b.x1, b.y1].map(|v| v.max(0.0) as usize));
            self.text(b.x0.max(0.0) as usize + 2, b.y0.max(0.0) as usize + 2, label);
        }
        let said = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let file = fs::File::create(path).map_err(|e| said(&e))?;
        let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().map_err(|e| said(&e))?;
        writer.write_image_data(&self.data).map_err(|e| said(&e))
    }

    fn set(&mut self, x: usize, y: usize, rgb: [u8; 3]) {
        if x < self.width && y < self.height {
            let i = (y * self.width + x) * 3;
            self.data[i..i + 3].copy_from_slice(&rgb);
        }
    }

    fn rectangle(&mut self, [x0, y0, x1, y1]: [usize; 4]) {
        const YELLOW: [u8; 3] = [255, 212, 0];
        for inset in 0..2 {
            for x in x0..=x1 {
                self.set(x, y0 + inset, YELLOW);
                self.set(x, y1.saturating_sub(inset), YELLOW);
            }
            for y in y0..=y1 {
                self.set(x0 + inset, y, YELLOW);
                self.set(x1.saturating_sub(inset), y, YELLOW);
            }
        }
    }

    fn text(&mut self, x: usize, y: usize, text: &str) {
        use font8x8::UnicodeFonts;
        for (i, glyph) in text.chars().filter_map(|c| font8x8::BASIC_FONTS.get(c)).enumerate() {
            for (row, bits) in glyph.iter().enumerate() {
                for column in 0..8 {
                    let ink = if bits >> column & 1 == 1 { [255; 3] } else { [0; 3] };
                    self.set(x + 8 * i + column, y + row, ink);
                }
            }
        }
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
        // `Rgb::read` admits only sizes that a view takes, and `frame` fills every plane.
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
