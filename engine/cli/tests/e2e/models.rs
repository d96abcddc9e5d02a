//! Models are exchanged while a box looks with them.

use crate::support::broker::Broker;
use crate::support::edited::{Edited, Unharmed};
use crate::support::engine::{CameraSim, ENOUGH_LOOKS, Pipeline};
use crate::support::media::frame_png;
use crate::support::program::run_viahe;
use crate::support::{LONG, clip, root, until};
use crate::wrong_model::package;
use rustix::process::Signal;
use std::path::Path;

const CAMERAS: [&str; 3] = ["gate-east", "gate-north", "gate-west"];
/// Is 1 while a model is refused.
const REFUSED: &str = "viahe_trouble{trouble=\"model_refused\"}";

#[test]
fn a_model_takes_over_while_cameras_go_on_and_a_bad_one_does_not() {
    let broker = Broker::start();
    let pipeline = Pipeline::new(broker.port).engine("workers = 1");
    let pipeline = CAMERAS.iter().fold(pipeline, |p, id| p.camera(id, "pattern://640x360@10"));
    let package = pipeline.dir.path().join("models/street-model");
    std::fs::create_dir_all(&package).unwrap();
    let weights = root().join(".deps/models/ssdlite-coco/ssdlite-coco.onnx");
    std::fs::copy(weights, package.join("ssdlite-coco.onnx")).unwrap();
    let right = std::fs::read_to_string(root().join("models/ssdlite-coco/model.toml")).unwrap();
    let right = right.replacen("\"ssdlite-coco\"", "\"street-model\"", 1);
    let description = package.join("model.toml");
    std::fs::write(&description, &right).unwrap();
    let text = std::fs::read_to_string(pipeline.write()).unwrap();
    std::fs::write(pipeline.file(), text.replacen("ssdlite-coco", "street-model", 1)).unwrap();
    let mut edited = Edited::start_file(pipeline.file());
    edited.engine.until_looks(&CAMERAS, 2);
    let workers = edited.engine.workers();
    let unharmed = CAMERAS.map(|camera| Unharmed::since_now(&edited.engine, camera));

    let before = edited.engine.process.lines().len();
    std::fs::write(&description, format!("{right}# Another one.\n")).unwrap();
    edited.reload();
    for camera in CAMERAS {
        until("the other model", LONG, || {
            let lines = edited.engine.process.lines().split_off(before);
            let told = |line: &str| line.contains("its model took over") && line.contains(camera);
            lines.iter().any(|line| told(&line.text)).then_some(())
        });
    }

    // The weights are not those that it says.
    let sha256 = right.lines().find(|line| line.starts_with("sha256")).unwrap();
    let bad = right.replace(sha256, &format!("sha256 = \"{}\"", "0".repeat(64)));
    std::fs::write(&description, bad).unwrap();
    edited.reload();
    edited.engine.until_metric(REFUSED, |n| n == 1);
    let health = edited.engine.health();
    assert_eq!(health["status"], "degraded", "{health}");
    assert!(health["reasons"].to_string().contains("street-model"), "{health}");
    edited.engine.until_looks(&CAMERAS, ENOUGH_LOOKS);

    std::fs::write(&description, &right).unwrap();
    edited.reload();
    edited.engine.until_metric(REFUSED, |n| n == 0);
    until("all is well", LONG, || Some(edited.engine.health()).filter(|h| h["status"] == "ok"));
    for camera in &unharmed {
        camera.check(&edited.engine);
    }
    assert_eq!(edited.engine.workers(), workers, "the same process");
    edited.engine.process.signal(Signal::TERM);
    edited.engine.process.end(LONG).says(0, &[]);
}

/// The installed model as a package of this name.
fn copied(models: &Path, name: &str) {
    let folder = models.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let weights = root().join(".deps/models/ssdlite-coco/ssdlite-coco.onnx");
    std::fs::copy(weights, folder.join("ssdlite-coco.onnx")).unwrap();
    let text = std::fs::read_to_string(root().join("models/ssdlite-coco/model.toml")).unwrap();
    let named = text.replacen("\"ssdlite-coco\"", &format!("\"{name}\""), 1);
    std::fs::write(folder.join("model.toml"), named).unwrap();
}

#[test]
fn what_is_activated_takes_over_when_it_stands_the_trial_on_the_cameras_pictures() {
    let (broker, sim) = (Broker::start(), CameraSim::start(&clip(), &CAMERAS));
    let pipeline = Pipeline::new(broker.port).engine("workers = 1").cameras(&sim, &CAMERAS);
    let models = pipeline.dir.path().join("models");
    copied(&models, "other-eyes");
    package(&models, "wrong-eyes", "pixels");
    let mut edited = Edited::start(&pipeline);
    edited.engine.until_looks(&CAMERAS, 2);
    let workers = edited.engine.workers();
    let unharmed = CAMERAS.map(|camera| Unharmed::since_now(&edited.engine, camera));
    let file = edited.file.clone();
    let activate = |package: &str, more: &[&str]| {
        let common = ["model", "activate", package, "--pipeline", file.to_str().unwrap()];
        run_viahe(common.iter().chain(more))
    };
    let done = |package: &str, more: &[&str], words: &[&str]| {
        let ended = activate(package, more);
        ended.says(0, &[]);
        let text = ended.stdout.join("\n");
        for word in words {
            assert!(text.contains(word), "{word:?} is not in:\n{text}");
        }
    };

    // Who gives it a picture hears of it before anything is changed.
    let picture = frame_png(pipeline.dir.path(), 100);
    let shown = ["--picture", picture.to_str().unwrap()];
    activate("wrong-eyes", &shown).says(1, &["wrong-eyes", "sure candidates are unusable"]);
    done("other-eyes", &["--check", shown[0], shown[1]], &["person", "nothing was changed"]);
    activate("other-eyes", &["--model", "night"]).says(2, &["no [model.night]", "street"]);
    activate("no-such-eyes", &[]).says(3, &["no-such-eyes", "not installed"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), edited.text);

    // One camera, then all.
    let before = edited.engine.process.lines().len();
    done("other-eyes", &["--camera", CAMERAS[0]], &["+ [model.other-eyes]", "SIGHUP"]);
    edited.reload();
    took_over(&edited, before, &CAMERAS[..1]);
    done("other-eyes", &["--model", "street"], &["+ package = \"other-eyes\""]);
    edited.reload();
    took_over(&edited, before, &CAMERAS);
    done("other-eyes", &["--model", "street"], &["it is so already"]);

    // Without a picture it is the box that finds out.
    done("wrong-eyes", &["--model", "street"], &["SIGHUP"]);
    edited.reload();
    edited.engine.until_metric(REFUSED, |n| n == 1);
    edited.engine.process.line("sure candidates are unusable");
    edited.engine.until_looks(&CAMERAS, ENOUGH_LOOKS);
    done("other-eyes", &["--model", "street"], &["SIGHUP"]);
    edited.reload();
    edited.engine.until_metric(REFUSED, |n| n == 0);
    for camera in &unharmed {
        camera.check(&edited.engine);
    }
    assert_eq!(edited.engine.workers(), workers, "the same process");
    edited.engine.process.signal(Signal::TERM);
    edited.engine.process.end(LONG).says(0, &[]);
}

/// Waits until each of these cameras has gone over to another model.
fn took_over(edited: &Edited, since_line: usize, cameras: &[&str]) {
    for camera in cameras {
        until("the other model", LONG, || {
            let lines = edited.engine.process.lines().split_off(since_line);
            let told = |line: &str| line.contains("its model took over") && line.contains(camera);
            lines.iter().any(|line| told(&line.text)).then_some(())
        });
    }
}
