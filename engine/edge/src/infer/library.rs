//! Is this file an ONNX Runtime that can be used? Answered before `ort` sees it, because `ort`
//! asserts some of it (a panic) and the system's loader dies by SIGBUS on a library that is cut
//! off or full of zeros, as an interrupted download or a power cut leaves it.

use super::error::LibraryError;
use ort::sys::{ORT_API_VERSION, OrtApiBase};
use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Program headers of any real library are far fewer.
const PROGRAM_HEADERS_MAX: usize = 128;
const PROGRAM_HEADER_BYTES: usize = 56;
const ELF_HEADER_BYTES: usize = 64;
/// Largest table that is read.
const TABLE_BYTES_MAX: usize = 16 << 20;
const ET_DYN: u64 = 3;
const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_STRSZ: u64 = 10;
/// As it stands among the names: between zeros.
const ENTRY_POINT: &[u8] = b"\0OrtGetApiBase\0";
const CUT: &str = "it is cut off; copy or download it again";
const DAMAGED: &str = "it is damaged; copy or download it again";

/// Version of a usable library, such as `1.31.1`.
pub(super) fn check(path: &Path) -> Result<String, LibraryError> {
    check_file(path)?;
    check_api(path)
}

/// Reads headers and tables, nothing else.
fn check_file(path: &Path) -> Result<(), LibraryError> {
    let open = |source| LibraryError::Open { source };
    // Before opening: opening a pipe would wait for a writer.
    let meta = std::fs::metadata(path).map_err(open)?;
    if !meta.is_file() {
        return Err(LibraryError::NotAFile);
    }
    let file = File::open(path).map_err(open)?;
    let mut head = Vec::new();
    let head_len = ELF_HEADER_BYTES + PROGRAM_HEADERS_MAX * PROGRAM_HEADER_BYTES;
    (&file).take(head_len as u64).read_to_end(&mut head).map_err(open)?;
    let wrong = |why: &str| LibraryError::NotALibrary { why: why.into() };
    let segments = read_segments(&head, meta.len()).map_err(wrong)?;
    let read = |offset: u64, len: u64| -> Option<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(len).ok().filter(|&l| l <= TABLE_BYTES_MAX)?];
        file.read_exact_at(&mut bytes, offset).ok().map(|()| bytes)
    };
    let names = symbol_names(&segments, read).ok_or_else(|| wrong(DAMAGED))?;
    if names.windows(ENTRY_POINT.len()).any(|w| w == ENTRY_POINT) {
        Ok(())
    } else {
        Err(LibraryError::NotOnnxRuntime)
    }
}

/// A part of the file and where it goes in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    len: u64,
}

/// A little-endian number of `len` bytes.
fn number(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(len)?)?;
    Some(bytes.iter().rev().fold(0, |n, &b| (n << 8) | u64::from(b)))
}

/// `head`: the start of the file; `file_len`: bytes of the whole file. Field offsets: System V
/// ABI, ELF-64 object file format: file header and program header.
fn read_segments(head: &[u8], file_len: u64) -> Result<Vec<Segment>, &'static str> {
    if !head.starts_with(b"\x7fELF") {
        return Err("it does not begin like one (no ELF header)");
    }
    if head.get(4..6) != Some(&[2, 1]) {
        return Err("it is for another kind of machine (not 64 bit, little endian)");
    }
    let field = |at, len| number(head, at, len).ok_or(CUT);
    if field(16, 2)? != ET_DYN {
        return Err("it is a program or an object file, not a shared library");
    }
    let machine = if cfg!(target_arch = "x86_64") {
        Some(62)
    } else if cfg!(target_arch = "aarch64") {
        Some(183)
    } else {
        None
    };
    if machine.is_some_and(|m| field(18, 2) != Ok(m)) {
        return Err("it is for another processor; install the one for this machine");
    }
    let (start, count) = (field(32, 8)? as usize, field(56, 2)? as usize);
    if start != ELF_HEADER_BYTES || count > PROGRAM_HEADERS_MAX {
        return Err(DAMAGED);
    }
    let mut segments = Vec::with_capacity(count);
    for at in (0..count).map(|i| start + i * PROGRAM_HEADER_BYTES) {
        let (kind, offset) = (field(at, 4)?, field(at + 8, 8)?);
        let (address, len) = (field(at + 16, 8)?, field(at + 32, 8)?);
        let inside = offset.checked_add(len).is_some_and(|end| end <= file_len);
        if kind == PT_LOAD && !inside {
            return Err(CUT);
        }
        segments.push(Segment { kind, offset, address, len });
    }
    Ok(segments)
}

/// The names of the library's symbols, one text; `None` when its tables lead nowhere. The
/// loader trusts these tables and dies on wrong ones, such as the zeros that a power cut leaves
/// of a file that was being written.
fn symbol_names(
    segments: &[Segment],
    read: impl Fn(u64, u64) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let dynamic = segments.iter().find(|s| s.kind == PT_DYNAMIC)?;
    let table = read(dynamic.offset, dynamic.len)?;
    let entry = |tag| {
        let at = (0..table.len()).step_by(16).find(|&at| number(&table, at, 8) == Some(tag))?;
        number(&table, at + 8, 8)
    };
    let (names, names_len) = (entry(DT_STRTAB)?, entry(DT_STRSZ)?);
    let in_file = |address: u64| {
        let load = |s: &&Segment| s.kind == PT_LOAD && (s.address..).contains(&address);
        let segment = segments.iter().filter(load).find(|s| address - s.address < s.len)?;
        segment.offset.checked_add(address - segment.address)
    };
    in_file(entry(DT_SYMTAB)?)?;
    read(in_file(names)?, names_len)
}

/// Type of `OrtGetApiBase`.
type GetBase = unsafe extern "C" fn() -> *const OrtApiBase;

/// Loads the library and asks it for its version and for the functions of the version that this
/// program was built for.
#[allow(unsafe_code)] // Calls into a C library; each says why it is sound.
fn check_api(path: &Path) -> Result<String, LibraryError> {
    let loader = |e: libloading::Error| LibraryError::Loader { why: e.to_string() };
    // SAFETY: loading runs the library's initialisers. That they are sound is the installation's
    // promise: the path is one that the operator set or that lies in the installation's folders.
    let library = unsafe { libloading::Library::new(path) }.map_err(loader)?;
    // SAFETY: ONNX Runtime's C API declares `OrtGetApiBase` with this type since version 1.0.
    let get_base: libloading::Symbol<'_, GetBase> =
        unsafe { library.get(b"OrtGetApiBase\0") }.map_err(|_| LibraryError::NotOnnxRuntime)?;
    // SAFETY: as above; the function takes nothing and returns a pointer to static data, or null.
    let base = unsafe { get_base().as_ref() }.ok_or(LibraryError::NotOnnxRuntime)?;
    // SAFETY: returns a static NUL-terminated text.
    let version = unsafe { (base.GetVersionString)() };
    if version.is_null() {
        return Err(LibraryError::NotOnnxRuntime);
    }
    // SAFETY: not null, see above; the library stays loaded until the end of this function.
    let version = unsafe { CStr::from_ptr(version) }.to_string_lossy().into_owned();
    let wrong =
        |found: &str| LibraryError::Version { found: found.into(), minor_min: ORT_API_VERSION };
    if !new_enough(&version) {
        return Err(wrong(&version));
    }
    // SAFETY: takes any number; null when the library does not have that version's functions.
    if unsafe { (base.GetApi)(ORT_API_VERSION) }.is_null() {
        return Err(wrong(&version));
    }
    Ok(version)
}

/// `1.N.P` with `N` at least the version of the functions that are called.
fn new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|p| p.parse::<u32>().ok());
    let (major, minor) = (parts.next().flatten(), parts.next().flatten());
    major == Some(1) && minor.is_some_and(|m| m >= ORT_API_VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with one segment of `bytes` bytes at offset 0.
    fn elf(bytes: u64) -> Vec<u8> {
        let mut head = vec![0u8; ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES];
        head[..6].copy_from_slice(b"\x7fELF\x02\x01");
        head[16] = 3;
        head[18] = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
        head[32] = 64;
        head[56] = 1;
        head[64] = 1;
        head[64 + 32..64 + 40].copy_from_slice(&bytes.to_le_bytes());
        head
    }

    #[test]
    fn headers() {
        let good = elf(1000);
        let with = |at: usize, value: u8| {
            let mut head = good.clone();
            head[at] = value;
            head
        };
        #[rustfmt::skip]
        let cases: [(&str, Vec<u8>, u64, &str); 9] = [
            ("good",          good.clone(),         1000, ""),
            ("empty",         vec![],               0,    "no ELF header"),
            ("text",          b"#!/bin/sh".to_vec(), 9,   "no ELF header"),
            ("32 bit",        with(4, 1),           1000, "64 bit"),
            ("program",       with(16, 2),          1000, "not a shared library"),
            ("other machine", with(18, 8),          1000, "another processor"),
            ("cut segment",   good.clone(),         999,  "cut off"),
            ("cut header",    good[..100].to_vec(), 1000, "cut off"),
            ("overflow",      elf(u64::MAX),        1000, "cut off"),
        ];
        for (name, head, len, want) in cases {
            let got = read_segments(&head, len).err().unwrap_or_default();
            assert!(got.contains(want) && got.is_empty() == want.is_empty(), "{name}: {got:?}");
        }
    }

    #[test]
    fn tables_that_lead_nowhere() {
        let file: Vec<u8> = (0..64).collect();
        let segment = |kind, offset, address, len| Segment { kind, offset, address, len };
        let table = |entries: &[(u64, u64)]| -> Vec<u8> {
            entries.iter().flat_map(|(t, v)| [t.to_le_bytes(), v.to_le_bytes()].concat()).collect()
        };
        let names = |entries: &[(u64, u64)], load: Segment| {
            let table = table(entries);
            let dynamic = segment(PT_DYNAMIC, 1000, 0, table.len() as u64);
            symbol_names(&[load, dynamic], |offset, len| {
                let bytes = if offset == 1000 { &table } else { &file };
                let at = if offset == 1000 { 0 } else { offset as usize };
                bytes.get(at..at + len as usize).map(<[u8]>::to_vec)
            })
        };
        let load = segment(PT_LOAD, 8, 0x1000, 32);
        let good = [(DT_STRTAB, 0x1004), (DT_STRSZ, 3), (DT_SYMTAB, 0x1000)];
        assert_eq!(names(&good, load), Some(vec![12, 13, 14]));
        assert_eq!(names(&good[..2], load), None, "no symbols");
        assert_eq!(names(&[(0, 0); 4], load), None, "zeros");
        assert_eq!(names(&good, segment(PT_LOAD, 8, 0x1005, 32)), None, "before the segment");
        assert_eq!(names(&good, segment(PT_LOAD, 8, 0x1000, 4)), None, "behind the segment");
        assert_eq!(names(&good, segment(PT_LOAD, u64::MAX, 0x1000, 32)), None, "overflow");
        assert_eq!(symbol_names(&[load], |_, _| None), None, "no tables");
    }

    #[test]
    fn versions() {
        for (version, want) in [
            ("1.31.1", true),
            ("1.24.0", true),
            ("1.23.9", false),
            ("2.0.0", false),
            ("1", false),
            ("", false),
            ("1.x.0", false),
        ] {
            assert_eq!(new_enough(version), want, "{version}");
        }
    }
}
