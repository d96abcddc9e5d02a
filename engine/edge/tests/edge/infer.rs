//! Inference end to end: hostile models and libraries, the path without copies, real models.

mod heads;
mod memory;
mod provider;
mod real;
mod sizes;
mod tiny;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use tiny::{PICTURE, SCORES, Tiny, describe, save};
use viahe_core::detect::Detection;
use viahe_core::geometry::PxRect;
use viahe_core::tensor::{Fit, Sheet};
use viahe_edge::infer::{BoxError, Detector, DetectorOptions, InferError, Network, Runtime};
use viahe_edge::ledger::{Ledger, Stage};
use viahe_edge::models::Locations;
use viahe_testing::onnx;

/// The installed library.
fn library() -> PathBuf {
    Locations::discover(None).unwrap().onnxruntime().expect("ONNX Runtime; run: make setup")
}

fn runtime() -> Runtime {
    Runtime::load(&library()).unwrap()
}

fn load(
    runtime: &Runtime,
    bytes: &[u8],
    batch: &str,
    batch_max: usize,
) -> Result<Detector, InferError> {
    let dir = tempfile::tempdir().unwrap();
    let options = DetectorOptions { batch_max, ..DetectorOptions::default() };
    Detector::new(runtime, &describe(bytes, batch), &save(dir.path(), bytes), options)
}

/// An 8 x 8 px frame, taken as it is.
fn same() -> Sheet {
    let all = PxRect::of_size(8, 8);
    Sheet::new([8, 8], [Fit::part(all, all)])
}

/// One person with this confidence, over the whole frame.
fn person(tensor: &mut [f32], confidence: f32) -> Sheet {
    assert_eq!(tensor.len(), PICTURE);
    tensor.fill(0.0);
    tensor[0] = confidence;
    tensor[SCORES..SCORES + 4].copy_from_slice(&[0.0, 0.0, 1.0, 1.0]);
    same()
}

fn confidences(out: &[Vec<Detection>]) -> Vec<Vec<f32>> {
    out.iter().map(|d| d.iter().map(|d| d.confidence.get()).collect()).collect()
}

#[test]
fn frames_of_a_batch_do_not_mix() {
    let runtime = runtime();
    let want = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
    for (batch, file_batch, batch_max, runs) in [
        ("\"any\"", None, 4, 3),
        ("\"any\"", None, 1, 7),
        ("1", Some(1), 4, 7),
        ("3", Some(3), 1, 3),
    ] {
        let tiny = Tiny {
            batch: file_batch,
            scores_shape: vec![file_batch, Some(4), Some(3)],
            ..Tiny::default()
        };
        let mut detector = load(&runtime, &tiny.bytes(), batch, batch_max).unwrap();
        let mut out = Vec::new();
        for frames in [7, 2, 0, 7] {
            let stats = detector
                .run(frames, &mut |i, tensor| Ok(person(tensor, want[i])), &mut out)
                .unwrap_or_else(|e| panic!("batch {batch}: {e}"));
            let want: Vec<Vec<f32>> = want[..frames].iter().map(|c| vec![*c]).collect();
            assert_eq!(confidences(&out), want, "batch {batch}");
            assert!(frames != 7 || stats.runs == runs, "batch {batch}: {stats:?}");
            assert_eq!(stats.decode.detections as usize, frames);
        }
    }
}

/// Threads that share a network see what each would see alone.
#[test]
fn threads_share_a_network() {
    let runtime = runtime();
    let dir = tempfile::tempdir().unwrap();
    let bytes = Tiny::default().bytes();
    let (model, weights) = (describe(&bytes, "\"any\""), save(dir.path(), &bytes));
    let options = DetectorOptions { batch_max: 2, ..DetectorOptions::default() };
    let network = Arc::new(Network::load(&runtime, &model, &weights, options).unwrap());
    // The file may be another one by the time that a thread more is wanted.
    std::fs::write(&weights, "another").unwrap();
    std::thread::scope(|threads| {
        for thread in 0..4_u8 {
            let mut detector = Detector::on(&network).unwrap();
            threads.spawn(move || {
                let mut out = Vec::new();
                for round in 0..500_u16 {
                    let sure = |i: usize| {
                        0.3 + f32::from(thread) / 8.0 + f32::from(round % 7 + i as u16) / 64.0
                    };
                    let mut fill = |i: usize, tensor: &mut [f32]| Ok(person(tensor, sure(i)));
                    detector.run(3, &mut fill, &mut out).unwrap();
                    assert_eq!(confidences(&out), [[sure(0)], [sure(1)], [sure(2)]]);
                }
            });
        }
    });
}

/// The tensor that the kernel writes is the one that ONNX Runtime reads: same address at every
/// run, and what is written through it is what the next run sees, without binding it again.
#[test]
fn nothing_is_copied_between_kernel_and_runtime() {
    let runtime = runtime();
    let ledger = Ledger::default();
    let mut detector = load(&runtime, &Tiny::default().bytes(), "\"any\"", 2).unwrap();
    let mut out = Vec::new();
    for (round, confidence) in [0.5, 0.75, 0.25].into_iter().enumerate() {
        for frames in [1, 2] {
            let bound = detector.input_address(frames).unwrap();
            let mut written = Vec::new();
            detector
                .run(
                    frames,
                    &mut |_, tensor| {
                        written.push(tensor.as_ptr().addr());
                        Ok(person(tensor, confidence))
                    },
                    &mut out,
                )
                .unwrap();
            let step = PICTURE * size_of::<f32>();
            let want: Vec<usize> = (0..frames).map(|i| bound + i * step).collect();
            assert_eq!(written, want, "round {round}");
            assert_eq!(bound % 64, 0, "aligned for vector code");
            assert_eq!(confidences(&out), vec![vec![confidence]; frames], "round {round}");
        }
    }
    assert_eq!(detector.input_address(3), None);
    assert_eq!(ledger.bytes(Stage::InferInput) + ledger.bytes(Stage::InferOutput), 0);
}

#[test]
fn values_that_are_no_numbers_never_become_detections() {
    let runtime = runtime();
    let mut detector = load(&runtime, &Tiny::default().bytes(), "\"any\"", 1).unwrap();
    let mut out = Vec::new();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let stats = detector
            .run(
                1,
                &mut |_, tensor| {
                    tensor.fill(bad);
                    Ok(same())
                },
                &mut out,
            )
            .unwrap();
        assert!(out[0].is_empty(), "{bad}: {out:?}");
        assert!(stats.decode.invalid > 0 || bad == f32::NEG_INFINITY, "{bad}: {stats:?}");
    }
    detector.run(1, &mut |_, tensor| Ok(person(tensor, 0.5)), &mut out).unwrap();
    assert_eq!(confidences(&out), [[0.5]], "and the next frame is as good as ever");
}

#[test]
fn a_frame_that_cannot_be_prepared_is_named() {
    let runtime = runtime();
    let mut detector = load(&runtime, &Tiny::default().bytes(), "\"any\"", 4).unwrap();
    let mut out = Vec::new();
    let mut fill = |i: usize, tensor: &mut [f32]| -> Result<Sheet, BoxError> {
        if i == 2 { Err("no chroma".into()) } else { Ok(person(tensor, 0.5)) }
    };
    let err = detector.run(4, &mut fill, &mut out).unwrap_err();
    assert!(matches!(err, InferError::Fill { frame: 2, .. }), "{err}");
    assert!(out.is_empty());
    detector.run(2, &mut fill, &mut out).unwrap();
    assert_eq!(confidences(&out), [[0.5], [0.5]]);
}

/// Each bad model gives a message that names what is wrong; the model that was loaded before goes
/// on, whatever happened.
#[test]
fn a_bad_model_leaves_the_old_one_serving() {
    let runtime = runtime();
    let good = Tiny::default().bytes();
    let mut old = load(&runtime, &good, "\"any\"", 1).unwrap();
    let mut out = Vec::new();
    for (name, bytes, batch, want) in bad_models(&good) {
        let err = load(&runtime, &bytes, batch, 1).map(|_| ()).expect_err(name).to_string();
        assert!(err.contains(want) && err.contains("tiny"), "{name}: {err}");
        old.run(1, &mut |_, tensor| Ok(person(tensor, 0.5)), &mut out).unwrap();
        assert_eq!(confidences(&out), [[0.5]], "after {name}");
    }
}

fn bad_models(good: &[u8]) -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    let tiny = Tiny::default;
    let noise: Vec<u8> =
        (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let external = onnx::tensor("w", onnx::F32, &[1])
        .number(14, 1)
        .message(13, &onnx::Message::default().text(1, "location").text(2, "../../../etc/passwd"));
    let external = onnx::model(&[], &[external], &[], &[]);
    let unknown = onnx::model(
        &[onnx::node("NoSuchOperator", &["image"], &["scores"], &[])],
        &[],
        &[onnx::value("image", onnx::F32, &[None, Some(8), Some(8), Some(3)])],
        &[onnx::value("scores", onnx::F32, &[None])],
    );
    let of = |node: onnx::Message| onnx::model(&[node], &[], &[], &[]);
    let foreign = of(onnx::node("Magic", &[], &[], &[]).text(7, "com.example"));
    let cover = onnx::Cover { ir: 14, opsets: &[("", 28)], ..onnx::Cover::default() };
    let too_new = onnx::covered(&onnx::graph(&[], &[], &[], &[]), &cover);
    let huge = onnx::tensor("w", onnx::F32, &[1_000_000, 1_000_000]);
    let claims = onnx::model(&[], &[huge], &[], &[]);
    let any = "\"any\"";
    #[rustfmt::skip]
    let cases = vec![
        ("empty",            vec![],                                  any, "cut off or is no ONNX file"),
        ("cut in half",      good[..good.len() / 2].to_vec(),         any, "cut off or is no ONNX file"),
        ("cut by a byte",    good[..good.len() - 1].to_vec(),         any, "cut off or is no ONNX file"),
        ("noise",            noise,                                   any, "cut off or is no ONNX file"),
        ("external data",    external,                                any, "external data"),
        ("unknown operator", unknown,                                 any, "the operator NoSuchOperator, which ONNX does not have"),
        ("other library",    foreign,                                 any, "operators of other libraries"),
        ("too new",          too_new,                                 any, "opset 28 and IR 14; ONNX Runtime"),
        ("claims",           claims,                                  any, "claims 1000000000000 values"),
        ("no nodes",         onnx::model(&[], &[], &[], &[]),         any, "tiny"),
        ("input's name",     Tiny { input: ("images", onnx::F32), ..tiny() }.bytes(), any, "no input is named \"image\"; the model has \"images\""),
        ("input's type",     Tiny { input: ("image", onnx::F64), ..tiny() }.bytes(),  any, "holds f64, not f32"),
        ("input's size",     Tiny { side: 16, ..tiny() }.bytes(),     any, "model.toml says [1, 8, 8, 3]"),
        ("second input",     Tiny { second_input: true, ..tiny() }.bytes(), any, "2 inputs"),
        ("batch not any",    Tiny { batch: Some(1), ..tiny() }.bytes(), any, "takes exactly 1 images; write batch = 1"),
        ("batch not 2",      Tiny { batch: Some(1), ..tiny() }.bytes(), "2", "write batch = 1, not 2"),
        ("output's shape",   Tiny { scores_shape: vec![None, Some(3), Some(4)], reshape: [0, 3, 4], ..tiny() }.bytes(), any, "output \"scores\" has shape"),
        ("shape found late", Tiny { scores_shape: vec![None, None, None], reshape: [0, 2, 6], late_shape: true, ..tiny() }.bytes(), any, "trial run"),
        ("nan",              Tiny { bias: f32::NAN, ..tiny() }.bytes(), any, "output value 0 is NaN"),
    ];
    cases
}

/// What a file declares is a promise that ONNX Runtime does not keep it to; what is read is what was bound.
#[test]
fn a_shape_that_changes_while_it_runs_is_an_error_of_that_run_alone() {
    let late = Tiny { scores_shape: vec![None, None, None], late_shape: true, ..Tiny::default() };
    let mut detector = load(&runtime(), &late.bytes(), "1", 1).unwrap();
    let mut out = Vec::new();
    for last in [0.0, -1.0, 0.0] {
        let mut fill = |_: usize, tensor: &mut [f32]| {
            let sheet = person(tensor, 0.75);
            // Twelve scores as two pictures of six.
            tensor[PICTURE - 1] = last;
            Ok(sheet)
        };
        let ran = detector.run(1, &mut fill, &mut out);
        if last < 0.0 {
            let error = ran.unwrap_err().to_string();
            assert!(error.contains("ONNX Runtime failed") && error.contains("hape"), "{error}");
            assert!(out.is_empty(), "nothing is told of what was not looked at");
        } else {
            ran.unwrap();
            assert_eq!(confidences(&out), [[0.75]]);
        }
    }
}

#[test]
fn several_differences_are_told_at_once() {
    let runtime = runtime();
    let tiny = Tiny { input: ("images", onnx::F32), second_input: true, ..Tiny::default() };
    let Err(InferError::Interface { problems, .. }) = load(&runtime, &tiny.bytes(), "2", 1) else {
        panic!("two differences");
    };
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn the_file_must_be_the_one_described() {
    let runtime = runtime();
    let bytes = Tiny::default().bytes();
    let model = describe(&bytes, "\"any\"");
    let dir = TempDir::new().unwrap();
    let fails = |path: &Path| {
        let options = DetectorOptions::default();
        Detector::new(&runtime, &model, path, options).map(|_| ()).unwrap_err().to_string()
    };
    let other = save(dir.path(), &Tiny { bias: 0.1, ..Tiny::default() }.bytes());
    let err = fails(&other);
    assert!(err.contains(&model.sha256.to_string()) && err.contains("run: make tiny"), "{err}");
    let err = fails(&dir.path().join("none.onnx"));
    assert!(err.contains("none.onnx") && err.contains("make tiny"), "{err}");
    let err = fails(dir.path());
    assert!(err.contains("not a regular file"), "{err}");
    let options = DetectorOptions { threads: 0, ..DetectorOptions::default() };
    let err = Detector::new(&runtime, &model, &other, options).map(|_| ()).unwrap_err();
    assert!(err.to_string().contains("threads = 0 is not in 1 to 64"), "{err}");
}

/// Set for a child process: the library that it must try to load.
const CHILD_LIBRARY: &str = "VIAHE_TEST_LIBRARY";

/// Not a test of its own: what the child processes of the next one do.
#[test]
fn child_loads_a_library() {
    let Some(path) = std::env::var_os(CHILD_LIBRARY) else { return };
    // A second try must fail alike, and not wait for the first.
    for _ in 0..2 {
        match Runtime::load(Path::new(&path)) {
            Ok(runtime) => println!("LOADED {}", runtime.version()),
            Err(e) => println!("REFUSED {e}"),
        }
    }
    // After a failure, the right library still loads.
    match Runtime::load(&library()) {
        Ok(runtime) => println!("THEN {}", runtime.version()),
        Err(e) => println!("THEN FAILED {e}"),
    }
}

#[test]
fn a_wrong_library_is_refused_at_once() {
    let library = library();
    let dir = TempDir::new().unwrap();
    let bytes = std::fs::read(&library).unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let mut zeroed = bytes.clone();
    zeroed[4096..].fill(0);
    let mut half_zeros = bytes.clone();
    half_zeros[bytes.len() / 2..].fill(0);
    #[rustfmt::skip]
    let cases = [
        ("missing",        dir.path().join("none.so"),                        "No such file"),
        ("a folder",       dir.path().to_owned(),                             "not a regular file"),
        ("a device",       PathBuf::from("/dev/zero"),                        "not a regular file"),
        ("empty",          file("empty.so", b""),                             "no ELF header"),
        ("text",           file("text.so", b"404: Not Found\n"),              "no ELF header"),
        ("cut off",        file("half.so", &bytes[..bytes.len() / 2]),        "cut off"),
        ("only a header",  file("header.so", &bytes[..64]),                   "cut off"),
        ("a power cut",    file("zeroed.so", &zeroed),                        "damaged"),
        ("half zeros",     file("zeros.so", &half_zeros),                     "damaged"),
        ("a program",      std::env::current_exe().unwrap(),                  "not ONNX Runtime"),
        ("other library",  system_library(),                                  "not ONNX Runtime"),
    ];
    for (name, path, want) in cases {
        let started = viahe_edge::clock::monotonic();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "infer::child_loads_a_library", "--nocapture"])
            .env(CHILD_LIBRARY, &path)
            .output()
            .unwrap();
        let took = started.elapsed();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}: {:?}\n{said}", output.status);
        let refused: Vec<&str> = said.lines().filter(|l| l.contains("REFUSED ")).collect();
        assert_eq!(refused.len(), 2, "{name}: {said}");
        let shown = path.display().to_string();
        assert!(refused[0].contains(&shown) && refused[0].contains(want), "{name}: {said}");
        assert!(refused[0].contains("make setup"), "{name}: says what to do: {said}");
        assert!(said.contains("THEN 1."), "{name}: {said}");
        assert!(took.as_secs_f32() < 2.0, "{name} took {took:?}");
    }
}

/// Some library that is on every system with glibc.
fn system_library() -> PathBuf {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc = maps.split_whitespace().find(|w| w.contains("libc.so"));
    libc.map(PathBuf::from).expect("this process has libc mapped")
}

#[test]
fn one_library_a_process() {
    let runtime = runtime();
    let dir = TempDir::new().unwrap();
    let copy = dir.path().join("libonnxruntime.so");
    std::fs::copy(runtime.path(), &copy).unwrap();
    let err = Runtime::load(&copy).unwrap_err();
    assert!(matches!(err, InferError::AlreadyLoaded { .. }), "{err}");
    assert_eq!(Runtime::load(runtime.path()).unwrap().version(), runtime.version());
}
