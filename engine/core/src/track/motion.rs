//! How a box moves: four independent filters, for the centre and for the logarithms of the sides.
//!
//! Each is a Kalman filter over (value, rate) whose rate is an Ornstein–Uhlenbeck process: it
//! wanders with standard deviation `rate_std` and is forgotten with time constant `memory_secs`.
//! The two numbers have a meaning of their own ("objects move at about their own size a second,
//! and keep their course for some seconds") and hold at every frame
//! rate, which per-frame constants do not. A lost track coasts to a stop by the same law, and a
//! new one starts with the process's own spread of rates. Discretisation: Gillespie 1996,
//! "Exact numerical simulation of the Ornstein-Uhlenbeck process and its integral".

use crate::geometry::PxBox;

/// From so many standard deviations on, the error of a measurement is taken to grow with it …
const ROBUST_FROM: f32 = 1.0;
/// … up to so many times, so that a true jump is still followed.
const ROBUST_TO: f32 = 4.0;
/// Looks that are very close together tell this many times less at most.
const ECHO_MAX: f32 = 16.0;
/// A speed that two places tell may change by this share from one look to the next.
const LAUNCH_CHANGE: f32 = 0.3;

/// The law of one coordinate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Law {
    /// Standard deviation of the rate, units a second.
    pub(super) rate_std: f32,
    /// How long a rate lasts, s.
    pub(super) memory_secs: f32,
}

/// One coordinate: mean and covariance of (value, rate).
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) value: f32,
    pub(super) rate: f32,
    pub(super) var: f32,
    cov: f32,
    rate_var: f32,
}

impl Axis {
    fn new(value: f32, noise_std: f32, law: Law) -> Self {
        let rate_var = law.rate_std * law.rate_std;
        Self { value, rate: 0.0, var: noise_std * noise_std, cov: 0.0, rate_var }
    }

    fn predict(&mut self, step: &Step, rate_std: f32) {
        let q = rate_std * rate_std;
        self.value += self.rate * step.reach;
        self.rate *= step.decay;
        self.var += 2.0 * step.reach * self.cov + step.reach * step.reach * self.rate_var;
        self.var += q * step.value_noise;
        self.cov = step.decay * (self.cov + step.reach * self.rate_var) + q * step.cross_noise;
        self.rate_var = step.decay * step.decay * self.rate_var + q * step.rate_noise;
    }

    fn correct_robustly(&mut self, seen: f32, noise_std: f32) {
        let off = (seen - self.value).abs() / (self.var + noise_std * noise_std).sqrt();
        self.correct(seen, noise_std * (off / ROBUST_FROM).clamp(1.0, ROBUST_TO));
    }

    /// Takes the rate that this value and the one `from` which it came `dt_secs` ago tell together.
    fn launch(&mut self, seen: f32, from: f32, noise_std: f32, dt_secs: f32) {
        let noise_var = noise_std * noise_std;
        self.rate = (seen - from) / dt_secs;
        self.value = seen;
        self.var = noise_var;
        self.cov = noise_var / dt_secs;
        let change = LAUNCH_CHANGE * self.rate;
        self.rate_var = 2.0 * noise_var / (dt_secs * dt_secs) + change * change;
    }

    fn correct(&mut self, seen: f32, noise_std: f32) {
        let gain = 1.0 / (self.var + noise_std * noise_std);
        let (k_value, k_rate) = (self.var * gain, self.cov * gain);
        let miss = seen - self.value;
        self.value += k_value * miss;
        self.rate += k_rate * miss;
        self.rate_var -= k_rate * self.cov;
        self.cov *= 1.0 - k_value;
        self.var *= 1.0 - k_value;
    }
}

/// What a lapse of time does, for unit `rate_std`; one per law and frame serves all tracks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    decay: f32,
    reach: f32,
    value_noise: f32,
    cross_noise: f32,
    rate_noise: f32,
}

impl Step {
    fn new(dt_secs: f32, memory_secs: f32) -> Self {
        // f64: for short steps the value noise is a small difference of large terms.
        let tau = f64::from(memory_secs);
        let t = f64::from(dt_secs) / tau;
        let decay = (-t).exp();
        let rest = -(-t).exp_m1();
        let value_noise = if t < 1e-2 {
            2.0 / 3.0 * t * t * t
        } else {
            2.0 * t - 3.0 + 4.0 * decay - decay * decay
        };
        Self {
            decay: decay as f32,
            reach: (tau * rest) as f32,
            value_noise: (tau * tau * value_noise) as f32,
            cross_noise: (tau * rest * rest) as f32,
            rate_noise: (1.0 - decay * decay) as f32,
        }
    }
}

/// Constants of the motion model; lengths are in sizes (mean side) of the object's own box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) place: Law,
    pub(super) scale: Law,
    pub(super) place_noise: f32,
    pub(super) scale_noise: f32,
    pub(super) noise_memory_secs: f32,
}

/// One frame's [`Step`]s.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    place: Step,
    scale: Step,
}

impl Model {
    pub(super) fn steps(&self, dt_secs: f32) -> Steps {
        Steps {
            place: Step::new(dt_secs, self.place.memory_secs),
            scale: Step::new(dt_secs, self.scale.memory_secs),
        }
    }
}

/// A box as the filters see it: centre in px, natural logarithm of the sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) log_w: f32,
    pub(super) log_h: f32,
    /// Mean of the sides, px.
    pub(super) size: f32,
}

impl Shape {
    /// Sides under one pixel count as one: the logarithm needs it, and so do the gates.
    pub(super) fn of(b: &PxBox) -> Self {
        let (w, h) = (b.width().max(1.0), b.height().max(1.0));
        Self {
            x: (b.x0 + b.x1) * 0.5,
            y: (b.y0 + b.y1) * 0.5,
            log_w: w.ln(),
            log_h: h.ln(),
            size: (w + h) * 0.5,
        }
    }
}

/// The motion of one object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) log_w: Axis,
    pub(super) log_h: Axis,
    /// Mean of the sides, px.
    pub(super) size: f32,
}

impl Motion {
    pub(super) fn new(at: &Shape, model: &Model) -> Self {
        let law = Law { rate_std: model.place.rate_std * at.size, ..model.place };
        let noise = model.place_noise * at.size;
        Self {
            x: Axis::new(at.x, noise, law),
            y: Axis::new(at.y, noise, law),
            log_w: Axis::new(at.log_w, model.scale_noise, model.scale),
            log_h: Axis::new(at.log_h, model.scale_noise, model.scale),
            size: at.size,
        }
    }

    pub(super) fn predict(&mut self, model: &Model, steps: &Steps) {
        let rate_std = model.place.rate_std * self.size;
        self.x.predict(&steps.place, rate_std);
        self.y.predict(&steps.place, rate_std);
        self.log_w.predict(&steps.scale, model.scale.rate_std);
        self.log_h.predict(&steps.scale, model.scale.rate_std);
    }

    /// Takes a detection in, `dt_secs` after the one before. A coordinate off by more than
    /// [`ROBUST_FROM`] standard deviations is believed less (Huber 1964): a half-hidden body is a
    /// short box with a moved centre, and must not throw off the course. So is a detection soon
    /// after another, whose error is largely the same.
    pub(super) fn correct(&mut self, seen: &Shape, dt_secs: f32, model: &Model) {
        let echo = (model.noise_memory_secs / dt_secs.max(1e-3)).clamp(1.0, ECHO_MAX).sqrt();
        let noise = model.place_noise * self.size * echo;
        self.x.correct_robustly(seen.x, noise);
        self.y.correct_robustly(seen.y, noise);
        self.correct_sides(seen, model.scale_noise * echo);
    }

    /// Takes in a detection of one that moves faster than others, and was at `from` `dt_secs` ago.
    pub(super) fn launch(&mut self, seen: &Shape, from: [f32; 2], dt_secs: f32, model: &Model) {
        let noise = model.place_noise * self.size;
        self.x.launch(seen.x, from[0], noise, dt_secs);
        self.y.launch(seen.y, from[1], noise, dt_secs);
        self.correct_sides(seen, model.scale_noise);
    }

    fn correct_sides(&mut self, seen: &Shape, noise: f32) {
        self.log_w.correct_robustly(seen.log_w, noise);
        self.log_h.correct_robustly(seen.log_h, noise);
        self.size = (self.log_w.value.exp() + self.log_h.value.exp()) * 0.5;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: Law = Law { rate_std: 1.5, memory_secs: 2.0 };

    /// Many small steps and one large step are the same law.
    #[test]
    fn prediction_does_not_depend_on_the_frame_rate() {
        let start = Axis { value: 3.0, rate: 0.7, var: 0.1, cov: 0.02, rate_var: 0.5 };
        let mut once = start;
        once.predict(&Step::new(2.0, LAW.memory_secs), LAW.rate_std);
        let mut often = start;
        let step = Step::new(0.004, LAW.memory_secs);
        for _ in 0..500 {
            often.predict(&step, LAW.rate_std);
        }
        let pairs = [
            (once.value, often.value),
            (once.rate, often.rate),
            (once.var, often.var),
            (once.cov, often.cov),
            (once.rate_var, often.rate_var),
        ];
        for (a, b) in pairs {
            assert!((a - b).abs() < 1e-3 * a.abs().max(1.0), "{once:?} {often:?}");
        }
    }

    #[test]
    fn a_steady_course_is_learnt_and_a_lost_one_coasts_to_a_stop() {
        let mut axis = Axis::new(0.0, 0.05, LAW);
        let step = Step::new(0.1, LAW.memory_secs);
        for k in 1..=20 {
            axis.predict(&step, LAW.rate_std);
            axis.correct(0.08 * k as f32, 0.05);
        }
        assert!((axis.rate - 0.8).abs() < 0.08, "{axis:?}");
        axis.predict(&Step::new(60.0, LAW.memory_secs), LAW.rate_std);
        assert!(axis.rate.abs() < 1e-3 && axis.value < 1.6 + 0.9 * LAW.memory_secs, "{axis:?}");
        assert!(axis.var.is_finite() && axis.rate_var > 0.0);
    }
}
