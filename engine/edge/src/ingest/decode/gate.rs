//! What becomes of each access unit before the decoder.

use super::super::coded::unit::{Kind, Unit};
use super::demand::{Choice, Demand, GLANCE, longest};
use super::gop::Gop;
use super::ring::{Kept, Ring};
use super::strain::{BEHIND_MAX, GivesWay, Strain};
use std::sync::Arc;
use std::time::Duration;
use viahe_contract::message::{DecodeMode, DecodeReason, Decoding};

/// So many key frames in a row must have come in one access unit each, before one is believed to be whole
/// without having seen what follows it.
const WHOLE_KEYS: u32 = 2;

/// Of groups longer than this none is halved: time between looks would not be watched in full.
const GROUP_MAX: Duration = Duration::from_secs(10);

/// An access unit that has arrived.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Arrived {
    pub(in crate::ingest) what: Unit,
    /// Timestamp in the stream; access units of one picture have the same or none.
    pub(in crate::ingest) pts: Option<Duration>,
    /// On a clock that is never set, the same for all gates.
    pub(in crate::ingest) now: Duration,
    /// How long ago it reached the box.
    pub(in crate::ingest) behind: Duration,
    pub(in crate::ingest) bytes: usize,
    /// Pictures of the stream may be coded as two fields.
    pub(in crate::ingest) fields: bool,
    /// The look at it has been told without it.
    pub(in crate::ingest) spared: bool,
}

/// What is to be done with an access unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Verdict<U> {
    /// Into the decoder.
    Feed,
    /// It is left out.
    Leave,
    /// These, in this order, in its place.
    Instead(Vec<Step<U>>),
}

/// A step towards the decoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Step<U> {
    Feed(U),
    /// What it holds comes out at once; it forgets what came before.
    Drain,
}

/// What the decoder has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decoder {
    /// No key frame yet.
    Fresh,
    /// All that the next picture refers to.
    Following,
    /// It must begin anew, at a key frame.
    Empty,
}

/// Pictures that were not decoded and will not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ingest) struct LeftOut {
    /// They were not needed.
    pub(in crate::ingest) spared: u64,
    /// Decoding had fallen behind.
    pub(in crate::ingest) overload: u64,
}

/// How a gate does.
#[derive(Clone, Copy, Debug)]
pub(in crate::ingest) struct Report {
    /// The newest access unit began a picture.
    pub(in crate::ingest) picture: bool,
    pub(in crate::ingest) left_out: LeftOut,
    /// Time in each mode, in the order of [`DecodeMode::ALL`].
    pub(in crate::ingest) spent: [Duration; DecodeMode::ALL.len()],
    pub(in crate::ingest) decoding: Decoding,
    /// More is to be decoded, and that can begin only at a key frame.
    pub(in crate::ingest) waits_for_key: bool,
}

/// Stands before the decoder of one connection.
#[derive(Debug)]
pub(in crate::ingest) struct Gate<U> {
    gop: Gop,
    ring: Ring<U>,
    decoder: Decoder,
    choice: Choice,
    newest: Option<Newest>,
    /// Of the newest key frame that went to the decoder, or was spared.
    key_fed: Option<Duration>,
    whole_keys: u32,
    /// The newest picture is to come out once it is whole.
    drain_due: bool,
    /// Leading pictures refer to what was left out.
    leading_broken: bool,
    /// Up to a key frame in time, since decoding fell behind.
    shedding: bool,
    /// Who gives way, of all cameras, when decoding falls behind.
    strain: Arc<Strain>,
    /// What this one does for others. It ceases where decoding may begin: to catch up is worth nothing then.
    gives_way: GivesWay,
    /// Until then it is expected to be behind: it catches up.
    catching_up: Option<(Duration, Duration)>,
    left_out: LeftOut,
    /// By mode.
    spent: [Duration; DecodeMode::ALL.len()],
    clock: Option<Duration>,
    /// Pictures that began since the last report.
    began: u32,
}

/// The newest picture.
#[derive(Clone, Copy, Debug)]
struct Newest {
    pts: Duration,
    /// It went to the decoder.
    fed: bool,
    /// It is a key frame, of which one access unit has come.
    key_in_one: bool,
}

impl<U: Clone> Gate<U> {
    pub(in crate::ingest) fn new(strain: Arc<Strain>) -> Self {
        let choice = Choice { mode: DecodeMode::All, reason: DecodeReason::NotMeasured };
        Self {
            gop: Gop::default(),
            ring: Ring::default(),
            decoder: Decoder::Fresh,
            choice,
            newest: None,
            key_fed: None,
            whole_keys: 0,
            drain_due: false,
            leading_broken: true,
            shedding: false,
            catching_up: None,
            strain,
            gives_way: GivesWay::No,
            left_out: LeftOut::default(),
            spent: Default::default(),
            clock: None,
            began: 0,
        }
    }

    /// How it goes, and what became of what since this was last asked.
    pub(in crate::ingest) fn report(&mut self) -> Report {
        let Choice { mode, reason } = self.choice;
        let key_interval_secs = self.gop.key_interval().map(|interval| interval.as_secs_f64());
        Report {
            picture: std::mem::take(&mut self.began) > 0,
            left_out: std::mem::take(&mut self.left_out),
            spent: std::mem::take(&mut self.spent),
            decoding: Decoding { mode, reason, key_interval_secs },
            waits_for_key: self.decoder == Decoder::Empty && !self.is_sparse() && !self.shedding,
        }
    }

    /// Takes an access unit. `peek`: its picture is wanted, whatever the mode.
    pub(in crate::ingest) fn unit(
        &mut self,
        arrived: Arrived,
        unit: &U,
        demand: Demand,
        peek: bool,
    ) -> Verdict<U> {
        if arrived.what.kind == Kind::Empty {
            return Verdict::Feed;
        }
        let before = self.newest.map(|newest| newest.pts);
        match arrived.pts.filter(|pts| before != Some(*pts)) {
            Some(pts) => self.picture(arrived, pts, unit, demand, peek),
            None => self.continuation(arrived, unit),
        }
    }

    /// Another part of the newest picture goes where the first went.
    fn continuation(&mut self, arrived: Arrived, unit: &U) -> Verdict<U> {
        let fed = self.newest.is_none_or(|newest| newest.fed);
        self.whole_keys = 0;
        if let Some(newest) = &mut self.newest {
            newest.key_in_one = false;
        }
        self.keep(&arrived, unit, fed, true);
        // It was believed to be whole, and came out so: this would only spoil what follows.
        if fed && self.decoder != Decoder::Empty { Verdict::Feed } else { Verdict::Leave }
    }

    fn picture(
        &mut self,
        arrived: Arrived,
        pts: Duration,
        unit: &U,
        demand: Demand,
        peek: bool,
    ) -> Verdict<U> {
        let mut steps = Vec::new();
        if std::mem::take(&mut self.drain_due) {
            self.drain(&mut steps);
        }
        if self.newest.is_some_and(|newest| newest.key_in_one) {
            self.whole_keys = self.whole_keys.saturating_add(1);
        }
        self.gop.picture(arrived.what, pts);
        let spent =
            arrived.now.saturating_sub(self.clock.replace(arrived.now).unwrap_or(arrived.now));
        self.spent[self.choice.mode as usize] += spent;
        self.began += 1;
        let asked = self.strain.gives_way(demand.severity(), arrived.now);
        let is_key = arrived.what.kind == Kind::Key;
        let may_cease = self.begins(arrived.what.kind);
        self.gives_way = if may_cease { asked } else { asked.max(self.gives_way) };
        let strained = self.gives_way > GivesWay::No;
        self.choice = demand.choose(&self.gop, arrived.fields, strained);
        // What is not decoded anyway is not left out because of the box.
        let needed = peek || !self.is_sparse() || is_key;
        let fed = if needed && self.sheds(&arrived, pts, demand) {
            self.left_out.overload += 1;
            self.left_out.spared += self.ring.give_up();
            (self.decoder, self.leading_broken) = (Decoder::Empty, true);
            false
        } else if is_key {
            self.key(&arrived, pts, unit, demand, peek, &mut steps)
        } else {
            self.other(&arrived, pts, unit, peek, &mut steps)
        };
        self.newest = Some(Newest { pts, fed, key_in_one: is_key });
        match (steps.as_slice(), fed) {
            ([Step::Feed(_)], true) => Verdict::Feed,
            ([], _) => Verdict::Leave,
            _ => Verdict::Instead(steps),
        }
    }

    /// May decoding begin with it? In a stream without key frames with a picture from which it recovers.
    fn begins(&self, kind: Kind) -> bool {
        kind == Kind::Key || kind == Kind::Recovery && self.gop.recovers_only()
    }

    /// Is it left out because decoding is behind? Once it is, only a key frame that is at most half as
    /// late ends that; in a stream without, a picture from which decoding recovers.
    fn sheds(&mut self, arrived: &Arrived, pts: Duration, demand: Demand) -> bool {
        let excused = self.catching_up.filter(|(until, _)| arrived.now < *until);
        let excused = excused.map_or(Duration::ZERO, |(_, by)| by);
        let behind = arrived.behind.saturating_sub(excused);
        let behind_max = self.strain.behind(demand.severity(), behind, arrived.now);
        let begins = self.begins(arrived.what.kind);
        self.shedding = if self.is_sparse() {
            // Each stands alone, and is all that there is for long.
            behind > BEHIND_MAX
        } else if self.shedding {
            // Who leaves out half of each group anyway does not lose the next one as well.
            let halves = self.gives_way == GivesWay::Halved;
            !(begins && arrived.behind < if halves { behind_max } else { behind_max / 2 })
        } else {
            behind > behind_max || self.is_halved(pts)
        };
        self.shedding
    }

    /// Is it of the half of a group that is left out for the sake of others? The later one: it needs the earlier.
    fn is_halved(&self, pts: Duration) -> bool {
        let halved = self.gives_way == GivesWay::Halved && self.choice.mode == DecodeMode::All;
        let group = self.gop.key_interval().filter(|group| halved && *group <= GROUP_MAX);
        group.is_some_and(|group| self.gop.since_key(pts) * 2 >= group)
    }

    fn key(
        &mut self,
        arrived: &Arrived,
        pts: Duration,
        unit: &U,
        demand: Demand,
        peek: bool,
        steps: &mut Vec<Step<U>>,
    ) -> bool {
        self.left_out.spared += self.ring.begin();
        let sparse = self.is_sparse();
        let due = !arrived.spared && self.key_is_due(pts, demand);
        let fed = peek || !sparse || due;
        self.keep(arrived, unit, fed, false);
        if !fed {
            self.key_fed = if arrived.spared { Some(pts) } else { self.key_fed };
            self.leading_broken = true;
            if self.decoder == Decoder::Following {
                self.drain(steps);
            }
            return false;
        }
        self.key_fed = Some(pts);
        self.leading_broken = self.decoder != Decoder::Following;
        self.decoder = Decoder::Following;
        steps.push(Step::Feed(unit.clone()));
        if sparse {
            self.come_out(steps);
        }
        true
    }

    /// Is this a key frame that will be decoded because a look is due, and for nothing else?
    pub(in crate::ingest) fn looks_at(&self, arrived: &Arrived, demand: Demand) -> bool {
        let before = self.newest.map(|newest| newest.pts);
        let keys = self.choice.mode == DecodeMode::Keys && self.whole_keys >= WHOLE_KEYS;
        let Some(pts) = arrived.pts.filter(|pts| before != Some(*pts)) else { return false };
        let is_key = arrived.what.kind == Kind::Key && !self.shedding;
        is_key && keys && demand.looks.is_some() && self.key_is_due(pts, demand)
    }

    /// The key frame nearest to when a look, or a glance, is due.
    fn key_is_due(&self, pts: Duration, demand: Demand) -> bool {
        if demand == Demand::KEPT {
            return self.key_fed.is_none();
        }
        let looks = demand.looks;
        let period = looks.map_or(GLANCE, |looks| looks.period);
        let interval = self.gop.key_interval().unwrap_or_default();
        let Some(fed) = self.key_fed.filter(|fed| *fed <= pts) else { return true };
        let since = pts.saturating_sub(fed);
        // The next one may be later than is borne.
        let last_chance = looks.is_some_and(|looks| since + interval > longest(looks.gap_max));
        since + interval / 2 >= period || last_chance
    }

    fn other(
        &mut self,
        arrived: &Arrived,
        pts: Duration,
        unit: &U,
        peek: bool,
        steps: &mut Vec<Step<U>>,
    ) -> bool {
        let Unit { kind, disposable, .. } = arrived.what;
        if kind == Kind::Leading && self.leading_broken && self.decoder != Decoder::Fresh {
            self.left_out.spared += 1;
            return false;
        }
        let begins = kind == Kind::Recovery && self.gop.recovers_only();
        let spare = disposable && self.choice.mode == DecodeMode::References;
        let fed = match self.decoder {
            Decoder::Fresh => true,
            _ if self.is_sparse() && !peek => {
                if self.decoder == Decoder::Following {
                    self.drain(steps);
                }
                false
            }
            Decoder::Following => peek || !spare,
            // With all since the key frame at hand there is a better beginning.
            Decoder::Empty => begins && self.ring.is_broken(),
        };
        self.keep(arrived, unit, fed, false);
        if fed {
            steps.push(Step::Feed(unit.clone()));
            self.decoder = match self.decoder {
                Decoder::Empty => Decoder::Following,
                other => other,
            };
        } else if self.decoder == Decoder::Empty && (peek || (!self.is_sparse() && !spare)) {
            return self.catch_up(arrived, pts, peek, steps);
        }
        if fed && peek && self.is_sparse() {
            self.come_out(steps);
        }
        fed
    }

    /// From the newest key frame to now.
    fn catch_up(
        &mut self,
        arrived: &Arrived,
        pts: Duration,
        peek: bool,
        steps: &mut Vec<Step<U>>,
    ) -> bool {
        let Some(missed) = self.ring.catch_up() else { return false };
        steps.extend(missed.into_iter().map(Step::Feed));
        self.decoder = Decoder::Following;
        self.leading_broken = true;
        // As long as it took to film is more than it takes to decode.
        let by = self.gop.since_key(pts);
        self.catching_up = Some((arrived.now + by, by));
        if peek && self.is_sparse() {
            self.come_out(steps);
        }
        true
    }

    fn keep(&mut self, arrived: &Arrived, unit: &U, fed: bool, continues: bool) {
        // Whoever begins at the key frame cannot use what leads up to it.
        if arrived.what.kind == Kind::Leading {
            self.left_out.spared += u64::from(!fed && !continues);
            return;
        }
        let disposable = arrived.what.disposable;
        let kept = Kept { unit: unit.clone(), disposable, fed, continues };
        self.left_out.spared += self.ring.push(kept, arrived.bytes);
    }

    fn is_sparse(&self) -> bool {
        matches!(self.choice.mode, DecodeMode::None | DecodeMode::Keys)
    }

    /// The newest picture is to come out at once; of a stream whose pictures come in parts, once the next
    /// one begins.
    fn come_out(&mut self, steps: &mut Vec<Step<U>>) {
        if self.whole_keys >= WHOLE_KEYS {
            self.drain(steps);
        } else {
            self.drain_due = true;
        }
    }

    fn drain(&mut self, steps: &mut Vec<Step<U>>) {
        steps.push(Step::Drain);
        (self.decoder, self.leading_broken) = (Decoder::Empty, true);
    }
}

#[cfg(test)]
mod tests;
