//! `viahe model quantize`: a model in 8 bits, if it still sees.

mod footage;
mod tool;

use super::measure::{Options, measured_by};
use crate::exit::{Exit, OrUsage};
use crate::eye::{Eye, installed};
use crate::files::{has_folder, write_json};
use crate::ui::{Progress, say};
use serde::Serialize;
use sha2::Digest as _;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tool::Tool;
use viahe_contract::sha256::Sha256;
use viahe_core::id::Name;
use viahe_core::model::Model;
use viahe_edge::bounded;
use viahe_edge::infer::{Runtime, read_weights};
use viahe_edge::models::{DESCRIPTION_FILE, Locations, NewPackage, Package, install};
use viahe_edge::tune::costs;

/// Which shares of the most sensitive nodes are kept in float, one try after the other, until the rest loses little enough.
const KEPT: [f64; 5] = [0.0, 0.06, 0.125, 0.25, 0.5];
/// Rounds of five runs that tell what a run costs.
const ROUNDS: usize = 6;
/// Largest `model.toml`.
const DESCRIPTION_BYTES_MAX: u64 = 256 * 1024;

/// Makes a model of 8 bits of one of float, and refuses it when it sees too little.
///
/// Ranges are those of recorded footage; weights have a scale for each channel. Tried whole first, then with ever more of the most
/// sensitive nodes kept in float, until average precision (AP50-95) on labelled pictures falls by no more than is allowed. Nothing is
/// written when all lose more. Needs the quantiser: `make quantizer`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Model package under models/.
    model: String,
    /// Recorded footage of the street, by day and by night, that gives the ranges; may be given again.
    #[arg(long, value_name = "FILE", required = true)]
    footage: Vec<PathBuf>,
    /// Labelled pictures that it is measured on, other ones than the footage: as `viahe model eval` takes them.
    #[arg(long, value_name = "DATASET")]
    on: PathBuf,
    /// Which part of them, of YOLO and Pascal VOC. [default: val]
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// How much average precision it may lose, of 1.
    #[arg(long, value_name = "N", default_value_t = 0.01, value_parser = loss)]
    most_loss: f64,
    /// Frames of the footage that give the ranges.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(4..=1000))]
    frames: u16,
    /// Name of the new model. [default: MODEL-int8]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Folder of models to write it into. [default: the first that is looked in]
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// Writes nothing but figures.
    #[arg(long)]
    check: bool,
    /// Writes all figures into this file; replaced when there.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn loss(text: &str) -> Result<f64, String> {
    let loss: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if (0.0..=0.5).contains(&loss) { Ok(loss) } else { Err("0 to 0.5".into()) }
}

/// What became of it.
#[derive(Serialize)]
struct Tried {
    model: Name,
    most_loss: f64,
    /// Average precision of the float model.
    ap: f64,
    /// Processor time of a run of it, ms.
    cpu_ms: f64,
    tries: Vec<Try>,
    /// Which of them was taken.
    taken: Option<usize>,
}

/// A model that was tried.
#[derive(Serialize)]
struct Try {
    /// Nodes that were kept in float.
    kept: usize,
    /// Of so many.
    of: usize,
    ap: f64,
    cpu_ms: f64,
}

/// The folder that works are done in; goes with it.
struct Workshop(tempfile::TempDir);

impl Workshop {
    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    if let Some(json) = &args.json {
        has_folder(json)?;
    }
    let locations = Locations::discover(None).map_err(Exit::missing)?;
    let name = Name::try_from(args.model.as_str()).or_usage()?;
    let (new, into) = place(args, &locations)?;
    let tool = Tool::find(&locations)?;
    let (package, runtime) = installed(&locations, &name)?;
    let options = Options::of(&args.on, args.split.as_deref())?;
    let shop = Workshop(tempfile::tempdir().map_err(Exit::failed)?);
    let tensors = shop.file("inputs.bin");
    let taken = footage::write(&package.model, &args.footage, usize::from(args.frames), &tensors)?;
    say(&format!("ranges: of {taken} frames"));
    let float = eye(&runtime, &package.model, &package.weights)?;
    let mut tried = Tried {
        model: name,
        most_loss: args.most_loss,
        ap: precision(float, &options)?,
        cpu_ms: cost(&runtime, &package)?,
        tries: Vec::new(),
        taken: None,
    };
    say(&format!("float: AP {:.3}, {:.1} CPU-ms", tried.ap, tried.cpu_ms));
    let ranked = tool.rank(&package.weights, &tensors, &shop.file("ranked.json"))?;
    let best = search(&mut tried, &ranked, &mut |kept| {
        let weights = shop.file(&format!("kept-{}.onnx", kept.len()));
        tool.make(&package.weights, &tensors, &weights, kept)?;
        let model = described(&package, &weights)?;
        let ap = precision(eye(&runtime, &model, &weights)?, &options)?;
        let of = Package { model, weights: weights.clone(), folder: package.folder.clone() };
        Ok((ap, cost(&runtime, &of)?, weights))
    })?;
    if let Some(json) = &args.json {
        write_json(json, &tried)?;
    }
    let Some(weights) = best else { return Err(Exit::Failed(refused(&tried))) };
    if !args.check {
        keep(&package, &new, &into, &weights, &tried)?;
    }
    Ok(())
}

/// What a try gives: average precision, processor time and the file.
type Made = (f64, f64, PathBuf);

/// Keeps ever more of the most sensitive nodes in float until little enough is lost; none where all lose more.
fn search(
    tried: &mut Tried,
    ranked: &[String],
    make: &mut dyn FnMut(&[String]) -> Result<Made, Exit>,
) -> Result<Option<PathBuf>, Exit> {
    for share in KEPT {
        let kept = (share * ranked.len() as f64).ceil() as usize;
        let (ap, cpu_ms, weights) = make(&ranked[..kept])?;
        say(&format!(
            "8 bits, {kept} of {} nodes in float: AP {ap:.3} ({:+.3}), {cpu_ms:.1} CPU-ms",
            ranked.len(),
            ap - tried.ap
        ));
        tried.tries.push(Try { kept, of: ranked.len(), ap, cpu_ms });
        if tried.ap - ap <= tried.most_loss {
            tried.taken = Some(tried.tries.len() - 1);
            return Ok(Some(weights));
        }
    }
    Ok(None)
}

fn refused(tried: &Tried) -> String {
    let least = tried.tries.iter().map(|of| tried.ap - of.ap).fold(f64::INFINITY, f64::min);
    format!(
        "the model {} loses {least:.3} of its average precision {:.3} at best, and may lose {}: nothing was written; give \
         footage that shows more of what its street shows, or keep the float one",
        tried.model, tried.ap, tried.most_loss
    )
}

/// AP50-95 of all classes.
fn precision(eye: Eye, options: &Options) -> Result<f64, Exit> {
    let measured = measured_by(vec![eye], options)?;
    let mean = measured.first().and_then(|of| of.report.mean.all);
    mean.map(|mean| mean.ap)
        .ok_or_else(|| Exit::Usage("nothing is to be found in the labelled pictures".into()))
}

fn eye(runtime: &Runtime, model: &Model, weights: &Path) -> Result<Eye, Exit> {
    let bytes =
        read_weights(weights).map_err(|e| Exit::Failed(format!("{}: {e}", weights.display())))?;
    Eye::to_measure(runtime, model.clone(), (weights, &bytes))
}

/// Processor time of a run, ms.
fn cost(runtime: &Runtime, package: &Package) -> Result<f64, Exit> {
    let progress = Progress::new(ROUNDS as u64, "rounds");
    let costs = costs(runtime, package, &[1], ROUNDS, &mut |done| progress.set(done as u64));
    progress.finish();
    let costs = costs.map_err(Exit::failed)?;
    Ok(costs.by_threads.first().map_or(f64::NAN, |cost| cost.cpu_ms))
}

/// The model as it is with other weights.
fn described(package: &Package, weights: &Path) -> Result<Model, Exit> {
    let bytes = read_weights(weights).map_err(Exit::failed)?;
    Ok(Model { sha256: hash(&bytes), ..package.model.clone() })
}

fn hash(bytes: &[u8]) -> Sha256 {
    Sha256::from_bytes(sha2::Sha256::digest(bytes).into())
}

/// Under which name it goes where.
fn place(args: &Args, locations: &Locations) -> Result<(Name, PathBuf), Exit> {
    let new = args.name.clone().unwrap_or_else(|| format!("{}-int8", args.model));
    let new = Name::try_from(new).or_usage()?;
    if locations.installed().iter().any(|other| other == new.as_str()) {
        return Err(Exit::Usage(format!(
            "a model {new} is installed already; choose another --name"
        )));
    }
    let into = args.into.as_ref().or(locations.models_dirs.first()).filter(|into| into.is_dir());
    let into =
        into.ok_or_else(|| Exit::Usage("name a folder of models that is there, by --into".into()))?;
    Ok((new, into.clone()))
}

/// Writes the new package: the old description but for what is of the weights.
fn keep(
    package: &Package,
    new: &Name,
    into: &Path,
    weights: &Path,
    tried: &Tried,
) -> Result<(), Exit> {
    let failed = |e: &dyn std::fmt::Display| Exit::Failed(e.to_string());
    let text = bounded::read_text(&package.folder.join(DESCRIPTION_FILE), DESCRIPTION_BYTES_MAX);
    let bytes = read_weights(weights).map_err(|e| failed(&e))?;
    let file = format!("{new}.onnx");
    let taken = tried.taken.and_then(|i| tried.tries.get(i));
    let about = taken.map_or_else(String::new, |of| {
        format!(
            "# Made of {} by `viahe model quantize`: AP {:.3} where that has {:.3}; {} of {} nodes are in float.\n",
            tried.model, of.ap, tried.ap, of.kept, of.of
        )
    });
    let recipe = format!("viahe model quantize {} --footage FILE --on DATASET", tried.model);
    let changed = [
        ("name", new.to_string()),
        ("title", format!("{}, 8 bits", package.model.title)),
        ("file", file.clone()),
        ("sha256", hash(&bytes).to_string()),
        ("recipe", recipe),
    ];
    let text = about + &redescribed(&text.map_err(|e| failed(&e))?, &changed);
    let files = [(file.as_str(), &bytes[..]), (DESCRIPTION_FILE, text.as_bytes())];
    let folder = install(into, NewPackage { name: new, files: &files }).map_err(Exit::failed)?;
    say(&format!(
        "{} is there; `viahe model eval` and `viahe model bench` measure it",
        folder.display()
    ));
    Ok(())
}

/// A `model.toml` with other values of its own keys, and without what was measured of other weights.
fn redescribed(text: &str, changed: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut table = "";
    for line in text.lines() {
        let head = line.trim_start().strip_prefix('[').and_then(|rest| rest.split(']').next());
        if let Some(name) = head.filter(|_| line.starts_with('[')) {
            table = name;
        }
        if ["scores", "recall", "[recall.height"].contains(&table) {
            continue;
        }
        let key = line.split('=').next().unwrap_or_default().trim();
        let value = changed.iter().find(|(of, _)| table.is_empty() && *of == key);
        // Writing to a string does not fail.
        let _ = match value {
            Some((key, value)) => {
                writeln!(out, "{key} = {}", serde_json::Value::from(value.as_str()))
            }
            None => writeln!(out, "{line}"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = \"street\"\nversion = 2\ntitle = \"Street\"\nlicence = \"MIT\"\nfile = \"street.onnx\"\n\n\
                        [input]\nname = \"image\"\n\n[scores]\nslope = 2.9\n\n[recall]\nheight = [\n    { px = 10, share = 0.0 },\n]\n\n[labels]\n0 = \"person\"\n";

    #[test]
    fn what_was_measured_of_other_weights_is_left_out() {
        let changed = [("name", "street-int8".to_owned()), ("file", "street-int8.onnx".to_owned())];
        assert_eq!(
            redescribed(TEXT, &changed),
            "name = \"street-int8\"\nversion = 2\ntitle = \"Street\"\nlicence = \"MIT\"\nfile = \"street-int8.onnx\"\n\n\
             [input]\nname = \"image\"\n\n[labels]\n0 = \"person\"\n"
        );
    }

    fn searched(most_loss: f64, precisions: &[f64]) -> (Vec<usize>, Option<PathBuf>, Tried) {
        let ranked: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let model = Name::try_from("street").unwrap();
        let mut tried =
            Tried { model, most_loss, ap: 0.5, cpu_ms: 10.0, tries: Vec::new(), taken: None };
        let mut kept = Vec::new();
        let best = search(&mut tried, &ranked, &mut |nodes| {
            kept.push(nodes.len());
            Ok((precisions[kept.len() - 1], 5.0, PathBuf::from(kept.len().to_string())))
        });
        (kept, best.unwrap(), tried)
    }

    #[test]
    fn sensitive_nodes_are_kept_until_little_enough_is_lost() {
        let (kept, best, tried) = searched(0.01, &[0.1, 0.48, 0.495]);
        assert_eq!((kept, best), (vec![0, 2, 3], Some(PathBuf::from("3"))));
        assert_eq!(tried.taken, Some(2));
    }

    #[test]
    fn what_loses_too_much_is_refused_whatever_is_kept() {
        let (kept, best, tried) = searched(0.01, &[0.1, 0.2, 0.3, 0.4, 0.489]);
        assert_eq!((kept.len(), best, tried.taken), (5, None, None));
        assert!(
            refused(&tried).contains("loses 0.011 of its average precision 0.500 at best"),
            "{}",
            refused(&tried)
        );
    }
}
