//! What regions and smaller images gain and cost, in words.

use viahe_core::model::Model;
use viahe_core::plan::Camera;
use viahe_core::region::{Shown, areas};
use viahe_core::tensor::{Fit, Sheet};

/// What cameras send is not known before they are asked: most of them send this.
const FRAME_PX: [usize; 2] = [1920, 1080];
/// So tall on the model's input, `SSDLite` finds half of the cars that it finds when they are large: measured by
/// `engine/edge/tests/edge/regions.rs`.
const SEEN_FROM_PX: f32 = 20.0;

/// Lines about a camera that is looked at; empty when it is not, or when nothing is to be had.
pub(super) fn in_words(camera: &Camera, model: &Model) -> String {
    let looking = camera.steady || camera.rules.iter().any(|rule| rule.program.looks());
    if looking { regions(camera, model) + &sizes(camera, model) } else { String::new() }
}

/// Which sizes its images have, where the model takes several.
fn sizes(camera: &Camera, model: &Model) -> String {
    if model.sizes.is_empty() {
        return String::new();
    }
    let about = if camera.regions { areas(camera) } else { Vec::new() };
    let shown = |sizes| Shown::of(&about, FRAME_PX, &model.input, sizes);
    let (here, on_own) = (shown(&model.sizes), shown(&[]));
    let size = |sheet: &Sheet| format!("{}x{} px", sheet.size()[0], sheet.size()[1]);
    let images = match &here {
        Shown::Whole(sheet) => size(sheet),
        Shown::Together { sheet, .. } => format!("{}, with its regions on it", size(sheet)),
        Shown::InTurn { whole, close, .. } => {
            format!("{}, its regions on {}", size(whole), size(close))
        }
    };
    let share = here.px_per_look() / on_own.px_per_look();
    let [width, height] = FRAME_PX;
    format!(
        "  input: a picture of {width}x{height} px on {images}: {share:.2} of what the model's own \
         {}x{} px cost\n",
        model.input.width, model.input.height
    )
}

/// Which parts are looked at closely.
fn regions(camera: &Camera, model: &Model) -> String {
    let shown = Shown::of(&areas(camera), FRAME_PX, &model.input, &model.sizes);
    if shown.parts().is_empty() {
        return if camera.regions {
            "  regions: none, as they would show nothing more that is needed\n".to_owned()
        } else {
            String::new()
        };
    }
    let [width, height] = FRAME_PX;
    let part =
        |Fit { crop: c, .. }: &Fit| format!("{}x{} px at {}, {}", c.width, c.height, c.x, c.y);
    let parts: Vec<String> = shown.parts().iter().map(part).collect();
    let whole = model.input.fit_frame(width, height).scale;
    let before = SEEN_FROM_PX / (whole[0] * whole[1]).sqrt();
    let (gain, images) = (shown.gain(), shown.images_per_look());
    let cost = match shown {
        Shown::InTurn { .. } => format!("{images} runs of the model a look instead of 1"),
        Shown::Together { .. } | Shown::Whole(_) => {
            "one run of the model a look, as without".into()
        }
    };
    let are = if camera.regions { "" } else { "off; with regions = \"auto\" " };
    format!(
        "  regions: {are}of {width}x{height} px {}, {gain:.1} times as large: a car is seen from about {:.0} px of \
         height on instead of {before:.0}; {cost}\n",
        parts.join(" and "),
        before / gain
    )
}
