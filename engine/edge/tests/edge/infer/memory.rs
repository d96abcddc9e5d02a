//! Memory of models: what runs work in is found out when a model is loaded, and does not grow; what a model took comes
//! back when it goes.

use super::provider::in_a_process_of_its_own;
use super::{library, runtime};
use std::path::Path;
use viahe_core::tensor::Sheet;
use viahe_edge::infer::{Detector, DetectorOptions, Network, Runtime, load};
use viahe_edge::models::{Locations, Package};

fn ssdlite() -> Package {
    let locations = Locations::discover(None).unwrap();
    locations.load_package(&"ssdlite-coco".try_into().unwrap()).expect("run: make setup")
}

fn look(detector: &mut Detector, images: usize) {
    let input = *detector.input();
    let sheet = Sheet::whole(&input, input.size());
    let mut fill = |_: usize, tensor: &mut [f32]| {
        tensor.fill(0.25);
        Ok(sheet.clone())
    };
    detector.run(images, &mut fill, &mut Vec::new()).unwrap();
}

/// Also of the largest batch, after which ONNX Runtime would keep several times what it needs.
#[test]
fn what_runs_work_in_does_not_grow() {
    let Package { model, weights, .. } = ssdlite();
    let held = |batch_max| {
        let options = DetectorOptions { batch_max, ..DetectorOptions::default() };
        let network = load(&runtime(), &model, &weights, options).unwrap();
        let mut detector = Detector::on(&network).unwrap();
        let before = network.arena().unwrap();
        for images in [batch_max, 1, batch_max, 1] {
            look(&mut detector, images);
        }
        let after = network.arena().unwrap();
        println!("batches up to {batch_max}: {after:?}");
        assert_eq!(after.held, before.held, "batches up to {batch_max}");
        assert!(after.held >= after.used_max / 2 && after.used_max > 1 << 20, "{after:?}");
        after.held
    };
    let (one, sixteen) = (held(1), held(16));
    assert!(sixteen <= 16 * one, "{one} and {sixteen} bytes");
}

/// A second thread that looks works in as much again, and not in more.
#[test]
fn another_thread_takes_as_much_again() {
    let Package { model, weights, .. } = ssdlite();
    let network = Network::load(&runtime(), &model, &weights, DetectorOptions::default()).unwrap();
    let network = std::sync::Arc::new(network);
    let mut first = Detector::on(&network).unwrap();
    let one = network.arena().unwrap().held;
    let mut second = Detector::on(&network).unwrap();
    std::thread::scope(|threads| {
        for detector in [&mut first, &mut second] {
            threads.spawn(move || (0..8).for_each(|_| look(detector, 1)));
        }
    });
    let two = network.arena().unwrap().held;
    println!("one thread {one} bytes, two {two}");
    assert!(two <= 3 * one, "{one} and {two} bytes");
}

#[test]
fn what_a_model_took_comes_back() {
    let said = in_a_process_of_its_own("infer::memory::child_swaps_models", &library());
    println!("{said}");
    let of = |label: &str| -> f64 {
        let line = said.lines().find_map(|line| line.split_once(label)).expect(label);
        line.1.trim().parse().unwrap()
    };
    let (first, last) = (of("MIB AFTER 2:"), of("MIB AFTER 50:"));
    let (before, without) = (of("MIB BEFORE:"), of("MIB WITHOUT:"));
    assert!(last <= first * 1.05, "{first} MiB after two models, {last} after fifty");
    assert!(without <= before + 0.6 * (first - before), "{before} MiB before, {without} after");
}

/// Not a test of its own: what the child process of the one before does.
#[test]
fn child_swaps_models() {
    let Some(library) = std::env::var_os(super::provider::LIBRARY) else { return };
    let runtime = Runtime::load(Path::new(&library)).unwrap();
    let Package { model, weights, .. } = ssdlite();
    println!("MIB BEFORE: {:.1}", rss_mib());
    let mut old = None;
    for swap in 1..=50 {
        let network = load(&runtime, &model, &weights, DetectorOptions::default()).unwrap();
        let mut detector = Detector::on(&network).unwrap();
        look(&mut detector, 1);
        // The old one goes when the new one is at work.
        drop(old.replace(detector));
        if [1, 2, 10, 50].contains(&swap) {
            println!("MIB AFTER {swap}: {:.1}", rss_mib());
        }
    }
    drop(old);
    println!("MIB WITHOUT: {:.1}", rss_mib());
}

fn rss_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
