//! What it is worth that a track and a detection are one.

use super::motion::Shape;
use super::one::{Candidate, Track};
use super::options::TrackerOptions;
use crate::geometry::PxBox;
use std::f32::consts::TAU;

/// From about so many standard deviations² on, an odd side says little more (Cauchy's tail): half
/// of whoever is half hidden has half the height.
const ODD_SIDE: f32 = 4.0;
/// Newcomers to expect in an area of one size squared; they are much rarer than strangers.
const NEWCOMER_DENSITY: f32 = 0.007;
/// Largest squared distance of the sides, in standard deviations, of one who moves fast: nothing
/// else but its sides speaks for it.
const FAST_SIDES_MAX: f32 = 3.0;
/// Error of two detections' place, sizes.
const FAST_SLACK: f32 = 0.3;

/// What the pair is worth: how much better the track explains the detection than a stranger
/// would, as −2 × log-likelihood; `None` where a stranger is the better explanation.
///
/// With d² the squared distance in standard deviations, S the covariance of the centre in sizes
/// and λ the density of strangers, the track says d² + ln det(2πS), a stranger −2 ln λ (the score
/// of multi-hypothesis tracking, Reid 1979). So a lost track, whose S has grown, must be hit the
/// better, and loses a contest to a certain one.
pub(super) fn motion_gain(options: &TrackerOptions, track: &Track, seen: &Shape) -> Option<f32> {
    let motion = &track.motion;
    let noise = options.place_noise * motion.size.min(seen.size);
    let (dx, dy) = (seen.x - motion.x.value, seen.y - motion.y.value);
    let (var_x, var_y) = (motion.x.var + noise * noise, motion.y.var + noise * noise);
    let place = dx * dx / var_x + dy * dy / var_y;
    if place > options.gate {
        return None;
    }
    let scale_noise = options.scale_noise * options.scale_noise;
    let (dw, dh) = (seen.log_w - motion.log_w.value, seen.log_h - motion.log_h.value);
    let odd = |off: f32, var: f32| ODD_SIDE * (off * off / (var + scale_noise) / ODD_SIDE).ln_1p();
    let distance = place + odd(dw, motion.log_w.var) + odd(dh, motion.log_h.var);
    if distance > options.gate {
        return None;
    }
    let spread = (var_x * var_y).sqrt() / (motion.size * motion.size);
    let stranger = -2.0 * (TAU * spread * options.stranger_density).ln();
    // A low frame rate alone makes every prediction poor; that is no reason to lose who was seen
    // in the frame before.
    let just_seen = track.missed <= 1;
    let limit = if just_seen { stranger.max(options.just_seen_gate) } else { stranger };
    (limit > distance).then_some(limit - distance)
}

/// What it is worth to be what stood at this place: the overlap with it.
pub(super) fn place_gain(options: &TrackerOptions, track: &Track, seen: &PxBox) -> Option<f32> {
    let iou = track.still.place()?.iou(seen);
    (iou >= options.place_iou).then_some(iou)
}

/// What it is worth that one who is new, and a newcomer that no other track explains, are one that
/// moves fast: at up to its class's top speed since it was seen first, and of the same sides.
///
/// The farther a top speed reaches until the next look, the more newcomers are within its reach
/// by chance, and the nearer one must be: of those that may make 8 sizes a second, all
/// at 5 Hz, those up to 3 at 1 Hz.
pub(super) fn fast_gain(
    options: &TrackerOptions,
    track: &Track,
    seen: &Candidate,
    since_secs: f32,
) -> Option<f32> {
    let motion = &track.motion;
    let (dx, dy) = (seen.shape.x - track.first[0], seen.shape.y - track.first[1]);
    let way = dx.hypot(dy) / motion.size.min(seen.shape.size);
    let reach = track.top_speed * since_secs;
    if track.top_speed <= 0.0 || way > reach + FAST_SLACK {
        return None;
    }
    let growth = options.growth_std * since_secs;
    let side_var = 2.0 * options.scale_noise * options.scale_noise + growth * growth;
    let (dw, dh) = (seen.shape.log_w - motion.log_w.value, seen.shape.log_h - motion.log_h.value);
    let sides = (dw * dw + dh * dh) / side_var;
    if sides > FAST_SIDES_MAX {
        return None;
    }
    // Top speed is two standard deviations.
    let var = reach * reach * 0.25 + 2.0 * options.place_noise * options.place_noise;
    let distance = way * way / var + sides;
    let newcomer = -2.0 * (TAU * var * NEWCOMER_DENSITY).ln();
    (newcomer > distance).then_some(newcomer - distance)
}
