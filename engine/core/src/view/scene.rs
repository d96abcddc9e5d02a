//! Made views of streets for the tests: a place from a seed, a camera that may be turned, light of
//! every kind, things that pass, noise. Nothing here is tuned to the comparison.

use super::signature::{COLUMNS, ROWS, Signature};
use crate::random::SplitMix64;

/// Luma samples along each side of a cell.
const FINE: usize = 3;
const WIDE: usize = COLUMNS * FINE;
const HIGH: usize = ROWS * FINE;

/// What the seed decides.
#[derive(Clone)]
pub(super) struct Dice(SplitMix64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0.draw()
    }

    /// Even in a range.
    pub(super) fn within(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * self.0.unit_f32()
    }

    fn normal(&mut self) -> f32 {
        (0..4).map(|_| self.within(-0.5, 0.5)).sum::<f32>() * 1.73
    }
}

/// A box in fractions of the frame with what it reflects by day and in infrared, 0 to 1.
#[derive(Clone, Copy)]
pub(super) struct Patch {
    pub(super) at: [f32; 4],
    pub(super) day: f32,
    pub(super) infrared: f32,
}

/// A place: what stands there, beyond the frame's edges too, and its lamps.
#[derive(Clone)]
pub(super) struct Place {
    patches: Vec<Patch>,
    lamps: Vec<[f32; 2]>,
    windows: Vec<[f32; 2]>,
    /// Seed of the surfaces' texture, if they have any.
    grain: Option<u64>,
}

/// Where the camera looks: shift in fractions of the frame, turn in radians, magnification.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    pub(super) shift: [f32; 2],
    pub(super) turn: f32,
    pub(super) zoom: f32,
}

pub(super) const STRAIGHT: Pose = Pose { shift: [0.0; 2], turn: 0.0, zoom: 1.0 };

/// What lights the place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Light {
    /// Of the sky, 0 to 1.
    pub(super) sky: f32,
    /// Of the sun beside the sky's, with shadows that fall so far to the side.
    pub(super) sun: f32,
    pub(super) shadow: f32,
    /// Of street lamps and windows.
    pub(super) lamps: f32,
    /// Of the camera's own infrared lamp; colours are gone then.
    pub(super) infrared: f32,
    /// How much of the contrast fog or rain takes, 0 to 1.
    pub(super) haze: f32,
    /// Deviation of a sample, in luma codes.
    pub(super) noise: f32,
}

pub(super) const NOON: Light =
    Light { sky: 0.7, sun: 0.3, shadow: 0.05, lamps: 0.0, infrared: 0.0, haze: 0.0, noise: 2.0 };
pub(super) const LIT_NIGHT: Light =
    Light { sky: 0.02, sun: 0.0, shadow: 0.0, lamps: 1.0, infrared: 0.0, haze: 0.0, noise: 5.0 };
pub(super) const INFRARED: Light =
    Light { sky: 0.0, sun: 0.0, shadow: 0.0, lamps: 0.3, infrared: 0.9, haze: 0.0, noise: 5.0 };

impl Place {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut patches = Vec::new();
        let mut windows = Vec::new();
        let mut patch = |dice: &mut Dice, at: [f32; 4], from: f32, to: f32| {
            let day = dice.within(from, to);
            // Walls, roads and paint are about the same in infrared; leaves and some cloth are not.
            let as_by_day = dice.within(0.0, 1.0) < 0.7;
            let infrared =
                if as_by_day { day + dice.within(-0.15, 0.15) } else { dice.within(0.2, 0.9) };
            patches.push(Patch { at, day, infrared });
        };
        let horizon = dice.within(0.4, 0.6);
        patch(&mut dice, [-1.0, horizon, 2.0, 2.0], 0.25, 0.45);
        let mut x = -1.0;
        while x < 2.0 {
            let (wide, top) = (dice.within(0.08, 0.3), dice.within(-0.1, horizon - 0.1));
            patch(&mut dice, [x, top, x + wide, horizon], 0.15, 0.8);
            for _ in 0..6 {
                let (wx, wy) = (dice.within(x, x + wide - 0.03), dice.within(top, horizon - 0.05));
                patch(&mut dice, [wx, wy, wx + 0.03, wy + 0.06], 0.05, 0.9);
                if dice.within(0.0, 1.0) < 0.2 {
                    windows.push([wx + 0.015, wy + 0.03]);
                }
            }
            x += wide + dice.within(-0.02, 0.06);
        }
        let kerb = horizon + dice.within(0.05, 0.15);
        patch(&mut dice, [-1.0, kerb, 2.0, kerb + 0.03], 0.5, 0.7);
        for lane in 1..3 {
            let y = kerb + (1.0 - kerb) * lane as f32 / 3.0;
            let (wide, mut x) = (dice.within(0.06, 0.15), -1.0);
            while x < 2.0 {
                patch(&mut dice, [x, y, x + wide, y + 0.03], 0.7, 0.9);
                x += wide * 2.0;
            }
        }
        let mut lamps = Vec::new();
        for _ in 0..12 {
            let (x, y) = (dice.within(-1.0, 2.0), dice.within(0.1, horizon));
            patch(&mut dice, [x, y, x + 0.015, kerb + 0.1], 0.1, 0.6);
            lamps.push([x, y]);
            let (x, side) = (dice.within(-1.0, 2.0), dice.within(0.05, 0.12));
            patch(&mut dice, [x, horizon - side, x + side, kerb], 0.1, 0.5);
        }
        Self { patches, lamps, windows, grain: Some(dice.next()) }
    }

    /// Nothing but asphalt and a corner of a marking.
    pub(super) fn bare() -> Self {
        let ground = Patch { at: [-1.0, -1.0, 2.0, 2.0], day: 0.4, infrared: 0.4 };
        let marking = Patch { at: [0.0, 0.0, 0.05, 0.02], day: 0.8, infrared: 0.8 };
        Self { patches: vec![ground, marking], lamps: vec![], windows: vec![], grain: None }
    }

    /// What is seen at a point of the place: reflection by day, in infrared, and is it sky?
    fn at(&self, x: f32, y: f32) -> (f32, f32, bool) {
        let inside = |p: &&Patch| x >= p.at[0] && x < p.at[2] && y >= p.at[1] && y < p.at[3];
        let (day, infrared, sky) = match self.patches.iter().rev().find(inside) {
            Some(p) => (p.day, p.infrared, false),
            None => (0.9, 0.0, true),
        };
        let tile = [(x * 60.0).floor() as i64 as u64, (y * 40.0).floor() as i64 as u64];
        let seed = |g: u64| g ^ tile[0].wrapping_mul(31) ^ tile[1].wrapping_mul(0xABCD_EF01);
        let grain = self.grain.filter(|_| !sky);
        let grain = grain.map_or(0.0, |g| Dice::new(seed(g)).within(-0.08, 0.08));
        (day + grain, infrared + grain, sky)
    }
}

/// A camera on a place; what does not change with the light is worked out once.
pub(super) struct Camera {
    /// By sample: reflection by day and in infrared, is it sky, light of lamps, distance factor.
    samples: Vec<(f32, f32, bool, f32, f32)>,
    /// In shadow, for a sun on the left and on the right.
    shadows: [Vec<bool>; 2],
}

impl Camera {
    pub(super) fn new(place: &Place, pose: Pose) -> Self {
        let (sin, cos) = pose.turn.sin_cos();
        let points: Vec<(f32, f32)> = (0..WIDE * HIGH)
            .map(|i| {
                let x = (i % WIDE) as f32 / WIDE as f32 - 0.5;
                let y = ((i / WIDE) as f32 / HIGH as f32 - 0.5) * 9.0 / 16.0;
                let (x, y) = ((x * cos - y * sin) / pose.zoom, (x * sin + y * cos) / pose.zoom);
                (x + 0.5 + pose.shift[0], y * 16.0 / 9.0 + 0.5 + pose.shift[1])
            })
            .collect();
        let lamp_light = |x: f32, y: f32| {
            let glow = |spots: &[[f32; 2]], reach: f32| -> f32 {
                let light = |[lx, ly]: &[f32; 2]| {
                    let far = (x - lx).powi(2) + ((y - ly) * 0.56).powi(2);
                    1.0 / (1.0 + far / (reach * reach))
                };
                spots.iter().map(light).sum()
            };
            glow(&place.lamps, 0.05) + 0.7 * glow(&place.windows, 0.015)
        };
        let samples = points
            .iter()
            .map(|&(x, y)| {
                let (day, infrared, sky) = place.at(x, y);
                (day, infrared, sky, lamp_light(x, y), 0.3 + 0.9 * y.clamp(0.0, 1.0))
            })
            .collect();
        // What stands between a point on the ground and a sun at the side.
        let shadow = |side: f32| {
            let behind = |&(x, y): &(f32, f32)| {
                let (_, _, sky) = place.at(x + side * 0.12, y - 0.45);
                !sky && y > 0.5
            };
            points.iter().map(behind).collect()
        };
        Self { samples, shadows: [shadow(-1.0), shadow(1.0)] }
    }

    /// The signature in some light, with `things` before the place and `noise` from the dice.
    pub(super) fn see(&self, light: &Light, things: &[Patch], dice: &mut Dice) -> Signature {
        let mut sums = [0.0f32; COLUMNS * ROWS];
        let side = usize::from(light.shadow > 0.0);
        // The camera's exposure: a picture of the place is neither black nor white.
        let level = light.sky + light.sun * 0.7 + light.infrared * 0.6 + light.lamps * 0.35;
        let gain = 200.0 / level.max(0.25);
        for (i, sample) in self.samples.iter().enumerate() {
            let (x, y) = ((i % WIDE) as f32 / WIDE as f32, (i / WIDE) as f32 / HIGH as f32);
            let (mut day, mut infrared, mut sky, lamp, near) = *sample;
            let inside = |p: &&Patch| x >= p.at[0] && x < p.at[2] && y >= p.at[1] && y < p.at[3];
            if let Some(thing) = things.iter().rev().find(inside) {
                (day, infrared, sky) = (thing.day, thing.infrared, false);
            }
            let sun = if sky || !self.shadows[side][i] { light.sun } else { 0.0 };
            let lamps = if sky { 0.0 } else { light.lamps * lamp };
            let mut luma = gain
                * (day * (light.sky + sun + lamps) + infrared * light.infrared * near)
                + 40.0 * light.lamps * (lamp - 0.7).max(0.0);
            luma = luma * (1.0 - light.haze) + 130.0 * light.haze * (light.sky + 0.1).min(1.0);
            sums[i / WIDE / FINE * COLUMNS + i % WIDE / FINE] += luma.clamp(4.0, 250.0);
        }
        let samples = (FINE * FINE) as f32;
        // The mean of a cell's 36 samples has a sixth of their noise.
        let mut cell = |sum: f32| (sum / samples + dice.normal() * light.noise / 6.0) as u8;
        Signature::from_cells(sums.map(&mut cell))
    }
}

/// The lens is behind something: light and slowly brighter to one side.
pub(super) fn covered(level: f32, dice: &mut Dice) -> Signature {
    let mut cells = [0; COLUMNS * ROWS];
    for (i, cell) in cells.iter_mut().enumerate() {
        let ramp = (i % COLUMNS) as f32 / COLUMNS as f32 * level * 0.6;
        *cell = (level * 0.7 + ramp + dice.normal() * 0.6).clamp(0.0, 255.0) as u8;
    }
    Signature::from_cells(cells)
}

/// A number of things about the size of people and vehicles anywhere on the lower part.
pub(super) fn crowd(count: usize, dice: &mut Dice) -> Vec<Patch> {
    let mut thing = || {
        let (x, y) = (dice.within(-0.1, 1.0), dice.within(0.35, 0.9));
        let (wide, high) = (dice.within(0.02, 0.12), dice.within(0.08, 0.25));
        let infrared = dice.within(0.1, 0.9);
        Patch { at: [x, y, x + wide, y + high], day: dice.within(0.05, 0.95), infrared }
    };
    (0..count).map(|_| thing()).collect()
}

/// A bus across `share` of the frame's width, with its windows.
pub(super) fn bus(share: f32, dice: &mut Dice) -> Vec<Patch> {
    let left = dice.within(0.0, 1.0 - share);
    let day = dice.within(0.3, 0.9);
    let mut parts = vec![Patch { at: [left, 0.02, left + share, 0.98], day, infrared: 0.5 }];
    for k in 0..6 {
        let x = left + share * (k as f32 + 0.15) / 6.0;
        parts.push(Patch { at: [x, 0.2, x + share * 0.11, 0.5], day: 0.1, infrared: 0.1 });
    }
    parts
}
