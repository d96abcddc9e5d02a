//! Where the parts of an installation lie that a plan needs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use viahe_core::id::Name;
use viahe_core::model::Precision;
use viahe_core::seam::ModelFiles;

/// Where the files lie that vision workers open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// ONNX Runtime.
    pub library: PathBuf,
    /// Files with classes beside those of this release.
    pub taxonomies: Vec<PathBuf>,
    /// Each model that cameras are looked at with.
    pub models: BTreeMap<Name, ModelFiles>,
    /// Where the weights of these models in other precisions lie, of those that are there.
    pub variants: BTreeMap<Name, BTreeMap<Precision, PathBuf>>,
    /// Each classifier that what they see is shown to.
    pub classifiers: BTreeMap<Name, ModelFiles>,
}

impl Installed {
    /// The models, each with its weights in the precision that is wanted; with its own where these are not there, or
    /// none is wanted.
    pub fn in_precisions(&self, wanted: &BTreeMap<Name, Precision>) -> BTreeMap<Name, ModelFiles> {
        let weights = |name: &Name| self.variants.get(name)?.get(wanted.get(name)?).cloned();
        let of = |(name, files): (&Name, &ModelFiles)| {
            let own = files.weights.clone();
            let weights = weights(name).unwrap_or(own);
            (name.clone(), ModelFiles { weights, ..files.clone() })
        };
        self.models.iter().map(of).collect()
    }
}
