//! Times, medians, and made-up pictures.

use viahe_edge::clock;

/// Processor time of all threads of this process so far.
pub(crate) fn cpu_ms() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// Wall time of `work`, in ms.
pub(crate) fn timed(work: impl FnOnce()) -> f32 {
    let started = clock::monotonic();
    work();
    started.elapsed().as_secs_f32() * 1e3
}

/// The middle one.
pub(crate) fn median(times: &mut [f32]) -> f32 {
    times.sort_by(f32::total_cmp);
    times[times.len() / 2]
}

/// Values as of a picture, the same at every start.
pub(crate) fn noise(len: usize) -> Vec<f32> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as f32).collect()
}
