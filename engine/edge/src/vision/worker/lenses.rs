//! Which classifiers a worker has: each is loaded on a thread of its own, beside the one that it replaces. Cameras are looked
//! at without one that is not there yet, or cannot be used.

use crate::infer::Runtime;
use crate::models::ClassifierPackage;
use crate::vision::lens::Lens;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use viahe_core::id::Name;
use viahe_core::seam::{Refine, VisionCamera};
use viahe_core::tune::Provider;

/// What became of files that were to be opened.
pub(super) struct Opened {
    of: Refine,
    result: Result<Arc<Lens>, String>,
}

pub(super) struct Lenses {
    runtime: Runtime,
    taxonomies: Vec<PathBuf>,
    provider: Provider,
    known: BTreeMap<Name, Known>,
    /// One is opened at a time.
    opening: bool,
    opened: (Sender<Opened>, Receiver<Opened>),
}

struct Known {
    wanted: Refine,
    lens: Option<Arc<Lens>>,
    /// The wanted files were tried.
    tried: bool,
    refused: Option<String>,
}

impl Lenses {
    pub(super) fn new(runtime: Runtime, taxonomies: Vec<PathBuf>, provider: Provider) -> Self {
        let (known, opened) = (BTreeMap::new(), bounded(1));
        Self { runtime, taxonomies, provider, known, opening: false, opened }
    }

    pub(super) fn opened(&self) -> &Receiver<Opened> {
        &self.opened.1
    }

    /// Takes what was opened.
    pub(super) fn take(&mut self, Opened { of, result }: Opened) {
        self.opening = false;
        let Some(known) = self.known.get_mut(&of.name).filter(|known| known.wanted == of) else {
            return;
        };
        match result {
            Ok(lens) => (known.lens, known.refused) = (Some(lens), None),
            Err(why) => {
                tracing::error!(model = %of.name, why, "a classifier could not be loaded");
                known.refused = Some(why);
            }
        }
    }

    /// Models are told anew, as after a reload: what was refused may have been mended.
    pub(super) fn again(&mut self) {
        self.known.values_mut().for_each(|known| known.tried &= known.refused.is_none());
    }

    /// Gives up those that none of these cameras has, and opens the next that is wanted.
    pub(super) fn want<'c>(&mut self, cameras: impl Iterator<Item = &'c VisionCamera>) {
        let mut names = BTreeSet::new();
        for of in cameras.flat_map(|camera| &camera.refine) {
            names.insert(&of.name);
            match self.known.get_mut(&of.name) {
                Some(known) if known.wanted == *of => {}
                Some(known) => (known.wanted, known.tried) = (of.clone(), false),
                None => {
                    let known =
                        Known { wanted: of.clone(), lens: None, tried: false, refused: None };
                    self.known.insert(of.name.clone(), known);
                }
            }
        }
        self.known.retain(|name, _| names.contains(name));
        let next = self.known.values_mut().find(|known| !known.tried);
        if let Some(next) = next.filter(|_| !self.opening) {
            (next.tried, self.opening) = (true, true);
            let of = next.wanted.clone();
            self.open(of);
        }
    }

    fn open(&mut self, of: Refine) {
        let (runtime, taxonomies) = (self.runtime.clone(), self.taxonomies.clone());
        let (provider, done, name) = (self.provider, self.opened.0.clone(), of.name.clone());
        let spawned = std::thread::Builder::new().name("classifier".into()).spawn(move || {
            let package = ClassifierPackage::read(&of.name, &of.files, &taxonomies);
            let load =
                |package| Lens::load(&runtime, &package, provider).map_err(|e| e.to_string());
            let result = package.map_err(|e| e.to_string()).and_then(load);
            // The worker may have ended meanwhile.
            let _ = done.send(Opened { of, result });
        });
        if let Err(error) = spawned {
            self.opening = false;
            if let Some(known) = self.known.get_mut(&name) {
                known.refused = Some(format!("there is no thread to load it on: {error}"));
            }
        }
    }

    /// Those of a camera that are there.
    pub(super) fn of(&self, camera: &VisionCamera) -> Vec<Arc<Lens>> {
        let lens = |of: &Refine| self.known.get(&of.name)?.lens.clone();
        camera.refine.iter().filter_map(lens).collect()
    }

    /// Those at work that say nothing.
    pub(super) fn wrong(&self) -> impl Iterator<Item = (Name, String)> + '_ {
        let complaint = |known: &Known| known.lens.as_ref()?.complaint();
        self.known.iter().filter_map(move |(name, known)| Some((name.clone(), complaint(known)?)))
    }

    /// Why some cannot be used as they are wanted.
    pub(super) fn refused(&self) -> BTreeMap<Name, String> {
        let why = |(name, known): (&Name, &Known)| Some((name.clone(), known.refused.clone()?));
        self.known.iter().filter_map(why).collect()
    }
}
