//! A camera of two streams: looks are at the small one, pictures for people come from the large one.
//!
//! While the small one is away the large one is looked at as well, and told so; while the large one is away,
//! or cannot be held against the small one, pictures are those of the small one. To whoever looks it is one
//! camera: numbers of frames and event time go on when the stream changes.

use super::sink::Sink;
use super::tally::Tally;
use crate::clock;
use crate::ingest::{
    CameraCounters, CameraOptions, Demand, Developed, FeedState, FrameSink, IngestError,
    LiveCamera, NoPicture, Remote, Taken,
};
use crate::ledger::Ledger;
use crate::vision::photographer::Shot;
use crate::vision::slots::SharedFrame;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use viahe_contract::message::{CameraFault, CameraStatus, Cause, StreamRole, StreamState, Streams};
use viahe_core::frame::{Frame, FrameStamp, FrameView, same_shape};
use viahe_core::plan::Source;
use viahe_core::time::Timestamp;

/// The large stream may be so much later than the small one: its encoder takes longer, and so does the way.
const WAIT_MAX: Duration = Duration::from_millis(700);
/// After so long the picture of the look itself is taken: an incident does not wait for a better one.
const DEVELOP_MAX: Duration = Duration::from_millis(1_500);
/// Event time never stands still.
const STEP_MIN: Duration = Duration::from_micros(1);

/// Both streams; they end when this is dropped.
pub(super) struct Twin {
    main: LiveCamera,
    sub: LiveCamera,
    junction: Arc<Junction>,
}

/// Where both streams meet.
struct Junction {
    state: Mutex<State>,
    sink: Arc<Sink>,
    /// Those of the main stream and of the substream, once both are there.
    remotes: OnceLock<[Remote; 2]>,
}

struct State {
    main: Side,
    sub: Side,
    looks: StreamRole,
    /// The first frame since `looks` is what it is.
    since_seq: u64,
    /// The next frame to be looked at.
    seq: u64,
    last: Option<Timestamp>,
    demand: Demand,
    /// The main stream sends more without a key frame than is kept.
    film_cut: bool,
    /// Frames of the other stream, of which nobody needs any.
    unneeded: u64,
}

/// How a stream is.
#[derive(Default)]
struct Side {
    /// None before anything came of it.
    status: Option<CameraStatus>,
    reason: String,
    /// The same, for who makes words of it.
    code: Option<CameraFault>,
    size_px: Option<[u32; 2]>,
}

/// One stream's end of the junction.
struct End {
    of: StreamRole,
    junction: Arc<Junction>,
}

/// A frame under the number and at the time of the camera's.
struct Counted {
    frame: SharedFrame,
    stamp: FrameStamp,
}

impl Frame for Counted {
    fn stamp(&self) -> FrameStamp {
        self.stamp
    }
    fn reported(&self) -> Option<Timestamp> {
        self.frame.reported()
    }
    fn view(&self) -> FrameView<'_> {
        self.frame.view()
    }
}

impl Twin {
    /// Starts both.
    pub(super) fn start(
        main: CameraOptions,
        substream: Source,
        sink: Arc<Sink>,
        ledger: &Arc<Ledger>,
    ) -> Result<Self, IngestError> {
        let state = State::new(main.demand);
        let (state, remotes) = (Mutex::new(state), OnceLock::new());
        let junction = Arc::new(Junction { state, sink, remotes });
        let end = |of| Arc::new(End { of, junction: Arc::clone(&junction) });
        let rng_seed = main.rng_seed.wrapping_add(1);
        let sub = CameraOptions { source: substream, rng_seed, ..main.clone() };
        let main = CameraOptions { demand: Demand::KEPT, keeps_film: true, ..main };
        let sub = LiveCamera::start(sub, end(StreamRole::Sub), Arc::clone(ledger))?;
        let main = LiveCamera::start(main, end(StreamRole::Main), Arc::clone(ledger))?;
        // Nobody else sets it.
        let _ = junction.remotes.set([main.remote(), sub.remote()]);
        // What was decided before they were there.
        junction.direct(&junction.lock());
        Ok(Self { main, sub, junction })
    }

    /// What is needed of the camera has changed.
    pub(super) fn demand(&self, demand: Demand) {
        let mut state = self.junction.lock();
        state.demand = demand;
        self.junction.direct(&state);
    }

    /// The stream that is looked at.
    pub(super) fn looked_at(&self) -> &LiveCamera {
        match self.junction.lock().looks {
            StreamRole::Main => &self.main,
            StreamRole::Sub => &self.sub,
        }
    }

    /// What both have done.
    pub(super) fn counters(&self) -> CameraCounters {
        let both = [self.main.counters(), self.sub.counters()];
        self.looked_at().counters().together(&both)
    }

    /// Frames of which nobody needed any.
    pub(super) fn unneeded(&self) -> u64 {
        self.junction.lock().unneeded
    }

    /// How both are.
    pub(super) fn streams(&self) -> Streams {
        self.junction.lock().streams()
    }

    /// The large picture of a small one's moment, as soon as whoever takes pictures has time for it; that
    /// one itself when there is no better.
    pub(super) fn better(&self, frame: SharedFrame, tally: &Arc<Tally>) -> Shot {
        let stamp = frame.stamp();
        let (of, away) = {
            let state = self.junction.lock();
            (state.stream_of(stamp.seq), state.main.away())
        };
        let tally = Arc::clone(tally);
        if of == StreamRole::Main {
            return Shot::Later(Box::new(move || {
                tally.pictured(StreamRole::Main);
                frame
            }));
        }
        let look = Taken { reached: stamp.captured, reported: frame.reported() };
        let asked = clock::monotonic();
        let (main, junction) = (self.main.remote(), Arc::clone(&self.junction));
        Shot::Later(Box::new(move || {
            let camera = &junction.sink.name;
            let wait = if away.is_none() { asked + WAIT_MAX } else { asked };
            match main.picture(look, stamp, wait, asked + DEVELOP_MAX) {
                Ok(Developed { frame, by }) => {
                    let clock = if by == viahe_core::time::ClockSource::Arrival {
                        "arrival"
                    } else {
                        "its own"
                    };
                    tracing::debug!(%camera, clock, "a picture of the main stream");
                    tally.pictured(StreamRole::Main);
                    Arc::new(frame)
                }
                Err(why) => {
                    let why = lacks(away.or_else(|| junction.lock().main.away()), &why);
                    tracing::warn!(%camera, main_stream = %why, "a picture is of the substream");
                    tally.pictured(StreamRole::Sub);
                    frame
                }
            }
        }))
    }
}

impl Side {
    /// Why no pictures come of it; none while they do.
    fn away(&self) -> Option<String> {
        match self.status {
            Some(CameraStatus::Online) => None,
            Some(CameraStatus::Stalled | CameraStatus::Offline) => Some(self.reason.clone()),
            None => Some("nothing came of it yet".to_owned()),
        }
    }
}

/// Why there is no picture of the main stream: of one that is away nothing is late.
fn lacks(away: Option<String>, why: &NoPicture) -> String {
    away.map_or_else(|| why.to_string(), |away| format!("it is away: {away}"))
}

impl State {
    fn new(demand: Demand) -> Self {
        Self {
            main: Side::default(),
            sub: Side::default(),
            looks: StreamRole::Sub,
            since_seq: 0,
            seq: 0,
            last: None,
            demand,
            film_cut: false,
            unneeded: 0,
        }
    }

    fn side(&mut self, of: StreamRole) -> &mut Side {
        match of {
            StreamRole::Main => &mut self.main,
            StreamRole::Sub => &mut self.sub,
        }
    }

    /// Of which stream the frame was that was looked at; true of the last two changes.
    fn stream_of(&self, seq: u64) -> StreamRole {
        if seq >= self.since_seq { self.looks } else { self.looks.other() }
    }

    /// Which stream is to be looked at: the small one unless it is away and the large one is not.
    fn choose(&self) -> StreamRole {
        use CameraStatus::{Offline, Online, Stalled};
        match (self.sub.status, self.main.status) {
            (Some(Stalled | Offline), Some(Online)) => StreamRole::Main,
            (Some(Online), _) => StreamRole::Sub,
            _ => self.looks,
        }
    }

    /// How the camera is, and why: for people, and for who makes words of it.
    fn told(&self) -> (CameraStatus, String, Vec<Cause>) {
        let away = |role, name, side: &Side| {
            side.status?;
            let cause = side.code.clone().map(|fault| Cause { stream: Some(role), fault });
            Some((format!("{name}: {}", side.away()?), cause))
        };
        let both = |what: &str, fault| (what.to_owned(), Some(Cause { stream: None, fault }));
        let looked_at = match self.looks {
            StreamRole::Main => self.main.status,
            StreamRole::Sub => self.sub.status,
        };
        let why = [
            away(StreamRole::Sub, "substream", &self.sub),
            away(StreamRole::Main, "main stream", &self.main),
            self.aspects_differ().then(|| both(OTHER_ASPECT, CameraFault::OtherShapes)),
            self.film_cut.then(|| both(FILM_CUT, CameraFault::FilmCut)),
            looked_at.is_none().then(|| {
                let (stream, fault) = (Some(StreamRole::Sub), CameraFault::Waiting);
                ("nothing came of its substream yet".to_owned(), Some(Cause { stream, fault }))
            }),
        ];
        let (why, causes): (Vec<String>, Vec<_>) = why.into_iter().flatten().unzip();
        let causes = causes.into_iter().flatten().collect();
        (looked_at.unwrap_or_default(), why.join("; "), causes)
    }

    fn aspects_differ(&self) -> bool {
        let sizes = self.main.size_px.zip(self.sub.size_px);
        sizes.is_some_and(|(main, sub)| !same_shape(main, sub))
    }

    fn streams(&self) -> Streams {
        let told = |side: &Side| StreamState {
            state: side.status.unwrap_or_default(),
            reason: side.reason.clone(),
            resolution: side.size_px,
        };
        Streams {
            looks: self.looks,
            main: told(&self.main),
            sub: told(&self.sub),
            aspects_differ: self.aspects_differ(),
            film_cut: self.film_cut,
        }
    }

    /// The number and time of the next frame that is looked at.
    fn stamp(&mut self, of: FrameStamp) -> FrameStamp {
        let captured = match self.last {
            // The other stream may be behind.
            Some(last) if of.captured <= last => last.plus(STEP_MIN),
            _ => of.captured,
        };
        self.last = Some(captured);
        let seq = self.seq;
        self.seq += 1;
        FrameStamp { seq, captured, arrived: captured, ..of }
    }
}

impl Junction {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells both streams what is needed of them.
    fn direct(&self, state: &State) {
        let Some([main, sub]) = self.remotes.get() else { return };
        main.demand(if state.looks == StreamRole::Main { state.demand } else { Demand::KEPT });
        // Its first picture says that it is back.
        sub.demand(state.demand);
    }
}

impl FrameSink for End {
    fn frame(&self, frame: SharedFrame) {
        let size_px = {
            let view = frame.view();
            [view.width() as u32, view.height() as u32]
        };
        // Until it is handed on, so that none overtakes another when the stream changes.
        let mut state = self.junction.lock();
        state.side(self.of).size_px = Some(size_px);
        if state.looks != self.of {
            state.unneeded += 1;
            return;
        }
        let stamp = state.stamp(frame.stamp());
        self.junction.sink.frame(Arc::new(Counted { frame, stamp }));
    }

    fn film_cut(&self, cut: bool) {
        // Until it is told, so that no older word comes after a newer one.
        let mut state = self.junction.lock();
        state.film_cut = cut;
        let (status, why, causes) = state.told();
        let camera = &self.junction.sink.name;
        if cut {
            tracing::warn!(%camera, "{FILM_CUT}");
        } else {
            tracing::info!(%camera, "its main stream has key frames often enough again");
        }
        self.junction.sink.tell(status, why, causes);
    }

    fn state(&self, told: FeedState) {
        let (status, reason, code) = match told {
            FeedState::Connecting => return self.junction.sink.state(FeedState::Connecting),
            FeedState::Online { size_px, .. } => {
                self.junction.lock().side(self.of).size_px = Some(size_px);
                (CameraStatus::Online, String::new(), None)
            }
            FeedState::Stalled { reason, code } => (CameraStatus::Stalled, reason, Some(code)),
            FeedState::Offline { reason, code, .. } => (CameraStatus::Offline, reason, Some(code)),
        };
        // Until it is told, so that no older word comes after a newer one.
        let mut state = self.junction.lock();
        let side = state.side(self.of);
        (side.status, side.reason, side.code) = (Some(status), reason, code);
        let looks = state.choose();
        if looks != state.looks {
            (state.looks, state.since_seq) = (looks, state.seq);
            let camera = &self.junction.sink.name;
            tracing::warn!(%camera, stream = looks.label(), "looks are at this stream from now on");
        }
        self.junction.direct(&state);
        let (status, why, causes) = state.told();
        self.junction.sink.tell(status, why, causes);
    }
}

/// What is said of streams that do not show the same.
const OTHER_ASPECT: &str = "main stream and substream have pictures of different shapes; zones hold for both only \
                            if both show the same view";

/// What is said of a main stream of which not all can be kept.
const FILM_CUT: &str = "its main stream sends more than 12 MiB without a key frame; from there to the next one \
                        pictures are those of the substream; set it to a key frame every few seconds";

#[cfg(test)]
mod tests {
    use super::*;
    use CameraStatus::{Offline, Online, Stalled};
    use viahe_core::time::ClockSource;

    fn is(state: &mut State, of: StreamRole, status: CameraStatus) {
        let reason = if status == Online { String::new() } else { "no route".to_owned() };
        let code = (status != Online).then_some(CameraFault::NoRoute);
        let side = state.side(of);
        (side.status, side.reason, side.code) = (Some(status), reason, code);
        let looks = state.choose();
        if looks != state.looks {
            (state.looks, state.since_seq) = (looks, state.seq);
        }
    }

    #[test]
    fn what_happens_to_streams_and_what_is_told() {
        use StreamRole::{Main, Sub};
        let mut state = State::new(Demand::ALL);
        // What is said in words is said in codes as well.
        let said = |state: &State| {
            let (status, why, causes) = state.told();
            assert_eq!(causes.is_empty(), why.is_empty(), "{why}: {causes:?}");
            (status, why)
        };
        assert_eq!(said(&state), (Offline, "nothing came of its substream yet".to_owned()));
        let steps = [
            (Main, Online, Sub, Offline, "nothing came of its substream yet"),
            (Sub, Online, Sub, Online, ""),
            (Main, Offline, Sub, Online, "main stream: no route"),
            (Sub, Stalled, Sub, Stalled, "substream: no route; main stream: no route"),
            (Main, Online, Main, Online, "substream: no route"),
            (Main, Offline, Main, Offline, "substream: no route; main stream: no route"),
            (Sub, Online, Sub, Online, "main stream: no route"),
            (Main, Online, Sub, Online, ""),
            (Sub, Offline, Main, Online, "substream: no route"),
        ];
        for (n, (of, status, looks, told, why)) in steps.into_iter().enumerate() {
            is(&mut state, of, status);
            assert_eq!(state.looks, looks, "{n}");
            assert_eq!(said(&state), (told, why.to_owned()), "{n}");
        }
        state.side(Main).size_px = Some([1920, 1080]);
        state.side(Sub).size_px = Some([640, 360]);
        assert!(!state.streams().aspects_differ);
        state.side(Sub).size_px = Some([704, 576]);
        assert!(state.streams().aspects_differ && said(&state).1.ends_with(OTHER_ASPECT));
        state.film_cut = true;
        assert!(state.streams().film_cut && state.told().1.ends_with(FILM_CUT));
        is(&mut state, Main, Offline);
        let causes: Vec<_> =
            state.told().2.into_iter().map(|cause| (cause.stream, cause.fault)).collect();
        assert_eq!(
            causes,
            [
                (Some(Sub), CameraFault::NoRoute),
                (Some(Main), CameraFault::NoRoute),
                (None, CameraFault::OtherShapes),
                (None, CameraFault::FilmCut),
            ]
        );
    }

    #[test]
    fn of_a_main_stream_that_is_away_no_picture_is_late() {
        let mut state = State::new(Demand::ALL);
        let lacks = |state: &State| lacks(state.main.away(), &NoPicture::Late);
        assert_eq!(lacks(&state), "it is away: nothing came of it yet");
        is(&mut state, StreamRole::Main, Online);
        assert_eq!(lacks(&state), "none of that moment came in time");
        is(&mut state, StreamRole::Main, Stalled);
        assert_eq!(lacks(&state), "it is away: no route");
    }

    #[test]
    fn to_who_looks_it_is_one_camera() {
        let mut state = State::new(Demand::ALL);
        let at = |ms: u64| {
            let captured = Timestamp(1_000_000_000_000).plus(Duration::from_millis(ms));
            let clock = ClockSource::Arrival;
            FrameStamp { seq: 900, captured, arrived: captured, offset_ms: 0, clock }
        };
        is(&mut state, StreamRole::Main, Online);
        let first = state.stamp(at(40));
        is(&mut state, StreamRole::Sub, Offline);
        // The other one is behind.
        let second = state.stamp(at(10));
        assert_eq!((first.seq, second.seq), (0, 1));
        assert!(second.captured > first.captured && second.captured < at(41).captured);
        assert_eq!(state.stamp(at(80)).captured, at(80).captured);
        let of = [0, 1, 2].map(|seq| state.stream_of(seq));
        assert_eq!(of, [StreamRole::Sub, StreamRole::Main, StreamRole::Main]);
    }
}
