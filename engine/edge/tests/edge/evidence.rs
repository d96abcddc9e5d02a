//! Evidence: pictures against a plain reference, and files against a disk that misbehaves.

use std::fs;
use std::path::Path;
use std::process::Command;
use viahe_contract::id::CaptureId;
use viahe_contract::message::{Medium, Moment};
use viahe_contract::sha256::Sha256;
use viahe_core::artefact::{Artefact, Span};
use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat, Plane};
use viahe_core::time::Timestamp;
use viahe_edge::evidence::{
    EvidenceError, EvidenceStore, JpegEncoder, Needed, PendingWriter, StoredFile,
};
use viahe_edge::ledger::{Ledger, Stage};
use viahe_testing::machine::skipped;

/// A frame with soft gradients and one coloured edge, at any size and stride.
struct Picture {
    width: usize,
    height: usize,
    stride: [usize; 3],
    planes: [Vec<u8>; 3],
}

impl Picture {
    fn new(width: usize, height: usize, padding: usize) -> Self {
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        let plane = |w: usize, h: usize, f: &dyn Fn(usize, usize) -> f64| {
            let stride = w + padding;
            let mut bytes = vec![0xEE; stride * h];
            for y in 0..h {
                for x in 0..w {
                    bytes[y * stride + x] = f(x, y) as u8;
                }
            }
            bytes
        };
        let luma = plane(width, height, &|x, y| {
            40.0 + 150.0 * (x as f64 / width as f64) + 30.0 * (y as f64 / height as f64)
        });
        // Slopes per pixel, not per frame: how a decoder smooths chroma is no matter of this test,
        // and in a tiny frame it would be all there is.
        let u = plane(cw, ch, &|x, _| 90.0 + 0.1 * x as f64);
        let v = plane(cw, ch, &|x, y| if x + y > 200 { 150.0 } else { 110.0 });
        let stride = [width + padding, cw + padding, cw + padding];
        Self { width, height, stride, planes: [luma, u, v] }
    }

    /// `Y'CbCr` of a pixel.
    fn at(&self, x: usize, y: usize) -> [f64; 3] {
        let get = |i: usize, x: usize, y: usize| f64::from(self.planes[i][y * self.stride[i] + x]);
        [get(0, x, y), get(1, x / 2, y / 2), get(2, x / 2, y / 2)]
    }

    fn interleaved(&self) -> (Vec<u8>, usize) {
        let (cw, ch) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let stride = cw * 2 + 6;
        let mut uv = vec![0xEE; stride * ch];
        for y in 0..ch {
            for x in 0..cw {
                uv[y * stride + 2 * x] = self.planes[1][y * self.stride[1] + x];
                uv[y * stride + 2 * x + 1] = self.planes[2][y * self.stride[2] + x];
            }
        }
        (uv, stride)
    }
}

/// The textbook way: each pixel by itself, in floating point, to R'G'B'.
fn reference_rgb(ycbcr: [f64; 3], matrix: ColorMatrix, range: ColorRange) -> [f64; 3] {
    let (kr, kb) = match matrix {
        ColorMatrix::Bt601 => (0.299, 0.114),
        ColorMatrix::Bt709 => (0.2126, 0.0722),
    };
    let (black, luma_span, chroma_span) = match range {
        ColorRange::Limited => (16.0, 219.0, 224.0),
        ColorRange::Full => (0.0, 255.0, 255.0),
    };
    let luma = (ycbcr[0] - black) / luma_span;
    let red = luma + 2.0 * (1.0 - kr) * (ycbcr[2] - 128.0) / chroma_span;
    let blue = luma + 2.0 * (1.0 - kb) * (ycbcr[1] - 128.0) / chroma_span;
    let green = (luma - kr * red - kb * blue) / (1.0 - kr - kb);
    [red, green, blue].map(|c| (c * 255.0).clamp(0.0, 255.0))
}

#[test]
fn a_jpeg_shows_what_the_frame_shows() {
    for (width, height) in [(640, 360), (642, 362), (645, 365), (17, 3), (2, 2), (1280, 720)] {
        let picture = Picture::new(width, height, 11);
        let (uv, uv_stride) = picture.interleaved();
        for matrix in [ColorMatrix::Bt601, ColorMatrix::Bt709] {
            for range in [ColorRange::Limited, ColorRange::Full] {
                for format in [PixelFormat::I420, PixelFormat::Nv12] {
                    let plane =
                        |i: usize| Plane { data: &picture.planes[i], stride: picture.stride[i] };
                    let planes = match format {
                        PixelFormat::I420 => vec![plane(0), plane(1), plane(2)],
                        PixelFormat::Nv12 => {
                            vec![plane(0), Plane { data: &uv, stride: uv_stride }]
                        }
                    };
                    let view =
                        FrameView::new(width, height, format, matrix, range, &planes).unwrap();
                    let psnr = psnr_of_jpeg(&picture, &view);
                    let name = format!("{width}x{height} {format:?} {matrix:?} {range:?}");
                    println!("{name}: {psnr:.1} dB");
                    assert!(psnr > 34.0, "{name}: {psnr:.1} dB");
                }
            }
        }
    }
}

fn psnr_of_jpeg(picture: &Picture, view: &FrameView<'_>) -> f64 {
    let ledger = Ledger::default();
    let mut encoder = JpegEncoder::default();
    let jpeg = encoder.encode(view, 92, &ledger).unwrap();
    // Only what a JPEG does not hold already is written anew.
    let (pairs, odd) = (
        view.width().div_ceil(2) * view.height().div_ceil(2),
        view.width() % 2 + view.height() % 2 > 0,
    );
    let moved = match (view.matrix(), view.range(), view.format()) {
        (ColorMatrix::Bt601, ColorRange::Full, format) => {
            let luma = if odd { 4 * pairs } else { 0 };
            luma + if format == PixelFormat::I420 { 0 } else { 2 * pairs }
        }
        _ => 6 * pairs,
    };
    assert_eq!(ledger.bytes(Stage::Evidence), moved as u64);
    let cursor = zune_jpeg::zune_core::bytestream::ZCursor::new(jpeg);
    let mut decoder = zune_jpeg::JpegDecoder::new(cursor);
    let rgb = decoder.decode().unwrap();
    assert_eq!(decoder.dimensions(), Some((view.width(), view.height())));
    let mut error = 0.0;
    for y in 0..picture.height {
        for x in 0..picture.width {
            let want = reference_rgb(picture.at(x, y), view.matrix(), view.range());
            let got = &rgb[(y * picture.width + x) * 3..][..3];
            error += want.iter().zip(got).map(|(w, g)| (w - f64::from(*g)).powi(2)).sum::<f64>();
        }
    }
    let mse = error / (picture.width * picture.height * 3) as f64;
    10.0 * (255.0 * 255.0 / mse.max(1e-9)).log10()
}

fn artefact(capture: u64, stored: &StoredFile, moment: Moment) -> Artefact {
    let StoredFile { sha256, bytes, medium } = *stored;
    let (span, capture) = (Span::at(Timestamp::from_secs(1)), CaptureId(capture));
    Artefact { sha256, bytes, medium, moment, span, capture }
}

fn opened(store: &EvidenceStore, capture: u64, stored: &StoredFile) -> Result<(), EvidenceError> {
    store.promote(&artefact(capture, stored, Moment::Opened))
}

fn commanded(
    store: &EvidenceStore,
    capture: u64,
    stored: &StoredFile,
) -> Result<(), EvidenceError> {
    store.promote(&artefact(capture, stored, Moment::Commanded))
}

fn pend(store: &EvidenceStore, capture: u64, bytes: &[u8]) -> StoredFile {
    store.put_pending(CaptureId(capture), Medium::Jpeg, bytes).unwrap()
}

/// Of an incident, in its place.
fn keep(store: &EvidenceStore, capture: u64, bytes: &[u8]) -> StoredFile {
    let stored = pend(store, capture, bytes);
    opened(store, capture, &stored).unwrap();
    stored
}

fn files(root: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                out.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    out.sort();
    out
}

#[test]
fn a_wanted_picture_is_kept_under_its_hash_and_an_unwanted_one_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let store = EvidenceStore::open(&dir.path().join("a/b"), 1 << 20).unwrap();
    let stored = pend(&store, 7, b"abc");
    let other = pend(&store, 8, b"other");
    assert_eq!(store.path_of(stored.sha256), None, "not promoted yet");

    opened(&store, 7, &stored).unwrap();
    opened(&store, 7, &stored).unwrap();
    keep(&store, 9, b"abc");
    assert_eq!(store.counters().pictures, 1, "the same picture again");
    let wrong =
        opened(&store, 8, &StoredFile { sha256: Sha256::from_bytes([1; 32]), ..other.clone() });
    assert!(matches!(wrong, Err(EvidenceError::NotPending(CaptureId(8)))), "another picture");
    store.discard(CaptureId(8)).unwrap();
    store.discard(CaptureId(8)).unwrap();
    assert!(matches!(opened(&store, 8, &other), Err(EvidenceError::NotPending(CaptureId(8)))));

    let path = store.path_of(stored.sha256).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"abc");
    // FIPS 180-2, example B.1.
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert!(path.ends_with(format!("ba/{hash}.jpg")), "{path:?}");
    assert_eq!((stored.sha256.to_string().as_str(), stored.bytes), (hash, 3));
    let counters = store.counters();
    assert_eq!((counters.pictures, counters.pending, counters.bytes), (1, 0, 3));
}

#[test]
fn drawings_lie_beside_their_picture_and_go_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = EvidenceStore::open(dir.path(), 100).unwrap();
    let unknown = Sha256::from_bytes([0; 32]);
    assert!(matches!(store.put_overlay(unknown, "<svg/>"), Err(EvidenceError::NoPicture(_))));
    let first = keep(&store, 1, &[1; 40]);
    let drawing = store.put_overlay(first.sha256, "<svg/>").unwrap();
    assert_eq!(store.put_overlay(first.sha256, "<svg/>").unwrap(), drawing);
    let path = store.path_of_overlay(first.sha256, drawing).unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "<svg/>");
    assert_eq!(store.counters().bytes, 46);

    let second = keep(&store, 2, &[2; 60]);
    assert_eq!(store.path_of(first.sha256), None, "over the budget");
    assert_eq!(store.counters().evicted, 1);
    assert_eq!(files(dir.path()).len(), 1);
    assert!(store.path_of(second.sha256).is_some());
}

#[test]
fn the_budget_takes_the_oldest_and_never_the_pending_or_the_newest() {
    let dir = tempfile::tempdir().unwrap();
    let store = EvidenceStore::open(dir.path(), 300).unwrap();
    let waits = pend(&store, 1000, &[0; 100]);
    let kept: Vec<_> = (0..10u8).map(|i| keep(&store, i.into(), &[i + 1; 90])).collect();
    let there: Vec<bool> = kept.iter().map(|f| store.path_of(f.sha256).is_some()).collect();
    assert_eq!(there, [vec![false; 8], vec![true; 2]].concat());
    assert_eq!(store.counters().evicted, 8);
    assert!(
        matches!(opened(&store, 0, &kept[0]), Err(EvidenceError::NotPending(_))),
        "it is gone again"
    );
    opened(&store, 1000, &waits).unwrap();

    // A picture larger than the budget is kept: it is the newest.
    let large = keep(&store, 2000, &[9; 500]);
    assert!(store.path_of(large.sha256).is_some());
    assert_eq!(store.counters().pictures, 1);
}

#[test]
fn what_somebody_waits_for_goes_last() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = std::sync::Arc::new(std::sync::Mutex::new(Vec::<Sha256>::new()));
    let known = std::sync::Arc::clone(&wanted);
    let needed = Needed::new(move |sha256| known.lock().unwrap().contains(&sha256));
    let store = EvidenceStore::open_with(dir.path(), 1_000, Some(needed)).unwrap();
    let mut one = |i: u8| keep(&store, i.into(), &[i; 100]).sha256;
    let kept: Vec<Sha256> = (0..10).map(&mut one).collect();
    wanted.lock().unwrap().extend(kept[..4].iter().copied());
    let there = || kept.iter().map(|k| store.path_of(*k).is_some()).collect::<Vec<_>>();
    // Over the budget by one: the oldest that nobody waits for.
    one(10);
    let (t, f) = (true, false);
    assert_eq!(there(), [t, t, t, t, f, t, t, t, t, t]);
    assert_eq!(store.give_up(150, false), 200);
    assert_eq!(there(), [t, t, t, t, f, f, f, t, t, t]);
    assert_eq!(store.give_up(10_000, false), 300, "all others, but for the newest");
    assert_eq!(store.give_up(10_000, false), 0);
    assert_eq!(there(), [t, t, t, t, f, f, f, f, f, f]);
    assert_eq!(store.give_up(50, true), 100, "at last the oldest of those");
    assert_eq!(there(), [f, t, t, t, f, f, f, f, f, f]);
}

/// A page that asks for a picture each second takes neither the place of what was seen nor of what waits.
#[test]
fn pictures_for_operators_take_no_evidence_away() {
    let dir = tempfile::tempdir().unwrap();
    let all = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let known = std::sync::Arc::clone(&all);
    let needed = Needed::new(move |_| known.load(std::sync::atomic::Ordering::Relaxed));
    let store = EvidenceStore::open_with(dir.path(), 3_300, Some(needed)).unwrap();
    let evidence: Vec<Sha256> =
        (0..30u8).map(|i| keep(&store, i.into(), &[i; 100]).sha256).collect();
    let there = |of: &[Sha256]| of.iter().filter(|sha| store.path_of(**sha).is_some()).count();
    let ask = |i: u8| {
        let stored = pend(&store, i.into(), &[i; 100]);
        (stored.sha256, commanded(&store, i.into(), &stored))
    };
    let asked: Vec<Sha256> = (100..150u8)
        .map(|i| {
            let (sha256, done) = ask(i);
            done.unwrap();
            sha256
        })
        .collect();
    assert_eq!((there(&evidence), there(&asked)), (30, 2), "a sixteenth, the newest");
    assert!(store.path_of(asked[49]).is_some());

    // More evidence, and all of it waits: there is no room for another one.
    all.store(true, std::sync::atomic::Ordering::Relaxed);
    let more: Vec<Sha256> = (30..33u8).map(|i| keep(&store, i.into(), &[i; 100]).sha256).collect();
    assert_eq!((there(&evidence), there(&more), there(&asked)), (30, 3, 0));
    assert!(matches!(ask(200).1, Err(EvidenceError::NoRoom)));
    assert_eq!((there(&evidence), there(&more)), (30, 3));
}

/// One rule for all that is kept, whoever asks for it first.
#[test]
fn an_operators_picture_that_an_incident_shows_too_is_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let store = EvidenceStore::open(dir.path(), 3_200).unwrap();
    let first = pend(&store, 1, &[1; 100]);
    commanded(&store, 1, &first).unwrap();
    // The same frame, hence the same bytes.
    let again = keep(&store, 2, &[1; 100]);
    assert_eq!(again, first);
    for i in 3..20u8 {
        let stored = pend(&store, i.into(), &[i; 100]);
        commanded(&store, i.into(), &stored).unwrap();
    }
    assert!(store.path_of(first.sha256).is_some(), "those for operators made room, not it");
    assert_eq!(store.counters().pending, 0);
}

/// What a worker writes without being asked goes; what was taken charge of stays.
#[test]
fn what_nobody_asked_for_is_removed_and_what_waits_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = EvidenceStore::open(dir.path(), 1 << 20).unwrap();
    let stored = pend(&store, 1, b"waits");
    PendingWriter::new(dir.path()).put(CaptureId(2), Medium::Jpeg, b"unasked").unwrap();
    store.refuse(CaptureId(1)).unwrap();
    store.refuse(CaptureId(2)).unwrap();
    store.refuse(CaptureId(3)).unwrap();
    assert_eq!(files(dir.path()), ["pending/1.jpg"]);
    opened(&store, 1, &stored).unwrap();
}

#[test]
fn leftovers_of_a_crash_are_removed_and_the_rest_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let (first, second, drawing) = {
        let store = EvidenceStore::open(root, 1000).unwrap();
        pend(&store, 3, &[3; 100]);
        let (first, second) = (keep(&store, 1, &[1; 100]), keep(&store, 2, &[2; 100]));
        let drawing = store.put_overlay(first.sha256, "<svg>1</svg>").unwrap();
        (first, second, drawing)
    };
    let shard = root.join(first.sha256.shard());
    fs::write(shard.join(format!("{}.0123456789abcdef.svg.tmp", first.sha256)), "half").unwrap();
    fs::write(shard.join(format!("{}.0123456789abcdef.svg", "f".repeat(64))), "alone").unwrap();
    fs::write(root.join("pending/9.jpg.tmp"), "half").unwrap();
    fs::write(root.join("README"), "somebody's own").unwrap();

    let store = EvidenceStore::open(root, 1000).unwrap();
    let counters = store.counters();
    assert_eq!((counters.pictures, counters.pending, counters.leftovers), (2, 1, 2));
    assert_eq!(counters.bytes, 100 + 100 + 12 + 100);
    store.discard_unless(|id| id == CaptureId(3)).unwrap();
    assert_eq!(store.counters().pending, 1, "somebody knows it");
    store.discard_unless(|_| false).unwrap();
    assert_eq!(store.counters().bytes, 100 + 100 + 12);
    assert!(store.path_of(second.sha256).is_some());
    assert!(store.path_of_overlay(first.sha256, drawing).is_some());
    assert!(root.join("README").exists(), "what is not ours stays");
    assert_eq!(files(root).len(), 4, "{:?}", files(root));

    // A smaller budget is kept from the start, oldest first.
    let counters = EvidenceStore::open(root, 150).unwrap().counters();
    assert_eq!((counters.pictures, counters.evicted), (1, 1));
}

#[test]
fn undecided_captures_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let store = EvidenceStore::open(dir.path(), 1 << 30).unwrap();
    let refused = (0..2000)
        .find_map(|i| store.put_pending(CaptureId(i), Medium::Jpeg, b"x").err().map(|e| (i, e)));
    let (at, error) = refused.unwrap();
    assert_eq!(at, 1024);
    assert!(matches!(error, EvidenceError::TooManyPending));
    store.put_pending(CaptureId(0), Medium::Jpeg, b"again").unwrap();
    store.discard(CaptureId(0)).unwrap();
    store.put_pending(CaptureId(5000), Medium::Jpeg, b"room again").unwrap();
}

/// Runs this binary's test `disk_full_child` on a file system of 256 KiB of its own.
#[test]
fn a_full_disk_is_an_error_and_leaves_nothing_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=256k tmpfs \"$1\" && exec \"$2\" --exact evidence::disk_full_child \
                  --nocapture";
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", script, "sh"])
        .arg(dir.path())
        .arg(std::env::current_exe().unwrap())
        .env("VIAHE_TEST_SMALL_DISK", dir.path())
        .output();
    let Ok(output) = output else {
        skipped("a small disk: `unshare` is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if text.contains("unshare failed") || text.contains("mount:") {
        skipped(&format!("a small disk: this machine lets nobody mount a file system: {text}"));
        return;
    }
    assert!(output.status.success(), "{}{text}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("small disk: done"));
}

#[test]
fn disk_full_child() {
    let Some(root) = std::env::var_os("VIAHE_TEST_SMALL_DISK") else { return };
    let root = Path::new(&root);
    let store = EvidenceStore::open(root, 1 << 30).unwrap();
    let picture = |i: u8| vec![i; 50_000];
    let first = keep(&store, 1, &picture(1));
    let full = (2..20u8)
        .find_map(|i| store.put_pending(CaptureId(i.into()), Medium::Jpeg, &picture(i)).err());
    assert!(matches!(full, Some(EvidenceError::Full { .. })), "{full:?}");
    let whole = |name: &String| Path::new(name).extension().is_some_and(|e| e == "jpg");
    assert!(files(root).iter().all(whole), "{:?}", files(root));
    for name in files(root) {
        assert_eq!(fs::metadata(root.join(&name)).unwrap().len(), 50_000, "{name}");
    }
    // With room again it goes on.
    store.discard(CaptureId(2)).unwrap();
    keep(&store, 30, &picture(30));
    opened(&store, 1, &first).unwrap();
    println!("small disk: done");
}

/// What a worker says of a picture is not taken on trust: evidence is named by its hash.
#[test]
fn a_picture_that_is_not_what_was_told_is_not_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let store = EvidenceStore::open(dir.path(), 1 << 20).unwrap();
    let writer = PendingWriter::new(dir.path());
    let told = |change: fn(&mut StoredFile)| {
        let mut told = writer.put(CaptureId(7), Medium::Jpeg, b"a picture").unwrap();
        change(&mut told);
        store.adopt(CaptureId(7), told)
    };
    assert!(told(|told| told.sha256 = Sha256::from_bytes([7; 32])).is_err());
    assert!(told(|told| told.bytes += 1).is_err());
    assert!(!dir.path().join("pending/7.jpg").exists(), "it is removed");
    assert!(told(|_| ()).is_ok());
    let nowhere =
        StoredFile { sha256: Sha256::from_bytes([7; 32]), bytes: 1, medium: Medium::Jpeg };
    assert!(store.adopt(CaptureId(8), nowhere).is_err(), "it was never written");
    assert_eq!(store.counters().pending, 1);
}
