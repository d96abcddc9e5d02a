//! The texts that the pipeline file had, with who wrote them and why: files in the state folder, for this user
//! alone, since a pipeline may hold passwords.
//!
//! The text of a change that is being made lies apart, as `pending.toml`. Once the file has that version it
//! is one of those that it had; a file that has another one never got it.

use super::file::version_of;
use crate::bounded::read_text;
use crate::disk;
use crate::project::TEXT_BYTES_MAX;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use viahe_contract::id::CommandId;
use viahe_contract::sha256::Sha256;
use viahe_core::time::Timestamp;

/// Texts that are kept; judgement: a year of a busy installer. The newest is kept whatever its size.
const TEXTS_MAX: usize = 50;
const BYTES_MAX: u64 = 16 << 20;
/// Longest first line: who and why are bounded by the contract.
const HEAD_BYTES_MAX: u64 = 16 << 10;
/// What the first line of a text begins with: to TOML it is a comment.
const MARK: &str = "# viahe: ";
const PENDING: &str = "pending.toml";

/// What is known of a text: its first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) version: Sha256,
    pub(super) time: Timestamp,
    pub(super) by: Option<String>,
    pub(super) why: Option<String>,
    pub(super) command: Option<CommandId>,
}

impl Head {
    /// Of what somebody wrote by hand.
    pub(super) fn found(version: Sha256, time: Timestamp) -> Self {
        Self { version, time, by: None, why: None, command: None }
    }
}

#[derive(Debug)]
pub(super) struct Texts {
    dir: PathBuf,
}

impl Texts {
    pub(super) fn of(state_dir: &Path) -> Self {
        Self { dir: state_dir.join("pipeline") }
    }

    /// Newest first.
    pub(super) fn heads(&self) -> Vec<Head> {
        let mut numbers = self.numbers();
        numbers.reverse();
        let known = |number| match head(&self.path(number)) {
            Ok(head) => Some(head),
            Err(error) => {
                let path = self.path(number);
                tracing::warn!(path = %path.display(), %error, "an earlier pipeline is left out");
                None
            }
        };
        numbers.into_iter().filter_map(known).collect()
    }

    /// The text of a version, if it is kept.
    pub(super) fn text(&self, version: Sha256) -> Option<String> {
        let mut numbers = self.numbers();
        numbers.reverse();
        let is = |number: &u64| head(&self.path(*number)).is_ok_and(|head| head.version == version);
        let path = self.path(numbers.into_iter().find(is)?);
        let whole = read_text(&path, TEXT_BYTES_MAX + HEAD_BYTES_MAX).ok()?;
        let (_, text) = whole.split_once('\n')?;
        // What rots on a disk is no text that the file had.
        (version_of(text) == version).then(|| text.to_owned())
    }

    /// Keeps a text that the file has, unless the newest is that one.
    pub(super) fn found(&self, head: &Head, text: &str) -> io::Result<()> {
        let newest = self.heads().into_iter().next();
        if newest.is_some_and(|newest| newest.version == head.version) {
            return Ok(());
        }
        self.begin(head, text)?;
        self.settle(head.version);
        Ok(())
    }

    /// Keeps the text of a change that is about to be made.
    pub(super) fn begin(&self, head: &Head, text: &str) -> io::Result<()> {
        disk::make_dir(&self.dir)?;
        let mut file = disk::create(&self.dir.join(PENDING))?;
        let head = serde_json::to_string(head)?;
        file.write_all(format!("{MARK}{head}\n{text}").as_bytes())?;
        file.sync_all()?;
        self.sync()
    }

    /// The file has this version: says whether a change was made, and forgets what is too old.
    pub(super) fn settle(&self, now: Sha256) {
        let pending = self.dir.join(PENDING);
        if !pending.exists() {
            return;
        }
        let settled = match head(&pending) {
            Ok(head) if head.version == now => {
                let next = self.numbers().last().map_or(1, |last| last + 1);
                fs::rename(&pending, self.path(next))
            }
            _ => fs::remove_file(&pending),
        };
        if let Err(error) = settled.and_then(|()| self.sync()) {
            tracing::error!(path = %pending.display(), %error, "who changed the pipeline is not kept");
        }
        self.forget();
    }

    fn forget(&self) {
        let numbers = self.numbers();
        let mut bytes = 0;
        let kept = numbers.iter().rev().take(TEXTS_MAX).take_while(|number| {
            bytes += fs::metadata(self.path(**number)).map_or(0, |meta| meta.len());
            bytes <= BYTES_MAX
        });
        let kept = kept.count().max(1);
        for number in numbers.iter().rev().skip(kept) {
            let path = self.path(*number);
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "an old pipeline cannot be removed");
            }
        }
    }

    /// Oldest first.
    fn numbers(&self) -> Vec<u64> {
        let number = |entry: io::Result<fs::DirEntry>| -> Option<u64> {
            entry.ok()?.file_name().to_str()?.strip_suffix(".toml")?.parse().ok()
        };
        let entries = fs::read_dir(&self.dir).into_iter().flatten();
        let mut numbers: Vec<u64> = entries.filter_map(number).collect();
        numbers.sort_unstable();
        numbers
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:06}.toml"))
    }

    fn sync(&self) -> io::Result<()> {
        fs::File::open(&self.dir)?.sync_all()
    }
}

fn head(path: &Path) -> io::Result<Head> {
    let mut line = String::new();
    BufReader::new(fs::File::open(path)?.take(HEAD_BYTES_MAX)).read_line(&mut line)?;
    let head = line.strip_prefix(MARK).ok_or(io::ErrorKind::InvalidData)?;
    Ok(serde_json::from_str(head)?)
}
