//! Models of a pipeline file are exchanged in its text.

use super::*;

#[test]
fn models_are_exchanged_for_all_cameras_or_for_one() {
    let all = json!([{ "kind": "set_model", "model": "street", "package": "yolox-nano" }]);
    let [old, new] = ["ssdlite-coco", "yolox-nano"].map(|name| format!("package = \"{name}\""));
    assert_eq!(changed_by(all), [format!("-{old}"), format!("+{new}")]);
    let one = json!([
        { "kind": "set_model", "model": "sharp", "package": "yolox-nano" },
        { "kind": "use_model", "camera": "square", "model": "sharp" },
    ]);
    let (street, sharp) = ("model = \"street\"", "model = \"sharp\"");
    assert_eq!(
        changed_by(one),
        ["+[model.sharp]", &format!("+{new}"), "+", &format!("-{street}"), &format!("+{sharp}")]
    );
}
