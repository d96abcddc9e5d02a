//! Puts together what a camera has cut up for a network that carries no large packets.
//!
//! A picture of 20 kB comes in fifteen packets of RTP, and each costs rtspsrc and what follows it nearly as much
//! as the whole picture would: reads of a socket, locks, buffers, two threads woken. Over TCP there is no need for
//! it. So the units of a picture go on in one packet, as large as the framing of RTSP bears, and larger ones in
//! as few fragments. Whoever takes the packets apart gets the same units from them, byte for byte; also where packets
//! are missing, as a hole in their numbers stays one.
//!
//! Nothing waits here that somebody could use: what follows makes no picture of units before the packet that is
//! marked as its last. A camera that does not mark it has its units handed on one by one.

mod packet;

use crate::ingest::codec::Codec;
use packet::{Content, ENDS, FRAMING, Fragment, HEAD_MAX, Head, Packet, STARTS};

/// A packet with its RTP header; the framing has 16 bits for it.
const PACKET_BYTES_MAX: usize = 65_535;

/// What it knows of the stream, and what it holds of it.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// What the payload types of the description stand for.
    codecs: Vec<(u8, Codec)>,
    /// Channel and source of what is put together; one connection has one such stream.
    of: Option<(u8, u32)>,
    /// The camera marks the last packet of a picture.
    marks: bool,
    held: Held,
    /// So many packets fewer were given on than came.
    saved: u32,
}

/// What has come of a picture and not gone on.
#[derive(Debug, Default)]
struct Held {
    codec: Option<Codec>,
    /// The RTP header of the first packet.
    header: Vec<u8>,
    /// The number of the first packet of which nothing has gone on, and of the one that is to come.
    seq: u16,
    next: u16,
    marked: bool,
    /// Whole units, each after its length in two bytes; how many, and of how many packets.
    units: Vec<u8>,
    count: u32,
    packets: u32,
    part: Part,
}

/// The beginning of a unit, after those that are whole.
#[derive(Debug, Default)]
struct Part {
    head: Head,
    data: Vec<u8>,
    /// None: there is none.
    packets: u32,
}

impl Gather {
    /// Learns what the camera sends from its description (SDP). What is encrypted (`SAVP`) is sealed packet by
    /// packet, and stays as it comes.
    pub(super) fn learn(&mut self, description: &[u8]) {
        self.codecs.clear();
        let mut sealed = false;
        for line in String::from_utf8_lossy(description).lines() {
            if let Some(media) = line.strip_prefix("m=") {
                sealed = media.contains("SAVP");
            }
            let known = line.strip_prefix("a=rtpmap:").and_then(|map| {
                let (kind, name) = map.trim().split_once(' ')?;
                let name = name.trim().split('/').next()?.to_ascii_uppercase();
                Some((kind.parse().ok()?, Codec::from_rtp(&name)?))
            });
            self.codecs.extend(known.filter(|_| !sealed));
        }
    }

    /// Takes a packet with its framing, and appends to `out` what is to go on by now.
    pub(super) fn packet(&mut self, framed: &[u8], out: &mut Vec<u8>) {
        let Some(packet) = Packet::read(framed) else {
            // A report, which has no place among the packets.
            out.extend_from_slice(framed);
            return;
        };
        let known = self.codecs.iter().find(|(kind, _)| *kind == packet.kind());
        let codec = known.map(|(_, codec)| *codec);
        let of = Some((packet.channel, packet.source()));
        if self.of != of {
            if codec.is_none() {
                out.extend_from_slice(framed);
                return;
            }
            self.flush(out);
            (self.of, self.saved, self.marks) = (of, 0, false);
        }
        if !self.held.goes_on(&packet) {
            // A picture of which all has come has ended without a mark.
            self.marks &= !self.held.is_left(&packet);
            self.flush(out);
        }
        match codec.and_then(|codec| Some((codec, Content::read(codec, packet.payload)?))) {
            Some((codec, content)) => self.content(codec, &packet, content, out),
            None => self.other(&packet, framed, out),
        }
    }

    fn content(
        &mut self,
        codec: Codec,
        packet: &Packet<'_>,
        content: Content<'_>,
        out: &mut Vec<u8>,
    ) {
        // What has begun and not ended is as good as it gets when something else comes.
        if self.held.part.packets > 0 && !content.continues() {
            self.flush(out);
        }
        self.held.take(codec, packet);
        match content {
            Content::Unit(unit) => {
                self.make_room(self.held.has_room(unit.len() + 2), out);
                self.held.add_unit([unit, &[]], 1);
            }
            Content::Units(list) => {
                self.make_room(self.held.has_room(list.len()), out);
                self.held.add_units(list);
            }
            Content::Fragment(fragment) => self.fragment(codec, &fragment, packet, out),
        }
        self.marks |= packet.is_marked();
        if (packet.is_marked() || !self.marks) && self.held.part.packets == 0 {
            self.flush(out);
        }
    }

    /// Goes on as it came, after what came before.
    fn other(&mut self, packet: &Packet<'_>, framed: &[u8], out: &mut Vec<u8>) {
        self.flush(out);
        let at = out.len() + FRAMING;
        out.extend_from_slice(framed);
        renumber(&mut out[at..], packet.seq(), self.saved);
    }

    fn fragment(
        &mut self,
        codec: Codec,
        fragment: &Fragment<'_>,
        packet: &Packet<'_>,
        out: &mut Vec<u8>,
    ) {
        let begins = self.held.part.packets == 0;
        self.make_room(self.held.part_has_room(fragment.data.len()), out);
        let part = &mut self.held.part;
        if begins {
            part.begin(fragment.head);
        }
        part.data.extend_from_slice(fragment.data);
        part.packets += 1;
        part.head.marks |= fragment.head.marks & ENDS;
        if part.head.marks == STARTS | ENDS {
            let Part { head, data, packets } = std::mem::take(part);
            let (bytes, length) = head.of_unit(codec);
            self.make_room(self.held.has_room(length + data.len() + 2), out);
            self.held.add_unit([&bytes[..length], &data], packets);
            // Its memory is used again.
            self.held.part.data = data;
            self.held.part.data.clear();
        } else if part.head.marks & ENDS != 0 {
            self.give_units(out, false);
            self.give_part(out, packet.is_marked());
        }
    }

    /// Where there is no room for more in one packet, what is held goes on.
    fn make_room(&mut self, has_room: bool, out: &mut Vec<u8>) {
        if !has_room {
            self.give_units(out, false);
            self.give_part(out, false);
        }
    }

    /// All that is held goes on.
    fn flush(&mut self, out: &mut Vec<u8>) {
        let has_part = self.held.part.packets > 0;
        self.give_units(out, self.held.marked && !has_part);
        self.give_part(out, self.held.marked);
        self.held.codec = None;
    }

    fn give_units(&mut self, out: &mut Vec<u8>, marked: bool) {
        let Some(codec) = self.held.codec.filter(|_| self.held.count > 0) else { return };
        let list = std::mem::take(&mut self.held.units);
        if self.held.count == 1 {
            self.give([&[], &list[2..]], self.held.packets, marked, out);
        } else {
            let (head, length) = packet::head_of_units(codec, &list);
            self.give([&head[..length], &list], self.held.packets, marked, out);
        }
        self.held.units = list;
        self.held.units.clear();
        (self.held.count, self.held.packets) = (0, 0);
    }

    fn give_part(&mut self, out: &mut Vec<u8>, marked: bool) {
        let begun = self.held.part.packets > 0;
        let Some(codec) = self.held.codec.filter(|_| begun) else { return };
        let Part { head, data, packets } = std::mem::take(&mut self.held.part);
        let (bytes, length) = head.of_fragment(codec);
        self.give([&bytes[..length], &data], packets, marked, out);
        // What follows of the unit does not start it.
        self.held.part = Part { head: head.with(0), data, packets: 0 };
        self.held.part.data.clear();
    }

    /// Appends a packet that stands for so many.
    fn give(&mut self, payload: [&[u8]; 2], packets: u32, marked: bool, out: &mut Vec<u8>) {
        let length = self.held.header.len() + payload[0].len() + payload[1].len();
        let channel = self.of.map_or(0, |(channel, _)| channel);
        let at = out.len() + FRAMING;
        out.extend_from_slice(&[b'$', channel, (length >> 8) as u8, length as u8]);
        for part in [&self.held.header, payload[0], payload[1]] {
            out.extend_from_slice(part);
        }
        let packet = &mut out[at..];
        // Padding was left out.
        packet[0] &= !0x20;
        packet[1] = packet[1] & 0x7f | u8::from(marked) << 7;
        renumber(packet, self.held.seq, self.saved);
        self.held.seq = self.held.seq.wrapping_add(packets as u16);
        self.saved = self.saved.wrapping_add(packets.saturating_sub(1));
    }

    /// What rtspsrc reports to the camera names packets as the camera counts them (RFC 3550, 6.4).
    pub(super) fn report(&self, framed: &mut [u8]) {
        let mut rest = framed.get_mut(FRAMING..).unwrap_or_default();
        while let [first, kind, high, low, ..] = *rest {
            let length = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
            let Some((packet, others)) = rest.split_at_mut_checked(length) else { return };
            let blocks_at = match kind {
                200 => 28,
                201 => 8,
                _ => length,
            };
            let blocks = packet[blocks_at.min(length)..].chunks_exact_mut(24);
            for block in blocks.take(usize::from(first & 31)) {
                if self.of.is_some_and(|(_, source)| source == packet::number(block)) {
                    let highest = packet::number(&block[8..]).wrapping_add(self.saved);
                    block[8..12].copy_from_slice(&highest.to_be_bytes());
                }
            }
            rest = others;
        }
    }
}

fn renumber(packet: &mut [u8], seq: u16, saved: u32) {
    packet[2..4].copy_from_slice(&seq.wrapping_sub(saved as u16).to_be_bytes());
}

impl Held {
    /// Is it the next packet of the same picture, with as long a header? Where nothing is held, it begins one.
    fn goes_on(&self, packet: &Packet<'_>) -> bool {
        let alike = self.header.len() == packet.header.len();
        self.codec.is_none() || (self.next == packet.seq() && alike && self.is_of(packet))
    }

    fn is_of(&self, packet: &Packet<'_>) -> bool {
        self.header[1] & 0x7f == packet.kind() && self.header[4..12] == *packet.of()
    }

    /// Is it the first packet of another picture, and none is missing between?
    fn is_left(&self, packet: &Packet<'_>) -> bool {
        self.next == packet.seq() && !self.is_of(packet)
    }

    fn take(&mut self, codec: Codec, packet: &Packet<'_>) {
        if self.codec.replace(codec).is_none() {
            self.header.clear();
            self.header.extend_from_slice(packet.header);
            self.seq = packet.seq();
        }
        self.next = packet.seq().wrapping_add(1);
        self.marked = packet.is_marked();
    }

    /// A unit in two pieces, which came in so many packets.
    fn add_unit(&mut self, pieces: [&[u8]; 2], packets: u32) {
        let bytes = pieces[0].len() + pieces[1].len();
        self.units.extend_from_slice(&(bytes as u16).to_be_bytes());
        for piece in pieces {
            self.units.extend_from_slice(piece);
        }
        self.count += 1;
        self.packets += packets;
    }

    /// Those of one packet.
    fn add_units(&mut self, list: &[u8]) {
        self.units.extend_from_slice(list);
        self.count += packet::units(list).count() as u32;
        self.packets += 1;
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.header.len() + HEAD_MAX + self.units.len() + bytes <= PACKET_BYTES_MAX
    }

    fn part_has_room(&self, bytes: usize) -> bool {
        self.header.len() + HEAD_MAX + self.part.data.len() + bytes + 2 <= PACKET_BYTES_MAX
    }
}

impl Part {
    fn begin(&mut self, head: Head) {
        self.data.clear();
        (self.head, self.packets) = (head.with(head.marks & STARTS), 0);
    }
}

#[cfg(test)]
mod tests;
