//! Text files of people, read within a bound: a wrong path must neither hang nor fill the memory.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Reads a text file of at most `bytes_max` bytes.
///
/// # Errors
/// What the system says; also for a device, a pipe or a folder, and for a larger file.
pub fn read_text(path: &Path, bytes_max: u64) -> io::Result<String> {
    let bytes = read(path, bytes_max)?;
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Reads a file of at most `bytes_max` bytes.
///
/// # Errors
/// As [`read_text`].
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let refused = |what: String| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    // Looked at before it is opened: opening a pipe waits for its other end.
    let kind = fs::metadata(path)?;
    if !kind.is_file() {
        let what = if kind.is_dir() { "it is a folder" } else { "it is a device or a pipe" };
        return refused(format!("{what}, not a regular file"));
    }
    let mut bytes = Vec::new();
    // Some files (below /proc) have no size, others grow.
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return refused(format!("it is larger than {bytes_max} bytes"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_a_bounded_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read_text(&file, 5).unwrap(), "12345");
        fs::write(dir.path().join("binary"), [0xff, 0xfe]).unwrap();
        let pipe = dir.path().join("pipe");
        let (type_, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, type_, mode, 0).unwrap();
        // A sparse file: large, and nowhere on the disk.
        let large = dir.path().join("large");
        File::create(&large).unwrap().set_len(10 << 30).unwrap();
        for (path, why) in [
            (file.as_path(), "larger than 4 bytes"),
            (Path::new("/dev/zero"), "a device or a pipe"),
            (&pipe, "a device or a pipe"),
            (dir.path(), "a folder"),
            (&large, "larger than 4 bytes"),
            (&dir.path().join("missing"), "No such file"),
        ] {
            let told = read_text(path, 4).unwrap_err().to_string();
            assert!(told.contains(why), "{}: {told}", path.display());
        }
        let told = read_text(&dir.path().join("binary"), 5).unwrap_err().to_string();
        assert!(told.contains("not UTF-8"), "{told}");
    }
}
