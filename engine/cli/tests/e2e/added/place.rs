//! Where models are added, and what is told of it.

use crate::support::LONG;
use crate::support::program::{Ended, Program, viahe};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of models, and one with files to be added.
pub(super) struct Place {
    pub(super) dir: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(place.models()).unwrap();
        fs::create_dir(place.dir.path().join("given")).unwrap();
        place
    }

    pub(super) fn models(&self) -> PathBuf {
        self.dir.path().join("models")
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join("given").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub(super) fn add(&self, file: &Path, more: &[&str]) -> Ended {
        let mut command = viahe(["model", "add"]);
        command.arg(file).arg("--into").arg(self.models()).args(more);
        Program::start(command).end(LONG)
    }

    /// Adds it, and gives what is told for programs.
    pub(super) fn added(&self, file: &Path, more: &[&str]) -> Value {
        let ended = self.add(file, &[&["--json"], more].concat());
        ended.says(0, &[]);
        serde_json::from_str(&ended.stdout.join("\n")).unwrap()
    }

    /// Refused in words, and nothing is there.
    pub(super) fn refused(&self, file: &Path, more: &[&str], code: i32, words: &[&str]) {
        let ended = self.add(file, more);
        ended.says(code, words);
        assert_eq!(fs::read_dir(self.models()).unwrap().count(), 0, "{words:?}");
    }

    /// What a model that was added sees, as the engine says it.
    pub(super) fn sees(&self, name: &str) -> Vec<String> {
        let picture = self.models().join(name).join("added.png");
        let mut command = viahe(["detect", "--json", "--model", name]);
        command.arg(picture).env("VIAHE_MODELS", self.models());
        let ended = Program::start(command).end(LONG);
        ended.says(0, &[]);
        let told: Value = serde_json::from_str(&ended.stdout.join("")).unwrap();
        let objects = told["objects"].as_array().unwrap().iter();
        objects.map(|object| object["class"].as_str().unwrap().to_owned()).collect()
    }
}

/// How a fact is known, and what it is.
pub(super) fn fact(told: &Value, key: &str) -> (String, String) {
    let facts = told["facts"].as_array().unwrap();
    let fact =
        facts.iter().find(|fact| fact["key"] == key).unwrap_or_else(|| panic!("{key}: {told:#}"));
    (fact["how"].as_str().unwrap().to_owned(), fact["value"].as_str().unwrap().to_owned())
}

pub(super) fn is(told: &Value, key: &str, how: &str, value: &str) {
    assert_eq!(fact(told, key), (how.to_owned(), value.to_owned()), "{key}");
}
