//! What a look asks of the allocator once all buffers have grown: next to nothing on the way from a decoded
//! picture to an observation, and nothing at all in the engine that looks at it.
#![allow(clippy::unwrap_used)] // Helpers of tests are not seen as tests.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use viahe_core::engine::{Engine, Event};
use viahe_core::id::Name;
use viahe_core::time::Timestamp;
use viahe_edge::ledger::Ledger;
use viahe_edge::models::Locations;
use viahe_edge::project;
use viahe_edge::vision::replay::{Replay, ReplayCamera, Seen};

/// What this program's own code asked for, in all threads. Libraries in C have allocators of their own.
static ASKED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The same of this thread.
    static ASKED_HERE: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(1, Ordering::Relaxed);
        let _ = ASKED_HERE.try_with(|asked| asked.set(asked.get() + 1));
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The demo's street, and its first camera as a recording.
fn street() -> (Arc<viahe_core::plan::Plan>, ReplayCamera) {
    let plan = Arc::new(project::load(&root().join("pipelines/demo.toml")).unwrap());
    let camera = &plan.cameras[0];
    let locations = Locations::discover(None).unwrap();
    let clips = locations.deps.iter().map(|d| d.join("clips/vtest.mp4"));
    let file = clips.into_iter().find(|c| c.is_file()).expect("the sample clip; run: make setup");
    let replayed = ReplayCamera {
        id: camera.id.clone(),
        model: Name::try_from("ssdlite-coco").unwrap(),
        file,
        start: Timestamp::from_secs(1_795_310_040),
        analyse_hz: 10.0,
        areas: Vec::new(),
        closely: false,
        confidence_min: None,
        refine: Vec::new(),
        gate: None,
    };
    (plan, replayed)
}

const WARM: usize = 100;
const LOOKS: usize = 100;

#[test]
fn a_look_allocates_next_to_nothing() {
    let (plan, camera) = street();
    let locations = Locations::discover(None).unwrap();
    let ledger = Arc::new(Ledger::default());
    let mut replay = Replay::start(vec![camera], &locations, &ledger).unwrap();
    let mut seen: Vec<Seen> = Vec::with_capacity(WARM + LOOKS);
    let mut before = 0;
    for n in 0..WARM + LOOKS {
        if n == WARM {
            before = ASKED.load(Ordering::Relaxed);
        }
        let mut one = replay.next().unwrap().unwrap();
        // Pictures go back to their decoder.
        one.frame = Arc::clone(seen.last().map_or(&one.frame, |last| &last.frame));
        seen.push(one);
    }
    let looked = (ASKED.load(Ordering::Relaxed) - before) as f64 / LOOKS as f64;
    drop(replay);
    let objects: usize = seen[WARM..].iter().map(|s| s.observation.objects.len()).sum();
    assert!(objects > LOOKS, "nothing is seen");

    let mut engine = Engine::new(plan);
    for one in &seen[..WARM] {
        engine.apply(Event::Observed(one.observation.clone()));
    }
    let events: Vec<Event> =
        seen[WARM..].iter().map(|one| Event::Observed(one.observation.clone())).collect();
    let (mut most, mut all) = (0, 0);
    for event in events {
        let before = ASKED_HERE.get();
        let told = engine.apply(event);
        let asked = ASKED_HERE.get() - before;
        assert_eq!(told, [], "it is a quiet street");
        (most, all) = (most.max(asked), all + asked);
    }
    println!("{looked} a look; of the engine {most} at most, {all} in {LOOKS} looks");
    // The frame's place, the list of its objects and, where there are such, that of what is not believed yet, which all
    // go on to others; and the step of this replay. The rest is buffers that grow for a fuller street.
    assert!(looked < 3.75, "{looked} for each look, from the decoder to the observation");
    // Nothing, but where a rule's turn is: lists of what it sees around each that stands there.
    assert!(all <= LOOKS * 3 / 2, "{all} in {LOOKS} looks of the engine");
    assert!(most <= 20, "{most} in one look of the engine");
}
