//! `viahe model add`: an ONNX file becomes a package.

mod sources;
mod tell;
mod trial;

use self::sources::{Picked, named_after, picked};
use self::tell::{Told, tell};
use self::trial::{Chosen, Trial, choose};
use crate::commands::detect::draw_into;
use crate::exit::Exit;
use crate::pictures::Font;
use crate::ui::say;
use sha2::Digest as _;
use std::collections::BTreeMap;
use std::path::PathBuf;
use viahe_contract::sha256::Sha256;
use viahe_core::adopt::{Draft, Given, Paper, draft};
use viahe_core::id::Name;
use viahe_core::model::Head;
use viahe_core::observe::Class;
use viahe_core::onnx::{changed, read};
use viahe_edge::infer::{Runtime, read_weights};
use viahe_edge::models::{DESCRIPTION_FILE, Locations, NewPackage, install};

/// The picture with boxes, in the folder of the model.
const SHOWN_FILE: &str = "added.png";
/// Longest list of classes that is read.
const LABELS_BYTES_MAX: u64 = 1 << 20;

/// Adds a detector: writes its model.toml by reading the file.
///
/// Reads the graph, what its exporter wrote into it (Ultralytics), and what lies beside it (Hugging Face's `config.json` and
/// `preprocessor_config.json`, Triton's `config.pbtxt`, a list of classes); says what it found and what it guessed; and lets the model look at
/// a picture. Only what sees something sensible there is written, and `added.png` in its folder shows the boxes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The model, an .onnx file with its weights in it.
    #[arg(value_name = "FILE.onnx")]
    file: PathBuf,
    /// Name of its folder. [default: after the file]
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<Name>,
    /// Folder of models to write it into. [default: the first that is looked in]
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// A picture that shows what it knows. [default: one of the sample clip]
    #[arg(long, value_name = "IMAGE")]
    picture: Vec<PathBuf>,
    /// The names of its classes: one a line, from number 0 on.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// What a class of the model means, where its name does not say; may be given again.
    #[arg(long, value_name = "NAME=CLASS", value_parser = super::measure::meaning)]
    map: Vec<(String, Class)>,
    /// How its output reads, where the guess is wrong.
    #[arg(long, value_name = "HEAD", value_parser = clap::builder::PossibleValuesParser::new(Head::DETECTORS.iter().copied()))]
    head: Option<String>,
    /// Size of its input, where the graph leaves it open.
    #[arg(long, value_name = "WxH", value_parser = size)]
    size: Option<[usize; 2]>,
    /// Licence of the weights, as SPDX writes it.
    #[arg(long, value_name = "SPDX")]
    licence: Option<String>,
    /// Adds it also when it sees nothing in the picture.
    #[arg(long)]
    yes: bool,
    /// Writes nothing.
    #[arg(long)]
    check: bool,
    /// One JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
}

fn name(text: &str) -> Result<Name, String> {
    Name::try_from(text)
}

fn size(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
    sides.ok_or_else(|| "write columns and rows like 640x384".to_owned())
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let locations = Locations::discover(None).map_err(Exit::missing)?;
    let (name, into) = place(args, &locations)?;
    let bytes = read_weights(&args.file)
        .map_err(|e| Exit::Usage(format!("{}: {e}", args.file.display())))?;
    let library = locations.onnxruntime().map_err(Exit::missing)?;
    let runtime = Runtime::load(&library).map_err(Exit::missing)?;
    let refused =
        |why: &dyn std::fmt::Display| Exit::Usage(format!("{}: {why}", args.file.display()));
    let outline = read(&bytes).map_err(|why| refused(&why))?;
    let Picked { beside, read: sources } = picked(&args.file, args.labels.is_none())?;
    let taxonomy = locations.taxonomy().map_err(Exit::missing)?;
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy();
    let limits = runtime.limits();
    let about = (limits.as_ref(), &*stem);
    let draft = draft((&bytes, &outline), &beside, &given(args)?, &taxonomy, about);
    let draft = draft.map_err(|why| refused(&why))?;
    let weights = rewritten(&bytes, &draft).map_err(|why| refused(&why))?;
    let weights = weights.as_deref().unwrap_or(&bytes);

    let file_name = args.file.file_name().unwrap_or_default().to_string_lossy();
    let weights_file = format!("{name}.onnx");
    let paper = Paper {
        name: &name,
        given: &file_name,
        given_sha256: hash(&bytes),
        file: &weights_file,
        sha256: hash(weights),
    };
    let trial = Trial { runtime: &runtime, taxonomy: &taxonomy, paper, path: &args.file, weights };
    let mut pictures = sources::pictures(&args.picture, &locations)?;
    let chosen = choose(&trial, &draft.tries, &pictures, args.yes)?;
    let Chosen { text, found, .. } = &chosen;
    let mut told = Told {
        name: &name,
        outline: &outline,
        draft: &draft,
        sources,
        chosen: &chosen,
        folder: None,
    };
    if !args.check {
        let font = Font::find().map_err(Exit::Missing)?;
        let shown =
            draw_into(pictures.swap_remove(0).1, &font, found.first().map_or(&[], Vec::as_slice))
                .map_err(Exit::Failed)?;
        let files = [
            (weights_file.as_str(), weights),
            (SHOWN_FILE, &shown[..]),
            (DESCRIPTION_FILE, text.as_bytes()),
        ];
        let package = NewPackage { name: &name, files: &files };
        told.folder = Some(install(&into, package).map_err(Exit::failed)?);
    }
    say(&tell(&told, args.json).map_err(Exit::failed)?);
    Ok(())
}

/// Under which name it goes where.
fn place(args: &Args, locations: &Locations) -> Result<(Name, PathBuf), Exit> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => named_after(&args.file)?,
    };
    let into = match args.into.as_ref().or(locations.models_dirs.first()) {
        Some(into) if into.is_dir() => into.clone(),
        Some(into) => {
            return Err(Exit::Usage(format!(
                "{}: there is no such folder; make it first",
                into.display()
            )));
        }
        None => {
            return Err(Exit::Usage(
                "there is no folder of models; make one, and name it with --into".into(),
            ));
        }
    };
    let taken = |name: &str| {
        into.join(name).exists() || locations.installed().iter().any(|other| other == name)
    };
    if taken(name.as_str()) {
        let next = (2..10_000).map(|n| format!("{name}-{n}")).find(|next| !taken(next));
        return Err(Exit::Usage(format!(
            "a model {name} is installed already, and stays as it is; add this one as --name {}",
            next.unwrap_or_default()
        )));
    }
    Ok((name, into))
}

fn given(args: &Args) -> Result<Given, Exit> {
    let read = |path: &PathBuf| {
        viahe_edge::bounded::read_text(path, LABELS_BYTES_MAX)
            .map_err(|e| Exit::Usage(format!("{}: {e}", path.display())))
    };
    Ok(Given {
        labels: args.labels.as_ref().map(read).transpose()?,
        map: args.map.iter().cloned().collect::<BTreeMap<_, _>>(),
        head: args.head.clone(),
        licence: args.licence.clone(),
        size: args.size,
    })
}

/// The file as it is run, where that is not as it was given.
fn rewritten(bytes: &[u8], draft: &Draft) -> Result<Option<Vec<u8>>, viahe_core::onnx::Refused> {
    if draft.changes.is_empty() { Ok(None) } else { changed(bytes, &draft.changes).map(Some) }
}

fn hash(bytes: &[u8]) -> Sha256 {
    Sha256::from_bytes(sha2::Sha256::digest(bytes).into())
}
