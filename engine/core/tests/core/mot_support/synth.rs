//! Made street scenes with known truth: walkers and cars that cross, stop, hide each other; a
//! camera that may pan and shake; a detector that misses, shakes and imagines. All from one seed.

use viahe_core::geometry::PxBox;
use viahe_core::random::SplitMix64;
use viahe_core::track::mot::MotRow;

/// Width and height of the made frame, px.
const FRAME_PX: [f32; 2] = [1280.0, 720.0];

/// What the seed decides.
#[derive(Clone)]
pub struct Dice(SplitMix64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// Even in 0 to 1.
    pub fn even(&mut self) -> f32 {
        self.0.unit_f32()
    }

    /// Even in a range.
    pub fn within(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * self.even()
    }

    /// Normal with spread 1 (sum of twelve).
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.even()).sum::<f32>() - 6.0
    }

    pub fn chance(&mut self, p: f32) -> bool {
        self.even() < p
    }
}

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub fps: f32,
    pub secs: f32,
    /// Objects present at a time.
    pub objects: usize,
    /// Largest speed of panning, px/s, swinging left and right every few seconds.
    pub pan_px_s: f32,
    /// Shake of every frame, px.
    pub shake_px: f32,
    /// Share of visible objects that the detector misses, in bursts.
    pub miss: f32,
    /// Imagined objects a frame.
    pub false_rate: f32,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            fps: 25.0,
            secs: 30.0,
            objects: 8,
            pan_px_s: 0.0,
            shake_px: 0.0,
            miss: 0.1,
            false_rate: 0.15,
        }
    }
}

struct Object {
    id: i64,
    x: f32,
    foot: f32,
    h: f32,
    w: f32,
    speed: f32,
    rise: f32,
    standing_secs: f32,
    missed_secs: f32,
    wobble: [f32; 4],
}

impl Object {
    fn enter(id: i64, dice: &mut Dice, anywhere: bool) -> Self {
        let foot = dice.within(0.4, 1.0) * FRAME_PX[1];
        let car = dice.chance(0.3);
        let h = 0.38 * foot * dice.within(0.85, 1.15) * if car { 0.8 } else { 1.0 };
        let w = h * if car { dice.within(1.4, 2.4) } else { dice.within(0.35, 0.5) };
        let right = dice.chance(0.5);
        let pace = if car { dice.within(0.5, 3.0) } else { dice.within(0.4, 1.1) };
        let side = if right { -w * 0.5 } else { FRAME_PX[0] + w * 0.5 };
        Self {
            id,
            x: if anywhere { dice.within(0.0, FRAME_PX[0]) } else { side },
            foot,
            h,
            w,
            speed: pace * h * if right { 1.0 } else { -1.0 },
            rise: dice.normal() * 0.03 * h,
            standing_secs: 0.0,
            missed_secs: 0.0,
            wobble: [0.0; 4],
        }
    }

    fn walk(&mut self, dt: f32, dice: &mut Dice) {
        if self.standing_secs > 0.0 {
            self.standing_secs -= dt;
        } else if dice.chance(0.04 * dt) {
            self.standing_secs = dice.within(2.0, 15.0);
        } else {
            self.x += self.speed * dt;
            self.foot += self.rise * dt;
            self.speed += dice.normal() * 0.2 * self.h * dt.sqrt();
        }
    }

    fn to_box(&self, camera: [f32; 2]) -> PxBox {
        let (x, y) = (self.x - camera[0], self.foot - camera[1]);
        PxBox::new(x - self.w * 0.5, y - self.h, x + self.w * 0.5, y).unwrap()
    }

    fn gone(&self) -> bool {
        self.x < -self.w || self.x > FRAME_PX[0] + self.w
    }

    /// The detector's errors lean one way for about half a second.
    fn detect(&mut self, truth: &PxBox, dt: f32, dice: &mut Dice) -> PxBox {
        let keep = (-dt / 0.4).exp();
        for wobble in &mut self.wobble {
            *wobble = *wobble * keep + dice.normal() * (1.0 - keep * keep).sqrt();
        }
        let size = (self.w + self.h) * 0.5;
        let [x, y, w, h] = self.wobble;
        let half_w = truth.width() * 0.5 * (0.08 * w).exp();
        let half_h = truth.height() * 0.5 * (0.06 * h).exp();
        let centre_x = (truth.x0 + truth.x1) * 0.5 + 0.03 * size * x;
        let centre_y = (truth.y0 + truth.y1) * 0.5 + 0.03 * size * y;
        PxBox::new(centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h)
            .unwrap()
    }
}

/// Truth and detections of `scene`, frames from 1.
pub fn make(scene: &Scene, seed: u64) -> (Vec<MotRow>, Vec<MotRow>) {
    let mut dice = Dice::new(seed);
    let dt = 1.0 / scene.fps;
    let (mut truth, mut found) = (Vec::new(), Vec::new());
    let mut next = 0;
    let mut enter = |dice: &mut Dice, anywhere| {
        next += 1;
        Object::enter(next, dice, anywhere)
    };
    let mut objects: Vec<Object> = (0..scene.objects).map(|_| enter(&mut dice, true)).collect();
    for k in 0..(scene.secs * scene.fps) as u32 {
        let swing = std::f32::consts::TAU / 8.0;
        let pan = scene.pan_px_s / swing * (swing * k as f32 * dt).sin();
        let camera = [pan + dice.normal() * scene.shake_px, dice.normal() * scene.shake_px * 0.5];
        for object in &mut objects {
            object.walk(dt, &mut dice);
            if object.gone() {
                *object = enter(&mut dice, false);
            }
        }
        look(scene, &mut objects, camera, k + 1, &mut dice, &mut truth, &mut found);
    }
    (truth, found)
}

fn look(
    scene: &Scene,
    objects: &mut [Object],
    camera: [f32; 2],
    frame: u32,
    dice: &mut Dice,
    truth: &mut Vec<MotRow>,
    found: &mut Vec<MotRow>,
) {
    let dt = 1.0 / scene.fps;
    let boxes: Vec<(f32, PxBox)> = objects.iter().map(|o| (o.foot, o.to_box(camera))).collect();
    for (object, (foot, bbox)) in objects.iter_mut().zip(&boxes) {
        let screen = PxBox::new(0.0, 0.0, FRAME_PX[0], FRAME_PX[1]).unwrap();
        if bbox.intersection(&screen) < 0.5 * bbox.area() {
            continue;
        }
        truth.push(MotRow { frame, id: object.id, bbox: *bbox, confidence: 1.0 });
        let nearer = boxes.iter().filter(|b| b.0 > *foot);
        let covered: f32 = nearer.map(|b| b.1.intersection(bbox) / bbox.area()).fold(0.0, f32::max);
        object.missed_secs -= dt;
        if object.missed_secs <= 0.0 && dice.chance(scene.miss * (dt / 0.15).min(1.0)) {
            object.missed_secs = 0.15;
        }
        if covered > 0.55 || object.missed_secs > 0.0 || dice.chance(scene.miss * 0.5) {
            continue;
        }
        let bbox = object.detect(bbox, dt, dice);
        let confidence = (dice.within(0.7, 1.0) - 0.5 * covered).clamp(0.2, 1.0);
        found.push(MotRow { frame, id: -1, bbox, confidence });
    }
    if dice.chance(scene.false_rate) {
        let (x, y) = (dice.within(0.0, 1200.0), dice.within(100.0, 600.0));
        let h = dice.within(40.0, 200.0);
        let bbox = PxBox::new(x, y, x + h * 0.45, y + h).unwrap();
        found.push(MotRow { frame, id: -1, bbox, confidence: dice.within(0.3, 0.8) });
    }
}
