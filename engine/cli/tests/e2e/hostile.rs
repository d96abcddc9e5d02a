//! What is missing, broken or taken: each ends quickly, with the right code, and says which file,
//! what is wrong and what to do.

use crate::support::broker::Broker;
use crate::support::engine::{CameraSim, Engine, Pipeline};
use crate::support::program::{Ended, Program, run_viahe, viahe};
use crate::support::{LONG, clip, free_port, root};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A run that cannot work says so by then.
const SOON: Duration = Duration::from_secs(4);

struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Replays `clip` as one camera of the demo.
    fn replay(&self, clip: &Path) -> Ended {
        Program::start(self.replay_command(clip)).end(LONG)
    }

    fn replay_command(&self, clip: &Path) -> std::process::Command {
        let mut command = viahe(["replay"]);
        command
            .arg(root().join("pipelines/demo.toml"))
            .arg("--out")
            .arg(self.dir.path().join("out.jsonl"));
        command.args(["--camera", &format!("gate-east={}", clip.display())]);
        command
    }
}

fn pattern_pipeline(mqtt_port: u16) -> Pipeline {
    Pipeline::new(mqtt_port).camera("test-picture", "pattern://640x360@10")
}

#[test]
fn without_onnx_runtime_all_commands_say_how_to_get_it() {
    let bench = Bench::new();
    let text = bench.file("text.so", b"not a library\n");
    let pipeline = pattern_pipeline(1);
    let file = pipeline.write();
    for library in [Path::new("/nonexistent"), &text] {
        let name = library.to_str().unwrap();
        let mut replay = bench.replay_command(&clip());
        let mut run = viahe(["run".as_ref(), file.as_os_str()]);
        let mut in_process = viahe(["run".as_ref(), file.as_os_str(), "--in-process".as_ref()]);
        let mut detect = viahe(["detect", "whatever.png"]);
        for command in [&mut replay, &mut run, &mut in_process, &mut detect] {
            command.env("ORT_DYLIB_PATH", library);
        }
        for command in [replay, run, in_process, detect] {
            let ended = Program::start(command).end(LONG);
            ended.says(3, &[name, "ONNX Runtime", "make setup", "ORT_DYLIB_PATH"]);
            assert!(ended.took < SOON, "{ended:?}");
        }
    }
}

#[test]
fn a_model_without_weights_says_how_to_get_them() {
    let bench = Bench::new();
    // Under another name, so that the weights of the real one are not found.
    let folder = bench.dir.path().join("models/street-model");
    std::fs::create_dir_all(&folder).unwrap();
    let models = root().join("models");
    std::fs::copy(models.join("taxonomy.toml"), bench.dir.path().join("models/taxonomy.toml"))
        .unwrap();
    let description = std::fs::read_to_string(models.join("ssdlite-coco/model.toml")).unwrap();
    let description = description.replacen("\"ssdlite-coco\"", "\"street-model\"", 1);
    std::fs::write(folder.join("model.toml"), description).unwrap();
    let pipeline = pattern_pipeline(1);
    let file = pipeline.write();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("ssdlite-coco", "street-model")).unwrap();
    for command in ["check", "run"] {
        let mut command = viahe([command.as_ref(), file.as_os_str()]);
        command.env("VIAHE_MODELS", bench.dir.path().join("models"));
        let ended = Program::start(command).end(LONG);
        ended.says(3, &["street-model", "ssdlite-coco.onnx", "missing", "make setup"]);
    }
    let broken = folder.join("ssdlite-coco.onnx");
    std::fs::write(&broken, b"not a model").unwrap();
    let mut command = viahe(["run".as_ref(), file.as_os_str()]);
    command.env("VIAHE_MODELS", bench.dir.path().join("models"));
    let ended = Program::start(command).end(LONG);
    ended.says(3, &[broken.to_str().unwrap(), "sha256", "make setup"]);
}

#[test]
fn an_unknown_model_lists_those_that_there_are() {
    let pipeline = pattern_pipeline(1);
    let file = pipeline.write();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("ssdlite-coco", "ssdlite-cocoa")).unwrap();
    let at = text.lines().position(|l| l.starts_with("package")).unwrap() + 1;
    let file = file.to_str().unwrap();
    for command in ["run", "check"] {
        let ended = run_viahe([command, file]);
        ended
            .says(2, &[&format!("{file}:{at}:"), "ssdlite-cocoa", "did you mean \"ssdlite-coco\""]);
    }
    let detect = run_viahe(["detect", "--model", "no-such-model", "whatever.png"]);
    detect.says(3, &["no-such-model", "ssdlite-coco", "VIAHE_MODELS"]);
}

#[test]
fn a_bad_pipeline_is_told_with_file_line_and_remedy() {
    let pipeline = pattern_pipeline(1);
    let file = pipeline.write();
    let text = std::fs::read_to_string(&file).unwrap();
    let at = text.lines().position(|l| l.starts_with("dwell_secs")).unwrap() + 1;
    std::fs::write(&file, text.replace("dwell_secs", "dwel_secs")).unwrap();
    let file = file.to_str().unwrap();
    for command in ["run", "check", "demo"] {
        let option = if command == "demo" { vec!["--pipeline", file] } else { vec![file] };
        let ended = run_viahe([vec![command], option].concat());
        ended.says(2, &[&format!("{file}:{at}:"), "dwel_secs", "did you mean `dwell_secs`"]);
        assert!(ended.took < SOON);
    }
    run_viahe(["run", "no-such-file.toml"]).says(2, &["no-such-file.toml", "pipelines/demo.toml"]);
}

#[test]
fn a_clip_that_is_cut_off_is_no_success() {
    let bench = Bench::new();
    let bytes = std::fs::read(clip()).unwrap();
    let cut = bench.file("cut.mp4", &bytes[..bytes.len() / 40]);
    let ended = bench.replay(&cut);
    ended.says(2, &[cut.to_str().unwrap(), "cut off", "copy it again"]);
    let head = bench.file("head.mp4", &bytes[..100]);
    bench.replay(&head).says(2, &[head.to_str().unwrap(), "cut off"]);
}

#[test]
fn a_clip_of_random_bytes_says_what_a_clip_is() {
    let bench = Bench::new();
    let seed = 0x9e37_79b9_7f4a_7c15_u64;
    println!("seed {seed:#x}");
    let noise = |n: u64| (0..n).map(move |i| (seed.wrapping_mul(2 * i + 1) >> 56) as u8);
    let random: Vec<u8> = noise(200_000).collect();
    let random = bench.file("random.mp4", &random);
    let name = random.to_str().unwrap();
    bench.replay(&random).says(2, &[name, "MP4", "convert it"]);
    run_viahe(["camera-sim", name, "--port", "0"]).says(2, &[name, "MP4", "convert it"]);
    let demo = run_viahe(["demo", "--clip", name, "--seconds", "3"]);
    assert!(demo.code != 0 && demo.stderr.join("\n").contains(name), "{demo:?}");
    let disguised: Vec<u8> = b"\0\0\0\x20ftypisom".iter().copied().chain(noise(200_000)).collect();
    let disguised = bench.file("disguised.mp4", &disguised);
    bench.replay(&disguised).says(2, &[disguised.to_str().unwrap(), "no H.264 or H.265 video"]);
    let missing = bench.dir.path().join("missing.mp4");
    bench.replay(&missing).says(2, &[missing.to_str().unwrap(), "No such file"]);
}

#[test]
fn two_pictures_of_one_name_are_not_drawn_over_each_other() {
    let bench = Bench::new();
    let (jpeg, png) = (bench.file("same.jpg", b"text"), bench.file("same.png", b"text"));
    let [jpeg, png] = [&jpeg, &png].map(|p| p.to_str().unwrap());
    let out = bench.dir.path().join("drawn");
    let ended = run_viahe(["detect", jpeg, png, "--annotate", out.to_str().unwrap()]);
    ended.says(2, &[jpeg, png, "one file"]);
}

#[test]
fn a_text_is_no_picture() {
    let bench = Bench::new();
    let text = bench.file("text.png", b"a text\n");
    let name = text.to_str().unwrap();
    run_viahe(["detect", name]).says(2, &[name, "neither JPEG, PNG nor WebP", "convert it"]);
    let half = bench.file("half.png", b"\x89PNG\r\n\x1a\nrest");
    let name = half.to_str().unwrap();
    run_viahe(["detect", name]).says(2, &[name, "not a whole picture"]);
}

#[test]
fn a_bad_line_of_detections_is_told_with_its_number() {
    let bench = Bench::new();
    let bad = bench.file("det.txt", b"1,-1,10,10,5,5,0.9\n2,-1,abc,10,5,5,0.9\n");
    let out = bench.dir.path().join("tracks.txt");
    let [name, out_name] = [&bad, &out].map(|p| p.to_str().unwrap());
    let ended = run_viahe(["track", "--input", name, "--output", out_name]);
    ended.says(2, &[name, "line 2", "abc", "correct or remove the line"]);
    assert!(!out.exists(), "half an answer is none");
}

#[test]
fn a_state_folder_that_cannot_be_is_told() {
    let pipeline = pattern_pipeline(1);
    std::fs::write(pipeline.state_dir(), "a file is in the way").unwrap();
    let file = pipeline.write();
    let ended = run_viahe(["run".as_ref(), file.as_os_str()]);
    ended.says(1, &[pipeline.state_dir().to_str().unwrap(), "state folder", "writable"]);
    assert!(ended.took < SOON);
}

#[test]
fn a_second_engine_on_the_same_state_is_refused() {
    let broker = Broker::start();
    let pipeline = pattern_pipeline(broker.port);
    let engine = Engine::start(&pipeline);
    let second = run_viahe(["run".as_ref(), pipeline.write().as_os_str()]);
    second.says(1, &["lock", "another viahe", "state_dir"]);
    engine.until_looks(&["test-picture"], 1);
}

#[test]
fn a_metrics_port_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let pipeline = pattern_pipeline(1);
    let file = pipeline.write();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("127.0.0.1:0", &address)).unwrap();
    let ended = run_viahe(["run".as_ref(), file.as_os_str()]);
    ended.says(1, &[&address, "in use", "listen", "[engine]"]);
    assert!(ended.took < SOON);
    let taken_by_sim =
        run_viahe(["camera-sim", clip().to_str().unwrap(), "--port", port(&address)]);
    taken_by_sim.says(1, &[port(&address), "another port"]);
}

fn port(address: &str) -> &str {
    address.rsplit(':').next().unwrap()
}

#[test]
fn without_a_broker_it_runs_and_keeps_what_it_finds() {
    let sim = CameraSim::start(&clip(), &["gate-east"]);
    let port = free_port();
    let pipeline = Pipeline::new(port).cameras(&sim, &["gate-east"]);
    let engine = Engine::start(&pipeline);
    engine.process.line(&format!("127.0.0.1:{port}"));
    engine.until_metric("viahe_outbox_depth", |rows| rows == 2);
    engine.process.signal(rustix::process::Signal::TERM);
    let ended = engine.process.end(LONG);
    ended.says(0, &["wait in the outbox", "left=2"]);
}
