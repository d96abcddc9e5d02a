//! How the files of the evidence folder are called: the one place that knows their endings.
//!
//! `pending/<capture>.<ending>` until it is known whether a file is wanted, then
//! `<ab>/<sha256>.<ending>`, named by its content, with drawings `<ab>/<sha256>.<hash>.svg` beside it.

use std::path::{Path, PathBuf};
use viahe_contract::id::CaptureId;
use viahe_contract::message::Medium;
use viahe_contract::sha256::Sha256;

/// Where files wait for a decision.
pub(crate) const PENDING: &str = "pending";
/// Ending of a drawing.
const DRAWING: &str = "svg";
/// So much of a drawing's hash is in its name.
const DRAWING_DIGITS: usize = 16;

/// Ending of a file.
fn ending(medium: Medium) -> &'static str {
    match medium {
        Medium::Jpeg => "jpg",
    }
}

fn medium(of: &str) -> Option<Medium> {
    Medium::ALL.into_iter().find(|medium| ending(*medium) == of)
}

/// Where the file with this hash lies below the evidence folder `root`, once it is kept.
pub fn path_of(root: &Path, sha256: Sha256, medium: Medium) -> PathBuf {
    shard(root, sha256).join(name_of(sha256, medium))
}

/// Name of a kept file.
pub(super) fn name_of(sha256: Sha256, medium: Medium) -> String {
    format!("{sha256}.{}", ending(medium))
}

/// The folder of a kept file.
pub(super) fn shard(root: &Path, sha256: Sha256) -> PathBuf {
    root.join(sha256.shard())
}

/// Where a capture's file waits.
pub(super) fn pending(root: &Path, capture: CaptureId, medium: Medium) -> PathBuf {
    root.join(PENDING).join(format!("{capture}.{}", ending(medium)))
}

/// The capture whose file has this name; none when it is no such name.
pub(super) fn capture_of(name: &str) -> Option<(CaptureId, Medium)> {
    let (capture, of) = name.split_once('.')?;
    Some((CaptureId(capture.parse().ok()?), medium(of)?))
}

/// Where the drawing with hash `svg` lies, of the picture with this hash.
pub(super) fn drawing(root: &Path, picture: Sha256, svg: Sha256) -> PathBuf {
    let short: String = svg.to_string().chars().take(DRAWING_DIGITS).collect();
    shard(root, picture).join(format!("{picture}.{short}.{DRAWING}"))
}

/// What a kept file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Evidence.
    Evidence(Sha256),
    /// A drawing of the picture with this hash.
    Drawing(Sha256),
}

/// What the file of this name is; none when it is not ours.
pub(super) fn kept(name: &str) -> Option<Kept> {
    let (sha256, rest) = name.split_once('.')?;
    let sha256 = Sha256::try_from(sha256).ok()?;
    if medium(rest).is_some() {
        return Some(Kept::Evidence(sha256));
    }
    rest.ends_with(DRAWING).then_some(Kept::Drawing(sha256))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_as_it_was_written() {
        let (root, hash, svg) = (Path::new("e"), [0xab; 32], Sha256::from_bytes([0x12; 32]));
        let sha256 = Sha256::from_bytes(hash);
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        for medium in Medium::ALL {
            let waits = pending(root, CaptureId(7), medium);
            assert_eq!(capture_of(&name(&waits)), Some((CaptureId(7), medium)));
            let path = path_of(root, sha256, medium);
            assert_eq!(path.parent(), Some(Path::new("e/ab")));
            assert_eq!(kept(&name(&path)), Some(Kept::Evidence(sha256)));
        }
        let drawn = drawing(root, sha256, svg);
        assert!(drawn.ends_with(format!("ab/{sha256}.1212121212121212.svg")), "{drawn:?}");
        assert_eq!(kept(&name(&drawn)), Some(Kept::Drawing(sha256)));
        for foreign in
            ["", "README", "x.jpg", "7.jpg", &format!("{sha256}.txt"), &sha256.to_string()]
        {
            assert_eq!(kept(foreign), None, "{foreign}");
        }
        for foreign in ["", "7", "7.jpg.tmp", "7.txt", "-7.jpg", "seven.jpg", ".jpg"] {
            assert_eq!(capture_of(foreign), None, "{foreign}");
        }
    }
}
