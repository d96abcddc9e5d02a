//! A decoded picture that stays where the decoder put it.

use gstreamer as gst;
use gstreamer_video as gst_video;
use gstreamer_video::prelude::*;
use viahe_core::frame::{
    ColorMatrix, ColorRange, Frame, FrameError, FrameStamp, FrameView, PixelFormat, Plane,
};
use viahe_core::time::Timestamp;

/// A reference-counted buffer of the decoder, mapped for reading as long as this lives.
///
/// Holding many of them starves decoders that own few buffers; keep the newest only.
pub struct GstFrame {
    frame: gst_video::VideoFrame<gst_video::video_frame::Readable>,
    stamp: FrameStamp,
    reported: Option<Timestamp>,
    format: PixelFormat,
    matrix: ColorMatrix,
    range: ColorRange,
}

/// Why a sample is no frame.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("the sample has no buffer or no caps")]
    Empty,
    #[error("the sample is of format {0}, asked for I420 or NV12")]
    Format(String),
    #[error("the buffer cannot be mapped")]
    Map,
    #[error("{0}")]
    Planes(#[from] FrameError),
}

impl GstFrame {
    /// Maps the picture of `sample`. Strides and offsets come from the buffer's own `VideoMeta`
    /// where it has one, so padding of any size is right.
    pub(super) fn new(sample: &gst::Sample, stamp: FrameStamp) -> Result<Self, Unusable> {
        let buffer = sample.buffer_owned().ok_or(Unusable::Empty)?;
        let info = sample.caps().ok_or(Unusable::Empty)?;
        let info = gst_video::VideoInfo::from_caps(info).map_err(|_| Unusable::Empty)?;
        let format = match info.format() {
            gst_video::VideoFormat::I420 => PixelFormat::I420,
            gst_video::VideoFormat::Nv12 => PixelFormat::Nv12,
            other => return Err(Unusable::Format(other.to_string())),
        };
        let (matrix, range) = colour(&info);
        let frame = gst_video::VideoFrame::from_buffer_readable(buffer, &info)
            .map_err(|_| Unusable::Map)?;
        let this = Self { frame, stamp, reported: None, format, matrix, range };
        this.checked_view()?;
        Ok(this)
    }

    /// The same, with when the camera says it was taken.
    pub(super) fn reported(self, reported: Option<Timestamp>) -> Self {
        Self { reported, ..self }
    }

    fn checked_view(&self) -> Result<FrameView<'_>, FrameError> {
        let mut planes = [Plane { data: &[], stride: 0 }; 3];
        let count = if self.format == PixelFormat::I420 { 3 } else { 2 };
        for (i, plane) in planes.iter_mut().take(count).enumerate() {
            // A picture stored bottom-up has a negative stride: refused as an empty plane.
            let stride = usize::try_from(self.frame.plane_stride()[i]).unwrap_or(0);
            if stride > 0 {
                let data = self.frame.plane_data(i as u32).unwrap_or(&[]);
                *plane = Plane { data, stride };
            }
        }
        let (width, height) = (self.frame.width() as usize, self.frame.height() as usize);
        FrameView::new(width, height, self.format, self.matrix, self.range, &planes[..count])
    }

    /// Width and height in px.
    pub fn size_px(&self) -> [u32; 2] {
        [self.frame.width(), self.frame.height()]
    }
}

impl Frame for GstFrame {
    fn stamp(&self) -> FrameStamp {
        self.stamp
    }

    fn reported(&self) -> Option<Timestamp> {
        self.reported
    }

    fn view(&self) -> FrameView<'_> {
        // `new` built this very view from the same mapping, which does not change.
        #[allow(clippy::expect_used)]
        self.checked_view().expect("the view was checked when the frame was made")
    }
}

impl std::fmt::Debug for GstFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GstFrame")
            .field("stamp", &self.stamp)
            .field("size_px", &self.size_px())
            .finish_non_exhaustive()
    }
}

/// Matrix and range of a picture. A stream that does not say follows the custom of its size:
/// BT.601 below 720 lines, BT.709 from there, limited range. BT.2020 is nearest to BT.709.
fn colour(info: &gst_video::VideoInfo) -> (ColorMatrix, ColorRange) {
    use gst_video::{VideoColorMatrix as M, VideoColorRange as R};
    let colorimetry = info.colorimetry();
    let matrix = match colorimetry.matrix() {
        M::Bt601 | M::Fcc => ColorMatrix::Bt601,
        M::Bt709 | M::Bt2020 | M::Smpte240m => ColorMatrix::Bt709,
        _ if info.height() < 720 => ColorMatrix::Bt601,
        _ => ColorMatrix::Bt709,
    };
    let range = match colorimetry.range() {
        R::Range0_255 => ColorRange::Full,
        _ => ColorRange::Limited,
    };
    (matrix, range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ColorMatrix::{Bt601, Bt709};
    use ColorRange::{Full, Limited};
    use gst_video::{VideoColorMatrix as M, VideoColorRange as R};

    #[test]
    fn colours_that_are_said_and_colours_that_are_not() {
        crate::ingest::init().unwrap();
        let of = |matrix, range, height| {
            let colorimetry = gst_video::VideoColorimetry::new(
                range,
                matrix,
                gst_video::VideoTransferFunction::Unknown,
                gst_video::VideoColorPrimaries::Unknown,
            );
            let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 640, height)
                .colorimetry(&colorimetry);
            colour(&info.build().unwrap())
        };
        assert_eq!(of(M::Bt601, R::Range0_255, 1080), (Bt601, Full));
        assert_eq!(of(M::Bt709, R::Range16_235, 480), (Bt709, Limited));
        assert_eq!(of(M::Bt2020, R::Unknown, 480), (Bt709, Limited));
        assert_eq!(of(M::Unknown, R::Unknown, 719), (Bt601, Limited));
        assert_eq!(of(M::Unknown, R::Unknown, 720), (Bt709, Limited));
    }
}
