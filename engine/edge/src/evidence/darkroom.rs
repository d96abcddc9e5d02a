//! Frames of cameras as JPEG, each encoded once: two cars that have stood long enough in the same frame,
//! and the first and the later picture of what is told at its first sight, are one picture.

use super::jpeg::{JpegEncoder, JpegError};
use crate::ledger::Ledger;
use viahe_core::frame::{Frame, FrameStamp};
use viahe_core::id::Name;

/// JPEG quality of evidence, 1 to 100: number plates stay as legible as the camera gave them.
pub const QUALITY: u8 = 90;

/// Encodes frames at [`QUALITY`], and has the last one at hand.
#[derive(Default)]
pub struct Darkroom {
    encoder: JpegEncoder,
    latest: Option<Which>,
}

/// A camera's frame. Its size tells one stream of the camera from the other.
#[derive(PartialEq, Eq)]
struct Which {
    camera: Name,
    stamp: FrameStamp,
    size_px: [usize; 2],
}

impl Darkroom {
    /// The frame as a JPEG.
    ///
    /// # Errors
    /// [`JpegError`] when the encoder fails.
    pub fn develop(
        &mut self,
        camera: &Name,
        frame: &dyn Frame,
        ledger: &Ledger,
    ) -> Result<&[u8], JpegError> {
        let view = frame.view();
        let size_px = [view.width(), view.height()];
        let which = Which { camera: camera.clone(), stamp: frame.stamp(), size_px };
        if self.latest.as_ref() != Some(&which) {
            self.latest = None;
            self.encoder.encode(&view, QUALITY, ledger)?;
            self.latest = Some(which);
        }
        Ok(self.encoder.latest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Stage;
    use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat, Plane};
    use viahe_core::time::{ClockSource, Timestamp};

    /// Grey, of one brightness; of a range that has to be converted, so that the ledger tells each encoding.
    #[derive(Clone, Copy)]
    struct Grey {
        luma: u8,
        stamp: FrameStamp,
        side: usize,
    }

    impl Frame for Grey {
        fn stamp(&self) -> FrameStamp {
            self.stamp
        }

        fn view(&self) -> FrameView<'_> {
            let of = |level: u8| -> &'static [u8] {
                match level {
                    50 => &[50; 64],
                    200 => &[200; 64],
                    _ => &[128; 64],
                }
            };
            let plane = |data| Plane { data, stride: 8 };
            let planes = [plane(of(self.luma)), plane(of(128)), plane(of(128))];
            let (matrix, range) = (ColorMatrix::Bt601, ColorRange::Limited);
            FrameView::new(self.side, self.side, PixelFormat::I420, matrix, range, &planes).unwrap()
        }
    }

    #[test]
    fn a_frame_is_encoded_once_and_never_taken_for_another() {
        let at = |seq, secs| {
            let (captured, arrived) = (Timestamp::from_secs(secs), Timestamp::from_secs(secs));
            FrameStamp { seq, captured, arrived, offset_ms: 0, clock: ClockSource::Arrival }
        };
        let [gate, yard] = ["gate", "yard"].map(|name| Name::try_from(name).unwrap());
        let (mut room, ledger) = (Darkroom::default(), Ledger::default());
        let mut develop = |camera: &Name, frame: Grey| {
            let before = ledger.bytes(Stage::Evidence);
            let jpeg = room.develop(camera, &frame, &ledger).unwrap().to_vec();
            (jpeg, ledger.bytes(Stage::Evidence) > before)
        };
        let dark = Grey { luma: 50, stamp: at(1, 10), side: 8 };
        let (first, encoded) = develop(&gate, dark);
        assert!(encoded && first.starts_with(&[0xff, 0xd8]));
        assert_eq!(develop(&gate, dark), (first.clone(), false), "once");
        let bright = Grey { luma: 200, ..dark };
        let others = [
            (&yard, bright),
            (&gate, Grey { stamp: at(2, 10), ..bright }),
            // A worker that was started again counts anew.
            (&gate, Grey { stamp: at(1, 11), ..bright }),
            (&gate, Grey { side: 4, ..bright }),
        ];
        for (camera, frame) in others {
            assert!(!develop(&gate, dark).0.is_empty());
            let (jpeg, encoded) = develop(camera, frame);
            assert!(encoded && jpeg != first);
        }
    }
}
