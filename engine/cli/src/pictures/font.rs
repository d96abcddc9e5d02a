//! Letters, of a font that the machine has: Vietnamese needs more of them than ASCII.

use ab_glyph::{Font as _, FontVec, PxScale, ScaleFont as _, point};
use std::path::Path;
use viahe_edge::bounded;

/// Fonts with all letters of Vietnamese; the first is what the set-up installs.
const FILES: [&str; 4] = [
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/usr/share/fonts/truetype/freefont/FreeSans.ttf",
];
const FILE_BYTES_MAX: u64 = 32 << 20;
/// Letters of a picture are a fortieth of its height, within these.
const SIZE_PX: [f32; 2] = [13.0, 40.0];
const HEIGHTS: f32 = 40.0;
/// Room around letters, in px.
const MARGIN: f32 = 3.0;

/// A font to draw with.
pub(crate) struct Font(FontVec);

impl Font {
    /// The first of the known fonts that is installed.
    pub(crate) fn find() -> Result<Self, String> {
        let found = FILES.iter().find(|file| Path::new(file).is_file());
        let found = found.ok_or_else(|| {
            format!(
                "no font was found; run: apt-get install fonts-dejavu-core; looked at {}",
                FILES.join(", ")
            )
        })?;
        Self::read(Path::new(found))
    }

    fn read(path: &Path) -> Result<Self, String> {
        let bytes = bounded::read(path, FILE_BYTES_MAX);
        let bytes = bytes.map_err(|e| format!("{}: {e}", path.display()))?;
        let remedy = "install the package fonts-dejavu-core again";
        let font = FontVec::try_from_vec(bytes);
        font.map(Self).map_err(|e| format!("{}: {e}; {remedy}", path.display()))
    }

    /// Size of letters on a picture so high.
    pub(super) fn size_for(height: usize) -> f32 {
        (height as f32 / HEIGHTS).clamp(SIZE_PX[0], SIZE_PX[1])
    }

    /// Width and height that a text takes, with its margin.
    pub(super) fn extent(&self, text: &str, px: f32) -> [f32; 2] {
        let font = self.0.as_scaled(PxScale::from(px));
        let width: f32 = text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum();
        [width + 2.0 * MARGIN, font.height() + 2.0 * MARGIN]
    }

    /// Tells each pixel that a letter covers, and how much of it; `at` is the upper left corner of
    /// the text's extent.
    pub(super) fn draw(
        &self,
        text: &str,
        px: f32,
        at: [f32; 2],
        dot: &mut dyn FnMut(i64, i64, f32),
    ) {
        let scale = PxScale::from(px);
        let font = self.0.as_scaled(scale);
        let (mut x, y) = (at[0] + MARGIN, at[1] + MARGIN + font.ascent());
        for c in text.chars() {
            let id = font.glyph_id(c);
            let glyph = id.with_scale_and_position(scale, point(x, y));
            x += font.h_advance(id);
            let Some(outline) = self.0.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            outline.draw(|dx, dy, share| {
                let x = bounds.min.x as i64 + i64::from(dx);
                dot(x, bounds.min.y as i64 + i64::from(dy), share.min(1.0));
            });
        }
    }

    /// Has it a shape for each letter?
    #[cfg(test)]
    pub(super) fn has(&self, text: &str) -> bool {
        text.chars().all(|c| c == ' ' || self.0.glyph_id(c).0 != 0)
    }
}
