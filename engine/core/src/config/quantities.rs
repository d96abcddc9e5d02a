//! What sensors measure, as it is written.

use crate::sensor::Quantity;

/// As [`Quantity`] writes them.
pub(super) const QUANTITIES: &[&str] = &[
    "water_level",
    "rain",
    "pm25",
    "pm10",
    "noise",
    "temperature",
    "door",
    "humidity",
    "wind",
    "flow",
    "battery",
];

/// The quantity of this name.
pub(super) fn quantity(text: &str) -> Option<Quantity> {
    Quantity::ALL.into_iter().find(|quantity| quantity.as_str() == text)
}
