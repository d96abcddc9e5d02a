//! Which other pictures an access unit needs, and which need it; by its units' headers alone
//! (ITU-T H.264 7.3.1 and 7.4.1, H.265 7.3.1.2 and 7.4.2.2).
//!
//! The parser's flags do not tell: it takes pictures from which decoding *recovers* for key frames as
//! well, and flags none that no other picture needs.

use super::{Bits, Codec, Coded, Framing, by_lengths, by_start_codes};

/// An access unit, as far as decoding less is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) struct Unit {
    pub(in crate::ingest) kind: Kind,
    /// No other picture refers to it: decoding is exact without it.
    pub(in crate::ingest) disposable: bool,
    /// A picture begins here; else it goes on with the one before.
    pub(in crate::ingest) begins: bool,
}

/// Where decoding can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Kind {
    /// Here: this picture is exact, and so are those after it, [`Kind::Leading`] ones excepted.
    Key,
    /// Here, and pictures are whole after a while that nobody can tell from outside: intra refresh, or
    /// key frames that pictures refer across.
    Recovery,
    /// Refers to what came before the key frame that it follows.
    Leading,
    /// Refers to pictures since the key frame.
    Inter,
    /// Holds no picture.
    Empty,
}

impl Coded {
    /// What an access unit is. To be asked after [`Coded::access_unit`], which reads its parameter sets.
    pub(in crate::ingest) fn unit(&self, data: &[u8]) -> Unit {
        match self.framing {
            Framing::StartCodes => self.first_picture(by_start_codes(data)),
            Framing::Lengths(bytes) => self.first_picture(by_lengths(data, bytes)),
        }
    }

    /// May pictures be coded as two fields, of which only the first is a key frame?
    pub(in crate::ingest) fn fields(&self) -> bool {
        self.set.is_some_and(|set| set.fields)
    }

    /// All slices of a picture are of one kind, so the first one tells.
    fn first_picture<'d>(&self, units: impl Iterator<Item = &'d [u8]>) -> Unit {
        let mut recovers = false;
        for unit in units {
            let picture = match self.codec {
                Codec::H264 => {
                    recovers |= says_recovery(unit);
                    picture_h264(unit)
                }
                Codec::H265 => self.picture_h265(unit),
            };
            match picture {
                Some(unit @ Unit { kind: Kind::Inter, .. }) if recovers => {
                    return Unit { kind: Kind::Recovery, ..unit };
                }
                Some(picture) => return picture,
                None => {}
            }
        }
        Unit { kind: Kind::Empty, disposable: false, begins: false }
    }

    fn picture_h265(&self, unit: &[u8]) -> Option<Unit> {
        let [first, second] = *unit.first_chunk::<2>()?;
        let (kind, layer) = (first >> 1 & 63, (first & 1) << 5 | second >> 3);
        if kind > 31 || layer != 0 {
            return None;
        }
        // Even ones below 16 are referred to by no picture of their own temporal layer; by higher ones
        // they may be.
        let temporal = (second & 7).saturating_sub(1);
        let top = self.set.is_some_and(|set| temporal >= set.top_layer);
        let disposable = top && kind < 16 && kind % 2 == 0;
        let kind = match kind {
            16..=23 => Kind::Key,
            8 | 9 => Kind::Leading,
            _ => Kind::Inter,
        };
        Some(Unit { kind, disposable, begins: unit.get(2).is_some_and(|of| of & 0x80 != 0) })
    }
}

fn picture_h264(unit: &[u8]) -> Option<Unit> {
    let head = *unit.first()?;
    let kind = match head & 31 {
        5 => Kind::Key,
        1 | 2 => Kind::Inter,
        _ => return None,
    };
    // The number of its first macroblock is 0: a single bit that is set.
    let begins = unit.get(1).is_some_and(|of| of & 0x80 != 0);
    Some(Unit { kind, disposable: head & 0b110_0000 == 0, begins })
}

/// Supplemental information that holds a recovery point (H.264 7.3.2.3.1, D.1.8).
fn says_recovery(unit: &[u8]) -> bool {
    let Some((6, body)) = unit.split_first().map(|(head, body)| (head & 31, body)) else {
        return false;
    };
    let mut bits = Bits::new(body);
    // What ends the unit looks like the beginning of another message.
    while let (Some(kind), Some(bytes)) = (number(&mut bits), number(&mut bits)) {
        if kind == 6 && bytes > 0 {
            return true;
        }
        if bits.skip(bytes.saturating_mul(8)).is_none() {
            break;
        }
    }
    false
}

/// A number in bytes, of which all but the last are 255.
fn number(bits: &mut Bits<'_>) -> Option<u32> {
    let mut sum: u32 = 0;
    loop {
        let byte = bits.take(8)?;
        sum = sum.saturating_add(byte);
        if byte != 255 {
            return Some(sum);
        }
    }
}

#[cfg(test)]
mod tests;
