//! Hugging Face's `config.json` and `preprocessor_config.json`.

use super::said::{Fitting, Said, by_number};
use super::scale::Scale;
use serde_json::Value;

/// What they say; each may be missing.
pub(super) fn said(config: Option<&Value>, processor: Option<&Value>) -> Option<Said> {
    if config.is_none() && processor.is_none() {
        return None;
    }
    let files = [config.map(|_| "config.json"), processor.map(|_| "preprocessor_config.json")];
    let files: Vec<&str> = files.into_iter().flatten().collect();
    let mut said = Said { source: files.join(" and "), ..Said::default() };
    if let Some(config) = config {
        of_config(config, &mut said);
    }
    if let Some(processor) = processor {
        of_processor(processor, &mut said);
    }
    Some(said)
}

fn of_config(config: &Value, said: &mut Said) {
    let names =
        config["id2label"].as_object().and_then(|names| {
            by_number(names.iter().filter_map(|(number, name)| {
                Some((number.parse().ok()?, name.as_str()?.to_owned()))
            }))
        });
    said.names = names;
    said.title = config["_name_or_path"].as_str().filter(|s| !s.is_empty()).map(str::to_owned);
    let family = config["model_type"].as_str().unwrap_or_default();
    // These end in a softmax whose last column is no object; the younger ones have a sigmoid for each class.
    let softmax = ["detr", "yolos", "table-transformer"];
    let sigmoid = [
        "rt_detr",
        "rt_detr_v2",
        "d_fine",
        "rf_detr",
        "deformable_detr",
        "conditional_detr",
        "dab-detr",
        "deta",
    ];
    if softmax.contains(&family) {
        (said.head, said.activation) = (Some("detr"), Some("softmax"));
    } else if sigmoid.contains(&family) {
        (said.head, said.activation) = (Some("detr"), Some("sigmoid"));
    }
    let architecture = config["architectures"][0].as_str().unwrap_or_default();
    let other = ["Classification", "Segmentation", "PoseEstimation", "DepthEstimation"];
    said.unusable = other.iter().any(|task| architecture.contains(task)).then(|| {
        format!("config.json says {architecture}, and viahe takes detectors (…ForObjectDetection)")
    });
}

fn of_processor(processor: &Value, said: &mut Said) {
    let flag = |key: &str, usual: bool| processor[key].as_bool().unwrap_or(usual);
    let size = &processor["size"];
    let px = |of: &Value, key: &str| of[key].as_u64().and_then(|v| usize::try_from(v).ok());
    let fixed = |of: &Value| Some([px(of, "width")?, px(of, "height")?]);
    if flag("do_resize", true) {
        said.size = fixed(size);
        // With a longest edge the picture keeps its shape; with both sides it is stretched.
        let keeps = size.get("longest_edge").is_some() || size.get("shortest_edge").is_some();
        said.fit = fixed(size).map(|_| Fitting::Stretch);
        if keeps {
            said.fit = Some(Fitting::Letterbox { pad: 0.0 });
        }
        if flag("do_pad", false)
            && let Some(padded) = fixed(&processor["pad_size"])
        {
            (said.size, said.fit) = (Some(padded), Some(Fitting::Letterbox { pad: 0.0 }));
        }
    }
    let rescale = if flag("do_rescale", true) {
        processor["rescale_factor"].as_f64().filter(|v| *v > 0.0).unwrap_or(1.0 / 255.0)
    } else {
        1.0
    };
    let three = |key: &str| {
        let values = processor[key].as_array()?.iter().map(Value::as_f64);
        <[f64; 3]>::try_from(values.collect::<Option<Vec<f64>>>()?).ok()
    };
    let (mean, std) = if flag("do_normalize", true) {
        (three("image_mean"), three("image_std"))
    } else {
        (Some([0.0; 3]), Some([1.0; 3]))
    };
    said.scale = mean.zip(std).map(|(mean, std)| Scale::of_fractions(mean, std, rescale));
    // A letterbox is padded after the scaling, with zeros: the colour that becomes 0.
    if let (Some(Fitting::Letterbox { pad }), Some(scale)) = (&mut said.fit, said.scale) {
        *pad = (scale.mean.iter().sum::<f64>() / 3.0).clamp(0.0, 255.0) as f32;
    }
    said.resampling = match processor["resample"].as_u64() {
        Some(0) => Some("nearest".to_owned()),
        Some(1) => Some("lanczos".to_owned()),
        Some(3) => Some("bicubic".to_owned()),
        _ => None,
    };
}
