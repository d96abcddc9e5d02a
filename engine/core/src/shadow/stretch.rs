//! Whose turn it is.

use crate::id::Name;
use crate::random::SplitMix64;
use crate::time::Timestamp;
use std::time::Duration;

/// Do both models look at this camera at this moment? Time is cut into stretches, and a part of them is drawn: by camera
/// and number, so that whoever asks gets the same answer, and no hour of the day is left out for ever.
pub fn is_compared(camera: &Name, at: Timestamp, stretch: Duration, share: f64) -> bool {
    let number = at.0 / (stretch.as_nanos().max(1) as u64);
    // FNV-1a, as names are short and need no more than to differ.
    let seed = camera.as_str().bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    SplitMix64::new(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).unit() < share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_stretches_of_each_camera_come_up_in_their_share_and_at_each_hour() {
        let names = ["le-loi-03", "le-loi-04"].map(|name| Name::try_from(name).unwrap());
        let stretch = Duration::from_mins(15);
        let chosen =
            |name: &Name, secs| is_compared(name, Timestamp::from_secs(secs), stretch, 0.25);
        let mut both = 0;
        for name in &names {
            let of_day: Vec<Vec<bool>> = (0..100)
                .map(|day| (0..96).map(|n| chosen(name, (day * 96 + n) * 900)).collect())
                .collect();
            let count = of_day.iter().flatten().filter(|is| **is).count();
            assert!((2_200..2_600).contains(&count), "{count} of 9600");
            assert!((0..96).all(|n| of_day.iter().any(|day| day[n])), "each quarter of an hour");
            for n in 0..500 {
                let is = chosen(name, n * 900);
                assert!([1, 450, 899].iter().all(|s| chosen(name, n * 900 + s) == is), "{n}");
            }
        }
        for n in 0..9_600 {
            both += u32::from(names.iter().all(|name| chosen(name, n * 900)));
        }
        assert!((450..750).contains(&both), "cameras are drawn by themselves: {both}");
        assert!((0..100).all(|n| is_compared(
            &names[0],
            Timestamp::from_secs(n * 900),
            stretch,
            1.0
        )));
    }
}
