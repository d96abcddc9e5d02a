//! Packets of RTP between the messages of RTSP, and what they hold of a picture (RFC 3550, 5.1; RFC 6184, 5;
//! RFC 7798, 4.4).

use crate::ingest::codec::Codec;

/// `$`, channel and length.
pub(super) const FRAMING: usize = 4;
/// Payload types that look like packet types of RTCP (RFC 5761, 4).
const REPORTS: std::ops::RangeInclusive<u8> = 64..=95;
/// Bytes before a fragment's data, at most.
pub(super) const HEAD_MAX: usize = 3;
/// Of the last of them.
pub(super) const STARTS: u8 = 0x80;
pub(super) const ENDS: u8 = 0x40;

/// A packet, as far as it is looked at.
#[derive(Clone, Copy)]
pub(super) struct Packet<'p> {
    pub(super) channel: u8,
    pub(super) header: &'p [u8],
    pub(super) payload: &'p [u8],
}

impl<'p> Packet<'p> {
    /// Reads one with its framing; none when it is no RTP.
    pub(super) fn read(framed: &'p [u8]) -> Option<Self> {
        let (framing, packet) = framed.split_at_checked(FRAMING)?;
        let (first, second) = (*packet.first()?, *packet.get(1)?);
        if first >> 6 != 2 || REPORTS.contains(&(second & 0x7f)) {
            return None;
        }
        let mut header = 12 + 4 * usize::from(first & 15);
        if first & 0x10 != 0 {
            let length = packet.get(header + 2..header + 4)?;
            header += 4 + 4 * usize::from(u16::from_be_bytes([length[0], length[1]]));
        }
        let (header, payload) = packet.split_at_checked(header)?;
        let padding = if first & 0x20 == 0 { 0 } else { usize::from(*payload.last()?) };
        let payload = &payload[..payload.len().checked_sub(padding)?];
        Some(Self { channel: framing[1], header, payload })
    }

    pub(super) fn kind(&self) -> u8 {
        self.header[1] & 0x7f
    }

    /// The last one of its picture, if the camera marks these.
    pub(super) fn is_marked(&self) -> bool {
        self.header[1] & 0x80 != 0
    }

    pub(super) fn seq(&self) -> u16 {
        u16::from_be_bytes([self.header[2], self.header[3]])
    }

    /// Timestamp and source.
    pub(super) fn of(&self) -> &'p [u8] {
        &self.header[4..12]
    }

    pub(super) fn source(&self) -> u32 {
        number(&self.header[8..])
    }
}

/// Of four bytes.
pub(super) fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |n, b| n << 8 | u32::from(*b))
}

/// What a packet holds.
pub(super) enum Content<'p> {
    Unit(&'p [u8]),
    /// Whole units, each after its length in two bytes.
    Units(&'p [u8]),
    Fragment(Fragment<'p>),
}

/// A part of a unit.
pub(super) struct Fragment<'p> {
    pub(super) head: Head,
    pub(super) data: &'p [u8],
}

/// What stands before a fragment's data.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    bytes: [u8; HEAD_MAX],
    pub(super) marks: u8,
}

impl<'p> Content<'p> {
    /// None where it is something else, or damaged.
    pub(super) fn read(codec: Codec, payload: &'p [u8]) -> Option<Self> {
        let (head, rest) = payload.split_at_checked(unit_head_bytes(codec))?;
        let of_fragment = *rest.first()?;
        match (codec, kind(codec, head)) {
            (_, of) if is_unit(codec, of) => Some(Self::Unit(payload)),
            (Codec::H264, 24) | (Codec::H265, 48) => {
                are_units(codec, rest).then_some(Self::Units(rest))
            }
            (Codec::H264, 28) | (Codec::H265, 49) => {
                let whole = of_fragment & if codec == Codec::H264 { 31 } else { 63 };
                let mut bytes = [0; HEAD_MAX];
                bytes[..head.len()].copy_from_slice(head);
                bytes[head.len()] = of_fragment & !(STARTS | ENDS);
                let head = Head { bytes, marks: of_fragment & (STARTS | ENDS) };
                // What cannot stand alone would become another thing than it is.
                let good = is_unit(codec, whole) && rest.len() > 1;
                good.then_some(Self::Fragment(Fragment { head, data: &rest[1..] }))
            }
            _ => None,
        }
    }

    /// Does it go on with what has begun before?
    pub(super) fn continues(&self) -> bool {
        matches!(self, Self::Fragment(fragment) if fragment.head.marks & STARTS == 0)
    }
}

impl Head {
    pub(super) fn with(self, marks: u8) -> Self {
        Self { marks, ..self }
    }

    /// As it stands before a fragment.
    pub(super) fn of_fragment(mut self, codec: Codec) -> ([u8; HEAD_MAX], usize) {
        let at = unit_head_bytes(codec);
        self.bytes[at] |= self.marks;
        (self.bytes, at + 1)
    }

    /// As it stands before the unit when it is whole.
    pub(super) fn of_unit(self, codec: Codec) -> ([u8; HEAD_MAX], usize) {
        let [first, second, third] = self.bytes;
        let bytes = match codec {
            Codec::H264 => [first & 0xe0 | second & 31, 0, 0],
            Codec::H265 => [first & 0x81 | (third & 63) << 1, second, 0],
        };
        (bytes, unit_head_bytes(codec))
    }
}

const fn unit_head_bytes(codec: Codec) -> usize {
    match codec {
        Codec::H264 => 1,
        Codec::H265 => 2,
    }
}

fn kind(codec: Codec, head: &[u8]) -> u8 {
    match codec {
        Codec::H264 => head[0] & 31,
        Codec::H265 => head[0] >> 1 & 63,
    }
}

fn is_unit(codec: Codec, kind: u8) -> bool {
    match codec {
        Codec::H264 => (1..=23).contains(&kind),
        Codec::H265 => kind < 48,
    }
}

/// Whole units, each after its length, and at least one.
pub(super) fn units(mut list: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    std::iter::from_fn(move || {
        let (length, rest) = list.split_first_chunk::<2>()?;
        let unit = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)));
        list = unit.map_or(&[], |(_, rest)| rest);
        Some(unit.map(|(unit, _)| unit))
    })
}

fn are_units(codec: Codec, list: &[u8]) -> bool {
    let bytes: usize = units(list).flatten().map(|unit| unit.len() + 2).sum();
    let head = unit_head_bytes(codec);
    let good = |unit: &[u8]| unit.len() > head && is_unit(codec, kind(codec, unit));
    bytes == list.len() && units(list).all(|unit| unit.is_some_and(good))
}

/// What stands before units of one picture in one packet.
pub(super) fn head_of_units(codec: Codec, list: &[u8]) -> ([u8; HEAD_MAX], usize) {
    let heads = units(list).flatten();
    match codec {
        // The gravest of them counts.
        Codec::H264 => {
            let (error, weight) = heads
                .map(|unit| (unit[0] & 0x80, unit[0] & 0x60))
                .fold((0, 0), |(e, w), (error, weight)| (e | error, w.max(weight)));
            ([error | weight | 0x18, 0, 0], 1)
        }
        // The lowest layer.
        Codec::H265 => {
            let (error, layer) = heads
                .map(|unit| (unit[0] & 0x80, [unit[0] & 1, unit[1]]))
                .fold((0, [1, 0xff]), |(e, l), (error, layer)| (e | error, l.min(layer)));
            ([error | 0x60 | layer[0], layer[1], 0], 2)
        }
    }
}
