//! What is wrong with a file, in words for the person who edits it.
//!
//! Invariants: every problem names file, line, what is wrong and what to do about it; no problem
//! quotes a text that may hold a secret (see [`quoted`]).

use std::cell::{Cell, RefCell};
use std::fmt;
use viahe_contract::message::EditFault;

/// Most problems told at once; the rest is counted.
const PROBLEMS_MAX: usize = 200;
/// Most problems looked at: finding a line reads the file from its start.
const FOUND_MAX: usize = 2000;
/// Longest text that a message repeats.
const QUOTE_CHARS_MAX: usize = 60;

/// One thing that is wrong in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// As the caller named it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// Which key, such as `camera[gate-east].zone.kerb.polygon`; empty for the whole file.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What to do next.
    pub remedy: String,
    /// The same as a code, where who edits from afar can get it wrong.
    pub fault: Option<EditFault>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, path, what, remedy, fault: _ } = self;
        write!(f, "{file}:{line}: ")?;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        write!(f, "{what}; {remedy}")
    }
}

/// Everything wrong with a file and those that it uses, such as a pipeline and the entries of the
/// catalogue: one line a problem, the file's own first, each file's in file order.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct ConfigError {
    /// At least one.
    pub problems: Vec<Problem>,
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// What is wrong with a value, and what to do; where it stands is known to the caller.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) remedy: String,
    /// For who makes words of it in another language; boxed, as most have none.
    pub(super) code: Option<Box<EditFault>>,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into(), code: None }
    }

    /// With its code.
    pub(super) fn coded(self, code: EditFault) -> Self {
        Self { code: Some(Box::new(code)), ..self }
    }

    /// `text` is not a `form`.
    pub(super) fn not_a(text: &str, form: &str, remedy: impl Into<String>) -> Self {
        Self::new(format!("{} is not {form}", quoted(text)), remedy)
    }
}

/// Collects the problems of several files.
#[derive(Default)]
pub(super) struct Report {
    found: RefCell<Vec<Found>>,
    /// Problems beyond `FOUND_MAX`.
    unrecorded: Cell<usize>,
}

struct Found {
    rank: usize,
    at: usize,
    problem: Problem,
}

impl Report {
    /// The value when nothing was wrong with it, else everything that was.
    pub(super) fn finish<T>(self, value: Option<T>, file: &str) -> Result<T, ConfigError> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|f| (f.rank, f.at));
        match (value, found.first()) {
            (Some(value), None) => return Ok(value),
            (None, None) => {
                // A value is withheld only after a problem was told; should that ever be broken,
                // a poor message is better than a pipeline that runs on nothing.
                let problem = Problem {
                    file: file.into(),
                    line: 1,
                    path: String::new(),
                    what: "the file was refused for a reason that was not recorded".into(),
                    remedy: "report this as a defect of viahe, with the file".into(),
                    fault: None,
                };
                found.push(Found { rank: 0, at: 0, problem });
            }
            _ => {}
        }
        let more = found.len().saturating_sub(PROBLEMS_MAX) + self.unrecorded.get();
        let mut problems: Vec<Problem> =
            found.into_iter().take(PROBLEMS_MAX).map(|f| f.problem).collect();
        if let (1.., Some(last)) = (more, problems.last_mut()) {
            last.remedy = format!("{} ({more} more problems are not shown)", last.remedy);
        }
        Err(ConfigError { problems })
    }
}

/// What a file that people write is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum FileKind {
    Pipeline,
    Entry,
    Calendar,
    Model,
    Taxonomy,
}

impl FileKind {
    /// What to do about a file that holds too much.
    pub(super) fn when_too_long(self) -> &'static str {
        match self {
            Self::Pipeline => "split the site over several boxes",
            Self::Entry => "an entry is one rule: write another entry for another one",
            Self::Calendar => "leave out days that are past",
            Self::Model => "a model file says what a model is; its weights are a file beside it",
            Self::Taxonomy => "leave out classes that no model and no rule names",
        }
    }
}

/// A file that is being read, and where its problems go.
pub(super) struct Source<'a> {
    pub(super) kind: FileKind,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    /// Problems of a lower rank are told first.
    pub(super) rank: usize,
    pub(super) report: &'a Report,
}

impl Source<'_> {
    /// Were so many problems found that no more are recorded? Then a costly remedy is in vain.
    pub(super) fn is_full(&self) -> bool {
        self.report.found.borrow().len() >= FOUND_MAX
    }

    /// Records that `fault` stands at byte `at`.
    pub(super) fn problem(&self, at: usize, path: &str, fault: Fault) {
        if self.is_full() {
            self.report.unrecorded.set(self.report.unrecorded.get() + 1);
            return;
        }
        let Fault { what, remedy, code } = fault;
        let fault = code.map(|code| *code);
        // Reasons of others may come in several lines; a problem has one.
        let (what, remedy) = (what.replace(['\n', '\r'], " "), remedy.replace(['\n', '\r'], " "));
        let (file, path) = (self.name.to_owned(), path.to_owned());
        let problem = Problem { file, line: self.line(at).0, path, what, remedy, fault };
        self.report.found.borrow_mut().push(Found { rank: self.rank, at, problem });
    }

    /// Line and column of byte `at`, both from 1; the column counts characters.
    pub(super) fn line(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        (line, before.rsplit('\n').next().unwrap_or("").chars().count() + 1)
    }
}

/// `text` in quotes, escaped and cut short; `(hidden)` when it looks as if it held credentials.
pub(super) fn quoted(text: &str) -> String {
    if text.contains("://") || text.contains('@') {
        return "(hidden)".into();
    }
    match text.char_indices().nth(QUOTE_CHARS_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// As [`quoted`], without the quotes: of a code that its reader puts into words.
pub(super) fn bare(text: &str) -> String {
    let quoted = quoted(text);
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// `a, b and c`.
pub(super) fn listed<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|i| i.to_string()).collect();
    match items.as_slice() {
        [] => "none".into(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The candidate that `word` was probably meant to be: one or two slips away, or one that only
/// differs in case and punctuation.
pub(super) fn closest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let plain = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let word = plain(&word.to_lowercase());
    // Bounds the work on absurd keys; no real name is longer.
    if word.chars().count() > QUOTE_CHARS_MAX {
        return None;
    }
    candidates
        .into_iter()
        .map(|c| (distance(&word, &plain(&c.to_lowercase())), c))
        .filter(|(d, c)| *d <= (c.len() / 3).min(2))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// Levenshtein distance with swaps of neighbours counted once (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let same = usize::from(a[i - 1] != b[j - 1]);
                let step =
                    (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if swapped { step.min(rows[i - 2][j - 2] + 1) } else { step }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let keys = ["dwell_secs", "zone", "count_min", "id"];
        for (word, want) in [
            ("dwel_secs", Some("dwell_secs")),
            ("dwell-secs", Some("dwell_secs")),
            ("DwellSecs", Some("dwell_secs")),
            ("zoen", Some("zone")),
            ("min_count", None),
            ("colour", None),
            ("xy", None),
        ] {
            assert_eq!(closest(word, keys), want, "{word}");
        }
    }

    #[test]
    fn quotes_hide_addresses_and_stay_short() {
        assert_eq!(quoted("rtsp://u:secret@h/"), "(hidden)");
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
        assert!(quoted(&"ế".repeat(500)).chars().count() < 70);
    }

    #[test]
    fn a_flood_of_problems_is_cut_and_counted() {
        let report = Report::default();
        let source = Source {
            kind: FileKind::Model,
            name: "x.toml",
            text: "a\nb\n",
            rank: 0,
            report: &report,
        };
        for _ in 0..PROBLEMS_MAX + 5 {
            source.problem(2, "b", Fault::new("bad", "fix it"));
        }
        let error = report.finish(None::<()>, "x.toml").unwrap_err();
        assert_eq!(error.problems.len(), PROBLEMS_MAX);
        assert!(error.to_string().ends_with("fix it (5 more problems are not shown)"));
        assert!(error.to_string().starts_with("x.toml:2: b: bad; fix it\n"));
    }
}
