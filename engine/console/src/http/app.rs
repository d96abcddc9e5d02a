//! What handlers have.

use super::pages::Pages;
use super::turns::Turns;
use crate::basemap::BaseMap;
use crate::broker::Commands;
use crate::config::Language;
use crate::evidence::Files;
use crate::live::Live;
use crate::people::People;
use crate::store::Store;
use crate::vitals::Vitals;
use crate::workload::Bound;
use std::net::IpAddr;
use std::sync::Arc;

/// What handlers have; clones are the same one.
#[derive(Clone)]
pub struct App {
    /// What is kept.
    pub store: Store,
    /// What many people have open.
    pub pages: Pages,
    /// What becomes different.
    pub live: Live,
    /// Files that boxes bring.
    pub files: Files,
    /// What pages draw below all else.
    pub base_map: Option<BaseMap>,
    /// Where boxes are asked.
    pub commands: Commands,
    /// Whose turn it is to ask a camera for a picture.
    pub turns: Turns,
    /// How the console is.
    pub vitals: Vitals,
    /// Who knows who somebody is.
    pub people: Arc<People>,
    /// People reach it by https.
    pub https: bool,
    /// Who stands in front, and is believed for whom it asks.
    pub proxy: Option<IpAddr>,
    /// From when on a rule is proposed to be changed.
    pub bound: Bound,
    /// What a newcomer reads.
    pub language: Language,
}
