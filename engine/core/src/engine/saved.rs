//! The engine's state as it is saved: a part for the site and one for each camera.
//!
//! Each part says its version and is read on its own: one that cannot be read takes no other with it,
//! but for that of the site, without which no time of a camera has a meaning. What did not change is
//! not saved again, see [`Engine::changes`].

use super::event::Effect;
use super::machine::Engine;
use super::memory::{CameraMemory, Memory, SiteMemory};
use super::scope::{Scope, StateError, StateVersion};
use super::upgrade;
use crate::id::CaptureId;
use crate::plan::Plan;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// A saved state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved(BTreeMap<Scope, Vec<u8>>);

impl FromIterator<(Scope, Vec<u8>)> for Saved {
    fn from_iter<I: IntoIterator<Item = (Scope, Vec<u8>)>>(parts: I) -> Self {
        Self(parts.into_iter().collect())
    }
}

impl Saved {
    /// One that was written as one text: of any version.
    pub fn whole(text: impl Into<Vec<u8>>) -> Self {
        Self(BTreeMap::from([(Scope::Whole, text.into())]))
    }

    /// Its parts, the site's first.
    pub fn parts(&self) -> impl Iterator<Item = (&Scope, &[u8])> {
        self.0.iter().map(|(scope, part)| (scope, &part[..]))
    }

    /// As one text, for [`Saved::whole`].
    pub fn to_text(&self) -> String {
        let mut text = format!("{{\"version\":{},\"parts\":{{", StateVersion::NEWEST.number());
        for (i, (scope, part)) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            // Names have no characters that JSON would escape, and parts are JSON.
            let part = String::from_utf8_lossy(part);
            // Writing to a string cannot fail.
            let _ = write!(text, "{comma}\"{scope}\":{part}");
        }
        text + "}}"
    }
}

/// What of a state is kept somewhere, so that only what changed has to be kept anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saves(BTreeMap<Scope, Save>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Save {
    edition: (u64, u64),
    digest: [u8; 32],
}

/// What has to be saved.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Nothing is kept so far: what lies there is of another state and goes.
    pub anew: bool,
    /// Parts that are other than they were.
    pub parts: Vec<(Scope, Vec<u8>)>,
    /// Parts that are no more.
    pub gone: Vec<Scope>,
    /// What is kept once this is done.
    pub saves: Saves,
}

impl From<Saved> for Changes {
    fn from(saved: Saved) -> Self {
        Self { anew: true, parts: saved.0.into_iter().collect(), ..Self::default() }
    }
}

impl Changes {
    /// Bytes of the parts.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|(_, part)| part.len()).sum()
    }
}

/// A part that cannot be used.
#[derive(Debug)]
pub struct Lost {
    /// Which.
    pub scope: Scope,
    /// Why.
    pub why: StateError,
}

/// Why a saved state cannot be used whole.
#[derive(Debug, thiserror::Error)]
#[error("saved state is not readable by this version ({scope}: {why})")]
pub struct RestoreError {
    scope: Scope,
    why: StateError,
}

/// An engine that goes on from what could be read.
#[derive(Debug)]
pub struct Restored {
    /// At work again.
    pub engine: Engine,
    /// What became of incidents whose rules the plan no longer has or has changed.
    pub effects: Vec<Effect>,
    /// What could not be read, and is forgotten.
    pub lost: Vec<Lost>,
}

/// A part, as it is written.
#[derive(Serialize, Deserialize)]
struct Stamped<T> {
    version: u32,
    state: T,
}

fn write(state: &impl Serialize) -> Vec<u8> {
    // Maps with string or integer keys and finite numbers only: cannot fail.
    serde_json::to_vec(&Stamped { version: StateVersion::NEWEST.number(), state })
        .unwrap_or_default()
}

fn read<T: DeserializeOwned>(part: &[u8]) -> Result<T, StateError> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let head: Head = serde_json::from_slice(part)?;
    // From V3 there is no step to take: an artefact is read in both forms.
    StateVersion::try_from(head.version)?;
    Ok(serde_json::from_slice::<Stamped<T>>(part)?.state)
}

/// What could be read.
#[derive(Default)]
struct Read {
    site: SiteMemory,
    cameras: Vec<CameraMemory>,
    notes: Vec<String>,
    lost: Vec<Lost>,
}

impl Read {
    fn of(saved: &Saved, plan: &Plan) -> Self {
        let mut read = Self::default();
        let mut parts = saved.0.clone();
        if let Some(whole) = parts.remove(&Scope::Whole) {
            match upgrade::parts(&whole, plan, &mut read.notes) {
                Ok(of_whole) => parts.extend(of_whole),
                Err(why) => read.lost.push(Lost { scope: Scope::Whole, why }),
            }
        }
        let site = parts.remove(&Scope::Site).map(|part| self::read(&part));
        let has_site = matches!(site, Some(Ok(_)));
        match site {
            Some(Ok(site)) => read.site = site,
            Some(Err(why)) => read.lost.push(Lost { scope: Scope::Site, why }),
            None => {}
        }
        for (scope, part) in parts {
            let found = if has_site { self::read(&part) } else { Err(StateError::NoSite) };
            match found {
                Ok(camera) => read.cameras.push(camera),
                Err(why) => read.lost.push(Lost { scope, why }),
            }
        }
        // A number that a camera has had is never given again.
        let given = read.cameras.iter().filter_map(CameraMemory::newest_capture).max();
        read.site.next_capture =
            given.map_or(CaptureId(0), |id| CaptureId(id.0 + 1)).max(read.site.next_capture);
        read
    }
}

impl Engine {
    /// Goes on from [`Engine::save`] of this or an earlier version, with what became of incidents
    /// whose rules `plan` no longer has or has changed; [`Engine::notes`] says what else changed.
    ///
    /// # Errors
    /// [`RestoreError`] when a part of it cannot be read.
    pub fn restore(plan: Arc<Plan>, saved: &Saved) -> Result<(Self, Vec<Effect>), RestoreError> {
        let mut engine = Self::new(plan);
        let effects = engine.resume(saved)?;
        Ok((engine, effects))
    }

    /// As [`Engine::restore`], from what can be read.
    pub fn restore_what_can_be(plan: Arc<Plan>, saved: &Saved) -> Restored {
        let mut engine = Self::new(plan);
        let mut read = Read::of(saved, &engine.plan);
        let lost = std::mem::take(&mut read.lost);
        let effects = engine.go_on(read);
        Restored { engine, effects, lost }
    }

    /// As [`Engine::restore`], in place: whoever listens by [`Engine::trace`] goes on to.
    ///
    /// # Errors
    /// [`RestoreError`] when a part of it cannot be read; nothing has changed then.
    pub fn resume(&mut self, saved: &Saved) -> Result<Vec<Effect>, RestoreError> {
        let mut read = Read::of(saved, &self.plan);
        if !read.lost.is_empty() {
            let Lost { scope, why } = read.lost.swap_remove(0);
            return Err(RestoreError { scope, why });
        }
        Ok(self.go_on(read))
    }

    fn go_on(&mut self, read: Read) -> Vec<Effect> {
        self.memory = Memory::of(read.site, read.cameras, self.memory.births());
        self.notes = read.notes;
        self.word();
        self.adapt()
    }

    /// What the state that it goes on from could not say as it is said now, for people: it was saved by
    /// an earlier version.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The whole state.
    pub fn save(&self) -> Saved {
        let cameras = self.memory.cameras.iter();
        let cameras = cameras.map(|camera| (Scope::Camera(camera.id.clone()), write(&**camera)));
        std::iter::once((Scope::Site, write(&*self.memory.site))).chain(cameras).collect()
    }

    /// What is other than in `saves`.
    pub fn changes(&self, saves: &Saves) -> Changes {
        let mut changes = Changes { anew: saves.0.is_empty(), ..Changes::default() };
        let site = &self.memory.site;
        changes.look(saves, Scope::Site, site.edition(), || write(&**site));
        for camera in &self.memory.cameras {
            let scope = Scope::Camera(camera.id.clone());
            changes.look(saves, scope, camera.edition(), || write(&**camera));
        }
        let is_gone = |scope: &&Scope| !changes.saves.0.contains_key(scope);
        changes.gone = saves.0.keys().filter(is_gone).cloned().collect();
        changes
    }
}

impl Changes {
    /// Takes in a part, if it is other than in `saves`.
    fn look(
        &mut self,
        saves: &Saves,
        scope: Scope,
        edition: (u64, u64),
        write: impl FnOnce() -> Vec<u8>,
    ) {
        let known = saves.0.get(&scope);
        if let Some(known) = known.filter(|known| known.edition == edition) {
            self.saves.0.insert(scope, *known);
            return;
        }
        let part = write();
        let digest = Sha256::digest(&part).into();
        self.saves.0.insert(scope.clone(), Save { edition, digest });
        // What was only looked at, or changed and changed back, is as it was.
        if known.is_none_or(|known| known.digest != digest) {
            self.parts.push((scope, part));
        }
    }
}
