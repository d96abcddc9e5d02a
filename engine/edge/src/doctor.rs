//! Can this machine run the engine? What `viahe doctor` tells.
//!
//! Each examination is a reading of the machine, which may fail, and a judgement of it, which is
//! pure and tested. Nothing is changed, but for a test file that is written and removed.

mod disk;
mod finding;
mod gstreamer;
mod host;

pub use finding::{Finding, Level};

use std::fmt::Write as _;
use std::path::Path;

/// Looks at one part; says what is there, or what is wrong and what to do.
pub type Check<'a> = &'a dyn Fn() -> Result<String, String>;

/// Name of a model and what is said of it, or what is wrong.
pub type ModelCheck = (String, Result<Loaded, String>);

/// A model that works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// For people.
    pub text: String,
    /// It runs on what it was to run on.
    pub as_asked: bool,
}

/// What to look at.
#[derive(Clone, Copy)]
pub struct Examination<'a> {
    /// Also load each plug-in and time the disk; takes some seconds.
    pub deep: bool,
    /// Where the outbox and the evidence will be.
    pub state_dir: &'a Path,
    /// Is ONNX Runtime there, and does it load?
    pub runtime: Check<'a>,
    /// The installed models.
    pub models: &'a dyn Fn() -> Vec<ModelCheck>,
    /// Are there entries to make rules of?
    pub catalogue: Check<'a>,
}

/// Looks at everything, whatever fails.
pub fn examine(of: &Examination<'_>) -> Vec<Finding> {
    let mut findings = gstreamer::examine(of.deep);
    findings.push(runtime((of.runtime)()));
    findings.extend(models((of.models)()));
    findings.push(catalogue((of.catalogue)()));
    findings.extend(disk::examine(of.state_dir, of.deep));
    findings.extend(host::examine());
    findings
}

fn runtime(found: Result<String, String>) -> Finding {
    let topic = "onnxruntime";
    match found {
        Ok(what) => Finding::ok(topic, what),
        Err(why) => Finding::fail(
            topic,
            why,
            "run `make setup`, or set ORT_DYLIB_PATH to libonnxruntime.so of the right version",
        ),
    }
}

fn catalogue(found: Result<String, String>) -> Finding {
    let topic = "catalogue";
    let remedy = "install the folder pipelines/catalogue, or set VIAHE_CATALOGUE to it";
    found.map_or_else(|why| Finding::fail(topic, why, remedy), |what| Finding::ok(topic, what))
}

/// One broken model of several is a warning: the pipeline may use another.
fn models(found: Vec<ModelCheck>) -> Vec<Finding> {
    let topic = "models";
    let usable = found.iter().any(|(_, check)| check.is_ok());
    let remedy = "run `make setup`, or set VIAHE_MODELS to the folder of the model packages";
    if found.is_empty() {
        return vec![Finding::fail(topic, "no model is installed", remedy)];
    }
    let judge = |(name, check): ModelCheck| match check {
        Ok(Loaded { text, as_asked: true }) => Finding::ok(topic, format!("{name}: {text}")),
        Ok(Loaded { text, as_asked: false }) => {
            let remedy =
                "see \"Other hardware for models\" in docs/operations.md, or ask for the CPU";
            Finding::warn(topic, format!("{name}: {text}"), remedy)
        }
        Err(why) if usable => Finding::warn(topic, format!("{name}: {why}"), remedy),
        Err(why) => Finding::fail(topic, format!("{name}: {why}"), remedy),
    };
    found.into_iter().map(judge).collect()
}

/// The worst of all; [`Level::Ok`] of none.
pub fn worst(findings: &[Finding]) -> Level {
    findings.iter().map(|f| f.level).max().unwrap_or(Level::Ok)
}

/// Exit code of the process: 3 when a required part is missing, else 0.
pub fn exit_code(findings: &[Finding]) -> u8 {
    if worst(findings) == Level::Fail { 3 } else { 0 }
}

/// For a terminal: one line a finding, its remedy below, a sum at the end. Holds no colours.
pub fn render(findings: &[Finding]) -> String {
    let width = findings.iter().map(|f| f.topic.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for finding in findings {
        let mark = match finding.level {
            Level::Ok => "ok  ",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let _ = writeln!(out, "{mark}  {:<width$}  {}", finding.topic, finding.what);
        if let Some(remedy) = &finding.remedy {
            let _ = writeln!(out, "{:indent$}-> {remedy}", "", indent = width + 8);
        }
    }
    let count = |level| findings.iter().filter(|f| f.level == level).count();
    let sum = match (count(Level::Fail), count(Level::Warn)) {
        (0, 0) => "all is well".to_owned(),
        (0, warnings) => format!("it will run; warnings: {warnings}"),
        (failures, warnings) => {
            format!("it will not run; failures: {failures}, warnings: {warnings}")
        }
    };
    let _ = writeln!(out, "\n{sum}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_aligned_and_says_what_to_do() {
        let findings = [
            Finding::ok("clock", "2026-11-22, synchronised"),
            Finding::warn("open files", "limit is 1024", "set LimitNOFILE=65536"),
            Finding::fail("gstreamer", "rtspsrc is missing", "install it"),
        ];
        assert_eq!(
            render(&findings),
            "ok    clock       2026-11-22, synchronised\n\
             warn  open files  limit is 1024\n                  -> set LimitNOFILE=65536\n\
             FAIL  gstreamer   rtspsrc is missing\n                  -> install it\n\
             \nit will not run; failures: 1, warnings: 1\n"
        );
        assert_eq!((worst(&findings), exit_code(&findings)), (Level::Fail, 3));
        assert_eq!((worst(&findings[..2]), exit_code(&findings[..2])), (Level::Warn, 0));
        assert_eq!((worst(&[]), exit_code(&[])), (Level::Ok, 0));
    }

    #[test]
    fn one_broken_model_of_two_is_a_warning() {
        let loaded = |as_asked| Ok(Loaded { text: "320x320".to_owned(), as_asked });
        let good = || ("ssdlite-coco".to_owned(), loaded(true));
        let elsewhere = || ("ssdlite-coco".to_owned(), loaded(false));
        let bad = || ("yolox-nano".to_owned(), Err("weights are missing".to_owned()));
        assert_eq!(worst(&models(vec![good()])), Level::Ok);
        assert_eq!(worst(&models(vec![good(), bad()])), Level::Warn);
        assert_eq!(worst(&models(vec![bad()])), Level::Fail);
        assert_eq!(worst(&models(vec![elsewhere()])), Level::Warn, "on the CPU it runs as well");
        assert_eq!(worst(&models(vec![])), Level::Fail);
        assert_eq!(runtime(Err("not found".into())).level, Level::Fail);
    }

    #[test]
    fn everything_is_looked_at_and_nothing_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let findings = examine(&Examination {
            deep: true,
            state_dir: dir.path(),
            runtime: &|| Err("not looked for".into()),
            models: &Vec::new,
            catalogue: &|| Err("not looked for".into()),
        });
        let topics = [
            "gstreamer",
            "onnxruntime",
            "models",
            "catalogue",
            "disk",
            "open files",
            "cpu",
            "clock",
            "memory",
        ];
        for topic in topics {
            assert!(findings.iter().any(|f| f.topic == topic), "{topic}: {findings:#?}");
        }
        for finding in &findings {
            assert_eq!(finding.remedy.is_some(), finding.level != Level::Ok, "{finding:?}");
            assert!(!finding.what.is_empty() && !finding.what.contains('\n'), "{finding:?}");
        }
        assert_eq!(exit_code(&findings), 3);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
