//! A 1080p picture of the sample clip to JPEG, as evidence is made.
//!
//! Peer: libjpeg-turbo itself, given planes that need nothing done to them, in turns in the same process. What is
//! above it is the way from a camera's limited range to the full range of a JPEG.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/measure.rs"]
#[allow(dead_code)]
mod measure;

use measure::{median, timed};
use std::ffi::{c_int, c_ulong};
use std::sync::Arc;
use turbojpeg_sys as tj;
use viahe_core::frame::{ColorMatrix, ColorRange, Frame, FrameView, PixelFormat, Plane};
use viahe_core::time::Timestamp;
use viahe_edge::evidence::{JpegEncoder, QUALITY};
use viahe_edge::ingest::FileReader;
use viahe_edge::ledger::Ledger;
use viahe_edge::models::Locations;

const SIZE: [usize; 2] = [1920, 1080];
/// The same for the library.
const SIDES: [c_int; 2] = [1920, 1080];
const ROUNDS: usize = 61;

/// A plane made larger, each sample by the nearest one.
fn enlarged(
    plane: Plane<'_>,
    [width, height]: [usize; 2],
    [to_width, to_height]: [usize; 2],
) -> Vec<u8> {
    let sample = |i: usize| {
        let (x, y) = (i % to_width * width / to_width, i / to_width * height / to_height);
        plane.data[y * plane.stride + x]
    };
    (0..to_width * to_height).map(sample).collect()
}

fn planes(frame: &FrameView<'_>) -> [Vec<u8>; 3] {
    let sizes = |width: usize, height: usize| {
        [[width, height], [width / 2, height / 2], [width / 2, height / 2]]
    };
    let (from, to) = (sizes(frame.width(), frame.height()), sizes(SIZE[0], SIZE[1]));
    [0, 1, 2].map(|p| enlarged(frame.plane(p), from[p], to[p]))
}

/// The library alone.
fn bare(handle: tj::tjhandle, planes: &[Vec<u8>; 3], out: &mut [u8]) -> usize {
    let subsampling = tj::TJSAMP_TJSAMP_420.cast_signed();
    let mut pointers = planes.each_ref().map(Vec::as_ptr);
    let [width, height] = SIDES;
    let strides = [width, width / 2, width / 2];
    let (mut to, mut bytes) = (out.as_mut_ptr(), out.len() as c_ulong);
    // SAFETY: the planes have the sides that 4:2:0 of this size takes and are only read; `out` has room for
    // the worst case, and with `NOREALLOC` the library writes nowhere else.
    let failed = unsafe {
        tj::tjCompressFromYUVPlanes(
            handle,
            pointers.as_mut_ptr().cast(),
            width,
            strides.as_ptr().cast_mut(),
            height,
            subsampling,
            &raw mut to,
            &raw mut bytes,
            c_int::from(QUALITY),
            tj::TJFLAG_NOREALLOC.cast_signed(),
        )
    };
    assert_eq!(failed, 0);
    bytes as usize
}

fn main() {
    // Cargo asks also for the tests of a bench.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let locations = Locations::discover(None).unwrap();
    let clip =
        locations.deps.iter().map(|d| d.join("clips/vtest.mp4")).find(|c| c.is_file()).unwrap();
    let ledger = Arc::new(Ledger::default());
    let mut reader = FileReader::open(&clip, Timestamp::from_secs(1), Arc::clone(&ledger)).unwrap();
    let frame = reader.nth(100).unwrap().unwrap();
    let planes = planes(&frame.view());
    let strides = [SIZE[0], SIZE[0] / 2, SIZE[0] / 2];
    let given = [0, 1, 2].map(|p| Plane { data: &planes[p], stride: strides[p] });
    let view = |range| {
        FrameView::new(SIZE[0], SIZE[1], PixelFormat::I420, ColorMatrix::Bt709, range, &given)
            .unwrap()
    };
    let (view, ready) = (view(ColorRange::Limited), {
        FrameView::new(
            SIZE[0],
            SIZE[1],
            PixelFormat::I420,
            ColorMatrix::Bt601,
            ColorRange::Full,
            &given,
        )
        .unwrap()
    });
    // SAFETY: takes nothing; plain arithmetic.
    let (handle, room) = unsafe {
        let most = tj::tjBufSize(SIDES[0], SIDES[1], tj::TJSAMP_TJSAMP_420.cast_signed());
        (tj::tjInitCompress(), most as usize)
    };
    let mut out = vec![0; room];
    let mut encoder = JpegEncoder::default();
    let bytes = bare(handle, &planes, &mut out);
    assert_eq!(
        encoder.encode(&ready, QUALITY, &ledger).unwrap(),
        &out[..bytes],
        "both write the same"
    );
    let (mut ours, mut as_it_is, mut peers) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(timed(|| drop(encoder.encode(&view, QUALITY, &ledger).map(<[u8]>::len))));
        as_it_is.push(timed(|| drop(encoder.encode(&ready, QUALITY, &ledger).map(<[u8]>::len))));
        peers.push(timed(|| assert_eq!(bare(handle, &planes, &mut out), bytes)));
    }
    // SAFETY: made above, used nowhere else.
    unsafe { tj::tjDestroy(handle) };
    let [ours, as_it_is, peer] = [ours, as_it_is, peers].map(|mut times| median(&mut times));
    println!("1080p to JPEG, {bytes} bytes, medians of {ROUNDS}:");
    println!("  libjpeg-turbo alone                 {peer:6.2} ms");
    println!(
        "  viahe, nothing to convert           {as_it_is:6.2} ms, {:.2} of it",
        as_it_is / peer
    );
    println!("  viahe, BT.709 of limited range      {ours:6.2} ms, {:.2} of it", ours / peer);
}
