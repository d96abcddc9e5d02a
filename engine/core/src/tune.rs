//! How the sessions of a model are to run on a box, by what was measured on that box.
//!
//! Pure: which settings are worth trying ([`settings`]), which of them is used ([`choose`]), and the
//! file that keeps what was measured ([`Book`]). Who measures, and on what, is the edge's business.
//!
//! Rule: another setting than the default is used only where it has won by [`MARGIN`], side by side, so
//! a box is never slower for it; and only where the rules ask for more than the default gives with ease,
//! since each session takes memory. Why so: `docs/adr/0031-measured-inference.md`.

mod book;
mod choose;
mod precision;
mod provider;
mod setting;

pub use book::{BOOK_BYTES_MAX, Book, Entry, Key, TuneVersion, Unreadable};
pub use choose::{Choice, MARGIN, Measured, ROUNDS_MIN, Why, best, choose, load};
pub use precision::{Precise, chosen_precision};
pub use provider::Provider;
pub use setting::{Running, Setting, THREADS_MAX, settings};
