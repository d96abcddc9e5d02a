//! What an access unit tells before a decoder sees it: the size that its pictures are coded in, and
//! what other pictures it needs ([`unit`]).
//!
//! A stream tells two sizes: that which is shown, in the caps of the parser, and that which is coded
//! and decoded, of which the first may be a small part cut out. The decoder takes memory for the
//! second. Both kinds of parameter sets begin alike enough to be read up to the size and no further (ITU-T H.264
//! 7.3.2.1.1, H.265 7.3.2.2.1); one that cannot be read is left to the decoder, which cannot either.

pub(super) mod unit;

use super::codec::Codec;
use memchr::memmem;

/// Where the units of a stream begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// Each after 00 00 01.
    StartCodes,
    /// Each after its length in so many bytes.
    Lengths(usize),
}

/// Reads one stream.
#[derive(Debug)]
pub(super) struct Coded {
    codec: Codec,
    framing: Framing,
    /// The newest parameter set.
    set: Option<ParameterSet>,
}

/// Width and height in pixels.
pub(super) type Size = (u64, u64);

/// What a sequence parameter set tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ParameterSet {
    size: Size,
    /// H.264: pictures may be coded as two fields.
    fields: bool,
    /// H.265: the highest temporal layer.
    top_layer: u8,
}

impl Coded {
    pub(super) fn new(codec: Codec) -> Self {
        Self { codec, framing: Framing::StartCodes, set: None }
    }

    /// New caps: how units are framed from here on (`codec_data` is there when they have lengths), and
    /// the largest size that the parameter sets beside the stream declare.
    pub(super) fn caps(&mut self, codec_data: Option<&[u8]>) -> Option<Size> {
        let Some(data) = codec_data else {
            self.framing = Framing::StartCodes;
            return None;
        };
        let at = if self.codec == Codec::H264 { 4 } else { 21 };
        self.framing = Framing::Lengths(data.get(at).map_or(4, |b| usize::from(b & 3) + 1));
        let units = match self.codec {
            Codec::H264 => beside_h264(data),
            Codec::H265 => beside_h265(data),
        };
        self.largest(units.into_iter())
    }

    /// The largest size that an access unit declares; most declare none.
    pub(super) fn access_unit(&mut self, data: &[u8]) -> Option<Size> {
        match self.framing {
            Framing::StartCodes => self.largest(by_start_codes(data)),
            Framing::Lengths(bytes) => self.largest(by_lengths(data, bytes)),
        }
    }

    fn largest<'d>(&mut self, units: impl Iterator<Item = &'d [u8]>) -> Option<Size> {
        let codec = self.codec;
        let sets = units.filter_map(|unit| match codec {
            Codec::H264 => set_h264(unit),
            Codec::H265 => set_h265(unit),
        });
        let sizes = sets.map(|set| self.set.insert(set).size);
        sizes.max_by_key(|(width, height)| width.saturating_mul(*height))
    }
}

/// Takes `n` bytes off the front.
fn take<'d>(data: &mut &'d [u8], n: usize) -> Option<&'d [u8]> {
    let (front, rest) = data.split_at_checked(n)?;
    *data = rest;
    Some(front)
}

/// A unit after its length in `bytes` bytes.
fn framed<'d>(data: &mut &'d [u8], bytes: usize) -> Option<&'d [u8]> {
    let length = take(data, bytes)?.iter().fold(0, |n, b| n << 8 | usize::from(*b));
    take(data, length)
}

fn by_lengths(mut data: &[u8], bytes: usize) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || framed(&mut data, bytes))
}

fn by_start_codes(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = next_unit(data);
    std::iter::from_fn(move || {
        let unit = rest?;
        rest = next_unit(unit);
        // With what follows it: only its beginning is read.
        Some(unit)
    })
}

/// What follows the first start code.
fn next_unit(data: &[u8]) -> Option<&[u8]> {
    let at = memmem::find(data, &[0, 0, 1])?;
    data.get(at + 3..)
}

/// The sequence parameter sets of an `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15).
fn beside_h264(data: &[u8]) -> Vec<&[u8]> {
    let Some((count, mut rest)) = data.get(5..).and_then(<[u8]>::split_first) else {
        return Vec::new();
    };
    (0..count & 31).map_while(|_| framed(&mut rest, 2)).collect()
}

/// All units of an `HEVCDecoderConfigurationRecord`.
fn beside_h265(data: &[u8]) -> Vec<&[u8]> {
    let mut units = Vec::new();
    let Some((arrays, mut rest)) = data.get(22..).and_then(<[u8]>::split_first) else {
        return units;
    };
    for _ in 0..*arrays {
        let Some([_, high, low]) = take(&mut rest, 3) else { break };
        let count = u16::from_be_bytes([*high, *low]);
        units.extend((0..count).map_while(|_| framed(&mut rest, 2)));
    }
    units
}

/// Profiles of H.264 whose parameter sets tell of chroma.
const WITH_CHROMA: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

fn set_h264(unit: &[u8]) -> Option<ParameterSet> {
    let (head, body) = unit.split_first()?;
    if head & 31 != 7 {
        return None;
    }
    let mut bits = Bits::new(body);
    let profile = bits.take(8)?;
    bits.take(16)?;
    bits.golomb()?;
    if WITH_CHROMA.contains(&profile) {
        let chroma = bits.golomb()?;
        if chroma == 3 {
            bits.take(1)?;
        }
        bits.golomb()?;
        bits.golomb()?;
        bits.take(1)?;
        if bits.take(1)? == 1 {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                if bits.take(1)? == 1 {
                    skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.golomb()?;
    match bits.golomb()? {
        0 => drop(bits.golomb()?),
        1 => {
            bits.take(1)?;
            bits.golomb()?;
            bits.golomb()?;
            for _ in 0..bits.golomb()?.min(255) {
                bits.golomb()?;
            }
        }
        _ => {}
    }
    bits.golomb()?;
    bits.take(1)?;
    let (width, height) = (bits.golomb()?, bits.golomb()?);
    let fields = bits.take(1)? == 0;
    // Lines are counted in pairs where fields may be coded.
    let lines = if fields { 32 } else { 16 };
    let size = ((u64::from(width) + 1) * 16, (u64::from(height) + 1) * lines);
    Some(ParameterSet { size, fields, top_layer: 0 })
}

fn skip_scaling_list(bits: &mut Bits<'_>, length: usize) -> Option<()> {
    let (mut last, mut next) = (8, 8);
    for _ in 0..length {
        if next != 0 {
            let delta = signed(bits.golomb()?);
            next = (last + delta).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn signed(code: u32) -> i64 {
    let half = i64::from(code).div_euclid(2) + i64::from(code % 2);
    if code.is_multiple_of(2) { -half } else { half }
}

fn set_h265(unit: &[u8]) -> Option<ParameterSet> {
    let (head, body) = unit.split_first_chunk::<2>()?;
    let layer = (head[0] & 1) << 5 | head[1] >> 3;
    if head[0] >> 1 & 63 != 33 || layer != 0 {
        return None;
    }
    let mut bits = Bits::new(body);
    bits.take(4)?;
    let more_layers = bits.take(3)?;
    bits.take(1)?;
    // Profile, tier and level; of each further layer, if it says so.
    bits.skip(96)?;
    let mut told = Vec::new();
    for _ in 0..more_layers {
        told.push((bits.take(1)?, bits.take(1)?));
    }
    if more_layers > 0 {
        bits.skip(2 * (8 - more_layers))?;
    }
    for (profile, level) in told {
        bits.skip(88 * profile + 8 * level)?;
    }
    bits.golomb()?;
    if bits.golomb()? == 3 {
        bits.take(1)?;
    }
    let size = (u64::from(bits.golomb()?), u64::from(bits.golomb()?));
    Some(ParameterSet { size, fields: false, top_layer: more_layers as u8 })
}

/// Bits of a unit, without the bytes that keep start codes out of it.
struct Bits<'d> {
    data: &'d [u8],
    /// Bytes read.
    at: usize,
    zeros: u8,
    byte: u8,
    /// Bits of `byte` that are left.
    left: u32,
}

impl<'d> Bits<'d> {
    fn new(data: &'d [u8]) -> Self {
        Self { data, at: 0, zeros: 0, byte: 0, left: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.byte = self.next_byte()?;
            self.left = 8;
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    fn next_byte(&mut self) -> Option<u8> {
        let mut byte = *self.data.get(self.at)?;
        self.at += 1;
        if self.zeros >= 2 && byte == 3 {
            self.zeros = 0;
            byte = *self.data.get(self.at)?;
            self.at += 1;
        }
        self.zeros = if byte == 0 { self.zeros.saturating_add(1) } else { 0 };
        Some(byte)
    }

    /// A number of at most 32 bits.
    fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |n: u32, _| Some(n << 1 | self.bit()?))
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.bit().map(drop))
    }

    /// An Exp-Golomb code (H.264 9.1).
    fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        (self.take(zeros)?).checked_add((1 << zeros) - 1)
    }
}

#[cfg(test)]
pub(super) mod tests;
