#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

/// Writes what [`Bits`] reads.
#[derive(Default)]
struct Pen {
    bits: Vec<bool>,
}

impl Pen {
    fn put(&mut self, value: u64, count: u32) -> &mut Self {
        self.bits.extend((0..count).rev().map(|i| value.checked_shr(i).unwrap_or(0) & 1 == 1));
        self
    }

    fn golomb(&mut self, value: u64) -> &mut Self {
        let length = (value + 1).ilog2();
        self.put(0, length).put(value + 1, length + 1)
    }

    /// With a stop bit, and with the bytes that keep start codes out.
    fn unit(&mut self, head: &[u8]) -> Vec<u8> {
        self.put(1, 1);
        let bytes = self.bits.chunks(8);
        let bytes =
            bytes.map(|c| (0..8).fold(0, |n, i| n << 1 | u8::from(c.get(i) == Some(&true))));
        let (mut unit, mut zeros) = (head.to_vec(), 0);
        for byte in bytes {
            if zeros >= 2 && byte <= 3 {
                unit.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            unit.push(byte);
        }
        unit
    }
}

/// The beginning of a parameter set, up to the size.
pub(in crate::ingest) fn parameter_set(codec: Codec, (width, height): Size) -> Vec<u8> {
    let mut pen = Pen::default();
    match codec {
        Codec::H264 => {
            // Baseline, level 4: picture order of kind 0, one reference, no fields.
            pen.put(66, 8).put(0, 8).put(40, 8).golomb(0).golomb(0).golomb(0).golomb(0).golomb(1);
            pen.put(0, 1).golomb(width / 16 - 1).golomb(height / 16 - 1).put(1, 1).put(0, 3);
            pen.unit(&[0x67])
        }
        Codec::H265 => {
            // Main, level 4, one layer.
            pen.put(0, 4).put(0, 3).put(1, 1).put(1, 8).put(0x6000_0000, 32).put(0, 48).put(120, 8);
            pen.golomb(0).golomb(1).golomb(width).golomb(height).put(0, 1);
            pen.unit(&[0x42, 0x01])
        }
    }
}

/// One of H.265 with three temporal layers, of which the lower two tell profile and level.
pub(super) fn three_layers((width, height): Size) -> Vec<u8> {
    let mut pen = Pen::default();
    pen.put(0, 4).put(2, 3).put(1, 1).put(0, 96).put(0b11, 2).put(0b01, 2).put(0, 12);
    pen.put(0, 88 + 8).put(0, 8).golomb(0).golomb(3).put(0, 1).golomb(width).golomb(height);
    pen.unit(&[0x42, 0x01])
}

/// A parameter set as it stands beside a stream in a file.
pub(in crate::ingest) fn beside(codec: Codec, unit: &[u8]) -> Vec<u8> {
    let length = u16::try_from(unit.len()).unwrap().to_be_bytes();
    match codec {
        Codec::H264 => [&[1, 66, 0, 40, 0xff, 0xe1], &length[..], unit, &[0]].concat(),
        Codec::H265 => {
            let mut head = [1; 23];
            (head[21], head[22]) = (0xf3, 1);
            [&head[..], &[33, 0, 1], &length[..], unit].concat()
        }
    }
}

#[test]
fn sizes_are_read_from_both_kinds_in_both_framings() {
    for codec in [Codec::H264, Codec::H265] {
        for size in [(16, 16), (1920, 1088), (8192, 8192), (65_536, 16)] {
            let unit = parameter_set(codec, size);
            let mut sizes = Coded::new(codec);
            let other = [&[0, 0, 1], &[0x09, 0xf0][..], &[0, 0, 0, 1], &unit, &[0, 0, 1, 0x65, 1]];
            assert_eq!(sizes.access_unit(&other.concat()), Some(size), "{codec:?}");
            assert_eq!(sizes.access_unit(&[0, 0, 1, 0x65, 0x88, 0, 0, 1]), None);
            assert_eq!(sizes.caps(Some(&beside(codec, &unit))), Some(size), "{codec:?}");
            let length = u32::try_from(unit.len()).unwrap().to_be_bytes();
            let lengths = [&[0, 0, 0, 1, 0x09], &length[..], &unit].concat();
            assert_eq!(sizes.access_unit(&lengths), Some(size), "{codec:?}");
            assert_eq!(sizes.caps(None), None);
            assert_eq!(sizes.access_unit(&other.concat()), Some(size), "as at first");
        }
    }
}

#[test]
fn the_largest_of_several_counts() {
    let units = [(640, 480), (1920, 1088), (320, 240)];
    let units = units.map(|size| [&[0, 0, 1], &parameter_set(Codec::H265, size)[..]].concat());
    let mut sizes = Coded::new(Codec::H265);
    assert_eq!(sizes.access_unit(&units.concat()), Some((1920, 1088)));
}

#[test]
fn fields_scaling_lists_and_layers_are_read_past() {
    let mut pen = Pen::default();
    // High 4:4:4 with scaling lists, of which one ends early, and picture order of kind 1.
    pen.put(244, 8)
        .put(0, 8)
        .put(40, 8)
        .golomb(0)
        .golomb(3)
        .put(0, 1)
        .golomb(0)
        .golomb(0)
        .put(0, 1);
    pen.put(1, 1).put(1, 1);
    for _ in 0..16 {
        pen.golomb(0);
    }
    // 8 - 8: from here on as the last.
    pen.put(1, 1).golomb(16).put(0, 10);
    pen.golomb(4).golomb(1).put(0, 1).golomb(3).golomb(4).golomb(2).golomb(5).golomb(6);
    pen.golomb(2).put(0, 1).golomb(119).golomb(33).put(0, 1).put(0, 3);
    let set = set_h264(&pen.unit(&[0x67])).unwrap();
    assert_eq!((set.size, set.fields), ((1920, 1088), true), "34 pairs of 16 lines");

    let set = set_h265(&three_layers((3840, 2160))).unwrap();
    assert_eq!((set.size, set.top_layer), ((3840, 2160), 2));
    let mut other = parameter_set(Codec::H265, (64, 64));
    other[1] = 0x09;
    assert_eq!(set_h265(&other), None, "of another layer, which is not decoded");
}

#[test]
fn what_is_cut_off_or_noise_is_no_size_and_no_panic() {
    for codec in [Codec::H264, Codec::H265] {
        let unit = parameter_set(codec, (1920, 1088));
        let whole = beside(codec, &unit);
        for length in 0..whole.len() {
            let mut sizes = Coded::new(codec);
            let _ = sizes.caps(Some(&whole[..length]));
            let _ = sizes.access_unit(&whole[..length]);
            let _ = Coded::new(codec).access_unit(&[&[0, 0, 1], &whole[..length]].concat());
        }
    }
    let seed = 0x9e37_79b9_7f4a_7c15_u64;
    println!("seed {seed:#x}");
    let noise = |n: u64| (seed.wrapping_mul(2 * n + 1) >> 56) as u8;
    for start in 0..2000 {
        let bytes: Vec<u8> = (start..start + 64).map(noise).collect();
        for head in [&[0x67][..], &[0x42, 0x01]] {
            let unit = [&[0, 0, 1], head, &bytes].concat();
            for codec in [Codec::H264, Codec::H265] {
                let _ = Coded::new(codec).access_unit(&unit);
                let _ = Coded::new(codec).caps(Some(&unit));
            }
        }
    }
}
