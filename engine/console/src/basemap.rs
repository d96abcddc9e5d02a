//! The city's map behind what is known of its streets: one `PMTiles` file, looked at when the console starts and read in
//! parts. It stays open, so whatever becomes of its name, one start of the console serves one map.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a `PMTiles` file of version 3 begins with: <https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md>.
const HEADER_BYTES: usize = 127;
const MAGIC: &[u8] = b"PMTiles";
const VERSION: u8 = 3;
/// Where the header says of four parts where they begin and how long they are: the root directory, the metadata, the
/// other directories, the tiles.
const SPANS: [usize; 4] = [8, 24, 40, 56];
/// Where it says how directories and tiles are compressed, and what a tile is.
const PACKED: [usize; 2] = [97, 98];
const KIND: usize = 99;
/// As many digits of its hash as tell one map from another.
const TAG_DIGITS: usize = 24;
const NO_MAP: &str =
    "is no PMTiles file; name one, or take the line away: pages then draw a plain map of their own";

/// What its tiles are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tiles {
    /// Lines and areas, drawn by the page in its own colours.
    Vector,
    /// Pictures.
    Raster,
}

/// A map; clones are the same file.
#[derive(Clone, Debug)]
pub struct BaseMap(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: File,
    bytes: u64,
    tag: String,
    tiles: Tiles,
}

/// Why there is no map.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The file is not to be had.
    #[error("[console] map: {path}: {source}; name a file that this user may read")]
    Unreadable {
        /// As it was named.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no file that browsers can show.
    #[error("[console] map: {path} {why}")]
    Unfit {
        /// As it was named.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
}

impl BaseMap {
    /// Opens a file and looks whether pages can show it.
    ///
    /// # Errors
    /// When they cannot.
    pub fn open(path: &Path) -> Result<Self, MapError> {
        let unreadable = |source| MapError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let about = file.metadata().map_err(unreadable)?;
        let unfit = |why: String| MapError::Unfit { path: path.to_owned(), why };
        if !about.is_file() {
            return Err(unfit("is no file; name a .pmtiles file".into()));
        }
        let mut header = [0; HEADER_BYTES];
        match file.read_exact_at(&mut header, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(unfit(NO_MAP.into()));
            }
            other => other.map_err(unreadable)?,
        }
        let tiles = look(&header, about.len()).map_err(unfit)?;
        let mut hash = Sha256::new();
        hash.update(header);
        hash.update(about.len().to_le_bytes());
        // A file that cannot tell when it was written is known by the rest.
        let written =
            about.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        hash.update(written.unwrap_or_default().as_nanos().to_le_bytes());
        let hash = viahe_contract::sha256::Sha256::from_bytes(hash.finalize().into());
        let tag = format!("\"{}\"", &hash.to_string()[..TAG_DIGITS]);
        Ok(Self(Arc::new(Inner { file, bytes: about.len(), tag, tiles })))
    }

    /// How large it is.
    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// As HTTP wants it, in quotes: another one for another file.
    pub fn tag(&self) -> &str {
        &self.0.tag
    }

    /// What its tiles are.
    pub fn tiles(&self) -> Tiles {
        self.0.tiles
    }

    /// So many bytes from `at` on, which are there.
    ///
    /// # Errors
    /// When the disk does not give them.
    pub fn read(&self, at: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let mut part = vec![0; bytes];
        self.0.file.read_exact_at(&mut part, at)?;
        Ok(part)
    }
}

/// Whether pages can show a file of `bytes` that begins so, and what they show then.
fn look(header: &[u8; HEADER_BYTES], bytes: u64) -> Result<Tiles, String> {
    if !header.starts_with(MAGIC) {
        return Err(NO_MAP.into());
    }
    let version = header[MAGIC.len()];
    if version != VERSION {
        return Err(format!(
            "is PMTiles of version {version}, not {VERSION}; convert it: pmtiles convert OLD NEW"
        ));
    }
    let number = |at: usize| {
        let eight = header[at..].iter().take(8);
        eight.rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    let ends = SPANS.map(|at| number(at).checked_add(number(at + 8)));
    let end = ends.into_iter().try_fold(0, |most, end| end.map(|end| most.max(end)));
    match end {
        Some(end) if end <= bytes => {}
        Some(end) => {
            return Err(format!("is cut short: {bytes} of {end} bytes are there; copy it again"));
        }
        None => return Err("is damaged: its parts have no end; copy it again".into()),
    }
    // 0 is unknown, 1 none, 2 gzip: what browsers unpack.
    if PACKED.iter().any(|at| header[*at] > 2) {
        return Err(
            "is compressed by brotli or zstd, which browsers do not unpack; write it with gzip"
                .into(),
        );
    }
    match header[KIND] {
        1 => Ok(Tiles::Vector),
        2..=5 => Ok(Tiles::Raster),
        _ => Err(
            "has tiles of a kind that pages do not draw; write it as mvt, png, jpeg, webp or avif"
                .into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A header whose parts end at 127, with this at these places.
    fn file(changes: &[(usize, u8)]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES + 3];
        bytes[..MAGIC.len()].copy_from_slice(MAGIC);
        bytes[MAGIC.len()] = VERSION;
        for at in SPANS {
            bytes[at] = 127;
        }
        bytes[PACKED[0]] = 2;
        bytes[KIND] = 1;
        for (at, byte) in changes {
            bytes[*at] = *byte;
        }
        bytes
    }

    fn opened(bytes: &[u8]) -> Result<BaseMap, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("city.pmtiles");
        fs::write(&path, bytes).unwrap();
        BaseMap::open(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_map_is_read_in_parts_also_when_its_name_is_gone() {
        let map = opened(&file(&[(HEADER_BYTES, 7), (SPANS[3] + 8, 3)])).unwrap();
        assert_eq!((map.tiles(), map.bytes()), (Tiles::Vector, 130));
        assert_eq!(map.read(126, 3).unwrap(), [0, 7, 0]);
        assert!(map.read(129, 2).is_err());
        assert_eq!(opened(&file(&[(KIND, 4)])).unwrap().tiles(), Tiles::Raster);
        assert!(map.tag().starts_with('"') && map.tag().ends_with('"'));
        assert_ne!(map.tag(), opened(&file(&[(100, 1)])).unwrap().tag());
    }

    #[test]
    fn what_pages_cannot_show_is_refused_with_the_reason() {
        let long = SPANS[0] + 8;
        for (bytes, why) in [
            (Vec::new(), "is no PMTiles file"),
            (b"PMTiles\x03 and not much more".to_vec(), "is no PMTiles file"),
            (vec![b'P'; 4_000], "is no PMTiles file"),
            (file(&[(MAGIC.len(), 2)]), "is PMTiles of version 2"),
            (file(&[(long, 4)]), "is cut short: 130 of 131 bytes"),
            (file(&[(SPANS[0] + 7, 255), (long + 7, 255)]), "is damaged"),
            (file(&[(PACKED[0], 3)]), "is compressed by brotli"),
            (file(&[(PACKED[1], 4)]), "is compressed by brotli"),
            (file(&[(KIND, 6)]), "has tiles of a kind"),
            (file(&[(KIND, 0)]), "has tiles of a kind"),
        ] {
            let refused = opened(&bytes).unwrap_err();
            assert!(refused.starts_with("[console] map: ") && refused.contains(why), "{refused}");
        }
        let folder = tempfile::tempdir().unwrap();
        let absent = BaseMap::open(&folder.path().join("none.pmtiles")).unwrap_err().to_string();
        assert!(absent.contains("name a file that this user may read"), "{absent}");
        assert!(BaseMap::open(folder.path()).unwrap_err().to_string().contains("is no file"));
    }
}
