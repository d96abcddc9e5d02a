//! Made sequences with known truth.
