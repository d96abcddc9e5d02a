//! A tiny map, written by hand: `PMTiles` of version 3 with one vector tile that shows the whole earth.

/// Units of a tile.
const EXTENT: f64 = 4096.0;
const HEADER_BYTES: u64 = 127;

/// All is water but a box over Vietnam, which is land, with one road and one town.
pub(crate) fn tiny_map() -> Vec<u8> {
    let corners = [(0.0, 0.0), (EXTENT, 0.0), (EXTENT, EXTENT), (0.0, EXTENT)];
    let land = [(102.0, 24.0), (110.0, 24.0), (110.0, 8.0), (102.0, 8.0)].map(project);
    let road = [(105.8, 21.0), (107.6, 16.46), (106.7, 10.8)].map(project);
    let mut shore = land;
    shore.reverse();
    let tile = [
        layer("water", 3, &[&corners, &shore], None),
        layer("earth", 3, &[&land], None),
        layer("roads", 2, &[&road], None),
        layer("places", 1, &[&[project((107.6, 16.46))]], Some("Huế")),
    ]
    .concat();
    // One entry: how many, its id, how many tiles it stands for, its length, its place and one.
    let mut root = Vec::new();
    for number in [1, 0, 1, tile.len() as u64, 1] {
        varint(&mut root, number);
    }
    let layers = ["water", "earth", "roads", "places"]
        .map(|name| format!("{{\"id\":\"{name}\",\"fields\":{{}}}}"))
        .join(",");
    let metadata =
        format!("{{\"vector_layers\":[{layers}],\"attribution\":\"<b>Made</b> for a test\"}}");
    let [root_bytes, metadata_bytes, tile_bytes] =
        [root.len(), metadata.len(), tile.len()].map(|length| length as u64);
    let metadata_at = HEADER_BYTES + root_bytes;
    let tiles_at = metadata_at + metadata_bytes;
    let mut file = b"PMTiles\x03".to_vec();
    // Root directory, metadata, other directories, tiles; then how many tiles, entries and contents.
    for number in [
        HEADER_BYTES,
        root_bytes,
        metadata_at,
        metadata_bytes,
        tiles_at,
        0,
        tiles_at,
        tile_bytes,
        1,
        1,
        1,
    ] {
        file.extend(u64::to_le_bytes(number));
    }
    // Ordered, nothing compressed, vector tiles, of zoom 0 alone.
    file.extend([1, 1, 1, 1, 0, 0]);
    for degrees in [-180_i32, -85, 180, 85] {
        file.extend((degrees * 10_000_000).to_le_bytes());
    }
    file.push(0);
    file.extend([0; 8]);
    assert_eq!(file.len() as u64, HEADER_BYTES);
    [file, root, metadata.into_bytes(), tile].concat()
}

/// Longitude and latitude → units of the one tile of zoom 0, down from the north (Web Mercator).
fn project((lon, lat): (f64, f64)) -> (f64, f64) {
    let y =
        (std::f64::consts::FRAC_PI_4 + lat.to_radians() / 2.0).tan().ln() / std::f64::consts::TAU;
    ((lon + 180.0) / 360.0 * EXTENT, (0.5 - y) * EXTENT)
}

/// A layer with one thing: a point (1), a line (2) or an area (3), the other rings of which are holes and go the other
/// way round. Mapbox Vector Tile 2.1, as protobuf.
fn layer(name: &str, kind: u64, rings: &[&[(f64, f64)]], title: Option<&str>) -> Vec<u8> {
    let mut feature = Vec::new();
    if title.is_some() {
        field(&mut feature, 2, &[0, 0]);
    }
    number(&mut feature, 3, kind);
    field(&mut feature, 4, &geometry(kind, rings));
    let mut layer = Vec::new();
    field(&mut layer, 1, name.as_bytes());
    field(&mut layer, 2, &feature);
    if let Some(title) = title {
        field(&mut layer, 3, b"name");
        let mut value = Vec::new();
        field(&mut value, 1, title.as_bytes());
        field(&mut layer, 4, &value);
    }
    number(&mut layer, 5, EXTENT as u64);
    number(&mut layer, 15, 2);
    let mut whole = Vec::new();
    field(&mut whole, 3, &layer);
    whole
}

/// Move to the first point, draw to the others, close an area; each from the point before.
fn geometry(kind: u64, rings: &[&[(f64, f64)]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut before = (0, 0);
    for ring in rings {
        for (n, (x, y)) in ring.iter().enumerate() {
            match n {
                0 => varint(&mut out, 1 << 3 | 1),
                1 => varint(&mut out, (ring.len() as u64 - 1) << 3 | 2),
                _ => {}
            }
            let at = (x.round() as i64, y.round() as i64);
            for by in [at.0 - before.0, at.1 - before.1] {
                varint(&mut out, ((by << 1) ^ (by >> 63)).cast_unsigned());
            }
            before = at;
        }
        if kind == 3 {
            varint(&mut out, 1 << 3 | 7);
        }
    }
    out
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn number(out: &mut Vec<u8>, key: u64, value: u64) {
    varint(out, key << 3);
    varint(out, value);
}

fn field(out: &mut Vec<u8>, key: u64, bytes: &[u8]) {
    varint(out, key << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}
