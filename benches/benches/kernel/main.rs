//! The preprocessing kernel against a plain copy of the same frame and against OpenCV.
//!
//! `cargo bench -p viahe-benches --bench kernel`, after `benches/peers/setup.sh` for OpenCV. First
//! criterion's figures, then a table of medians of interleaved runs with the ratios, the page
//! faults and the allocations. Each run reads another copy of the frame: of 3 copies ("cache", as
//! when the decoder has just written the frame) and of more than a processor's cache holds
//! ("memory", as when other cameras' frames came between). Ends with an error when a frame costs a
//! fault or an allocation.

mod peer;

use criterion::{Criterion, Throughput};
use peer::Peer;
use std::alloc::{GlobalAlloc, Layout as MemoryLayout, System};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use viahe_core::frame::{ColorMatrix, ColorRange, FrameView, PixelFormat, Plane};
use viahe_core::tensor::{Channels, FitMode, InputSpec, Layout};
use viahe_edge::clock;
use viahe_edge::ledger::Ledger;
use viahe_edge::preprocess::Preprocessor;

/// Bytes that the copies of one frame exceed when it is to be read from main memory.
const MEMORY_BYTES: usize = 72 << 20;
/// Copies of one frame when it is to be read from the cache.
const CACHED_COPIES: usize = 3;
/// Rounds of the table; each gives every contender its turn.
const ROUNDS: usize = 40;
/// Runs of one contender in one round.
const RUNS_A_ROUND: usize = 8;
/// Frames over which faults and allocations are counted.
const COUNTED_FRAMES: usize = 500;
/// OpenCV rounds to 8 bits at each step and repeats chroma; more than this on average and at most,
/// in levels, and the two do not compute the same thing.
const DIFFERENCE_MAX: [f64; 2] = [0.5, 3.0];

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    frame_px: (usize, usize),
    side: usize,
    letterbox: bool,
}

const CASES: [Case; 4] = [
    Case {
        name: "1080p-300-stretch-nhwc-rgb",
        frame_px: (1920, 1080),
        side: 300,
        letterbox: false,
    },
    Case {
        name: "1080p-416-letterbox-nchw-bgr",
        frame_px: (1920, 1080),
        side: 416,
        letterbox: true,
    },
    Case { name: "720p-300-stretch-nhwc-rgb", frame_px: (1280, 720), side: 300, letterbox: false },
    Case { name: "720p-416-letterbox-nchw-bgr", frame_px: (1280, 720), side: 416, letterbox: true },
];

/// Where a frame lies when it is read.
#[derive(Clone, Copy, Debug)]
enum FrameIn {
    Cache,
    Memory,
}

impl FrameIn {
    fn label(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Memory => "memory",
        }
    }
}

impl Case {
    fn spec(&self) -> InputSpec {
        let (layout, channels, fit) = if self.letterbox {
            (Layout::Nchw, Channels::Bgr, FitMode::Letterbox { pad: 114.0 })
        } else {
            (Layout::Nhwc, Channels::Rgb, FitMode::Stretch)
        };
        let (width, height) = (self.side, self.side);
        InputSpec {
            width,
            height,
            layout,
            channels,
            fit,
            contrast_gain_max: 1.0,
            mean: [0.0; 3],
            std: [1.0; 3],
        }
    }

    fn frame_bytes(&self) -> usize {
        self.frame_px.0 * self.frame_px.1 * 3 / 2
    }

    fn copies(&self, from: FrameIn) -> usize {
        match from {
            FrameIn::Cache => CACHED_COPIES,
            FrameIn::Memory => MEMORY_BYTES / self.frame_bytes() + 1,
        }
    }

    /// Shapes with edges on a gradient, so that a mistake in a position or a colour shows. No pixel
    /// is clamped: the kernel clamps after interpolating, `OpenCV` before.
    fn picture(&self) -> Vec<u8> {
        let (w, h) = self.frame_px;
        let luma = |x: usize, y: usize| 70 + 60 * x / w + 40 * ((x / 90 + y / 70) % 2) + 20 * y / h;
        let chroma =
            |x: usize, y: usize, p: usize| 118 + 20 * ((p + 1) * x + (2 - p) * y) / (w + h);
        let (cw, ch) = (w / 2, h / 2);
        let mut bytes: Vec<u8> = (0..w * h).map(|i| luma(i % w, i / w) as u8).collect();
        for p in 0..2 {
            bytes.extend((0..cw * ch).map(|i| chroma(i % cw, i / cw, p) as u8));
        }
        bytes
    }
}

/// A frame's bytes as a decoder lays them out; BT.601 limited, as that is all that OpenCV reads.
fn view<'a>(case: &Case, bytes: &'a [u8]) -> FrameView<'a> {
    let (w, h) = case.frame_px;
    let (luma, chroma) = bytes.split_at(w * h);
    let (cb, cr) = chroma.split_at(chroma.len() / 2);
    let plane = |data, stride| Plane { data, stride };
    let planes = [plane(luma, w), plane(cb, w / 2), plane(cr, w / 2)];
    FrameView::new(w, h, PixelFormat::I420, ColorMatrix::Bt601, ColorRange::Limited, &planes)
        .expect("the picture has the size that its case says")
}

/// Everything one case runs on, allocated once.
struct Bench {
    case: Case,
    from: FrameIn,
    frames: Vec<Vec<u8>>,
    next: usize,
    kernel: Preprocessor,
    ledger: Ledger,
    tensor: Vec<f32>,
    copy: Vec<u8>,
}

impl Bench {
    fn new(case: Case, from: FrameIn) -> Self {
        let picture = case.picture();
        let spec = case.spec();
        Self {
            case,
            from,
            frames: vec![picture.clone(); case.copies(from)],
            next: 0,
            kernel: Preprocessor::new(spec),
            ledger: Ledger::default(),
            // Not zeros: those would be pages that are not there yet.
            tensor: vec![f32::NAN; spec.len()],
            copy: picture,
        }
    }

    fn preprocess(&mut self) {
        self.next = (self.next + 1) % self.frames.len();
        let frame = view(&self.case, &self.frames[self.next]);
        self.kernel
            .run(&frame, &mut self.tensor, &self.ledger)
            .expect("the tensor has the length of its model's input");
        black_box(&mut self.tensor);
    }

    fn memcpy(&mut self) {
        self.next = (self.next + 1) % self.frames.len();
        self.copy.copy_from_slice(black_box(&self.frames[self.next]));
        black_box(&mut self.copy);
    }
}

/// Counts what is asked of the system's allocator.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: hands everything to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: MemoryLayout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: MemoryLayout) {
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: MemoryLayout, bytes: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.realloc(at, layout, bytes) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Page faults of this process so far, minor and major; `None` where the system does not say.
fn page_faults() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // proc_pid_stat(5): after the name in brackets, fields 3 and on; minflt is 10, majflt 12.
    let mut fields = stat.rsplit(')').next()?.split_ascii_whitespace().skip(7);
    let minor: u64 = fields.next()?.parse().ok()?;
    let major: u64 = fields.nth(1)?.parse().ok()?;
    Some(minor + major)
}

/// Page faults and allocations over [`COUNTED_FRAMES`] frames.
fn counted(bench: &mut Bench) -> (Option<u64>, u64) {
    // Once round for the tables and for the pages of the frames; once for the reader of faults.
    for _ in 0..bench.frames.len() {
        bench.preprocess();
    }
    page_faults();
    let faults = page_faults();
    let allocations = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..COUNTED_FRAMES {
        bench.preprocess();
    }
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - allocations;
    (page_faults().zip(faults).map(|(after, before)| after - before), allocations)
}

/// Seconds of each of [`RUNS_A_ROUND`] runs.
fn timed(mut run: impl FnMut()) -> impl Iterator<Item = f64> {
    (0..RUNS_A_ROUND).map(move |_| {
        let start = clock::monotonic();
        run();
        start.elapsed().as_secs_f64()
    })
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// One line of the table.
struct Row {
    case: Case,
    from: FrameIn,
    viahe_secs: f64,
    memcpy_secs: f64,
    opencv_secs: Option<f64>,
    /// Mean and largest difference to OpenCV in levels.
    difference: Option<[f64; 2]>,
    faults: Option<u64>,
    allocations: u64,
}

fn measure(bench: &mut Bench, peer: Option<&mut Peer>, dir: &Path) -> Result<Row, String> {
    let case = bench.case;
    let (faults, allocations) = counted(bench);
    let mut row = Row {
        case,
        from: bench.from,
        viahe_secs: 0.0,
        memcpy_secs: 0.0,
        opencv_secs: None,
        difference: None,
        faults,
        allocations,
    };
    let mut peer = peer.map(|peer| load(bench, peer, dir).map(|d| (peer, d))).transpose()?;
    let [mut viahe, mut memcpy, mut opencv] = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        viahe.extend(timed(|| bench.preprocess()));
        memcpy.extend(timed(|| bench.memcpy()));
        if let Some((peer, difference)) = &mut peer {
            opencv.extend(peer.numbers(&["time", case.name, &RUNS_A_ROUND.to_string()])?);
            row.difference = Some(*difference);
        }
    }
    row.viahe_secs = median(viahe);
    row.memcpy_secs = median(memcpy);
    row.opencv_secs = (!opencv.is_empty()).then(|| median(opencv));
    Ok(row)
}

/// Gives the peer the case's frame, and compares its result with the kernel's.
fn load(bench: &mut Bench, peer: &mut Peer, dir: &Path) -> Result<[f64; 2], String> {
    let case = bench.case;
    let write = |name: &str, bytes: &[u8]| -> Result<PathBuf, String> {
        let path = dir.join(format!("{}.{name}", case.name));
        std::fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(path)
    };
    let frame = write("i420", &bench.frames[0])?;
    bench.preprocess();
    let values: Vec<u8> = bench.tensor.iter().flat_map(|v| v.to_le_bytes()).collect();
    let tensor = write("f32", &values)?;
    let (width, height) = case.frame_px;
    let [width, height, side, copies] =
        [width, height, case.side, case.copies(bench.from)].map(|n| n.to_string());
    let kind = if case.letterbox { "letterbox" } else { "stretch" };
    let frame = frame.display().to_string();
    peer.ask(&["load", case.name, &width, &height, &side, kind, &frame, &copies])?;
    let difference = peer.numbers(&["check", case.name, &tensor.display().to_string()])?;
    match difference[..] {
        [mean, max] if mean <= DIFFERENCE_MAX[0] && max <= DIFFERENCE_MAX[1] => Ok([mean, max]),
        _ => Err(format!(
            "{}: OpenCV's tensor is another one: mean and largest difference {difference:?} \
             levels, so times cannot be compared",
            case.name
        )),
    }
}

fn print_table(rows: &[Row], opencv_version: Option<&str>) {
    let ms = |secs: f64| format!("{:.3}", secs * 1e3);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    println!("\nmedians of {} interleaved runs, ms a frame", ROUNDS * RUNS_A_ROUND);
    println!("peer: OpenCV {}, one thread", opencv_version.unwrap_or("(none)"));
    println!(
        "{:30} {:>7} {:>7} {:>7} {:>7} {:>13} {:>13} {:>16} {:>8} {:>8}",
        "case",
        "from",
        "viahe",
        "memcpy",
        "opencv",
        "opencv/viahe",
        "viahe/memcpy",
        "levels mean/max",
        "faults",
        "allocs"
    );
    for row in rows {
        println!(
            "{:30} {:>7} {:>7} {:>7} {:>7} {:>13} {:>13} {:>16} {:>8} {:>8}",
            row.case.name,
            row.from.label(),
            ms(row.viahe_secs),
            ms(row.memcpy_secs),
            or_dash(row.opencv_secs.map(ms)),
            or_dash(row.opencv_secs.map(|secs| format!("{:.1}", secs / row.viahe_secs))),
            format!("{:.2}", row.viahe_secs / row.memcpy_secs),
            or_dash(row.difference.map(|[mean, max]| format!("{mean:.2} / {max:.1}"))),
            or_dash(row.faults.map(|n| n.to_string())),
            row.allocations,
        );
    }
    println!("faults and allocs: over {COUNTED_FRAMES} frames; levels: steps of 8 bits");
}

fn criterion(c: &mut Criterion) {
    for case in CASES {
        let mut bench = Bench::new(case, FrameIn::Memory);
        let mut group = c.benchmark_group(case.name);
        group.throughput(Throughput::Bytes(case.frame_bytes() as u64));
        group.bench_function("viahe", |b| b.iter(|| bench.preprocess()));
        bench.kernel = Preprocessor::portable(case.spec());
        group.bench_function("viahe-portable", |b| b.iter(|| bench.preprocess()));
        group.bench_function("memcpy", |b| b.iter(|| bench.memcpy()));
        group.finish();
    }
}

fn table() -> Result<(), String> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut peer = Peer::start()?;
    let version = peer.as_mut().map(|peer| peer.ask(&["version"])).transpose()?;
    let mut rows = Vec::new();
    for from in [FrameIn::Cache, FrameIn::Memory] {
        for case in CASES {
            rows.push(measure(&mut Bench::new(case, from), peer.as_mut(), dir)?);
        }
    }
    print_table(&rows, version.as_deref());
    let costly = |row: &&Row| row.faults.unwrap_or(0) > 0 || row.allocations > 0;
    match rows.iter().find(costly) {
        Some(row) => {
            Err(format!("{}: a frame must cost no fault and no allocation", row.case.name))
        }
        None => Ok(()),
    }
}

fn main() -> ExitCode {
    let mut c = Criterion::default().configure_from_args();
    criterion(&mut c);
    c.final_summary();
    // `cargo test` gives no `--bench` and people give `--test` to know only that this runs.
    let asked = |flag: &str| std::env::args().any(|a| a == flag);
    if !asked("--bench") || asked("--test") {
        return ExitCode::SUCCESS;
    }
    match table() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("kernel: {problem}");
            ExitCode::FAILURE
        }
    }
}
