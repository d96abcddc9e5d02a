//! Values out of TOML, with every problem kept.

use super::problem::{ConfigError, Problem};
use super::secret::{self, Secret};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file that is read.
pub(super) struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    folder: &'a Path,
    root: DeTable<'a>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, file: &'a str, folder: &'a Path) -> Result<Self, ConfigError> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut reader = Self { text, file, folder, root: root.into_inner(), problems: Vec::new() };
        for error in errors {
            let what = error.message().to_owned();
            reader.add(error.span().unwrap_or(0..0), "", what, "write TOML");
        }
        // What was read past a mistake may be anything.
        if reader.problems.is_empty() { Ok(reader) } else { Err(reader.into_error()) }
    }

    fn into_error(self) -> ConfigError {
        ConfigError { problems: self.problems }
    }

    /// All that was wrong.
    pub(super) fn finish(&mut self) -> Result<(), ConfigError> {
        let mut problems = std::mem::take(&mut self.problems);
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }

    fn add(&mut self, at: Range<usize>, path: &str, what: impl Into<String>, remedy: &str) {
        let before = self.text.get(..at.start).unwrap_or_default();
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            path: path.to_owned(),
            what: what.into(),
            remedy: remedy.to_owned(),
        });
    }

    fn value(&self, table: &str, key: &str) -> Option<&Spanned<DeValue<'a>>> {
        self.root.get(table)?.get_ref().as_table()?.get(key)
    }

    fn place(&self, table: &str, key: &str) -> Range<usize> {
        let own = self.value(table, key).map(Spanned::span);
        own.or_else(|| Some(self.root.get(table)?.span())).unwrap_or(0..0)
    }

    /// There are these tables and no others.
    pub(super) fn tables(&mut self, known: &[&str]) {
        let unknown = |key: &str| !known.contains(&key);
        let wrong: Vec<_> = self
            .root
            .iter()
            .filter(|(key, value)| unknown(key.get_ref()) || !value.get_ref().is_table())
            .map(|(key, _)| (key.span(), key.get_ref().to_string()))
            .collect();
        for (at, key) in wrong {
            let remedy = format!("there are the tables {}", listed(known));
            self.add(at, &key, "is no table here", &remedy);
        }
    }

    /// `table` has these keys and no others.
    pub(super) fn keys(&mut self, table: &str, known: &[&str]) {
        let Some(found) = self.root.get(table).and_then(|t| t.get_ref().as_table()) else {
            return;
        };
        let wrong: Vec<_> = found
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .map(|key| (key.span(), key.get_ref().to_string()))
            .collect();
        for (at, key) in wrong {
            let remedy = format!("the keys are {}", listed(known));
            self.add(at, &format!("{table}.{key}"), "is not known", &remedy);
        }
    }

    pub(super) fn text(&mut self, table: &str, key: &str) -> Option<String> {
        let value = self.value(table, key)?.get_ref().as_str().map(str::to_owned);
        if value.is_none() {
            self.wrong(table, key, "is no text", "write it in quotes");
        }
        value
    }

    /// False when it is not said.
    pub(super) fn flag(&mut self, table: &str, key: &str) -> bool {
        match self.value(table, key).map(|value| value.get_ref().as_bool()) {
            None => false,
            Some(Some(flag)) => flag,
            Some(None) => {
                self.wrong(table, key, "is neither true nor false", "write true or false");
                false
            }
        }
    }

    pub(super) fn number(&mut self, table: &str, key: &str) -> Option<f64> {
        let value = self.value(table, key)?.get_ref();
        let text = match value {
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            _ => String::new(),
        };
        let number = text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite());
        if number.is_none() {
            self.wrong(table, key, "is no number", "write it without quotes, such as 0.5");
        }
        number
    }

    pub(super) fn path(&mut self, table: &str, key: &str) -> Option<PathBuf> {
        let text = self.text(table, key)?;
        if text.is_empty() || text.contains('\0') {
            self.wrong(table, key, "is no path", "name a file or folder");
            return None;
        }
        Some(self.folder.join(text))
    }

    pub(super) fn secret(&mut self, table: &str, key: &str) -> Option<Secret> {
        let text = self.text(table, key)?;
        match secret::resolve(&text, self.folder) {
            Ok(secret) => Some(secret),
            Err(what) => {
                self.wrong(table, key, &what, "write it, or ${env:NAME} or ${file:PATH}");
                None
            }
        }
    }

    pub(super) fn wrong(&mut self, table: &str, key: &str, what: &str, remedy: &str) {
        self.add(self.place(table, key), &format!("{table}.{key}"), what, remedy);
    }

    pub(super) fn missing(&mut self, table: &str, key: &str, remedy: &str) {
        self.wrong(table, key, "is missing", remedy);
    }
}

fn listed(names: &[&str]) -> String {
    names.join(", ")
}
