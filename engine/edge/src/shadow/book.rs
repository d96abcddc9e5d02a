//! What is known of a candidate, in the folder of the shadow: both streams of incidents, what looks cost, and what was
//! decided. Each file has one writer: the process of the candidate, or a person.

use crate::bounded::read_text;
use crate::disk;
use crate::vision::shadow::shadow_dir;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use viahe_contract::id::IncidentId;
use viahe_contract::message::ModelRef;
use viahe_contract::sha256::Sha256;
use viahe_core::id::Name;
use viahe_core::incident::Revision;
use viahe_core::shadow::{Agenda, Proportion, Side, Told, Why};
use viahe_core::time::Timestamp;
use viahe_core::versions;

versions! {
    /// Of [`Book`], as it is written.
    BookVersion, "a comparison of models":
    /// 0.1.
    V1 = 1,
}

/// Incidents of one model that are kept. Judgement: weeks of a box; a megabyte, and a
/// hundred of pictures.
const TOLD_MAX: usize = 2_000;
/// Largest file that is read.
const BYTES_MAX: u64 = 64 << 20;
const BOOK: &str = "book.json";
const DECISION: &str = "decision.json";
const JUDGEMENTS: &str = "judgements.json";
const PICTURES: &str = "pictures";

/// Looks of a camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    /// By both models, at the same frames.
    pub both: u64,
    /// Of those, by inference; in the others the picture was that of the look before.
    pub inferred: u64,
    /// That there was no time for.
    pub missed: u64,
    /// That the candidate failed at.
    pub failed: u64,
    /// Processor time of the model at work, of those by inference, in µs.
    pub incumbent_us: u64,
    /// That of the candidate.
    pub candidate_us: u64,
    /// Stretches begun.
    pub stretches: u64,
}

impl Looks {
    /// With those of another camera.
    #[must_use]
    fn with(self, other: &Self) -> Self {
        Self {
            both: self.both + other.both,
            inferred: self.inferred + other.inferred,
            missed: self.missed + other.missed,
            failed: self.failed + other.failed,
            incumbent_us: self.incumbent_us + other.incumbent_us,
            candidate_us: self.candidate_us + other.candidate_us,
            stretches: self.stretches + other.stretches,
        }
    }

    /// Those that the candidate kept up with.
    pub fn kept_up(&self) -> Proportion {
        Proportion { hits: self.both, of: self.both + self.missed + self.failed }
    }

    /// Mean processor time of a look by inference, in ms; of the model at work, then of the candidate.
    pub fn cpu_ms(&self) -> Option<[f64; 2]> {
        let mean = |us: u64| us as f64 / 1_000.0 / self.inferred as f64;
        (self.inferred > 0).then(|| [mean(self.incumbent_us), mean(self.candidate_us)])
    }
}

/// Both streams of incidents, and what looks cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Book {
    version: u32,
    /// The model at work.
    pub incumbent: ModelRef,
    /// The one in its shadow.
    pub candidate: ModelRef,
    /// Since when they are compared.
    pub since: Timestamp,
    /// The last look.
    pub until: Timestamp,
    /// By camera.
    pub looks: BTreeMap<Name, Looks>,
    /// What the engine that hears the model at work told, oldest first.
    pub incumbent_told: Vec<Told>,
    /// What the one that hears the candidate told.
    pub candidate_told: Vec<Told>,
    /// Those that were forgotten for newer ones.
    pub forgotten: u64,
    /// When the scores are looked at next.
    pub agenda: Agenda,
}

impl Book {
    /// Nothing is known yet.
    pub fn new(incumbent: ModelRef, candidate: ModelRef, now: Timestamp) -> Self {
        Self {
            version: BookVersion::NEWEST.number(),
            incumbent,
            candidate,
            since: now,
            until: now,
            looks: BTreeMap::new(),
            incumbent_told: Vec::new(),
            candidate_told: Vec::new(),
            forgotten: 0,
            agenda: Agenda::default(),
        }
    }

    /// All cameras together.
    pub fn all_looks(&self) -> Looks {
        self.looks.values().fold(Looks::default(), Looks::with)
    }

    /// A stream.
    pub fn told(&self, side: Side) -> &[Told] {
        match side {
            Side::Incumbent => &self.incumbent_told,
            Side::Candidate => &self.candidate_told,
        }
    }

    /// Takes a word on an incident. Returns pictures that are of no use any more.
    pub fn hear(
        &mut self,
        side: Side,
        revision: &Revision,
        picture: Option<Sha256>,
    ) -> Option<Sha256> {
        let stream = match side {
            Side::Incumbent => &mut self.incumbent_told,
            Side::Candidate => &mut self.candidate_told,
        };
        let known = |told: &&mut Told| told.incident == revision.incident;
        if let Some(known) = stream.iter_mut().rev().find(known) {
            known.goes_on(revision);
            known.picture = known.picture.or(picture);
            return None;
        }
        let told = Told::of(revision)?;
        stream.push(Told { picture, ..told });
        if stream.len() <= TOLD_MAX {
            return None;
        }
        self.forgotten += 1;
        stream.remove(0).picture
    }

    /// That of a state folder; none where nothing was compared.
    ///
    /// # Errors
    /// Why it cannot be read, for people.
    pub fn read(state_dir: &Path) -> Result<Option<Self>, String> {
        let Some(book) = read::<Self>(state_dir, BOOK)? else { return Ok(None) };
        match BookVersion::try_from(book.version) {
            Ok(BookVersion::V1) => Ok(Some(book)),
            Err(error) => Err(format!("{}: {error}", path(state_dir, BOOK).display())),
        }
    }

    /// Puts it in the place of what is there, whole or not at all.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&self, state_dir: &Path) -> io::Result<()> {
        write(state_dir, BOOK, self)
    }
}

/// Is there one?
pub(super) fn is_kept(state_dir: &Path) -> bool {
    path(state_dir, BOOK).exists()
}

/// What was decided of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// It took over.
    Promoted {
        /// Which candidate.
        candidate: ModelRef,
        /// When.
        at: Timestamp,
        /// The package before.
        from: Name,
        /// How often that one was right.
        precision: Proportion,
        /// The box did it.
        auto: bool,
    },
    /// It may not.
    Rejected {
        /// Which candidate.
        candidate: ModelRef,
        /// When.
        at: Timestamp,
        /// Why; none where a person said so.
        why: Option<Why>,
    },
    /// It took over, and what it told was less often true.
    RolledBack {
        /// Which candidate.
        candidate: ModelRef,
        /// When.
        at: Timestamp,
        /// How often the one before was right.
        before: Proportion,
        /// How often it was.
        now: Proportion,
    },
}

impl Decision {
    /// Of which candidate.
    pub fn candidate(&self) -> &ModelRef {
        match self {
            Self::Promoted { candidate, .. }
            | Self::Rejected { candidate, .. }
            | Self::RolledBack { candidate, .. } => candidate,
        }
    }
}

/// What was decided last.
///
/// # Errors
/// Why it cannot be read, for people.
pub fn decision(state_dir: &Path) -> Result<Option<Decision>, String> {
    read(state_dir, DECISION)
}

/// Notes what was decided.
///
/// # Errors
/// What the disk says.
pub fn write_decision(state_dir: &Path, decision: &Decision) -> io::Result<()> {
    write(state_dir, DECISION, decision)
}

/// What people said of incidents that the box did not tell: whether they are.
pub(super) type Judgements = BTreeMap<IncidentId, bool>;

/// All of them.
///
/// # Errors
/// Why they cannot be read, for people.
pub(super) fn judgements(state_dir: &Path) -> Result<Judgements, String> {
    Ok(read(state_dir, JUDGEMENTS)?.unwrap_or_default())
}

/// Notes what somebody says of an incident in the book.
///
/// # Errors
/// Why it is not noted, for people.
pub fn judge(state_dir: &Path, incident: &IncidentId, confirmed: bool) -> Result<(), String> {
    let book = Book::read(state_dir)?.ok_or("nothing was compared here")?;
    let mut told = book.incumbent_told.iter().chain(&book.candidate_told);
    if !told.any(|told| told.incident == *incident) {
        return Err(format!(
            "no model told an incident {incident} in the shadow, or it is forgotten; `viahe model shadow report` names them"
        ));
    }
    let mut all = judgements(state_dir)?;
    all.insert(incident.clone(), confirmed);
    write(state_dir, JUDGEMENTS, &all).map_err(|error| error.to_string())
}

/// Forgets all that was compared and decided.
///
/// # Errors
/// What the disk says.
pub fn reset(state_dir: &Path) -> io::Result<()> {
    let gone = |result: io::Result<()>| match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    for file in [BOOK, DECISION, JUDGEMENTS] {
        gone(fs::remove_file(path(state_dir, file)))?;
    }
    gone(fs::remove_dir_all(path(state_dir, PICTURES)))
}

/// Keeps a picture, and names it.
///
/// # Errors
/// What the disk says.
pub(super) fn keep_picture(state_dir: &Path, jpeg: &[u8]) -> io::Result<Sha256> {
    use sha2::Digest as _;
    let sha256 = Sha256::from_bytes(sha2::Sha256::digest(jpeg).into());
    disk::make_dir(&path(state_dir, PICTURES)).map(drop)?;
    let mut file = disk::create(&picture(state_dir, sha256))?;
    file.write_all(jpeg)?;
    Ok(sha256)
}

/// A picture is of no use any more.
pub(super) fn forget_picture(state_dir: &Path, sha256: Sha256) {
    if let Err(error) = fs::remove_file(picture(state_dir, sha256)) {
        tracing::debug!(%sha256, %error, "a small picture stays");
    }
}

/// Where a picture lies.
pub(super) fn picture(state_dir: &Path, sha256: Sha256) -> PathBuf {
    path(state_dir, PICTURES).join(format!("{sha256}.jpg"))
}

/// Makes the folder.
pub(super) fn open_dir(state_dir: &Path) -> io::Result<PathBuf> {
    disk::make_state_dir(state_dir)?;
    let dir = shadow_dir(state_dir);
    disk::make_dir(&dir)?;
    Ok(dir)
}

fn path(state_dir: &Path, file: &str) -> PathBuf {
    shadow_dir(state_dir).join(file)
}

fn read<T: DeserializeOwned>(state_dir: &Path, file: &str) -> Result<Option<T>, String> {
    let path = path(state_dir, file);
    let told = |error: &dyn std::fmt::Display| {
        format!("{}: {error}; `viahe model shadow reset` begins anew", path.display())
    };
    match read_text(&path, BYTES_MAX) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| told(&error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(told(&error)),
    }
}

fn write(state_dir: &Path, file: &str, value: &impl Serialize) -> io::Result<()> {
    open_dir(state_dir)?;
    let path = path(state_dir, file);
    let new = path.with_added_extension(format!("{}.tmp", std::process::id()));
    let written = disk::create(&new).and_then(|mut file| {
        file.write_all(&serde_json::to_vec(value)?)?;
        file.sync_all()?;
        fs::rename(&new, &path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
