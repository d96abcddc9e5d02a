//! A tiny street: actors with paths, seen by a detector that errs, as the events of one camera.
//!
//! Places are those of the ground in the picture: x to the right and y downwards, as fractions of
//! a 16:9 frame. Things get larger towards the lower edge. Only `+ - * /` are used, so a seed gives
//! the same bytes on every machine.

pub(crate) mod lens;
mod random;
pub(crate) mod sparse;

use lens::{Place, Shot};
pub(crate) use random::Random;
use viahe_contract::message::CameraStatus;
use viahe_core::engine::Event;
use viahe_core::frame::FrameStamp;
use viahe_core::id::{Name, TrackId};
use viahe_core::observe::{Class, Object, Observation, ViewReport};
use viahe_core::time::{ClockSource, Timestamp};

/// Where the ground meets the sky.
const HORIZON: f32 = 0.2;
/// Sizes of kinds are as seen here.
const NEAR: f32 = 0.8;
/// Something nearer that covers so much of a box hides it.
const HIDDEN_SHARE: f32 = 0.7;
/// Of a box that the frame's edge cuts, so much must be left to be seen.
const SEEN_SHARE: f32 = 0.35;
/// Wednesday, 9 o'clock in Vietnam.
pub(crate) const START: &str = "2026-03-04T02:00:00Z";

/// A class and its size at [`NEAR`], in heights of the frame.
#[derive(Clone, Copy)]
pub(crate) struct Kind(pub(crate) &'static str, pub(crate) f32, pub(crate) f32);

pub(crate) const PERSON: Kind = Kind("person", 0.08, 0.22);
pub(crate) const RIDER: Kind = Kind("person", 0.08, 0.17);
pub(crate) const BARE: Kind = Kind("person.rider_bare", 0.08, 0.17);
pub(crate) const HELMET: Kind = Kind("person.rider_helmet", 0.08, 0.17);
pub(crate) const CAR: Kind = Kind("vehicle.car", 0.29, 0.16);
pub(crate) const TRUCK: Kind = Kind("vehicle.truck", 0.44, 0.26);
pub(crate) const BUS: Kind = Kind("vehicle.bus", 0.80, 0.34);
pub(crate) const MOTORBIKE: Kind = Kind("vehicle.two_wheel.motorcycle", 0.17, 0.13);
pub(crate) const BICYCLE: Kind = Kind("vehicle.two_wheel.bicycle", 0.17, 0.12);
pub(crate) const CART: Kind = Kind("goods.cart", 0.20, 0.16);
pub(crate) const STALL: Kind = Kind("goods.stall", 0.26, 0.24);
pub(crate) const BAG: Kind = Kind("goods.bag", 0.07, 0.06);
pub(crate) const MATERIAL: Kind = Kind("goods.material", 0.14, 0.10);
pub(crate) const TABLE: Kind = Kind("furniture.table", 0.16, 0.10);
pub(crate) const CHAIR: Kind = Kind("furniture.chair", 0.07, 0.09);
pub(crate) const UMBRELLA: Kind = Kind("furniture.umbrella", 0.30, 0.30);
/// One that somebody holds; see [`Actor::under_an_umbrella`].
const HELD_UMBRELLA: Kind = Kind("furniture.umbrella", 0.17, 0.11);
pub(crate) const COW: Kind = Kind("animal.cow", 0.28, 0.18);
pub(crate) const WATER: Kind = Kind("water.flood", 1.2, 0.3);
pub(crate) const DOG: Kind = Kind("animal.dog", 0.11, 0.08);

/// Somebody or something with a path: in the street from its first to its last time.
#[derive(Clone)]
pub(crate) struct Actor {
    kind: Kind,
    /// Time, and place on the ground.
    path: Vec<(f32, f32, f32)>,
    /// Beside that place, at [`NEAR`], in heights of the frame: who rides sits above it.
    offset: (f32, f32),
    blinks: Vec<(f32, f32)>,
    /// The tracker gives it a new id then.
    retracks: Vec<f32>,
    relabels: Vec<(f32, f32, &'static str)>,
    /// The tracker calls it so from one time to another, whoever else has that id.
    names: Vec<(f32, f32, u64)>,
    /// So often it is not seen, if more often than others.
    miss: f32,
    confidence: f32,
    /// Riders and what is carried are never hidden by each other.
    carried: bool,
}

impl Actor {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            path: Vec::new(),
            offset: (0.0, 0.0),
            blinks: Vec::new(),
            retracks: Vec::new(),
            relabels: Vec::new(),
            names: Vec::new(),
            miss: 0.0,
            confidence: 0.75,
            carried: false,
        }
    }

    /// It is there then.
    pub(crate) fn at(mut self, secs: f32, x: f32, y: f32) -> Self {
        self.path.push((secs, x, y));
        self
    }

    /// It stays where it is until then.
    pub(crate) fn until(mut self, secs: f32) -> Self {
        let (_, x, y) = *self.path.last().unwrap();
        self.path.push((secs, x, y));
        self
    }

    /// It drives in from the left, stands from one time to another, and drives on.
    pub(crate) fn stops(self, x: f32, y: f32, from: f32, to: f32) -> Self {
        self.at(from - 4.0, x - 0.6, y).at(from, x, y).until(to).at(to + 4.0, x + 0.6, y)
    }

    /// It is put there and taken away: nobody sees it move.
    pub(crate) fn stands(self, x: f32, y: f32, from: f32, to: f32) -> Self {
        self.at(from, x, y).until(to)
    }

    pub(crate) fn blinks(mut self, from: f32, to: f32) -> Self {
        self.blinks.push((from, to));
        self
    }

    pub(crate) fn retracked(mut self, at: f32) -> Self {
        self.retracks.push(at);
        self
    }

    /// A new id every so many seconds.
    pub(crate) fn retracked_every(mut self, secs: f32) -> Self {
        let (first, last) = (self.path[0].0, self.path[self.path.len() - 1].0);
        let count = ((last - first) / secs) as usize;
        self.retracks.extend((1..=count).map(|i| first + i as f32 * secs));
        self
    }

    /// It has this id from one time to another.
    pub(crate) fn called(mut self, id: u64, from: f32, to: f32) -> Self {
        self.names.push((from, to, id));
        self
    }

    /// It is not seen in this share of looks.
    pub(crate) fn missed(mut self, share: f32) -> Self {
        self.miss = share;
        self
    }

    pub(crate) fn taken_for(mut self, class: &'static str, from: f32, to: f32) -> Self {
        self.relabels.push((from, to, class));
        self
    }

    /// Goes where the other one goes, with the same offset.
    pub(crate) fn along(self, other: &Self) -> Self {
        Self { path: other.path.clone(), offset: other.offset, ..self }
    }

    /// Somebody of another kind who goes where this one goes.
    pub(crate) fn path_of(&self, kind: Kind) -> Self {
        Self { path: self.path.clone(), ..Self::new(kind) }
    }

    /// How sure the detector is of it, on average.
    pub(crate) fn sure(mut self, confidence: f32) -> Self {
        self.confidence = confidence;
        self
    }

    /// Moved to the side, without changing its size.
    pub(crate) fn beside(mut self, dx: f32, dy: f32) -> Self {
        self.offset = (dx, dy);
        self
    }

    pub(crate) fn carried(mut self) -> Self {
        self.carried = true;
        self
    }

    /// Those who ride this bike, as so many of a kind.
    pub(crate) fn riders(&self, kind: Kind, count: usize) -> Vec<Self> {
        let rider = |i: usize| {
            let dx = (i as f32 - (count as f32 - 1.0) / 2.0) * 0.03;
            let offset = (self.offset.0 + dx, self.offset.1 - 0.035);
            Self { kind, offset, carried: true, ..self.clone() }
        };
        (0..count).map(rider).collect()
    }

    /// This one with the umbrella that they hold: it goes where they go, and is not on the ground.
    pub(crate) fn under_an_umbrella(self) -> [Self; 2] {
        let offset = (self.offset.0 + 0.02, self.offset.1 - 0.14);
        let umbrella = Self { kind: HELD_UMBRELLA, offset, carried: true, ..self.clone() };
        [self, umbrella]
    }

    fn place(&self, secs: f32) -> Option<(f32, f32)> {
        let (first, last) = (self.path.first()?, self.path.last()?);
        if secs < first.0 || secs > last.0 {
            return None;
        }
        let step = self.path.windows(2).find(|w| secs <= w[1].0)?;
        let ((t0, x0, y0), (t1, x1, y1)) = (step[0], step[1]);
        let part = if t1 > t0 { (secs - t0) / (t1 - t0) } else { 1.0 };
        Some((x0 + (x1 - x0) * part, y0 + (y1 - y0) * part))
    }

    /// Its true box, also beyond the frame.
    fn bbox(&self, secs: f32) -> Option<[f32; 4]> {
        let (x, y) = self.place(secs)?;
        let scale = (y - HORIZON) / (NEAR - HORIZON);
        let across = scale * 9.0 / 16.0;
        let (x, y) = (x + self.offset.0 * across, y + self.offset.1 * scale);
        let (half, height) = (self.kind.1 * across / 2.0, self.kind.2 * scale);
        Some([x - half, y - height, x + half, y])
    }

    fn class(&self, secs: f32) -> &'static str {
        let taken = self.relabels.iter().find(|(from, to, _)| (*from..*to).contains(&secs));
        taken.map_or(self.kind.0, |(_, _, class)| class)
    }

    fn blinking(&self, secs: f32) -> bool {
        self.blinks.iter().any(|(from, to)| (*from..*to).contains(&secs))
    }
}

/// What the detector gets wrong.
#[derive(Clone, Copy)]
pub(crate) struct Noise {
    /// Edges are off by up to this share of the box's size.
    pub(crate) jitter: f32,
    /// So often a thing is not seen.
    pub(crate) miss: f32,
}

pub(crate) const CALM: Noise = Noise { jitter: 0.02, miss: 0.02 };
pub(crate) const ROUGH: Noise = Noise { jitter: 0.06, miss: 0.2 };

/// How often a camera looks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rate {
    /// So many times a second.
    Steady(f32),
    /// Anew each second: one of 1, 2, 5, 10 and 25, but none below `least`; drawn with this seed.
    Changing { least: f32, seed: u64 },
}

pub(crate) const RATES: [f32; 5] = [1.0, 2.0, 5.0, 10.0, 25.0];

impl Rate {
    /// The times of looks, from 0 to `secs`.
    fn times(self, secs: f32) -> Vec<f32> {
        match self {
            Self::Steady(hz) => (0..=(secs * hz) as usize).map(|look| look as f32 / hz).collect(),
            Self::Changing { least, seed } => {
                let rates: Vec<f32> = RATES.into_iter().filter(|hz| *hz >= least).collect();
                let mut random = Random::new(seed);
                let mut second = |second: usize| {
                    let at = (random.unit() * rates.len() as f32) as usize;
                    let hz = rates[at.min(rates.len() - 1)];
                    (0..hz as usize).map(move |look| second as f32 + look as f32 / hz)
                };
                (0..secs as usize).flat_map(&mut second).collect()
            }
        }
    }
}

#[derive(Clone)]
pub(crate) struct Street {
    pub(crate) camera: &'static str,
    rate: Rate,
    secs: f32,
    noise: Noise,
    start: Timestamp,
    seed: u64,
    actors: Vec<Actor>,
    extra: Vec<Event>,
    /// The camera shows nothing then.
    away: Vec<(f32, f32)>,
}

impl Street {
    /// A street that a camera looks at `hz` times a second for so long.
    pub(crate) fn new(camera: &'static str, hz: f32, secs: f32) -> Self {
        let start = START.parse().unwrap();
        let (actors, extra, away) = (Vec::new(), Vec::new(), Vec::new());
        let rate = Rate::Steady(hz);
        Self { camera, rate, secs, noise: CALM, start, seed: 1, actors, extra, away }
    }

    /// The same street, looked at otherwise.
    pub(crate) fn looked_at(mut self, rate: Rate) -> Self {
        self.rate = rate;
        self
    }

    /// How often its camera looks.
    pub(crate) fn hz(&self) -> f32 {
        match self.rate {
            Rate::Steady(hz) => hz,
            Rate::Changing { least, .. } => least,
        }
    }

    pub(crate) fn noise(mut self, noise: Noise) -> Self {
        self.noise = noise;
        self
    }

    pub(crate) fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The time of its first look.
    pub(crate) fn from(mut self, start: &str) -> Self {
        self.start = start.parse().unwrap();
        self
    }

    pub(crate) fn with(mut self, actor: Actor) -> Self {
        self.actors.push(actor);
        self
    }

    pub(crate) fn with_all(mut self, actors: impl IntoIterator<Item = Actor>) -> Self {
        self.actors.extend(actors);
        self
    }

    /// A bike and so many on it.
    pub(crate) fn ridden(self, bike: &Actor, kind: Kind, count: usize) -> Self {
        self.with(bike.clone().carried()).with_all(bike.riders(kind, count))
    }

    pub(crate) fn away(mut self, from: f32, to: f32) -> Self {
        self.away.push((from, to));
        self
    }

    pub(crate) fn time(&self, secs: f32) -> Timestamp {
        Timestamp(self.start.0 + (f64::from(secs) * 1000.0) as u64 * 1_000_000)
    }

    /// The worker starts anew.
    pub(crate) fn restart(mut self, secs: f32) -> Self {
        // It has no time; the tick before it gives it its place.
        self.extra.push(Event::Tick(self.time(secs)));
        self.extra.push(Event::WorkerStarted { models: std::collections::BTreeMap::new() });
        self
    }

    pub(crate) fn status(mut self, secs: f32, status: CameraStatus) -> Self {
        let camera = Name::try_from(self.camera).unwrap();
        self.extra.push(Event::Camera { camera, at: self.time(secs), status });
        self
    }

    pub(crate) fn ticks(mut self, every: f32) -> Self {
        let count = (self.secs / every) as usize;
        for i in 0..=count {
            self.extra.push(Event::Tick(self.time(i as f32 * every)));
        }
        self
    }

    /// A sensor measures `value` every `every` seconds, by a line through points of time and value.
    pub(crate) fn measured(mut self, sensor: &str, every: f32, points: &[(f32, f64)]) -> Self {
        let sensor = Name::try_from(sensor).unwrap();
        let (first, last) = (points[0].0, points[points.len() - 1].0);
        for i in 0..=((last - first) / every) as usize {
            let secs = first + i as f32 * every;
            let after = points.iter().position(|p| p.0 > secs).unwrap_or(points.len() - 1).max(1);
            let (a, b) = (points[after - 1], points[after]);
            let part = f64::from((secs - a.0) / (b.0 - a.0)).clamp(0.0, 1.0);
            let value = a.1 + part * (b.1 - a.1);
            let value = (value * 1000.0).round() / 1000.0;
            self.extra.push(Event::Reading { sensor: sensor.clone(), at: self.time(secs), value });
        }
        self
    }

    /// What the view is like, every two seconds: each shot from its time on.
    pub(crate) fn views(mut self, shots: &[(f32, Shot)]) -> Self {
        let (place, mut random) = (Place::new(self.seed), Random::new(self.seed));
        let camera = Name::try_from(self.camera).unwrap();
        for i in 0..=(self.secs / 2.0) as usize {
            let secs = i as f32 * 2.0;
            let Some((_, shot)) = shots.iter().rfind(|(from, _)| *from <= secs) else { continue };
            let report = ViewReport {
                camera: camera.clone(),
                at: self.time(secs),
                signature: place.seen(*shot, &mut random),
            };
            self.extra.push(Event::Viewed(report));
        }
        self
    }

    pub(crate) fn event(mut self, event: Event) -> Self {
        self.extra.push(event);
        self
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let mut random = Random::new(self.seed);
        let mut timed: Vec<(Timestamp, Event)> = Vec::new();
        let mut last = self.start;
        for event in &self.extra {
            last = event.at().unwrap_or(last);
            timed.push((last, event.clone()));
        }
        for (look, secs) in self.rate.times(self.secs).into_iter().enumerate() {
            let objects = self.seen(secs, &mut random);
            if !self.away.iter().any(|(from, to)| (*from..*to).contains(&secs)) {
                let at = self.time(secs);
                timed.push((at, self.observed(look, at, objects)));
            }
        }
        // In the order in which an engine puts what comes late.
        let rank = |event: &Event| match event {
            Event::Command(_) => 0,
            Event::Camera { .. } => 1,
            Event::Reading { .. } | Event::Viewed(_) => 2,
            Event::Tick(_) | Event::WorkerStarted { .. } => 9,
            _ => 3,
        };
        timed.sort_by_key(|(at, event)| (*at, rank(event)));
        timed.into_iter().map(|(_, event)| event).collect()
    }

    fn observed(&self, look: usize, at: Timestamp, objects: Vec<Object>) -> Event {
        let clock = ClockSource::Recording;
        Event::Observed(Observation {
            camera: Name::try_from(self.camera).unwrap(),
            frame: FrameStamp { seq: look as u64, captured: at, arrived: at, offset_ms: 0, clock },
            size_px: [1280, 720],
            objects,
            undecided: Vec::new(),
        })
    }

    fn seen(&self, secs: f32, random: &mut Random) -> Vec<Object> {
        let boxes: Vec<Option<[f32; 4]>> = self.actors.iter().map(|a| a.bbox(secs)).collect();
        let mut objects = Vec::new();
        for (i, actor) in self.actors.iter().enumerate() {
            let Some(bbox) = boxes[i] else { continue };
            // As many numbers for each actor and look, whatever becomes of it: so one actor's
            // change leaves the others' noise as it was.
            let chance = random.unit();
            let jitter: [f32; 4] = std::array::from_fn(|_| random.around(self.noise.jitter));
            let confidence = actor.confidence + random.around(0.12);
            let hidden = !actor.carried && hidden(i, &boxes, bbox);
            if actor.blinking(secs) || chance < self.noise.miss.max(actor.miss) || hidden {
                continue;
            }
            let size = [bbox[2] - bbox[0], bbox[3] - bbox[1]];
            let edge = |k: usize| rounded((bbox[k] + jitter[k] * size[k % 2]).clamp(0.0, 1.0));
            let shown = [edge(0), edge(1), edge(2), edge(3)];
            let area = (shown[2] - shown[0]).max(0.0) * (shown[3] - shown[1]).max(0.0);
            if area < SEEN_SHARE * size[0] * size[1] {
                continue;
            }
            let changes = actor.retracks.iter().filter(|t| secs >= **t).count();
            let name = actor.names.iter().find(|(from, to, _)| (*from..*to).contains(&secs));
            let own = (changes * 100 + i + 1) as u64;
            objects.push(Object {
                track: TrackId(name.map_or(own, |(_, _, id)| *id)),
                class: Class::try_from(actor.class(secs)).unwrap(),
                confidence: rounded(confidence.clamp(0.05, 0.99)).try_into().unwrap(),
                bbox: shown.try_into().unwrap(),
            });
        }
        objects.sort_by_key(|o| o.track);
        objects
    }
}

/// Is something nearer before it?
fn hidden(i: usize, boxes: &[Option<[f32; 4]>], own: [f32; 4]) -> bool {
    let area = (own[2] - own[0]) * (own[3] - own[1]);
    boxes.iter().enumerate().any(|(j, other)| {
        let Some(other) = other.filter(|b| j != i && b[3] > own[3]) else { return false };
        let w = own[2].min(other[2]) - own[0].max(other[0]);
        let h = own[3].min(other[3]) - own[1].max(other[1]);
        w.max(0.0) * h.max(0.0) >= HIDDEN_SHARE * area
    })
}

fn rounded(v: f32) -> f32 {
    (v * 1000.0).round() / 1000.0
}
