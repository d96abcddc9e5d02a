//! Criterion benches of viahe; see `benches/`. This library is empty on purpose.
