//! Reads typed values out of a parsed TOML document and notes every problem with its line.

use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing wrong with a model file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// Everything wrong with one model file, in file order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ModelFileError {
    /// The file, as the caller named it.
    pub file: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ModelFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            let Problem { line, what, remedy } = problem;
            let newline = if i == 0 { "" } else { "\n" };
            write!(f, "{newline}{}:{line}: {what}; {remedy}", self.file)?;
        }
        Ok(())
    }
}

/// Collects problems; knows where the lines of the text begin.
pub(super) struct Problems<'t> {
    text: &'t str,
    list: Vec<Problem>,
}

impl<'t> Problems<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, list: Vec::new() }
    }

    /// Notes a problem at byte `offset` of the text.
    pub(super) fn add(
        &mut self,
        offset: usize,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let line = 1 + self.text.bytes().take(offset).filter(|&b| b == b'\n').count();
        self.list.push(Problem { line, what: what.into(), remedy: remedy.into() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn into_error(mut self, file: &str) -> ModelFileError {
        self.list.sort_by_key(|p| p.line);
        ModelFileError { file: file.into(), problems: self.list }
    }
}

/// A value and the byte where it stands.
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) offset: usize,
}

/// One table of the file; remembers which keys were asked for, so the others are unknown.
pub(super) struct Section<'d> {
    name: &'static str,
    offset: usize,
    table: Option<&'d DeTable<'d>>,
    known: Vec<&'static str>,
}

impl<'d> Section<'d> {
    /// The whole file.
    pub(super) fn root(table: &'d DeTable<'d>) -> Self {
        Self { name: "", offset: 0, table: Some(table), known: Vec::new() }
    }

    /// The table `[name]`. When it is missing, that is one problem, and nothing is said of its
    /// keys.
    pub(super) fn table(&mut self, name: &'static str, problems: &mut Problems<'_>) -> Self {
        let (table, offset) = match self.find(name) {
            None => {
                problems.add(0, format!("[{name}] is missing"), "add it; see models/README.md");
                (None, 0)
            }
            Some(value) => match value.get_ref() {
                DeValue::Table(table) => (Some(table), value.span().start),
                other => {
                    let what = format!("{name} is a {}, not a table", other.type_str());
                    problems.add(value.span().start, what, format!("write it as [{name}]"));
                    (None, 0)
                }
            },
        };
        Self { name, offset, table, known: Vec::new() }
    }

    /// Is the table in the file?
    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Byte where the table stands.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// All keys and values, for tables with free keys.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'d str, usize, &'d DeValue<'d>)> {
        self.table.into_iter().flatten().map(|(key, value)| {
            let key: &'d str = key.get_ref();
            (key, value.span().start, value.get_ref())
        })
    }

    fn find(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.known.push(key);
        self.table?.get(key)
    }

    /// The value of `key` as `read` sees it; `None`, and a problem noted, when it is missing or
    /// `read` refuses it. `remedy` tells what to write.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        remedy: &str,
        problems: &mut Problems<'_>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Found<T>> {
        let path = self.path(key);
        let Some(value) = self.find(key) else {
            if self.table.is_some() {
                problems.add(self.offset, format!("{path} is missing"), remedy);
            }
            return None;
        };
        let offset = value.span().start;
        match read(value.get_ref()) {
            Ok(value) => Some(Found { value, offset }),
            Err(what) => {
                problems.add(offset, format!("{path}: {what}"), remedy);
                None
            }
        }
    }

    /// As [`Section::required`], but a missing key is no problem.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        remedy: &str,
        problems: &mut Problems<'_>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<Found<T>> {
        if self.table.is_some_and(|t| t.contains_key(key)) {
            self.required(key, remedy, problems, read)
        } else {
            self.known.push(key);
            None
        }
    }

    /// Notes every key that nobody asked for.
    pub(super) fn refuse_unknown(&self, problems: &mut Problems<'_>) {
        for (key, value) in self.table.into_iter().flatten() {
            if !self.known.contains(&key.get_ref().as_ref()) {
                let what = format!("{} is not known", self.path(key.get_ref()));
                let remedy = format!("remove or correct it; known here: {}", self.known.join(", "));
                problems.add(key.span().start.min(value.span().start), what, remedy);
            }
        }
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.into() } else { format!("{}.{key}", self.name) }
    }
}

pub(super) fn text(value: &DeValue<'_>) -> Result<String, String> {
    let text = value.as_str().ok_or_else(|| not_a("string", value))?;
    if text.trim().is_empty() { Err("is empty".into()) } else { Ok(text.into()) }
}

/// A whole number of `min..=max`.
pub(super) fn whole(min: usize, max: usize) -> impl Fn(&DeValue<'_>) -> Result<usize, String> {
    move |value| {
        let n = value.as_integer().ok_or_else(|| not_a("whole number", value))?;
        usize::from_str_radix(n.as_str(), n.radix())
            .ok()
            .filter(|n| (min..=max).contains(n))
            .ok_or_else(|| format!("{n} is not in {min} to {max}"))
    }
}

/// A finite number.
pub(super) fn number(value: &DeValue<'_>) -> Result<f32, String> {
    let parsed = match value {
        DeValue::Float(v) => v.as_str().parse::<f32>().ok(),
        DeValue::Integer(v) => i64::from_str_radix(v.as_str(), v.radix()).ok().map(|v| v as f32),
        _ => return Err(not_a("number", value)),
    };
    parsed.filter(|v| v.is_finite()).ok_or_else(|| "is not a finite number".into())
}

/// A number of more than 0, up to 1.
pub(super) fn fraction(value: &DeValue<'_>) -> Result<f32, String> {
    let v = number(value)?;
    if v > 0.0 && v <= 1.0 { Ok(v) } else { Err(format!("{v} is not in 0 to 1, 0 excluded")) }
}

/// Three finite numbers, one for each channel.
pub(super) fn triple(value: &DeValue<'_>) -> Result<[f32; 3], String> {
    let array = value.as_array().ok_or_else(|| not_a("array", value))?;
    let numbers: Vec<f32> = array.iter().map(|v| number(v.get_ref())).collect::<Result<_, _>>()?;
    numbers.try_into().map_err(|v: Vec<f32>| format!("holds {} numbers, not 3", v.len()))
}

/// One of the words, by its index.
pub(super) fn one_of<T: Copy>(words: &[(&str, T)]) -> impl Fn(&DeValue<'_>) -> Result<T, String> {
    move |value| {
        let text = value.as_str().ok_or_else(|| not_a("string", value))?;
        words.iter().find(|(word, _)| *word == text).map(|(_, v)| *v).ok_or_else(|| {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            format!("{text:?} is not one of {}", words.join(", "))
        })
    }
}

pub(super) fn not_a(wanted: &str, value: &DeValue<'_>) -> String {
    format!("is of type {}, not a {wanted}", value.type_str())
}
