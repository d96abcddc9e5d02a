//! Descriptions are tried on pictures until one sees something sensible.

use crate::exit::Exit;
use crate::eye::Eye;
use crate::pictures::Picture;
use std::path::Path;
use viahe_core::adopt::{Paper, Try, Verdict, verdict};
use viahe_core::config::{Taxonomy, model};
use viahe_core::detect::Detection;
use viahe_edge::infer::Runtime;

/// What all descriptions of a model are tried with.
pub(super) struct Trial<'t> {
    pub(super) runtime: &'t Runtime,
    pub(super) taxonomy: &'t Taxonomy,
    pub(super) paper: Paper<'t>,
    /// What messages call the weights.
    pub(super) path: &'t Path,
    pub(super) weights: &'t [u8],
}

/// What was found in a picture, and what each thing is.
pub(super) type Found = Vec<(Detection, String)>;

/// The description that is believed.
pub(super) struct Chosen {
    pub(super) of: Try,
    /// Its `model.toml`.
    pub(super) text: String,
    /// In each picture.
    pub(super) found: Vec<Found>,
    /// What each description that was tried made of the pictures.
    pub(super) tried: Vec<String>,
    /// What the pictures are called.
    pub(super) pictures: Vec<String>,
}

/// One description, tried.
struct Tried {
    text: String,
    found: Vec<Found>,
    verdict: Verdict,
}

/// The first reading of the outputs that sees something sensible, with the colours with which it sees most.
pub(super) fn choose(
    trial: &Trial<'_>,
    drafts: &[Try],
    pictures: &[(String, Picture)],
    unseen: bool,
) -> Result<Chosen, Exit> {
    let mut said = Vec::new();
    let mut best: Option<(f32, &Try, Tried)> = None;
    let mut blind: Option<(&Try, Tried)> = None;
    for of in drafts {
        let is_next = best.as_ref().is_some_and(|(_, found, _)| !of.reads_as(found));
        if is_next {
            break;
        }
        let tried = trial.look(of, pictures);
        let words = match &tried {
            Ok(Tried { verdict: Verdict::Readable { .. }, found, .. }) => {
                let things: usize = found.iter().map(Vec::len).sum();
                format!("{things} things")
            }
            Ok(Tried { verdict: Verdict::Nothing, .. }) => "nothing".to_owned(),
            Ok(Tried { verdict: Verdict::Wrong(why), .. }) | Err(why) => why.clone(),
        };
        said.push(format!("{}: {words}", of.words()));
        let Ok(tried) = tried else { continue };
        match tried.verdict {
            Verdict::Readable { weight }
                if best.as_ref().is_none_or(|(most, ..)| weight > *most) =>
            {
                best = Some((weight, of, tried));
            }
            Verdict::Nothing if blind.is_none() => blind = Some((of, tried)),
            _ => {}
        }
    }
    let best = best.map(|(_, of, tried)| (of, tried)).or(blind.filter(|_| unseen));
    let names: Vec<String> = pictures.iter().map(|(name, _)| name.clone()).collect();
    let Some((of, tried)) = best else {
        return Err(Exit::Failed(format!(
            "nothing sensible was seen on {}, so nothing was written:\n  {}\nGive a picture that shows what the model knows \
             (--picture), or say how its output reads (--head); --yes adds one that sees nothing there all the same",
            names.join(", "),
            said.join("\n  ")
        )));
    };
    let Tried { text, found, .. } = tried;
    Ok(Chosen { of: of.clone(), text, found, tried: said, pictures: names })
}

impl Trial<'_> {
    /// What a description makes of the pictures, or why it cannot look.
    fn look(&self, of: &Try, pictures: &[(String, Picture)]) -> Result<Tried, String> {
        let text = of.text(&self.paper);
        let model =
            model::parse_with("model.toml", &text, self.taxonomy).map_err(|e| e.to_string())?;
        let weights = (self.path, self.weights);
        let mut eye = Eye::of_bytes(self.runtime, model, weights).map_err(|exit| told(&exit))?;
        let (mut found, mut weight, mut wrong) = (Vec::new(), 0.0, None);
        for (_, picture) in pictures {
            let seen = eye.named(picture).map_err(|exit| told(&exit))?;
            let detections: Vec<Detection> = seen.iter().map(|(of, _)| *of).collect();
            match verdict(&detections, [picture.width(), picture.height()], eye.complaint()) {
                Verdict::Readable { weight: more } => weight += more,
                Verdict::Nothing => {}
                Verdict::Wrong(why) => wrong = wrong.or(Some(why)),
            }
            found.push(seen);
        }
        let verdict = match wrong {
            Some(why) => Verdict::Wrong(why),
            None if weight > 0.0 => Verdict::Readable { weight },
            None => Verdict::Nothing,
        };
        Ok(Tried { text, found, verdict })
    }
}

fn told(exit: &Exit) -> String {
    exit.message().unwrap_or_default().to_owned()
}
