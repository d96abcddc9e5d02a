use super::*;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

const WIDTH: u32 = 32;
const HEIGHT: u32 = 16;

/// Its upper left quarter is red, the rest blue.
fn quarters() -> Vec<u8> {
    let red = |x, y| x < WIDTH / 2 && y < HEIGHT / 2;
    let at = |x, y| if red(x, y) { [200, 20, 20] } else { [20, 20, 200] };
    (0..HEIGHT).flat_map(|y| (0..WIDTH).flat_map(move |x| at(x, y))).collect()
}

/// An EXIF block with nothing but the orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif
}

fn encoded<E: ImageEncoder>(mut encoder: E, orientation: Option<u8>) {
    if let Some(orientation) = orientation {
        encoder.set_exif_metadata(exif(orientation)).unwrap();
    }
    encoder.write_image(&quarters(), WIDTH, HEIGHT, ExtendedColorType::Rgb8).unwrap();
}

/// Where red is, as x and y in quarters, after decoding.
fn red_corner(picture: &Picture) -> [bool; 2] {
    let (width, height) = (picture.width(), picture.height());
    let corners = [[false, false], [true, false], [false, true], [true, true]];
    let is_red = |[right, low]: [bool; 2]| {
        let x = if right { 3 * width / 4 } else { width / 4 };
        let y = if low { 3 * height / 4 } else { height / 4 };
        let [red, _, blue] = picture.at(x, y);
        red > blue
    };
    let found: Vec<[bool; 2]> = corners.into_iter().filter(|c| is_red(*c)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0]
}

#[test]
fn pictures_are_turned_upright_in_every_format() {
    for (orientation, size, corner) in [
        (None, [32, 16], [false, false]),
        (Some(1), [32, 16], [false, false]),
        (Some(2), [32, 16], [true, false]),
        (Some(3), [32, 16], [true, true]),
        (Some(4), [32, 16], [false, true]),
        (Some(5), [16, 32], [false, false]),
        (Some(6), [16, 32], [true, false]),
        (Some(7), [16, 32], [true, true]),
        (Some(8), [16, 32], [false, true]),
    ] {
        let (mut jpeg, mut png, mut webp) = (Vec::new(), Vec::new(), Vec::new());
        encoded(JpegEncoder::new_with_quality(&mut jpeg, 95), orientation);
        encoded(PngEncoder::new(&mut png), orientation);
        encoded(WebPEncoder::new_lossless(&mut webp), orientation);
        for bytes in [jpeg, png, webp] {
            let picture = Picture::decode(&bytes).unwrap();
            assert_eq!([picture.width(), picture.height()], size, "{orientation:?}");
            assert_eq!(red_corner(&picture), corner, "{orientation:?}");
        }
    }
}

#[test]
fn what_is_no_picture_is_told() {
    let mut png = Vec::new();
    encoded(PngEncoder::new(&mut png), None);
    let mut huge = png.clone();
    // Width of the header: 40,000 px. Its checksum is then wrong as well.
    huge[16..20].copy_from_slice(&40_000_u32.to_be_bytes());
    for (bytes, word) in [
        (&b"a text\n"[..], "neither JPEG, PNG nor WebP; convert it"),
        (b"", "neither JPEG, PNG nor WebP"),
        (&png[..60], "not a whole picture"),
        (&huge, ""),
    ] {
        let Err(told) = Picture::decode(bytes) else { panic!("{bytes:?} was read") };
        assert!(told.contains(word), "{told}");
    }
}

#[test]
fn vietnamese_letters_have_shapes_and_leave_ink() {
    let font = Font::find().expect("a font; run: make setup");
    let all = "Vỉa hè đỗ xe trái phép: ấ ầ ẩ ẫ ậ ắ ằ ẳ ẵ ặ ế ề ể ễ ệ ố ồ ổ ỗ ộ ớ ờ ở ỡ ợ ứ ừ ử ữ ự ỳ ỷ ỹ ỵ Ơ Ư Đ";
    assert!(font.has(all));
    let drawn = |text: &str| {
        let mut picture = Picture(RgbImage::from_pixel(200, 60, Rgb([90; 3])));
        picture.text(&font, [4.0, 4.0], text);
        picture.0
    };
    let (with, without) = (drawn("Ộ"), drawn("O"));
    let bright = |image: &RgbImage| image.pixels().filter(|p| p.0[0] > 150).count();
    assert!(bright(&with) > bright(&without) && bright(&without) > 10);
    // What would stick out is moved inside.
    let mut picture = Picture(RgbImage::from_pixel(200, 60, Rgb([90; 3])));
    picture.text(&font, [190.0, 58.0], "kerb");
    assert!(bright(&picture.0) > 10);
}
