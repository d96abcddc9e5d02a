//! How much work incidents make, and how good they are: reckoning alone, over values and times that are given.
//!
//! Bounds are those of alarm management: EEMUA 191 (third edition) and ISA-18.2 / IEC 62682.

mod estimate;
mod flood;
mod load;
mod proposal;

pub use estimate::{Estimate, estimate};
pub use flood::{Arrival, Cause, Found, SPAN_MS, Signs, found, is_over};
pub use load::{
    Counts, FLOOD_PER_WINDOW, Load, MANAGEABLE_PER_HOUR, MOST_PER_HOUR, Point, Stretch, Totals,
    WINDOW_MS, grouped, loads, totals,
};
pub use proposal::{Bound, Graded, proposed};
