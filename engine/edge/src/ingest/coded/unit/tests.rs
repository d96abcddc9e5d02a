#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn of(codec: Codec, units: &[&[u8]]) -> Unit {
    let data: Vec<u8> = units.iter().flat_map(|unit| [&[0, 0, 1], *unit].concat()).collect();
    let mut reader = Coded::new(codec);
    let _ = reader.access_unit(&data);
    let by_codes = reader.unit(&data);
    reader.framing = Framing::Lengths(4);
    let framed = |unit: &&[u8]| [&(unit.len() as u32).to_be_bytes()[..], *unit].concat();
    let data: Vec<u8> = units.iter().flat_map(framed).collect();
    assert_eq!(reader.unit(&data), by_codes, "in both framings");
    by_codes
}

#[test]
fn what_an_access_unit_of_h264_is() {
    // A recovery point after another message, with and without the bytes that end a unit.
    let recovery: &[u8] = &[6, 5, 2, 1, 1, 6, 1, 0x84, 0x80];
    let other: &[u8] = &[6, 5, 2, 6, 1, 0x80];
    let (sps, pps): (&[u8], &[u8]) = (&[0x67, 66, 0, 40], &[0x68, 1]);
    let unit = |kind, disposable| Unit { kind, disposable, begins: kind != Kind::Empty };
    let cases: [(&str, &[&[u8]], Unit); 9] = [
        ("a key frame", &[&[9, 0xf0], sps, pps, &[0x65, 0x88]], unit(Kind::Key, false)),
        (
            "one of four slices",
            &[&[0x65, 0x88], &[0x65, 0x40], &[0x65, 0x20]],
            unit(Kind::Key, false),
        ),
        ("others refer to it", &[&[0x41, 0x9a]], unit(Kind::Inter, false)),
        ("nobody refers to it", &[&[0x01, 0x9a]], unit(Kind::Inter, true)),
        ("decoding recovers", &[recovery, &[0x41, 0x9a]], unit(Kind::Recovery, false)),
        ("another message", &[other, &[0x41, 0x9a]], unit(Kind::Inter, false)),
        ("a key frame with a recovery point", &[recovery, &[0x65, 0x88]], unit(Kind::Key, false)),
        ("parameter sets alone", &[sps, pps], unit(Kind::Empty, false)),
        ("goes on", &[&[0x41, 0x42]], Unit { kind: Kind::Inter, disposable: false, begins: false }),
    ];
    for (name, units, want) in cases {
        assert_eq!(of(Codec::H264, units), want, "{name}");
    }
}

#[test]
fn what_an_access_unit_of_h265_is() {
    let unit = |kind, disposable| Unit { kind, disposable, begins: kind != Kind::Empty };
    let head = |kind: u8, temporal: u8| vec![kind << 1, temporal + 1, 0x80];
    let one_layer = super::super::tests::parameter_set(Codec::H265, (64, 64));
    let three_layers = super::super::tests::three_layers((64, 64));
    for (name, kind, temporal, layers, want) in [
        ("instantaneous", 19, 0, 1, unit(Kind::Key, false)),
        ("clean", 21, 0, 1, unit(Kind::Key, false)),
        ("leading, referred to", 9, 0, 1, unit(Kind::Leading, false)),
        ("leading, not referred to", 8, 0, 1, unit(Kind::Leading, true)),
        ("leading, but decodable", 7, 0, 1, unit(Kind::Inter, false)),
        ("trailing, referred to", 1, 0, 1, unit(Kind::Inter, false)),
        ("trailing, not referred to", 0, 0, 1, unit(Kind::Inter, true)),
        ("higher layers may refer to it", 0, 0, 3, unit(Kind::Inter, false)),
        ("of the highest layer", 0, 2, 3, unit(Kind::Inter, true)),
        ("parameters", 34, 0, 1, unit(Kind::Empty, false)),
    ] {
        let set = if layers == 1 { &one_layer } else { &three_layers };
        assert_eq!(of(Codec::H265, &[set, &head(kind, temporal)]), want, "{name}");
    }
    let other_layer = [21 << 1, 1 << 3 | 1, 0x80];
    assert_eq!(of(Codec::H265, &[&other_layer, &head(1, 0)]).kind, Kind::Inter, "of another layer");
}

#[test]
fn noise_and_what_is_cut_are_survived() {
    for length in 0..12 {
        for codec in [Codec::H264, Codec::H265] {
            let data = [6, 255, 255, 255, 6, 255, 1, 0, 0, 1, 6, 6];
            let _ = of(codec, &[&data[..length]]);
        }
    }
}
