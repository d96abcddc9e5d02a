//! The threads that look: frames out of the slots, observations to the engine.

use super::models::Sight;
use super::outlet::Outlet;
use super::tally::{Cost, Tally};
use crate::clock;
use crate::infer::InferError;
use crate::vision::analyse::{Eye, Gaze};
use crate::vision::slots::{Job, Looked, Session, Slots, Work};
use std::sync::Arc;
use std::thread::JoinHandle;
use viahe_core::observe::Observation;
use viahe_core::seam::FromWorker;

/// The cameras of a worker, and the sessions for them.
pub(super) type Desk = Slots<View, Sight<Eye>>;

/// What is remembered of a camera between two frames.
pub(super) struct View {
    pub(super) gaze: Gaze,
    pub(super) tally: Arc<Tally>,
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
    let Work { model, mut session, mut jobs } = work;
    let (started, used) = (clock::monotonic(), clock::thread_cpu());
    let Session { eye: Sight { eye, watched }, .. } = &mut session;
    let looked = look(eye, &mut jobs);
    watched.add(&eye.take_decoded());
    // Others may need it while this thread tells what it saw.
    desk.give_back(model, session);
    let share = jobs.len().max(1) as u32;
    let took = clock::monotonic().duration_since(started) / share;
    let cost = Cost { took, cpu: clock::thread_cpu().saturating_sub(used) / share };
    for (job, observation) in jobs.into_iter().zip(looked) {
        tell(job, observation, cost, desk, outlet);
    }
}

fn tell(
    mut job: Job<View>,
    observation: Result<Observation, InferError>,
    cost: Cost,
    desk: &Desk,
    outlet: &Outlet,
) {
    let View { gaze, tally, news } = &mut job.state;
    let age = clock::event_time().since(job.frame.stamp().captured);
    tally.looked(age, cost, gaze.tracks());
    if let Some(news) = news.take() {
        outlet.must_tell(news);
    }
    let looked = match observation {
        Ok(observation) => {
            outlet.tell(FromWorker::Observation(observation));
            Looked::Analysed
        }
        Err(error) => {
            tracing::error!(%error, "a frame could not be analysed");
            Looked::Failed
        }
    };
    desk.finish(job, looked);
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
