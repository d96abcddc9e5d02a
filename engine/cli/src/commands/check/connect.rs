//! `viahe check --connect`: the cameras and the broker, tried.

use crate::ui::say;
use std::thread::ScopedJoinHandle;
use std::time::Duration;
use viahe_core::frame::same_shape;
use viahe_core::plan::{Camera, MqttVersion, Plan, Source};
use viahe_edge::probe::first_picture;
use viahe_edge::publish::try_broker;

/// To reach the broker.
const WITHIN: Duration = Duration::from_secs(15);
/// To get a picture of a camera: its first key frame may be far.
const PICTURE_WITHIN: Duration = Duration::from_secs(50);
/// Cameras that are tried at once: each has threads and a decoder of its own.
const AT_ONCE: usize = 8;

/// Tries all; says a line of each that works, and returns those that do not.
pub(super) fn connect(plan: &Plan) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(mqtt) = &plan.mqtt {
        match try_broker(mqtt, WITHIN) {
            Ok(version) => {
                let version = match version {
                    MqttVersion::V5 => "5",
                    MqttVersion::V311 => "3.1.1",
                };
                say(&format!("broker {}:{}: lets us in, MQTT {version}", mqtt.host, mqtt.port));
            }
            Err(why) => problems.push(format!("broker: {why}")),
        }
    }
    for some in plan.cameras.chunks(AT_ONCE) {
        let tries: Vec<_> = std::thread::scope(|scope| {
            let start =
                |camera| std::thread::Builder::new().spawn_scoped(scope, move || look(camera));
            let threads: Vec<_> = some.iter().map(start).collect();
            let ended = |thread: std::io::Result<ScopedJoinHandle<'_, _>>| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|_| Err("the try failed".into())),
                Err(error) => Err(format!("there is no thread to try it on: {error}")),
            };
            threads.into_iter().map(ended).collect()
        });
        for (camera, tried) in some.iter().zip(tries) {
            match tried {
                Ok(size) => say(&format!("camera {}: {size}", camera.id)),
                Err(why) => problems.push(format!("camera {}: {why}", camera.id)),
            }
        }
    }
    problems
}

fn look(camera: &Camera) -> Result<String, String> {
    let size = |source| {
        let frame = first_picture(&camera.id, source, PICTURE_WITHIN)?;
        let view = frame.view();
        Ok::<_, String>([view.width() as u32, view.height() as u32])
    };
    let main = size(&camera.source);
    let [width, height] = match (&main, &camera.substream) {
        (Err(why), Some(_)) => return Err(format!("main stream: {why}")),
        _ => main?,
    };
    let what = match camera.source {
        Source::File { .. } => "a recording",
        Source::Pattern { .. } => "a test picture",
        Source::Rtsp { .. } => "pictures come",
    };
    let said = format!("{what}, {width}x{height} px");
    let Some(substream) = &camera.substream else { return Ok(said) };
    let small = size(substream).map_err(|why| format!("substream: {why}"))?;
    let said = format!("{said}; substream {}x{} px", small[0], small[1]);
    if same_shape([width, height], small) {
        return Ok(said);
    }
    Ok(format!(
        "{said}, of another shape: zones hold for it only if it shows the same view, squeezed"
    ))
}
