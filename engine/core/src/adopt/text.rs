//! A description as `model.toml`.

use super::edges::Input;
use super::fact::{Fact, How};
use super::heads::Reading;
use super::labels::Labels;
use super::said::Fitting;
use super::scale::Scale;
use crate::id::Name;
use crate::model::Batch;
use crate::tensor::{Channels, Layout};
use std::fmt::Write as _;
use viahe_contract::sha256::Sha256;

/// Of boxes that a graph has chosen already only doubles go; others are many to a thing.
const IOU_CHOSEN: f64 = 0.7;
const IOU: f64 = 0.5;
/// Weaker candidates are ignored: as of the models that the project describes.
const CONFIDENCE_MIN: f64 = 0.25;
/// Longest text that is taken over from a model.
const TEXT_CHARS_MAX: usize = 120;

/// A whole description that may be right.
#[derive(Clone, Debug, PartialEq)]
pub struct Try {
    /// How the output is read.
    pub head: &'static str,
    /// Each line, with its reason.
    pub facts: Vec<Fact>,
    pub(super) title: String,
    pub(super) licence: String,
    pub(super) input: Input,
    pub(super) fit: Fitting,
    pub(super) scale: Scale,
    pub(super) reading: Reading,
    pub(super) labels: Labels,
}

/// What only who installs it knows.
#[derive(Clone, Copy, Debug)]
pub struct Paper<'p> {
    /// Of its folder.
    pub name: &'p Name,
    /// File name of the model as it was given.
    pub given: &'p str,
    /// Of the file as it was given.
    pub given_sha256: Sha256,
    /// File name of the weights in the folder.
    pub file: &'p str,
    /// Of the weights in the folder.
    pub sha256: Sha256,
}

impl Try {
    /// In a few words: head and colours.
    pub fn words(&self) -> String {
        format!("{}, {}", self.head, self.scale.words())
    }

    /// Does it read the outputs as the other one does?
    pub fn reads_as(&self, other: &Self) -> bool {
        self.reading == other.reading
    }

    /// Names of classes that rules do not speak of.
    pub fn left_out(&self) -> &[String] {
        &self.labels.left_out
    }

    /// The text of `model.toml`, each line that was not given with its reason.
    pub fn text(&self, paper: &Paper<'_>) -> String {
        let Input { name, layout, size: [width, height], batch, .. } = &self.input;
        let mut text = Lines { facts: &self.facts, text: String::new() };
        let _ = writeln!(
            text.text,
            "# Written by `viahe model add` of {} (SHA-256 {}).\n# Correct what is wrong, and raise `version` when it begins to \
             mean something else.",
            plain(paper.given),
            paper.given_sha256
        );
        text.line("name", quoted(paper.name.as_str()));
        text.line("version", "1");
        text.line("title", quoted(&self.title));
        text.line("licence", quoted(&self.licence));
        text.line("file", quoted(paper.file));
        text.line("sha256", quoted(&paper.sha256.to_string()));
        text.line(
            "recipe",
            quoted(&format!("viahe model add {} --name {}", paper.given, paper.name)),
        );
        text.table("[input]");
        text.line_of("name", "input.name", quoted(name));
        text.line_of("width", "size", width);
        text.line("height", height);
        match batch {
            Batch::Any => text.line("batch", quoted("any")),
            Batch::Fixed(n) => text.line("batch", n),
        }
        text.line("layout", quoted(if *layout == Layout::Nchw { "nchw" } else { "nhwc" }));
        let channels = if self.scale.channels == Channels::Rgb { "rgb" } else { "bgr" };
        text.line_of("channels", "colours", quoted(channels));
        match self.fit {
            Fitting::Stretch => text.line("fit", quoted("stretch")),
            Fitting::Letterbox { pad } => {
                text.line("fit", quoted("letterbox"));
                text.line("pad_value", format!("{pad:?}"));
            }
        }
        text.line("mean", format!("{:?}", self.scale.mean));
        text.line("std", format!("{:?}", self.scale.std));
        text.table("[output]");
        text.line("head", quoted(self.head));
        for (key, value) in &self.reading.keys {
            text.line(key, value);
        }
        text.line("classes", self.reading.classes);
        text.table("[nms]");
        let chosen = ["yolov10", "detr", "efficientdet"].contains(&self.head);
        text.line("iou", format!("{:?}", if chosen { IOU_CHOSEN } else { IOU }));
        text.line("confidence_min", format!("{CONFIDENCE_MIN:?}"));
        text.table("[labels]");
        for (number, (name, class)) in &self.labels.of {
            let _ = writeln!(text.text, "{number} = {} # {}", quoted(class.as_str()), plain(name));
        }
        text.text
    }
}

/// Lines of TOML that know their reasons.
struct Lines<'f> {
    facts: &'f [Fact],
    text: String,
}

impl Lines<'_> {
    fn table(&mut self, name: &str) {
        let _ = writeln!(self.text, "\n{name}");
    }

    fn line(&mut self, key: &str, value: impl std::fmt::Display) {
        self.line_of(key, key, value);
    }

    /// With the reason of another key.
    fn line_of(&mut self, key: &str, fact: &str, value: impl std::fmt::Display) {
        let reason = self.facts.iter().find(|known| known.key == fact && known.how != How::Given);
        let _ = match reason {
            Some(Fact { how, why, .. }) => {
                writeln!(self.text, "{key} = {value} # {}: {}", how.word(), plain(why))
            }
            None => writeln!(self.text, "{key} = {value}"),
        };
    }
}

/// JSON's escapes are TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(plain(text)).to_string()
}

/// A text of the model as one line, of bounded length.
pub(super) fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim();
    match line.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
