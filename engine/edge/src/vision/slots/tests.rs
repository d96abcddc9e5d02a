#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::clock;
use viahe_contract::message::Severity;
use viahe_core::frame::{ColorMatrix, ColorRange, FrameStamp, FrameView, PixelFormat, Plane};
use viahe_core::time::ClockSource;

struct Grey(FrameStamp);

impl Frame for Grey {
    fn stamp(&self) -> FrameStamp {
        self.0
    }

    fn view(&self) -> FrameView<'_> {
        let plane = Plane { data: &[128; 4], stride: 2 };
        FrameView::new(
            2,
            2,
            PixelFormat::I420,
            ColorMatrix::Bt601,
            ColorRange::Limited,
            &[plane, plane, plane],
        )
        .unwrap()
    }
}

fn frame(seq: u64) -> SharedFrame {
    let at = Timestamp(1_000_000_000_000 + seq * 100_000_000);
    Arc::new(Grey(FrameStamp {
        seq,
        captured: at,
        arrived: at,
        offset_ms: 0,
        clock: ClockSource::Arrival,
    }))
}

const MODEL: ModelId = ModelId(0);
/// A second.
const TWICE: Need = Need { looks_hz: 2.0, gap_max_ms: 500, severity: Severity::Medium };

/// Slots with these models and states, looked at twice a second, and one session of each model.
fn slots(of: &[(ModelId, u32)], batch_max: usize) -> (Slots<u32, ()>, Vec<SlotId>) {
    let slots = Slots::default();
    let seat = |(model, state): &(ModelId, u32)| Seat { model: *model, need: TWICE, state: *state };
    let ids = of.iter().map(|of| slots.add(seat(of))).collect();
    for model in of.iter().map(|(model, _)| *model).collect::<BTreeSet<_>>() {
        slots.add_session(model, Session { eye: (), batch_max });
    }
    (slots, ids)
}

fn offer(slots: &Slots<u32, ()>, slot: SlotId, seq: u64) {
    slots.offer(slot, frame(seq), clock::monotonic());
}

/// Takes what there is, and gives the session back.
fn take(slots: &Slots<u32, ()>) -> Vec<Job<u32>> {
    let Work { model, session, jobs } = slots.take().unwrap();
    slots.give_back(model, session);
    jobs
}

fn dropped(slots: &Slots<u32, ()>, slot: SlotId) -> BTreeMap<DropReason, u64> {
    slots.counts(slot, Timestamp(0)).dropped
}

#[test]
fn the_newest_due_frame_wins_and_the_rest_is_counted() {
    let (slots, ids) = slots(&[(MODEL, 7)], 1);
    let slot = ids[0];
    offer(&slots, slot, 0);
    offer(&slots, slot, 1);
    let job = take(&slots).pop().unwrap();
    assert_eq!((job.frame.stamp().seq, job.state), (1, 7));
    slots.finish(job, Looked::Analysed);
    for seq in 2..=6 {
        offer(&slots, slot, seq); // due again at 6
    }
    let job = take(&slots).pop().unwrap();
    assert_eq!(job.frame.stamp().seq, 6);
    slots.finish(job, Looked::Failed);
    assert_eq!(slots.counts(slot, Timestamp(0)).inferred, 1);
    // Frame 1 took the place of 0 for the same look, which took place.
    let want = [(DropReason::NotDue, 5), (DropReason::InferFailed, 1)];
    assert_eq!(dropped(&slots, slot), want.into_iter().collect());
}

#[test]
fn only_looks_that_did_not_take_place_are_missed() {
    // 10 fps, two looks a second; a thread is free after so many frames.
    let missed = |free_every: u64| {
        let (slots, ids) = slots(&[(MODEL, 0)], 1);
        let slot = ids[0];
        let mut looks = 0;
        for seq in 0..1000 {
            offer(&slots, slot, seq);
            let waits = slots.lock().slots[&slot].waiting.is_some();
            if seq % free_every == free_every - 1 && waits {
                slots.finish(take(&slots).pop().unwrap(), Looked::Analysed);
                looks += 1;
            }
        }
        let Counts { inferred, dropped, .. } = slots.counts(slot, Timestamp(0));
        assert_eq!(inferred, looks);
        let counted = inferred + dropped.values().sum::<u64>();
        assert!((998..=1000).contains(&counted), "each frame once: {counted}");
        (looks, dropped.get(&DropReason::Superseded).copied().unwrap_or_default())
    };
    assert_eq!(missed(1), (200, 0));
    // Late by up to 0.4 s, and still each look takes place.
    assert_eq!(missed(5).1, 0);
    // Two looks of three are missed, or nine of ten.
    let (looks, lost) = missed(15);
    assert!((195..=201).contains(&(looks + lost)) && looks < 70, "{looks} {lost}");
    let (looks, lost) = missed(50);
    assert!((190..=201).contains(&(looks + lost)) && looks < 25, "{looks} {lost}");
}

#[test]
fn a_camera_is_with_one_thread_at_a_time_and_batches_share_the_work() {
    let other = ModelId(1);
    let (slots, ids) = slots(&[(MODEL, 0), (other, 1), (MODEL, 2), (MODEL, 3)], 2);
    for slot in &ids {
        offer(&slots, *slot, 0);
    }
    let of = |jobs: &[Job<u32>]| jobs.iter().map(|job| job.state).collect::<Vec<_>>();
    // One thread for four cameras takes all of the first model, as far as the batch goes.
    let jobs = take(&slots);
    assert_eq!(of(&jobs), [0, 2]);
    offer(&slots, ids[0], 9); // waits for its state
    assert_eq!(of(&take(&slots)), [1]);
    for job in jobs {
        slots.finish(job, Looked::Analysed);
    }
    assert_eq!(of(&take(&slots)), [3, 0]);
    slots.close();
    assert!(slots.take().is_none());
}

/// Frames three seconds apart, five are borne: each is looked at, since with every other one it would be six.
#[test]
fn no_gap_is_longer_than_is_borne() {
    let (slots, ids) = slots(&[(MODEL, 0)], 1);
    let need = Need { gap_max_ms: 5_000, ..Need::steady(1.0) };
    slots.attend(ids[0], need, frame(0).stamp().captured);
    let looked = |apart: u64| {
        let mut looked = Vec::new();
        for seq in (1..8).map(|n| 1_000 * apart + n * apart) {
            offer(&slots, ids[0], seq);
            if slots.lock().slots[&ids[0]].waiting.is_some() {
                slots.finish(take(&slots).pop().unwrap(), Looked::Analysed);
                looked.push(seq - 1_000 * apart);
            }
        }
        looked
    };
    // In tenths of a second.
    assert_eq!(looked(30), [30, 60, 90, 120, 150, 180, 210]);
    let often = looked(10);
    assert!(often.windows(2).all(|two| two[1] - two[0] <= 50), "{often:?}");
    assert!(often.len() <= 3, "{often:?}");
}

/// Of two looks the one that must take place first does, not the one that was due first.
#[test]
fn the_earliest_deadline_comes_first() {
    for (gap_max_ms, late_ms, want) in
        [(500, 100, [0, 1]), (5_000, 4_000, [1, 0]), (5_000, 4_600, [0, 1])]
    {
        let (slots, ids) = slots(&[(MODEL, 0), (MODEL, 1)], 1);
        let at = frame(0).stamp().captured;
        slots.attend(ids[0], Need { gap_max_ms, ..TWICE }, at);
        let begin = clock::monotonic();
        slots.offer(ids[0], frame(0), begin);
        slots.offer(ids[1], frame(0), begin + Duration::from_millis(late_ms));
        let order = [take(&slots).remove(0).state, take(&slots).remove(0).state];
        assert_eq!(order, want, "{gap_max_ms} ms, {late_ms} ms later");
    }
}

#[test]
fn a_model_without_a_free_session_holds_nobody_else_up() {
    let other = ModelId(1);
    let (slots, ids) = slots(&[(MODEL, 0), (MODEL, 1), (other, 2)], 1);
    for slot in &ids {
        offer(&slots, *slot, 0);
    }
    let first = slots.take().unwrap();
    assert_eq!((first.model, first.jobs[0].state), (MODEL, 0));
    assert_eq!(take(&slots)[0].state, 2, "its model is free");
    slots.give_back(MODEL, first.session);
    assert_eq!(take(&slots)[0].state, 1);
}

#[test]
fn cameras_and_models_come_and_go_between_frames_and_no_frame_is_lost() {
    let (slots, ids) = slots(&[(MODEL, 1), (MODEL, 2)], 1);
    let (stays, goes) = (ids[0], ids[1]);
    offer(&slots, stays, 0);
    offer(&slots, goes, 0);
    let [at_work, leaving] = [0; 2].map(|_| take(&slots).pop().unwrap());
    offer(&slots, stays, 5);
    // While a thread looks, another model takes over: what waits is looked at with it.
    let other = ModelId(1);
    slots.add_session(other, Session { eye: (), batch_max: 1 });
    slots.change_model(stays, other, 10);
    slots.remove(goes);
    assert_eq!(slots.keep_models(&[other].into()).len(), 1);
    slots.finish(at_work, Looked::Analysed);
    slots.finish(leaving, Looked::Analysed);
    offer(&slots, goes, 5);
    let work = slots.take().unwrap();
    assert_eq!((work.model, work.jobs[0].state), (other, 10));
    assert_eq!(work.jobs[0].frame.stamp().seq, 5);
    slots.give_back(other, work.session);
    slots.finish(work.jobs.into_iter().next().unwrap(), Looked::Analysed);
    // Nobody looks: at once.
    slots.add_session(MODEL, Session { eye: (), batch_max: 1 });
    slots.change_model(stays, MODEL, 20);
    offer(&slots, stays, 10);
    assert_eq!(take(&slots)[0].state, 20);
    let Counts { inferred, dropped, .. } = slots.counts(stays, Timestamp(0));
    assert_eq!((inferred, dropped), (2, BTreeMap::new()), "the third is being looked at");
    assert!(slots.kept(goes, 0).is_none());
    let again = slots.add(Seat { model: MODEL, need: TWICE, state: 3 });
    assert!(again != goes && again != stays, "what was offered to one that left meets no other");
}

#[test]
fn another_rate_holds_from_the_next_frame_on() {
    let (slots, ids) = slots(&[(MODEL, 0)], 1);
    let mut looks = 0;
    for seq in 0..100 {
        if seq == 50 {
            slots.attend(ids[0], Need::steady(5.0), frame(seq).stamp().captured);
        }
        offer(&slots, ids[0], seq);
        if slots.lock().slots[&ids[0]].waiting.is_some() {
            slots.finish(take(&slots).pop().unwrap(), Looked::Analysed);
            looks += 1;
        }
    }
    assert_eq!(looks, 10 + 25);
}

#[test]
fn pictures_come_from_the_frame_asked_for_or_the_newest() {
    let (slots, ids) = slots(&[(MODEL, 0)], 1);
    assert!(slots.kept(ids[0], 0).is_none());
    let kept = |seqs: &[u64], hz| {
        slots.attend(ids[0], Need::steady(hz), frame(seqs[0]).stamp().captured);
        for seq in seqs {
            offer(&slots, ids[0], *seq);
            slots.finish(take(&slots).pop().unwrap(), Looked::Analysed);
        }
        let found = |seq: &u64| slots.kept(ids[0], *seq).unwrap().stamp().seq == *seq;
        seqs.iter().copied().filter(found).collect::<Vec<_>>()
    };
    assert_eq!(kept(&[0, 5, 10, 15, 20, 25], 2.0), [20, 25], "two a second: for 0.8 s");
    assert_eq!(kept(&[40, 60, 80, 100], 0.5), [100], "the newest of rare looks");
    let frequent = [120, 122, 124, 126, 128, 130];
    assert_eq!(kept(&frequent, 5.0), [124, 126, 128, 130], "four of frequent ones");
    assert_eq!(slots.kept(ids[0], 0).unwrap().stamp().seq, 130, "gone");
    assert!(slots.keeps(ids[0], 124) && !slots.keeps(ids[0], 0));
}

#[test]
fn a_camera_that_is_not_needed_is_not_analysed_and_shows_its_newest_frame() {
    let (slots, ids) = slots(&[(MODEL, 0)], 1);
    let slot = ids[0];
    let at = |seq: u64| frame(seq).stamp().captured;
    offer(&slots, slot, 0);
    slots.finish(take(&slots).pop().unwrap(), Looked::Analysed);
    (1..=5).for_each(|seq| offer(&slots, slot, seq));
    // One is due and waits; nobody needs it any more.
    slots.attend(slot, Need::NONE, at(5));
    (6..=50).for_each(|seq| offer(&slots, slot, seq));
    assert_eq!(slots.kept(slot, 0).unwrap().stamp().seq, 0, "of an incident that has just ended");
    assert_eq!(slots.kept(slot, 7).unwrap().stamp().seq, 50, "the newest");
    (51..=203).for_each(|seq| offer(&slots, slot, seq));
    assert_eq!(slots.kept(slot, 0).unwrap().stamp().seq, 203, "it is not kept for ever");
    // The look that would have been due at 205 takes place, at the next frame that comes.
    slots.attend(slot, TWICE, at(204));
    (204..=205).for_each(|seq| offer(&slots, slot, seq));
    let job = take(&slots).pop().unwrap();
    assert_eq!(job.frame.stamp().seq, 205);
    slots.finish(job, Looked::Analysed);
    let want = [(DropReason::NotDue, 5), (DropReason::NotNeeded, 199)];
    assert_eq!(dropped(&slots, slot), want.into_iter().collect());
}

#[test]
fn looks_that_are_later_than_the_rules_bear_are_counted_while_pictures_come() {
    // 10 fps, two looks a second; a thread is free after so many frames, and a camera may be away.
    let late = |free_every: u64, away: std::ops::Range<u64>| {
        let (slots, ids) = slots(&[(MODEL, 0)], 1);
        let slot = ids[0];
        for seq in (0..1000).filter(|seq| !away.contains(seq)) {
            if seq == away.end {
                slots.away(slot);
            }
            offer(&slots, slot, seq);
            let waits = slots.lock().slots[&slot].waiting.is_some();
            if seq % free_every == free_every - 1 && waits {
                slots.finish(take(&slots).pop().unwrap(), Looked::Analysed);
            }
        }
        slots.counts(slot, frame(999).stamp().captured).late
    };
    assert_eq!(late(1, 0..0), 0);
    assert_eq!(late(6, 0..0), 0, "a look every 0.6 s");
    // The rules bear 0.5 s, a tenth of it and a picture; looks come each 1 s, and each 2 s.
    assert_eq!([late(10, 0..0), late(20, 0..0)], [100, 149]);
    assert_eq!(late(1, 300..700), 0, "it was away");
    let (slots, ids) = slots(&[(MODEL, 0)], 1);
    offer(&slots, ids[0], 0);
    let after = |secs: u64| slots.counts(ids[0], frame(secs * 10).stamp().captured).late;
    assert_eq!([after(1), after(10)], [0, 16], "no thread ever takes it");
}

/// Looks kept of those wanted, and the longest gap in seconds, by severity: of 16 cameras that want a look a second,
/// half of them grave, when so many times as much is wanted as can be done.
fn at_load(load: f64) -> [(f64, f64); 2] {
    let need = |severity| Need { severity, ..Need::steady(1.0) };
    let kinds = [Severity::High, Severity::Low];
    let slots: Slots<usize, ()> = Slots::default();
    let cameras: Vec<(SlotId, usize)> = (0..16)
        .map(|n| {
            let seat = Seat { model: MODEL, need: need(kinds[n % 2]), state: n };
            (slots.add(seat), n % 2)
        })
        .collect();
    slots.add_session(MODEL, Session { eye: (), batch_max: 1 });
    let (zero, service, lasts) = (clock::monotonic(), load / 16.0, 120.0);
    let mut looks: BTreeMap<SlotId, Vec<f64>> = BTreeMap::new();
    let (mut now, mut seq, mut busy) = (0.0f64, 0u64, None::<(f64, Work<usize, ()>)>);
    while now < lasts {
        // Each camera sends ten pictures a second, at times of its own.
        let picture = seq as f64 / 160.0;
        let done = busy.as_ref().map_or(f64::INFINITY, |(at, _)| *at);
        now = picture.min(done);
        let at = zero + Duration::from_secs_f64(now);
        if done <= picture {
            let Some((_, work)) = busy.take() else { break };
            for job in work.jobs {
                looks.entry(job.slot).or_default().push(now);
                slots.finish(job, Looked::Analysed);
            }
            slots.give_back(MODEL, work.session);
        } else {
            let slot = cameras[(seq % 16) as usize].0;
            slots.offer(slot, frame(seq / 16), at);
            seq += 1;
        }
        if busy.is_none() {
            busy = slots.lock().pick(at).map(|work| (now + service, work));
        }
    }
    [0, 1].map(|kind| {
        let of = cameras.iter().filter(|(_, of)| *of == kind).map(|(slot, _)| &looks[slot]);
        let kept = of.clone().map(Vec::len).sum::<usize>() as f64 / (8.0 * lasts);
        let gaps = of.flat_map(|looks| looks.windows(2).map(|two| two[1] - two[0]));
        (kept, gaps.fold(0.0, f64::max))
    })
}

#[test]
fn when_the_box_is_short_what_is_less_grave_waits_and_never_beyond_twice_what_is_borne() {
    for (load, want) in
        [(0.9, [1.0, 1.0]), (1.5, [0.83, 0.5]), (2.0, [0.5, 0.5]), (4.0, [0.25, 0.25])]
    {
        let got = at_load(load);
        for ((kept, gap), want) in got.into_iter().zip(want) {
            assert!((kept - want).abs() < 0.06, "{load}: {kept:.2} of {want}: {got:?}");
            // A picture, and a look that is under way.
            let most = (1.0 / want).max(if load < 1.0 { 1.0 } else { 2.0 }) * 1.3;
            assert!(gap <= most, "{load}: {gap:.2} s: {got:?}");
        }
    }
}

#[test]
fn a_look_is_told_without_a_frame_when_it_is_due_and_nobody_looks() {
    let (slots, ids) = slots(&[(MODEL, 7)], 1);
    let (slot, at) = (ids[0], |n| frame(n).stamp().captured);
    let tell = |n, can: bool| {
        slots.tell_again(slot, at(n), |state, gap| can.then_some((*state, gap.as_millis())))
    };
    slots.offer(slot, frame(0), clock::monotonic());
    assert_eq!(tell(5, true), None, "a frame waits");
    let mut work = slots.take().unwrap();
    assert_eq!(tell(5, true), None, "a thread has it");
    slots.finish(work.jobs.remove(0), Looked::Analysed);
    slots.give_back(work.model, work.session);
    assert_eq!(tell(3, true), None, "it is not due");
    assert_eq!(tell(5, false), None);
    assert_eq!(tell(5, true), Some((7, 500)));
    assert_eq!(tell(6, true), None, "it has been told");
    assert_eq!(tell(10, true), Some((7, 500)));
    let counts = slots.counts(slot, at(11));
    assert_eq!((counts.told, counts.inferred, counts.late), (2, 1, 0));
}

#[test]
fn what_happens_is_looked_at_whatever_the_pace() {
    let (slots, ids) = slots(&[(MODEL, 7)], 1);
    let offer = |n| slots.offer(ids[0], frame(n), clock::monotonic());
    offer(0);
    let mut work = slots.take().unwrap();
    slots.finish(work.jobs.remove(0), Looked::Analysed);
    slots.give_back(work.model, work.session);
    slots.hurry(ids[0], frame(3).stamp().captured);
    assert_eq!(slots.tell_again(ids[0], frame(5).stamp().captured, |_, _| Some(())), None);
    offer(2);
    assert_eq!(slots.longest_wait(clock::monotonic() + Duration::from_secs(1)), Duration::ZERO);
    offer(3);
    assert_eq!(slots.take().unwrap().jobs[0].frame.stamp().seq, 3);
}
