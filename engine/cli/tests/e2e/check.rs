//! `viahe check`: one verdict, in words, whatever it is given.

use crate::support::broker::Broker;
use crate::support::engine::{CameraSim, Pipeline};
use crate::support::program::{Ended, Program, run_viahe, viahe};
use crate::support::{clip, free_port, root};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// However wrong a file is, the answer comes by then.
const SOON: Duration = Duration::from_secs(10);

fn check(file: &Path, more: &[&str]) -> Ended {
    run_viahe([&["check", file.to_str().unwrap()], more].concat())
}

fn pipeline() -> Pipeline {
    Pipeline::new(1).camera("gate-east", "pattern://640x360@10")
}

/// The pipeline's file with a part of its text replaced.
fn changed(pipeline: &Pipeline, from: &str, to: &str) -> PathBuf {
    let file = pipeline.write();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from:?} is not in:\n{text}");
    std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    file
}

#[test]
fn a_right_pipeline_ends_with_no_problem_found() {
    let pipeline = pipeline();
    let file = changed(&pipeline, "dwell_secs", "schedule = [\"Sat 06:00-06:01\"]\ndwell_secs");
    let ended = check(&file, &[]);
    ended.prints(0, &["time there now ", "(Asia/Ho_Chi_Minh)", "UTC+07", "Sat 06:00-06:01; "]);
    assert_eq!(ended.stdout.last().unwrap(), "no problem found");
    let said = ended.stdout.join("\n");
    assert!(said.contains("applies now") || said.contains("does not apply now"), "{said}");
}

#[test]
fn how_rarely_a_rule_may_look_is_said_unless_a_rate_is_set() {
    let pipeline = pipeline();
    let said = "looks: 1 s apart, at most 5 s while nothing is there and 2 s while something is";
    let file = changed(&pipeline, "dwell_secs", "dwell_secs = 180 #");
    check(&file, &[]).prints(0, &[said]);
    let late = std::fs::read_to_string(&file).unwrap();
    let late = late.replacen("[engine]", "[engine]\nlateness_secs = 10", 1);
    let waits = file.with_file_name("waits.toml");
    std::fs::write(&waits, late).unwrap();
    check(&waits, &[]).prints(0, &["looks: 1 s apart at all times"]);
    let text = std::fs::read_to_string(&file).unwrap();
    let steady = text.replacen("id = \"gate-east\"", "id = \"gate-east\"\nanalyse_hz = 2.0", 1);
    assert_ne!(text, steady);
    std::fs::write(&file, steady).unwrap();
    let ended = check(&file, &[]);
    ended.prints(0, &["up to 2 frames a second analysed"]);
    assert!(!ended.stdout.join("\n").contains("looks: "), "{:?}", ended.stdout);
}

#[test]
fn what_regions_gain_and_cost_is_said() {
    let pipeline = pipeline();
    let near = "[[0.80, 0.14], [1.00, 0.12], [1.00, 0.21], [0.80, 0.24]]";
    let far = "[[0.80, 0.12], [0.95, 0.12], [0.95, 0.18], [0.80, 0.18]]";
    let file = changed(&pipeline, near, far);
    let cost = "1.25 runs of the model a look instead of 1";
    let on = "  regions: of 1920x1080 px ";
    check(&file, &[]).prints(0, &[on, "times as large: a car is seen from about", cost]);
    let text = std::fs::read_to_string(&file).unwrap();
    let off = text.replacen("id = \"gate-east\"", "id = \"gate-east\"\nregions = \"off\"", 1);
    std::fs::write(&file, off).unwrap();
    let told = "  regions: off; with regions = \"auto\" of 1920x1080 px ";
    check(&file, &[]).prints(0, &[told, cost]);
    let large = "polygon = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]] #";
    let file = pipeline.write();
    let text = std::fs::read_to_string(&file).unwrap().replacen("polygon = ", large, 1);
    std::fs::write(&file, text).unwrap();
    check(&file, &[])
        .prints(0, &["  regions: none, as they would show nothing more that is needed"]);
}

/// Of a model that takes smaller images too it is said which size a camera's images have, and what that saves.
#[test]
fn what_smaller_images_save_is_said() {
    let pipeline = pipeline();
    let file = changed(&pipeline, "package = \"ssdlite-coco\"", "package = \"open-yolox\"");
    let folder = file.with_file_name("models").join("open-yolox");
    std::fs::create_dir_all(&folder).unwrap();
    let model = std::fs::read_to_string(root().join("models/yolox-nano/model.toml")).unwrap();
    let model = model.replacen("\"yolox-nano\"", "\"open-yolox\"", 1);
    std::fs::write(folder.join("model.toml"), &model).unwrap();
    std::fs::write(folder.join("yolox_nano_416.onnx"), "not looked at by a check").unwrap();
    assert!(!check(&file, &[]).stdout.join("\n").contains("input: "));
    let sizes = "height = 416\nsizes = [[416, 320], [416, 256]]";
    std::fs::write(folder.join("model.toml"), model.replacen("height = 416", sizes, 1)).unwrap();
    let told = "  input: a picture of 1920x1080 px on 416x256 px: 0.62 of what the model's own 416x416 px cost";
    check(&file, &[]).prints(0, &[told]);
}

/// It is right, and nothing will come of it.
#[test]
fn what_nothing_can_come_of_is_warned_of() {
    let pipeline = pipeline().camera("gate-west", "file:///tmp/viahe-no-such/gone.mp4");
    let file = pipeline.write();
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str(
        r#"
        [[camera]]
        id = "gate-north"
        url = "pattern://640x360@10"
        model = "street"
        [[permit]]
        id = "wedding"
        reason = "wedding"
        uses = ["illegal-parking"]
        from = "2025-11-22 08:00"
        until = "2025-11-22 10:00"
        "#,
    );
    std::fs::write(&file, text).unwrap();
    let ended = check(&file, &[]);
    ended.prints(
        0,
        &[
            "camera[gate-west].url: the recording ",
            "gone.mp4 cannot be read",
            "camera[gate-north]: it has no rule",
            "no frame analysed, as no rule looks",
            "permit[wedding]: it ended at 2025-11-22T10:00:00.000+07:00",
        ],
    );
    assert_eq!(ended.stdout.last().unwrap(), "no problem found, but 3 warnings");
}

#[test]
fn problems_are_counted_in_the_last_line() {
    let pipeline = pipeline();
    let file = changed(&pipeline, "dwell_secs", "dwel_secs");
    let ended = check(&file, &[]);
    ended.says(2, &["dwel_secs"]);
    assert_eq!(ended.stderr.last().unwrap(), "1 problem");
    assert!(!ended.stdout.join("\n").contains("no problem"));
}

#[test]
fn missing_weights_are_one_problem_whatever_the_number_of_cameras() {
    let models = tempfile::tempdir().unwrap();
    let folder = models.path().join("street-model");
    std::fs::create_dir(&folder).unwrap();
    let text = std::fs::read_to_string(root().join("models/ssdlite-coco/model.toml")).unwrap();
    std::fs::write(folder.join("model.toml"), text.replacen("ssdlite-coco", "street-model", 1))
        .unwrap();
    let pipeline = pipeline().camera("gate-west", "pattern://640x360@10");
    let file = changed(&pipeline, "ssdlite-coco", "street-model");
    let mut command = viahe(["check".as_ref(), file.as_os_str()]);
    command.env("VIAHE_MODELS", models.path());
    let ended = Program::start(command).end(crate::support::LONG);
    ended.says(3, &["the weights", "are missing", "make setup"]);
    assert_eq!(ended.stderr.last().unwrap(), "1 problem", "{ended:?}");
    assert!(!ended.stdout.join("\n").contains("no problem"), "{ended:?}");
}

#[test]
fn an_entry_that_a_model_sees_in_part_is_told_so() {
    for (entry, unseen) in [
        ("dumping", "waste and goods.material"),
        ("shop-encroachment", "goods.stall and goods.material"),
        ("sidewalk-obstruction", "goods.stall, goods.cart and goods.material"),
        ("stray-animal", "animal.buffalo"),
    ] {
        let pipeline = pipeline();
        let file = changed(&pipeline, "use = \"illegal-parking\"", &format!("use = \"{entry}\""));
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().filter(|l| !l.starts_with("dwell_secs")).collect();
        std::fs::write(&file, lines.join("\n")).unwrap();
        let ended = check(&file, &[]);
        let none = "no installed model sees any of it: install one that does";
        ended.prints(0, &["warning", entry, "partial", "ssdlite-coco does not see", unseen, none]);
        assert_eq!(ended.stdout.last().unwrap(), "no problem found, but 1 warning");
    }
}

#[test]
fn what_a_model_misses_is_told_with_the_installed_ones_that_see_it() {
    let pipeline = pipeline();
    let file = changed(&pipeline, "use = \"illegal-parking\"", "use = \"dumping\"");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().filter(|l| !l.starts_with("dwell_secs")).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let text = std::fs::read_to_string(root().join("models/ssdlite-coco/model.toml")).unwrap();
    let (head, _) = text.split_once("[labels]").unwrap();
    for (model, class) in [("bags-nano", "goods.bag"), ("market-nano", "waste")] {
        let folder = file.parent().unwrap().join("models").join(model);
        std::fs::create_dir_all(&folder).unwrap();
        let text = format!("{head}[labels]\n0 = \"{class}\"\n").replace("ssdlite-coco", model);
        std::fs::write(folder.join("model.toml"), text).unwrap();
    }
    let told = "does not see waste and goods.material, so the rule never tells of such things; of \
                the installed models market-nano sees waste";
    check(&file, &[]).prints(0, &["dumping", "partial", told]);
}

#[test]
fn the_licence_of_a_model_is_told_and_one_without_is_warned_of() {
    let pipeline = pipeline();
    check(&pipeline.write(), &[]).prints(0, &["model ssdlite-coco (Apache-2.0), "]);
    let file = changed(&pipeline, "ssdlite-coco", "street-model");
    let folder = file.parent().unwrap().join("models/street-model");
    std::fs::create_dir_all(&folder).unwrap();
    let text = std::fs::read_to_string(root().join("models/ssdlite-coco/model.toml")).unwrap();
    let text = text.replacen("ssdlite-coco", "street-model", 1);
    std::fs::write(folder.join("model.toml"), text.replacen("Apache-2.0", "NOASSERTION", 1))
        .unwrap();
    let warned = "warning: model street-model: its licence is NOASSERTION";
    check(&file, &[]).prints(3, &["model street-model (NOASSERTION), ", warned]);
    let listed = "ssdlite-coco, version 1: SSDLite MobileNetV2, COCO, 300x300; licence Apache-2.0";
    run_viahe(["model", "list"]).prints(0, &[listed, "vehicle.two_wheel.bicycle"]);
}

#[test]
fn a_candidate_that_cannot_be_tried_is_warned_of() {
    let pipeline = pipeline().more("[shadow]\ncandidate = \"night-eyes\"\n");
    let ended = check(&pipeline.write(), &[]);
    ended.prints(0, &["shadow.candidate: night-eyes cannot be tried: model \"night-eyes\" is not"]);
    let last = ended.stdout.last().unwrap();
    assert_eq!(last, "no problem found, but 1 warning");
}

#[test]
fn time_zones_that_people_write_are_put_right() {
    for zone in ["GMT+7", "UTC+7", "ICT", "+07:00"] {
        let pipeline = pipeline();
        let file = changed(&pipeline, "Asia/Ho_Chi_Minh", zone);
        check(&file, &[]).says(2, &[zone, "Asia/Ho_Chi_Minh"]);
    }
    let pipeline = pipeline();
    let file = changed(&pipeline, "Asia/Ho_Chi_Minh", "Etc/GMT+7");
    check(&file, &[]).prints(0, &["warning", "Etc/GMT+7 is 7 h *behind* UTC", "Asia/Ho_Chi_Minh"]);
}

#[test]
fn a_password_that_an_address_cannot_hold_is_refused_and_never_shown() {
    for url in [
        "rtsp://viewer:554/canary@127.0.0.1/stream",
        "rtsp://viewer:554?canary@127.0.0.1/stream",
        "rtsp://viewer:554#canary@127.0.0.1/stream",
        "rtsp://viewer:canary/1@127.0.0.1/stream",
        "rtsp://viewer:x@canary/1@127.0.0.1/stream",
        "rtsps://viewer:322/canary@127.0.0.1/stream",
    ] {
        let pipeline = Pipeline::new(1).camera("gate-east", url);
        let ended = check(&pipeline.write(), &[]);
        ended.says(2, &["gate-east", "url", "%2F", "${env:NAME}"]);
        assert!(!format!("{ended:?}").contains("canary"), "{ended:?}");
    }
    let pipeline = pipeline();
    let file = changed(&pipeline, "mqtt://127.0.0.1:1", "mqtt://box:1883/canary@127.0.0.1");
    let ended = check(&file, &[]);
    ended.says(2, &["mqtt.url"]);
    assert!(!format!("{ended:?}").contains("canary"), "{ended:?}");
}

/// Things that are no text file: some would hang a reader, some would fill the memory.
fn traps(dir: &Path) -> Vec<PathBuf> {
    let (pipe, large) = (dir.join("pipe"), dir.join("large"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::File::create(&large).unwrap().set_len(10 << 30).unwrap();
    vec![pipe, large, dir.to_owned(), "/dev/zero".into()]
}

#[test]
fn nothing_that_is_read_may_hang_or_fill_the_memory() {
    let dir = tempfile::tempdir().unwrap();
    for trap in traps(dir.path()) {
        let shown = trap.display().to_string();
        let told = |ended: Ended, words: &[&str]| {
            assert!(ended.took < SOON, "{shown}: {ended:?}");
            ended.says(2, words);
        };
        told(check(&trap, &[]), &[&shown]);

        // What a pipeline names: a link beside it stands for the trap.
        let pipeline = pipeline();
        let beside = |name: &str| {
            let path = pipeline.dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(&trap, path).unwrap();
        };
        beside("catalogue/illegal-parking.toml");
        told(check(&pipeline.write(), &[]), &["illegal-parking"]);

        let pipeline = self::pipeline();
        let calendar = pipeline.dir.path().join("calendar");
        std::fs::create_dir(&calendar).unwrap();
        std::os::unix::fs::symlink(&trap, calendar.join("vietnam.toml")).unwrap();
        let file = changed(&pipeline, "timezone =", "calendar = \"vietnam\"\ntimezone =");
        told(check(&file, &[]), &["calendar"]);

        let pipeline = self::pipeline();
        let model = pipeline.dir.path().join("models/own-model");
        std::fs::create_dir_all(&model).unwrap();
        std::os::unix::fs::symlink(&trap, model.join("model.toml")).unwrap();
        let file = changed(&pipeline, "ssdlite-coco", "own-model");
        told(check(&file, &[]), &["own-model"]);

        let url = format!("rtsp://viewer:${{file:{shown}}}@127.0.0.1/stream");
        let pipeline = Pipeline::new(1).camera("gate-east", &url);
        told(check(&pipeline.write(), &[]), &["gate-east", "url"]);
    }
}

#[test]
fn connect_tries_cameras_and_broker_and_says_what_to_do() {
    let broker = Broker::start();
    let sim = CameraSim::start_with(&clip(), &["gate-east"], 0, Some("viewer:right"));
    let address = |login: &str, path: &str| format!("rtsp://{login}127.0.0.1:{}/{path}", sim.port);
    let good = Pipeline::new(broker.port)
        .camera("gate-east", &address("viewer:right@", "gate-east"))
        .camera("test-picture", "pattern://640x360@10");
    let ended = check(&good.write(), &["--connect"]);
    ended.prints(0, &["broker 127.0.0.1", "camera gate-east: pictures come, 768x576 px"]);
    ended.prints(0, &["camera test-picture: a test picture, 640x360 px"]);
    assert_eq!(ended.stdout.last().unwrap(), "no problem found");

    let nobody = free_port();
    let bad = Pipeline::new(nobody)
        .camera("gate-east", &address("viewer:canary@", "gate-east"))
        .camera("gate-gone", &format!("rtsp://127.0.0.1:{nobody}/gate"))
        .camera("gate-good", &address("viewer:right@", "gate-east"));
    let ended = check(&bad.write(), &["--connect"]);
    let broker = format!("broker: 127.0.0.1:{nobody}");
    ended.says(1, &[&broker, "camera gate-east", "user name or password", "camera gate-gone"]);
    ended.prints(1, &["camera gate-good: pictures come"]);
    assert_eq!(ended.stderr.last().unwrap(), "3 problems");
    assert!(!format!("{ended:?}").contains("canary"), "{ended:?}");
    assert!(ended.took < Duration::from_secs(30), "{ended:?}");
}
