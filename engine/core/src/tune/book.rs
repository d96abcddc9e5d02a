//! The file that keeps what was measured on a box.
//!
//! It holds the measurements and not what follows from them: that is reckoned anew each time, so a newer
//! release judges by its own rules, and no choice can be read that nothing speaks for.

use super::choose::Measured;
use super::precision::{Precise, chosen_precision};
use super::provider::Provider;
use super::setting::{Setting, THREADS_MAX};
use crate::id::Name;
use crate::model::Precision;
use crate::time::Timestamp;
use crate::version::UnknownVersion;
use crate::versions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use viahe_contract::sha256::Sha256;

versions! {
    /// Of this file. One of another version is measured again: it takes less than a minute.
    TuneVersion, "a file of measured models":
    /// 0.2.
    V1 = 1,
    /// Also on what models ran, and what they cost in other precisions.
    V2 = 2,
}

/// Longest file that is read or written.
pub const BOOK_BYTES_MAX: u64 = 1 << 20;
/// Models that are kept at most; the oldest go, also while the file is too long.
const ENTRIES_MAX: usize = 32;
/// Settings of a model, and rounds of a setting.
const PARTS_MAX: usize = 256;
/// Sessions, threads and images, each.
const NUMBER_MAX: usize = THREADS_MAX;

/// What a measurement is good for: nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Of the model's description, which has the hash of the weights.
    pub model: Sha256,
    /// Of ONNX Runtime's file.
    pub library: Sha256,
    /// The processor, as the kernel names it.
    pub cpu: String,
    /// Cores that viahe may use: those that affinity and control groups leave it.
    pub cores: usize,
    /// What the pipeline asks models to run on.
    #[serde(default)]
    pub provider: Provider,
}

/// A model that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// On what.
    pub key: Key,
    /// The model, for people.
    pub name: Name,
    /// Version of ONNX Runtime, for people.
    pub runtime: String,
    /// When.
    pub at: Timestamp,
    /// Cores that other programs used meanwhile, on average; none where that is not known. Where they are many, another
    /// setting could not show what it gives.
    pub others_cores: Option<f64>,
    /// What looks cost in each precision that is installed, where there are several.
    pub precisions: Vec<Precise>,
    /// The default of one worker first.
    pub measured: Vec<Measured>,
}

/// All that were measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    /// Oldest first.
    entries: Vec<Entry>,
}

/// A file that tells nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is of another release.
    #[error(transparent)]
    Version(#[from] UnknownVersion),
    /// It is damaged, or something else.
    #[error("it is no file of measured models, or damaged: {0}")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    models: Vec<WrittenEntry>,
}

#[derive(Deserialize)]
struct OfVersion {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct WrittenEntry {
    name: Name,
    #[serde(flatten)]
    key: Key,
    onnxruntime: String,
    measured_at: Timestamp,
    others_cores: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    precisions: Vec<Precise>,
    settings: Vec<WrittenSetting>,
}

#[derive(Serialize, Deserialize)]
struct WrittenSetting {
    #[serde(flatten)]
    setting: Setting,
    looks_hz: Vec<f64>,
    cpu_ms: Vec<f64>,
}

impl Book {
    /// Reads what [`Book::write`] wrote.
    ///
    /// # Errors
    /// [`Unreadable`]: it is to be measured again.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let damaged = |e: serde_json::Error| Unreadable::Damaged(e.to_string());
        let OfVersion { version } = serde_json::from_str(text).map_err(damaged)?;
        TuneVersion::try_from(version)?;
        let written: Written = serde_json::from_str(text).map_err(damaged)?;
        let entries: Vec<Entry> = written.models.into_iter().map(Entry::from).collect();
        let wrong = entries.iter().find_map(Entry::nonsense);
        match wrong.or((entries.len() > ENTRIES_MAX).then_some("too many models")) {
            Some(why) => Err(Unreadable::Damaged(why.to_owned())),
            None => Ok(Self { entries }),
        }
    }

    /// As [`Book::read`] reads it.
    pub fn write(&self) -> String {
        let models = self.entries.iter().cloned().map(WrittenEntry::from).collect();
        let written = Written { version: TuneVersion::NEWEST.number(), models };
        // Names, numbers and lists can always be written.
        serde_json::to_string_pretty(&written).unwrap_or_default() + "\n"
    }

    /// What was measured of a model on this box.
    pub fn of(&self, key: &Key) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == *key)
    }

    /// What was measured of a model on something else than this box is now.
    pub fn foreign(&self, key: &Key) -> Option<&Entry> {
        self.entries.iter().rfind(|entry| entry.key.model == key.model && entry.key != *key)
    }

    /// Takes a measurement in the place of that of the same model.
    pub fn put(&mut self, entry: Entry) {
        self.entries.retain(|kept| kept.key.model != entry.key.model);
        let surplus = (self.entries.len() + 1).saturating_sub(ENTRIES_MAX);
        self.entries.drain(..surplus);
        self.entries.push(entry);
        while self.entries.len() > 1 && self.write().len() as u64 > BOOK_BYTES_MAX {
            self.entries.remove(0);
        }
    }
}

impl Key {
    /// In what another key is another one, for people.
    pub fn differs(&self, other: &Self) -> &'static str {
        if self.cpu != other.cpu {
            "another processor"
        } else if self.cores != other.cores {
            "another number of cores"
        } else if self.library != other.library {
            "another ONNX Runtime"
        } else if self.provider != other.provider {
            "another provider"
        } else {
            "another model"
        }
    }
}

impl Entry {
    /// Of the weights that are used, and that the settings were measured with.
    pub fn precision(&self) -> Precision {
        chosen_precision(&self.precisions)
    }

    /// What cannot have been measured, if there is any.
    fn nonsense(&self) -> Option<&'static str> {
        let Some(first) = self.measured.first() else { return Some("a model without settings") };
        let of_setting = |of: &Measured| {
            let Setting { sessions, batch, threads } = of.setting;
            [sessions, batch, threads].iter().all(|n| (1..=NUMBER_MAX).contains(n))
        };
        let could_be = |n: &f64| n.is_finite() && *n > 0.0;
        let is_whole =
            |rounds: &[f64]| rounds.len() == first.looks_hz.len() && rounds.iter().all(could_be);
        let of_precision =
            |of: &Precise| of.cpu_ms.len() <= PARTS_MAX && of.cpu_ms.iter().all(could_be);
        let of_rounds = |of: &Measured| is_whole(&of.looks_hz) && is_whole(&of.cpu_ms);
        let settings: BTreeSet<Setting> = self.measured.iter().map(|of| of.setting).collect();
        if first.setting != Setting::plain(1) {
            Some("a model without its default")
        } else if settings.len() != self.measured.len() || !self.measured.iter().all(of_setting) {
            Some("settings that do not exist")
        } else if !self.measured.iter().all(of_rounds) {
            Some("rounds that nobody measured")
        } else if self.measured.len().max(first.looks_hz.len()) > PARTS_MAX {
            Some("too many settings or rounds")
        } else if self.precisions.len() > Precision::ALL.len()
            || !self.precisions.iter().all(of_precision)
        {
            Some("precisions that nobody measured")
        } else if self.others_cores.is_some_and(|cores| !cores.is_finite()) {
            Some("no number of cores")
        } else {
            None
        }
    }
}

impl From<WrittenEntry> for Entry {
    fn from(written: WrittenEntry) -> Self {
        let WrittenEntry { name, key, onnxruntime: runtime, measured_at: at, .. } = written;
        let (others_cores, precisions) = (written.others_cores, written.precisions);
        let of =
            |WrittenSetting { setting, looks_hz, cpu_ms }| Measured { setting, looks_hz, cpu_ms };
        let measured = written.settings.into_iter().map(of).collect();
        Self { key, name, runtime, at, others_cores, precisions, measured }
    }
}

impl From<Entry> for WrittenEntry {
    fn from(entry: Entry) -> Self {
        let Entry { key, name, runtime: onnxruntime, at: measured_at, others_cores, .. } = entry;
        let precisions = entry.precisions;
        let of =
            |Measured { setting, looks_hz, cpu_ms }| WrittenSetting { setting, looks_hz, cpu_ms };
        let settings = entry.measured.into_iter().map(of).collect();
        Self { name, key, onnxruntime, measured_at, others_cores, precisions, settings }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::model::Batch;
    use crate::tune::settings;
    use proptest::prelude::*;

    fn entry(model: u8, cores: usize) -> Entry {
        let sha256 = |n: u8| Sha256::from_bytes([n; 32]);
        let of = |sessions: usize| Measured {
            setting: Setting::plain(sessions),
            looks_hz: vec![90.5 * sessions as f64, 91.25],
            cpu_ms: vec![10.5, 10.75],
        };
        Entry {
            key: Key {
                model: sha256(model),
                library: sha256(9),
                cpu: "A".into(),
                cores,
                provider: Provider::Cpu,
            },
            name: Name::try_from("street").unwrap(),
            runtime: "1.31.1".into(),
            at: Timestamp::from_secs(1_700_000_000),
            others_cores: Some(0.25),
            precisions: vec![Precise { precision: Precision::Int8, cpu_ms: vec![3.5, 3.75] }],
            measured: vec![of(1), of(2)],
        }
    }

    #[test]
    fn what_is_written_is_read_and_bounded() {
        let mut book = Book::default();
        for model in 0..=255 {
            book.put(entry(model, 2));
        }
        assert_eq!(book.entries.len(), ENTRIES_MAX);
        assert_eq!(Book::read(&book.write()), Ok(book.clone()));
        assert!((book.write().len() as u64) < BOOK_BYTES_MAX);
        let of = |model, cores| book.of(&entry(model, cores).key).is_some();
        assert!(of(255, 2) && !of(255, 3) && !of(0, 2));
        let foreign = book.foreign(&entry(255, 3).key).unwrap();
        assert_eq!(foreign.key.differs(&entry(255, 3).key), "another number of cores");
        book.put(entry(255, 3));
        assert!(book.of(&entry(255, 2).key).is_none(), "one of each model");
    }

    /// All that can be tried of all models that are kept, with every digit.
    #[test]
    fn the_largest_book_is_read_again() {
        for cores in [1, 2, 65, 128, 200, 1024] {
            let mut book = Book::default();
            for model in 0..ENTRIES_MAX as u8 {
                let rounds = |n: f64| (1..=12).map(|round| n / f64::from(round)).collect();
                let of = |setting| Measured {
                    setting,
                    looks_hz: rounds(987.654_321_098_765_4),
                    cpu_ms: rounds(9.876_543_210_987_654),
                };
                let measured = settings(cores, Batch::Any).into_iter().map(of).collect();
                book.put(Entry { measured, ..entry(model, cores) });
            }
            let text = book.write();
            assert!(text.len() as u64 <= BOOK_BYTES_MAX, "{cores}: {}", text.len());
            assert_eq!(Book::read(&text), Ok(book.clone()), "{cores}");
            let newest = entry(ENTRIES_MAX as u8 - 1, cores).key;
            assert!(book.of(&newest).is_some() && book.entries.len() >= 8, "{cores}");
        }
    }

    #[test]
    fn nonsense_is_refused_whole() {
        let mut book = Book::default();
        book.put(entry(1, 2));
        let text = book.write();
        for (from, to) in [
            ("\"version\": 2", "\"version\": 7"),
            ("91.25", "-1.0"),
            ("91.25", "91.25, 3.0"),
            ("10.75", "0.0"),
            ("3.75", "-3.75"),
            ("\"sessions\": 2", "\"sessions\": 1"),
            ("\"sessions\": 2", "\"sessions\": 2000"),
            ("\"sessions\": 1", "\"sessions\": 3"),
            ("\"cores\": 2", "\"cores\": \"two\""),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text);
            assert!(Book::read(&other).is_err(), "{from} -> {to}");
        }
        let newer = Book::read(&text.replacen("\"version\": 2", "\"version\": 7", 1)).unwrap_err();
        assert!(newer.to_string().contains("of version 7"), "{newer}");
        assert!(Book::read(&text[..text.len() / 2]).is_err() && Book::read("").is_err());
    }

    proptest! {
        /// No byte of it can be another one and do harm: it is refused, or a number is another possible one.
        #[test]
        fn any_damage_is_survived(at in 0usize..900, byte in any::<u8>()) {
            let mut book = Book::default();
            book.put(entry(1, 2));
            let mut bytes = book.write().into_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(book) = Book::read(&String::from_utf8_lossy(&bytes)) {
                prop_assert!(book.entries.iter().all(|entry| entry.nonsense().is_none()));
            }
        }
    }
}
