//! Is a frame's picture that of the last frame that was looked at? Then what was seen there is still there,
//! and no inference is needed.
//!
//! Pure: frames and times come in, answers go out. [`Gate`] is the whole; it reads luma into a [`Grid`],
//! compares it ([`compare`]) where it concerns the camera's rules ([`concern`]), and uses the answer only as far
//! as it has proved itself ([`trust`]). Before that the [`Sizes`] of coded pictures may tell that nothing
//! happens, so that none needs to be decoded. Why so:
//! `docs/adr/0027-unchanged-means-still-there.md`, `docs/adr/0029-sizes-before-pictures.md`.

mod agree;
mod compare;
mod concern;
mod grid;
mod machine;
mod sizes;
mod trust;
mod usual;

pub use grid::Grid;
pub use machine::{Answer, Gate};
pub use sizes::{Compared, Sizes};
pub use trust::Proof;
pub use usual::Sort;

#[cfg(test)]
mod tests;
