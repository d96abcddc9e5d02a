//! What would make a box bear more cameras, estimated by its own figures.

use super::figures::{CameraFigures, Cost};
use serde::Serialize;
use viahe_contract::message::DecodeReason;
use viahe_core::id::Name;

/// Less than this is not worth a technician's way.
const WORTH: f64 = 1.15;
/// A key frame costs so many times what an average picture costs to decode; measured 2 to 3.
const KEY_WEIGHT: f64 = 3.0;
/// CPU-ms to parse a picture that is not decoded, measured 0.08.
const PARSE_MS: f64 = 0.1;
/// Usual second streams.
const SECOND_STREAM_PX: [u32; 2] = [640, 360];
/// Evidence that is smaller is worth something too.
const SMALLER_PICTURES: f64 = 0.75;
/// The key frame interval that cameras offer and recorders like.
const KEY_SECS: f64 = 2.0;

/// Something that would help.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Help {
    /// What to do; for people.
    pub what: String,
    /// At which cameras; all when empty.
    pub at: Vec<Name>,
    /// So many cameras the box would bear then, about.
    pub cameras: u64,
    /// So many times as many as now.
    pub times: f64,
}

/// What would help, the most helpful first.
pub(super) fn of(cameras: &[&CameraFigures], now: Cost, cores: usize) -> Vec<Help> {
    let all = [key_frames(cameras), second_stream(cameras), Some(lighter_looks(cameras))];
    let plans = all.into_iter().flatten();
    let mut helps: Vec<(f64, Help)> =
        plans.filter_map(|change| change.help(cameras, now, cores)).collect();
    helps.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    helps.into_iter().map(|(_, help)| help).collect()
}

/// A change, and what its cameras would take then: decoding and inference.
struct Change {
    what: String,
    then: Vec<(Name, f64, f64)>,
    /// Less than 1 when it has its price.
    weight: f64,
}

impl Change {
    fn help(self, cameras: &[&CameraFigures], now: Cost, cores: usize) -> Option<(f64, Help)> {
        let (mut decode, mut inference) = (now.decode, now.inference);
        for (name, decode_then, inference_then) in &self.then {
            let camera = cameras.iter().find(|camera| camera.camera == *name)?;
            decode -= (camera.decode_needed - decode_then) / cameras.len() as f64;
            inference -= (camera.inference_needed - inference_then) / cameras.len() as f64;
        }
        let then = Cost { decode, inference, rest: now.rest };
        let times = now.sum() / then.sum();
        let at = self.then.into_iter().map(|(name, ..)| name).collect();
        let help = || {
            (times * self.weight, Help { what: self.what, at, cameras: then.bears(cores), times })
        };
        (times >= WORTH).then(help)
    }
}

/// Rules that bear a second and more can do with key frames alone, where they come often enough.
fn key_frames(cameras: &[&CameraFigures]) -> Option<Change> {
    let rare = cameras.iter().filter(|camera| {
        let reason = camera.decoding.map(|of| of.reason);
        let rare = matches!(reason, Some(DecodeReason::KeysTooRare | DecodeReason::NoKeys));
        rare && camera.gap_max_secs >= 1.0 && camera.decoded_hz > 0.0
    });
    let rare: Vec<&&CameraFigures> = rare.collect();
    let gap = rare.iter().map(|camera| camera.gap_max_secs).fold(KEY_SECS, f64::min).floor();
    let longest =
        rare.iter().filter_map(|camera| camera.decoding?.key_interval_secs).fold(0.0, f64::max);
    let then = rare.iter().map(|camera| {
        let picture = camera.decode_needed / camera.decoded_hz;
        let decode = KEY_WEIGHT * picture / gap + PARSE_MS * camera.fps;
        (camera.camera.clone(), decode.min(camera.decode_needed), camera.inference_needed)
    });
    let now = if longest > 0.0 { format!(", now up to {longest:.0} s") } else { String::new() };
    let what = format!(
        "set the camera's key frame interval (I-frame interval, GOP) to {gap:.0} s{now}, and leave \"smart\" \
         codecs off"
    );
    let then: Vec<_> = then.collect();
    (!then.is_empty()).then_some(Change { what, then, weight: 1.0 })
}

/// Decoding is linear in area.
fn second_stream(cameras: &[&CameraFigures]) -> Option<Change> {
    let area = |[width, height]: [u32; 2]| f64::from(width) * f64::from(height);
    let small = area(SECOND_STREAM_PX);
    let large = cameras.iter().filter(|camera| area(camera.size_px) > 2.0 * small);
    let then = large.map(|camera| {
        let decode = camera.decode_needed * small / area(camera.size_px);
        (camera.camera.clone(), decode, camera.inference_needed)
    });
    let [width, height] = SECOND_STREAM_PX;
    let what = format!(
        "take the camera's second stream, such as {width}x{height}, as its `url`; pictures of incidents are \
         as small then"
    );
    let then: Vec<_> = then.collect();
    (!then.is_empty()).then_some(Change { what, then, weight: SMALLER_PICTURES })
}

/// Half the cost of looking, in the way that there is.
fn lighter_looks(cameras: &[&CameraFigures]) -> Change {
    let steady = cameras.iter().any(|camera| camera.steady);
    let what = if steady {
        "halve `analyse_hz`, or take a model that costs half as much"
    } else {
        "take a model that costs half as much"
    };
    let then =
        cameras.iter().map(|c| (c.camera.clone(), c.decode_needed, c.inference_needed / 2.0));
    Change { what: what.to_owned(), then: then.collect(), weight: 1.0 }
}
