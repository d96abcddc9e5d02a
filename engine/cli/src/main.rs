//! viahe
fn main() {}
