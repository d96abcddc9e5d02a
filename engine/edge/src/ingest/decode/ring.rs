//! The coded pictures since the newest key frame, so that decoding can begin there at any time.

/// More is not kept: at 4 Mb/s twelve seconds.
const BYTES_MAX: usize = 6 << 20;

/// Coded pictures; the first is a key frame.
#[derive(Debug)]
pub(super) struct Ring<U> {
    kept: Vec<Kept<U>>,
    bytes: usize,
    /// Something that later pictures refer to is missing.
    broken: bool,
}

/// A part of a picture, or a whole one.
#[derive(Debug)]
pub(super) struct Kept<U> {
    pub(super) unit: U,
    pub(super) disposable: bool,
    /// It was given to the decoder.
    pub(super) fed: bool,
    /// Goes on with the picture before.
    pub(super) continues: bool,
}

impl<U> Default for Ring<U> {
    fn default() -> Self {
        Self { kept: Vec::new(), bytes: 0, broken: true }
    }
}

impl<U: Clone> Ring<U> {
    /// Begins anew with a key frame; how many pictures were kept in vain.
    pub(super) fn begin(&mut self) -> u64 {
        let unseen = self.unseen();
        self.kept.clear();
        (self.bytes, self.broken) = (0, false);
        unseen
    }

    /// Keeps what may be needed; how many pictures will not be decoded any more because it is too much.
    pub(super) fn push(&mut self, kept: Kept<U>, bytes: usize) -> u64 {
        if self.broken {
            return u64::from(!kept.fed && !kept.continues);
        }
        self.bytes += bytes;
        self.kept.push(kept);
        if self.bytes <= BYTES_MAX {
            return 0;
        }
        self.give_up()
    }

    /// Keeps nothing up to the next key frame; how many pictures will not be decoded any more because of it.
    pub(super) fn give_up(&mut self) -> u64 {
        let unseen = self.unseen();
        self.kept = Vec::new();
        self.broken = true;
        unseen
    }

    /// Is anything missing since the key frame?
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    fn unseen(&self) -> u64 {
        self.kept.iter().filter(|kept| !kept.fed && !kept.continues).count() as u64
    }

    /// All that the newest picture refers to, and itself; none when something of it is gone.
    pub(super) fn catch_up(&mut self) -> Option<Vec<U>> {
        if self.broken {
            return None;
        }
        // Of the pictures that nobody needs the newest alone is worth decoding.
        let newest = self.kept.iter().rposition(|kept| !kept.continues).unwrap_or_default();
        let wanted = |(n, kept): (usize, &mut Kept<U>)| {
            let wanted = n >= newest || !kept.disposable;
            kept.fed |= wanted;
            wanted.then(|| kept.unit.clone())
        };
        Some(self.kept.iter_mut().enumerate().filter_map(wanted).collect())
    }
}
