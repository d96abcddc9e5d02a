//! Pixels are read once on the way to the tensor: the ledger says so, the addresses show it, and
//! the allocator would notice a hidden copy.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use viahe_core::frame::Frame;
use viahe_core::id::Name;
use viahe_core::time::Timestamp;
use viahe_core::view::Signature;
use viahe_edge::infer::{Detector, DetectorOptions, Runtime};
use viahe_edge::ingest::FileReader;
use viahe_edge::ledger::{Ledger, Stage};
use viahe_edge::models::Locations;
use viahe_edge::preprocess::Preprocessor;

/// The largest piece of memory that this program's own code asked for.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn clip(locations: &Locations) -> PathBuf {
    let clips = locations.deps.iter().map(|d| d.join("clips/vtest.mp4"));
    clips.into_iter().find(|c| c.is_file()).expect("the sample clip; run: make setup")
}

#[test]
fn the_kernel_writes_where_onnx_runtime_reads_and_nothing_else_is_moved() {
    let locations = Locations::discover(None).unwrap();
    let library = locations.onnxruntime().expect("ONNX Runtime; run: make setup");
    let runtime = Runtime::load(&library).unwrap();
    let package = locations.load_package(&Name::try_from("ssdlite-coco").unwrap()).unwrap();
    let options = DetectorOptions::default();
    let mut detector = Detector::new(&runtime, &package.model, &package.weights, options).unwrap();
    let ledger = Arc::new(Ledger::default());
    let mut kernel = Preprocessor::new(package.model.input);
    let given = detector.input_address(1).unwrap();
    let mut found = Vec::new();
    let (mut frames, mut objects) = (0, 0);
    let reader =
        FileReader::open(&clip(&locations), Timestamp::from_secs(1), Arc::clone(&ledger)).unwrap();
    for frame in reader.step_by(40) {
        let frame = frame.unwrap();
        frames += 1;
        if frames == 3 {
            // Tables and buffers are there from here on.
            LARGEST.store(0, Ordering::Relaxed);
        }
        let mut wrote = 0;
        let mut fill = |_: usize, tensor: &mut [f32]| {
            wrote = tensor.as_ptr().addr();
            Ok(kernel.run(&frame.view(), tensor, &ledger)?)
        };
        detector.run(1, &mut fill, &mut found).unwrap();
        assert_eq!(wrote, given, "ONNX Runtime reads elsewhere");
        // For the view's signature the worker reads samples where they are, in fewer frames.
        let signature = Signature::of(&frame.view());
        ledger.add(Stage::View, Signature::SAMPLES);
        assert!(signature.mean() > 0.0);
        objects += found[0].len();
    }
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(frames >= 19 && objects > frames, "{frames} frames, {objects} objects: no real run");
    let tensor_bytes = package.model.input.len() * size_of::<f32>();
    assert_eq!(ledger.bytes(Stage::Preprocess), (frames * tensor_bytes) as u64);
    for stage in [Stage::Ingest, Stage::InferInput, Stage::InferOutput, Stage::Evidence] {
        assert_eq!(ledger.bytes(stage), 0, "{}", stage.label());
    }
    // Less than a tenth of the luma of even this small frame.
    assert_eq!(ledger.bytes(Stage::View), (frames * Signature::SAMPLES) as u64);
    const { assert!(Signature::SAMPLES * 10 < 442_368) };
    // A frame's luma has 442,368 bytes, a resized RGB picture 270,000, the tensor 1,080,000.
    assert!(largest < 100_000, "something of {largest} bytes is allocated for each frame");
}
