//! Versions of what is written and read again: each format has its own, with its history by name.
//!
//! A format gets a new version when what an older viahe wrote would be read otherwise than it was meant.
//! The new one comes with a step from the one before, and a file that the one before wrote goes to
//! `fixtures/formats`, where a test reads it.

/// It was written by a version of viahe that is newer than this one, or by none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is {what} of version {found}, and this viahe knows versions 1 to {newest}")]
pub struct UnknownVersion {
    /// Of what.
    pub what: &'static str,
    /// What it says.
    pub found: u32,
    /// Newest known.
    pub newest: u32,
}

/// Declares the versions that a format has had, oldest first and numbered from 1; the last one is
/// written today. `$what` is the format with its article, as errors say it.
#[macro_export]
macro_rules! versions {
    (
        $(#[$doc:meta])* $name:ident, $what:literal:
        $($(#[$of_version:meta])* $version:ident = $number:literal,)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$of_version])* $version = $number,)+
        }

        impl $name {
            /// All there have been, oldest first.
            pub const ALL: &[Self] = &[$(Self::$version),+];
            /// The one that is written.
            pub const NEWEST: Self = Self::ALL[Self::ALL.len() - 1];

            /// As it is written.
            pub const fn number(self) -> u32 {
                self as u32
            }
        }

        impl TryFrom<u32> for $name {
            type Error = $crate::version::UnknownVersion;

            fn try_from(found: u32) -> Result<Self, Self::Error> {
                let known = Self::ALL.iter().find(|version| version.number() == found);
                known.copied().ok_or($crate::version::UnknownVersion {
                    what: $what,
                    found,
                    newest: Self::NEWEST.number(),
                })
            }
        }
    };
}
