//! The threads that look: frames out of the slots, observations to the engine.

use super::models::Sight;
use super::outlet::Outlet;
use super::tally::{Cost, Tally};
use crate::clock;
use crate::infer::InferError;
use crate::vision::analyse::{Eye, Gaze};
use crate::vision::slots::{Job, Looked, Session, Slots, Work};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use viahe_core::gate::Sizes;
use viahe_core::observe::Observation;
use viahe_core::seam::FromWorker;

/// The cameras of a worker, and the sessions for them.
pub(super) type Desk = Slots<View, Sight<Eye>>;

/// What is remembered of a camera between two frames.
pub(super) struct View {
    pub(super) gaze: Gaze,
    pub(super) tally: Arc<Tally>,
    pub(super) sizes: Arc<Mutex<Sizes>>,
    /// Told before what is seen first.
    pub(super) news: Option<FromWorker>,
}

/// So many threads, until the desk is closed.
pub(super) fn start(
    threads: usize,
    desk: &Arc<Desk>,
    outlet: &Arc<Outlet>,
) -> Result<Vec<JoinHandle<()>>, std::io::Error> {
    let start = |n| {
        let (desk, outlet) = (Arc::clone(desk), Arc::clone(outlet));
        let thread = std::thread::Builder::new().name(format!("infer-{n}"));
        thread.spawn(move || {
            while let Some(work) = desk.take() {
                analyse(work, &desk, &outlet);
            }
        })
    };
    (0..threads.max(1)).map(start).collect()
}

fn analyse(work: Work<View, Sight<Eye>>, desk: &Desk, outlet: &Outlet) {
    let Work { model, mut session, jobs } = work;
    let (used, count) = (clock::thread_cpu(), jobs.len().max(1) as u32);
    let (same, mut jobs) = sort_out(jobs);
    let gate = clock::thread_cpu().saturating_sub(used) / count;
    let (started, used) = (clock::monotonic(), clock::thread_cpu());
    let Session { eye: Sight { eye, watched }, .. } = &mut session;
    let looked = if jobs.is_empty() { Vec::new() } else { look(eye, &mut jobs) };
    watched.add(&eye.take_decoded());
    // Others may need it while this thread tells what it saw.
    desk.give_back(model, session);
    let share = jobs.len().max(1) as u32;
    let took = clock::monotonic().duration_since(started) / share;
    let cost = Cost { took, cpu: gate + clock::thread_cpu().saturating_sub(used) / share };
    for (mut job, observation) in jobs.into_iter().zip(looked) {
        let at = age(&job);
        let View { gaze, tally, news, .. } = &mut job.state;
        tally.looked(at, cost, gaze.tracks());
        tally.cropped(gaze.take_crops());
        if let Some(news) = news.take() {
            outlet.must_tell(news);
        }
        match observation {
            Ok(observation) => {
                outlet.seen(observation, Some((&job.frame, cost.cpu)));
                desk.finish(job, Looked::Analysed);
            }
            Err(error) => failed(job, &error, desk),
        }
    }
    for (job, observation) in same {
        job.state.tally.unchanged(age(&job), gate);
        outlet.seen(observation, None);
        desk.finish(job, Looked::Unchanged);
    }
}

/// A job whose picture is that of its camera's last look, with what is in it.
type Same = (Job<View>, Observation);

/// Those whose picture is unchanged, and the rest.
fn sort_out(jobs: Vec<Job<View>>) -> (Vec<Same>, Vec<Job<View>>) {
    let (mut same, mut rest) = (Vec::new(), Vec::with_capacity(jobs.len()));
    for mut job in jobs {
        let View { gaze, sizes, .. } = &mut job.state;
        let sizes = || sizes.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = sizes().quiet_since(job.frame.stamp().captured);
        let told = gaze.unchanged(&*job.frame, job.gap_max, quiet);
        if let Some(compared) = gaze.take_compared() {
            sizes().checked(compared);
        }
        match told {
            Some(observation) => same.push((job, observation)),
            None => rest.push(job),
        }
    }
    (same, rest)
}

fn age(job: &Job<View>) -> Duration {
    clock::event_time().since(job.frame.stamp().captured)
}

fn failed(mut job: Job<View>, error: &InferError, desk: &Desk) {
    tracing::error!(%error, "a frame could not be analysed");
    job.state.gaze.failed();
    desk.finish(job, Looked::Failed);
}

/// Looks at all jobs at once. When that fails, at each alone: one camera's bad frames must not
/// take those of the others with them.
fn look(eye: &mut Eye, jobs: &mut [Job<View>]) -> Vec<Result<Observation, InferError>> {
    let mut looks: Vec<_> = jobs.iter_mut().map(|job| (&*job.frame, &mut job.state.gaze)).collect();
    match eye.look(&mut looks) {
        Ok(observations) => observations.into_iter().map(Ok).collect(),
        Err(error) if looks.len() == 1 => vec![Err(error)],
        Err(_) => looks.iter_mut().map(|(frame, gaze)| eye.look_at(*frame, gaze)).collect(),
    }
}
