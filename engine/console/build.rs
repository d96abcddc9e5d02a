//! Takes what the set-up built of the page (`web/dist`) into the crate: each file as it is, compressed, and with its
//! tag. Without it the table is empty.

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// While it is not there cargo asks each time, and so sees when it is.
const DIST: &str = "web/dist";
/// As many bytes of its hash as tell one version of a file from another.
const TAG_BYTES: usize = 12;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={DIST}");
    println!("cargo::rerun-if-changed=build.rs");
    let folder =
        PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join(DIST);
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    let mut files = Vec::new();
    if folder.is_dir() {
        find(&folder, &mut files)?;
    }
    files.sort();
    let mut table = String::from("&[\n");
    for (number, file) in files.iter().enumerate() {
        let plain = fs::read(file)?;
        let packed = out.join(format!("{number}.gz"));
        fs::write(&packed, pack(&plain)?)?;
        let path = format!("/{}", file.strip_prefix(&folder).map_err(io::Error::other)?.display());
        let hash = Sha256::digest(&plain);
        let tag =
            hash.iter().take(TAG_BYTES).fold(0_u128, |tag, byte| tag << 8 | u128::from(*byte));
        let (file, packed) = (file.display(), packed.display());
        let line = format!(
            "    File {{ path: {path:?}, tag: \"\\\"{tag:x}\\\"\", plain: include_bytes!(r#\"{file}\"#), \
             packed: include_bytes!(r#\"{packed}\"#) }},"
        );
        writeln!(table, "{line}").map_err(io::Error::other)?;
    }
    table.push(']');
    fs::write(out.join("files.rs"), table)
}

/// All files but those of the set-up itself, whose names begin with a dot.
fn find(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() {
            find(&path, found)?;
        } else if !hidden {
            found.push(path);
        }
    }
    Ok(())
}

fn pack(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}
