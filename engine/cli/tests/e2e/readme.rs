//! The first pages as a newcomer follows them: their own lines, in an empty folder.

use crate::support::program::Program;
use crate::support::{LONG, free_port, root, until};
use std::path::Path;
use std::process::Command;
use viahe_edge::clock;

/// Ports that the page names; others of this machine may have them.
const PORTS: [&str; 3] = ["1883", "8554", "9464"];

/// Fenced blocks of a section of a page, by language.
fn blocks(page: &str, section: &str, language: &str) -> Vec<String> {
    let page = std::fs::read_to_string(root().join(page)).unwrap();
    let text = page.split(&format!("## {section}\n")).nth(1).unwrap();
    let text = text.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(str::to_owned).collect()
}

/// A folder like that of the repository after `make demo`: its data, and the program under test
/// in place of the release build.
fn checkout() -> tempfile::TempDir {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    for part in ["pipelines", "fixtures", "models", ".deps"] {
        symlink(root().join(part), dir.path().join(part)).unwrap();
    }
    std::fs::create_dir_all(dir.path().join("target/release")).unwrap();
    symlink(env!("CARGO_BIN_EXE_viahe"), dir.path().join("target/release/viahe")).unwrap();
    dir
}

/// The page with free ports in place of its own.
struct Ports(Vec<(&'static str, String)>);

impl Ports {
    fn free() -> Self {
        Self(PORTS.map(|port| (port, free_port().to_string())).into())
    }

    /// Each port must be named, or the page and this test have drifted apart.
    fn substituted(&self, text: &str, named: &[&str]) -> String {
        for port in named {
            assert!(text.contains(port), "{port} is not in:\n{text}");
        }
        self.0.iter().fold(text.to_owned(), |text, (ours, free)| text.replace(ours, free))
    }
}

/// Lines of shell, each of which must succeed. What they leave behind is stopped with them.
fn shell(folder: &Path, lines: &str) -> Program {
    // Into a pipe `mosquitto_sub` would keep its lines to itself for a while.
    let mut command = Command::new("stdbuf");
    command.args(["-oL", "bash", "-euxc", lines]).current_dir(folder).env_remove("VIAHE_LOG");
    Program::start(command)
}

#[test]
fn your_own_camera_gives_an_incident_within_a_minute() {
    let dir = checkout();
    let ports = Ports::free();
    let [go, run, password] =
        <[String; 3]>::try_from(blocks("README.md", "Your own camera", "sh")).unwrap();
    let [pipeline, own] =
        <[String; 2]>::try_from(blocks("README.md", "Your own camera", "toml")).unwrap();
    std::fs::create_dir_all(dir.path().join("runs/my-street")).unwrap();
    let file = dir.path().join("runs/my-street/my-street.toml");
    std::fs::write(&file, ports.substituted(&pipeline, &PORTS)).unwrap();
    let lines = format!("{go}{}", ports.substituted(&run, &["1883", "8554"]));
    let started = clock::monotonic();
    let street = shell(dir.path(), &lines);
    let incident = until("an incident at the subscriber", LONG, || {
        let lines = street.lines();
        assert!(!lines.iter().any(|l| l.text.contains("ERROR")), "{lines:#?}");
        lines
            .into_iter()
            .find(|l| l.to_stdout && l.text.starts_with("viahe/v1/my-street/cam/gate-01/incident/"))
    });
    assert!(incident.at - started < LONG);
    assert!(incident.text.contains("illegal-parking"), "{incident:?}");
    drop(street);

    // The second block takes the place of the camera's first lines.
    let (head, rest) = pipeline.split_once("[[camera]]").unwrap();
    let (_, zones) = rest.split_once("\n# Corners").unwrap();
    std::fs::write(&file, format!("{head}{own}\n# Corners{zones}")).unwrap();
    let checked = shell(dir.path(), &format!("{go}{password}viahe check my-street.toml\n"));
    checked.end(LONG).says(0, &[]);
}

#[test]
fn recordings_pictures_and_tracks_are_made() {
    let dir = checkout();
    let [tools, record] =
        <[String; 2]>::try_from(blocks("docs/tools.md", "Recordings, pictures, tracks", "sh"))
            .unwrap();
    let path = "export PATH=$PWD/target/release:$PATH\n";
    shell(dir.path(), &format!("{path}{tools}")).end(LONG).says(0, &[]);
    for made in [
        "incidents.jsonl",
        "seen",
        "tracks.txt",
        "pipeline.schema.json",
        "model.schema.json",
        "taxonomy.schema.json",
    ] {
        let made = dir.path().join("runs").join(made);
        assert!(std::fs::metadata(&made).unwrap().len() > 0, "{}", made.display());
    }

    let ports = Ports::free();
    let pipeline = &blocks("README.md", "Your own camera", "toml")[0];
    let file = dir.path().join("my-street.toml");
    std::fs::write(&file, ports.substituted(pipeline, &PORTS)).unwrap();
    let sim = ports.substituted("viahe camera-sim --mount gate-01 --port 8554 &\n", &["8554"]);
    // The last line of a shell that must not wait for its camera.
    let lines = format!("{path}{sim}{record}kill %1\n");
    shell(dir.path(), &lines).end(LONG).says(0, &[]);
    let seen = std::fs::read_to_string(dir.path().join("seen.jsonl")).unwrap();
    assert!(seen.lines().count() > 5, "{seen}");
}
