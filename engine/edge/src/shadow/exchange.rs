//! The exchange of two models: an edit of the pipeline file, as `viahe model activate` makes it.

use crate::clerk::{Change, Clerk, Reason, Refusal};
use crate::clock;
use std::path::Path;
use viahe_contract::id::CommandId;
use viahe_contract::message::Edit;
use viahe_core::id::Name;
use viahe_core::plan::Plan;

/// Has the cameras of `[model.NAME]` looked at with another package. The box takes it up once it reads the file again.
///
/// # Errors
/// Why not, for people; the file is as it was.
pub fn exchange(
    pipeline: &Path,
    plan: &Plan,
    model: &Name,
    package: &Name,
    why: &str,
) -> Result<(), String> {
    let clerk = Clerk::without_secrets(pipeline, &plan.engine.state_dir);
    let site = clerk.site(&plan.site.timezone)?;
    let edits = [Edit::SetModel { model: model.clone(), package: package.clone() }];
    let draft = clerk.draft(site.version, Change::Edits(&edits), plan).map_err(refused)?;
    let at = clock::now();
    let command = CommandId::try_from(format!("shadow-{}", at.millis()))?;
    let reason = Reason { command, by: None, why: why.to_owned(), at };
    clerk.write(&draft, &reason).map_err(|why| why.text)
}

fn refused(refusal: Refusal) -> String {
    match refusal {
        Refusal::Conflict(_) => "the file was changed just now; try again".into(),
        Refusal::Other(why) => why.text,
        Refusal::Wrong(edited) => {
            let lines =
                edited.problems.iter().map(|p| format!("{}: {}; {}", p.field, p.text, p.remedy));
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}
