//! `viahe model activate`: cameras of a pipeline are looked at with another package.

use super::super::detect::lines;
use super::super::run::load_without_secrets;
use crate::exit::{Exit, OrUsage};
use crate::eye::Eye;
use crate::pictures::Picture;
use crate::ui::say;
use std::path::PathBuf;
use viahe_contract::id::{CommandId, Name};
use viahe_contract::message::{DiffKind, Edit, Edited, ModelView, SiteView};
use viahe_core::plan::Plan;
use viahe_edge::clerk::{Change, Clerk, Draft, Reason, Refusal};
use viahe_edge::clock;
use viahe_edge::models::Locations;

/// Has cameras of a pipeline looked at with another model package.
///
/// Loads the package on this machine, looks at the pictures that are given, and changes the pipeline file. A running
/// viahe takes it up by SIGHUP: it loads the model beside the one at work, tries it on what its cameras have just shown,
/// and exchanges them between two frames.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder under models/.
    #[arg(value_parser = name)]
    package: Name,
    /// The pipeline file.
    #[arg(long, value_name = "FILE.toml")]
    pipeline: PathBuf,
    /// Of all cameras that use this `[model.NAME]`; not needed where there is one only.
    #[arg(long, value_name = "NAME", conflicts_with = "camera", value_parser = name)]
    model: Option<Name>,
    /// Of this camera alone.
    #[arg(long, value_name = "ID", value_parser = name)]
    camera: Option<Name>,
    /// A picture of the street that it must be able to look at.
    #[arg(long, value_name = "IMAGE")]
    picture: Vec<PathBuf>,
    /// Changes nothing.
    #[arg(long)]
    check: bool,
}

fn name(text: &str) -> Result<Name, String> {
    Name::try_from(text)
}

pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let plan = load_without_secrets(&args.pipeline)?;
    try_on(args, &plan)?;
    let clerk = Clerk::without_secrets(&args.pipeline, &plan.engine.state_dir);
    let site = clerk.site(&plan.site.timezone).map_err(Exit::Failed)?;
    let edits = edits(args, &site)?;
    let draft = clerk.draft(site.version, Change::Edits(&edits), &plan).map_err(refused)?;
    tell(&draft.edited);
    if draft.edited.version == site.version {
        say("it is so already");
        return Ok(());
    }
    if args.check {
        say("it can be; nothing was changed");
        return Ok(());
    }
    write(&clerk, &draft, args)?;
    say(&format!(
        "{} is changed; a running viahe takes it up by SIGHUP (`systemctl reload viahe`), and says in its log when the \
         model takes over, or why not",
        args.pipeline.display()
    ));
    Ok(())
}

/// Loads it, and looks at the pictures.
fn try_on(args: &Args, plan: &Plan) -> Result<(), Exit> {
    let locations = Locations::discover(Some(&plan.folder)).map_err(Exit::missing)?;
    let mut eye = Eye::open(&locations, &args.package, None)?;
    for path in &args.picture {
        let picture = Picture::read(path).map_err(Exit::Usage)?;
        let found = eye.named(&picture)?;
        say(&lines(path, &found));
    }
    eye.check()
}

/// What has to be written.
fn edits(args: &Args, site: &SiteView) -> Result<Vec<Edit>, Exit> {
    let package = args.package.clone();
    let Some(camera) = args.camera.clone() else {
        let model = which(args, &site.models)?;
        return Ok(vec![Edit::SetModel { model, package }]);
    };
    let known = site.models.iter().find(|model| model.package == package);
    if let Some(known) = known {
        return Ok(vec![Edit::UseModel { camera, model: known.id.clone() }]);
    }
    if let Some(other) = site.models.iter().find(|model| model.id == package) {
        return Err(Exit::Usage(format!(
            "[model.{package}] is of the package {}; write a [model.NAME] for {package} into the file, then choose it",
            other.package
        )));
    }
    let model = package.clone();
    Ok(vec![Edit::SetModel { model: model.clone(), package }, Edit::UseModel { camera, model }])
}

/// The model of the file that is to be of another package.
fn which(args: &Args, models: &[ModelView]) -> Result<Name, Exit> {
    let names = || {
        let names: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
        names.join(", ")
    };
    match (&args.model, models) {
        (Some(model), _) if models.iter().any(|known| known.id == *model) => Ok(model.clone()),
        (Some(model), _) => {
            Err(Exit::Usage(format!("there is no [model.{model}]; there are {}", names())))
        }
        (None, [one]) => Ok(one.id.clone()),
        (None, _) => Err(Exit::Usage(format!(
            "which model of the file? Name one of {} by --model, or a camera by --camera",
            names()
        ))),
    }
}

fn tell(edited: &Edited) {
    let lines = edited.diff.iter().filter_map(|line| match line.kind {
        DiffKind::Same => None,
        DiffKind::Added => Some(format!("+ {}", line.text)),
        DiffKind::Removed => Some(format!("- {}", line.text)),
    });
    lines.for_each(|line| say(&line));
    edited.warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
}

fn write(clerk: &Clerk, draft: &Draft, args: &Args) -> Result<(), Exit> {
    let at = clock::now();
    let command = CommandId::try_from(format!("activate-{}", at.millis())).or_usage()?;
    let why = format!("viahe model activate {}", args.package);
    let written = clerk.write(draft, &Reason { command, by: None, why, at });
    written.map_err(|why| Exit::Failed(why.text))
}

pub(super) fn refused(refusal: Refusal) -> Exit {
    match refusal {
        Refusal::Conflict(_) => Exit::Failed("the file was changed just now; try again".into()),
        Refusal::Other(why) => Exit::Failed(why.text),
        Refusal::Wrong(edited) => {
            let lines =
                edited.problems.iter().map(|p| format!("{}: {}; {}", p.field, p.text, p.remedy));
            Exit::Usage(lines.collect::<Vec<_>>().join("\n"))
        }
    }
}
