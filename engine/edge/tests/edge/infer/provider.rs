//! What models run on: what was asked for, or the processor with the reason.
//!
//! With the build for Intel's kernels (`make openvino`) it is run for real, each time in a process of its own, since a
//! process takes one library. No machine of ours has a GPU: of those of NVIDIA only what happens without them is tested.

use super::tiny::{Tiny, describe, save};
use super::{person, runtime};
use std::path::{Path, PathBuf};
use std::process::Command;
use viahe_core::tune::Provider;
use viahe_edge::infer::{Detector, DetectorOptions, Network, RunsOn, Runtime, in_words, load};
use viahe_edge::models::Locations;

fn on(provider: Provider) -> DetectorOptions {
    DetectorOptions { provider, ..DetectorOptions::default() }
}

#[test]
fn what_the_library_was_not_built_for_runs_on_the_processor_and_says_why() {
    let runtime = runtime();
    assert_eq!(runtime.providers(), [Provider::Cpu]);
    let dir = tempfile::tempdir().unwrap();
    let bytes = Tiny::default().bytes();
    let (model, weights) = (describe(&bytes, "1"), save(dir.path(), &bytes));
    for provider in [Provider::Cuda, Provider::Tensorrt, Provider::Openvino] {
        let network = load(&runtime, &model, &weights, on(provider)).unwrap();
        let RunsOn { asked, used, why, .. } = network.runs_on();
        assert_eq!((*asked, *used), (provider, Provider::Cpu));
        let why = why.as_deref().unwrap();
        let told = format!("was built for CPU only; put one that has {} there", provider.title());
        assert!(why.contains(&told) && why.contains(runtime.version()), "{why}");
        let words = in_words(network.runs_on());
        let asked = format!("the CPU, though {} was asked for: ONNX Runtime", provider.title());
        assert!(words.starts_with(&asked), "{words}");
        let mut detector = Detector::on(&network).unwrap();
        let mut out = Vec::new();
        detector.run(1, &mut |_, tensor| Ok(person(tensor, 0.75)), &mut out).unwrap();
        assert_eq!(out[0].len(), 1, "it looks as ever");
        // Who does not want another one is told.
        let error = Network::load(&runtime, &model, &weights, on(provider)).unwrap_err();
        assert!(error.to_string().contains("tiny"), "{error}");
    }
    let network = load(&runtime, &model, &weights, on(Provider::Cpu)).unwrap();
    assert_eq!(in_words(network.runs_on()), "CPU");
    let [taken, all] = network.runs_on().taken.unwrap();
    assert!(taken == all && all > 0, "{taken} of {all}");
}

/// A model that is no model is refused as such, whatever it was to run on.
#[test]
fn what_cannot_run_anywhere_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Tiny { late_shape: true, ..Tiny::default() }.bytes();
    let (model, weights) = (describe(&bytes, "1"), save(dir.path(), b"no model"));
    assert!(load(&runtime(), &model, &weights, on(Provider::Openvino)).is_err());
}

/// Set for a child process: the library that it loads.
pub(crate) const LIBRARY: &str = "VIAHE_TEST_ITS_LIBRARY";

fn openvino() -> Option<PathBuf> {
    let library = Locations::discover(None).unwrap().onnxruntime_for(Provider::Openvino).unwrap();
    let is_its = library.to_string_lossy().contains("onnxruntime-openvino");
    is_its.then_some(library)
}

pub(crate) fn in_a_process_of_its_own(test: &str, library: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(LIBRARY, library)
        // As the engine starts its workers.
        .envs([("MALLOC_MMAP_THRESHOLD_", "1048576"), ("MALLOC_ARENA_MAX", "1")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{test}: {:?}\n{said}{errors}", output.status);
    said
}

#[test]
fn openvino_is_used_where_it_sees_the_same_and_not_where_it_does_not() {
    let Some(library) = openvino() else {
        println!("SKIPPED: there is no ONNX Runtime for OpenVINO; run: make openvino");
        return;
    };
    let said = in_a_process_of_its_own("infer::provider::child_runs_on_openvino", &library);
    assert!(said.contains("DONE"), "{said}");
    println!("{said}");
}

/// Not a test of its own: what the child process of the one before does.
#[test]
fn child_runs_on_openvino() {
    let Some(library) = std::env::var_os(LIBRARY) else { return };
    let runtime = Runtime::load(Path::new(&library)).unwrap();
    assert_eq!(runtime.providers(), [Provider::Cpu, Provider::Openvino]);
    sees_the_same(&runtime);
    keeps_another_box(&runtime);
    for name in ["ssdlite-coco", "nanodet-g"] {
        is_used_for(&runtime, name);
    }
    println!("DONE");
}

/// Each picture is its own, also of threads that look at once.
fn sees_the_same(runtime: &Runtime) {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Tiny::default().bytes();
    let (model, weights) = (describe(&bytes, "\"any\""), save(dir.path(), &bytes));
    let options = DetectorOptions { batch_max: 2, ..on(Provider::Openvino) };
    let network = load(runtime, &model, &weights, options).unwrap();
    println!("tiny: {}", in_words(network.runs_on()));
    let RunsOn { used, why, taken, parity, .. } = network.runs_on();
    assert_eq!((*used, why.as_deref()), (Provider::Openvino, None));
    let [taken, all] = taken.unwrap();
    assert!(taken > 0 && taken <= all, "{taken} of {all}");
    assert!(parity.unwrap().difference < 1e-4);
    std::thread::scope(|threads| {
        for thread in 0..4_u8 {
            let mut detector = Detector::on(&network).unwrap();
            threads.spawn(move || {
                let mut out = Vec::new();
                for round in 0..100_u16 {
                    let sure = |i: usize| {
                        0.3 + f32::from(thread) / 8.0 + f32::from(round % 7 + i as u16) / 64.0
                    };
                    let mut fill = |i: usize, tensor: &mut [f32]| Ok(person(tensor, sure(i)));
                    detector.run(3, &mut fill, &mut out).unwrap();
                    for (i, found) in out.iter().enumerate() {
                        assert!((found[0].confidence.get() - sure(i)).abs() < 1e-6);
                    }
                }
            });
        }
    });
}

/// Of two that overlap by just what is borne it keeps one, and the processor both.
fn keeps_another_box(runtime: &Runtime) {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Tiny {
        suppressing: true,
        batch: Some(1),
        scores_shape: vec![Some(1), Some(4), Some(3)],
        ..Tiny::default()
    }
    .bytes();
    let (model, weights) = (describe(&bytes, "1"), save(dir.path(), &bytes));
    let network = load(runtime, &model, &weights, on(Provider::Openvino)).unwrap();
    println!("suppressing: {}", in_words(network.runs_on()));
    let RunsOn { used, why, .. } = network.runs_on();
    let why = why.as_deref().unwrap();
    assert_eq!(*used, Provider::Cpu);
    assert!(why.contains("its output \"scores\" differs from the processor's by"), "{why}");
}

/// A model of ours, where it is installed.
fn is_used_for(runtime: &Runtime, name: &str) {
    let locations = Locations::discover(None).unwrap();
    let Ok(package) = locations.load_package(&name.try_into().unwrap()) else {
        return println!("SKIPPED: {name} is not installed");
    };
    let network = load(runtime, &package.model, &package.weights, on(Provider::Openvino)).unwrap();
    println!("{name}: {}", in_words(network.runs_on()));
    assert_eq!(network.runs_on().used, Provider::Openvino);
}
