//! Where the sun stands: by day or by night a camera sees another street.
//!
//! The formulas are those of the NOAA Solar Calculator (Global Monitoring Laboratory, "General
//! Solar Position Calculations"), after J. Meeus, Astronomical Algorithms, 2nd edition 1998,
//! chapters 22 and 25. From 1900 to 2100 they are good to about 0.02°, far less than hills and
//! houses change.

use crate::time::Timestamp;

/// Elevation of the sun's centre at sunrise and sunset, in degrees: its radius (0.267°) and the
/// refraction at the horizon (0.567°).
const SUNRISE_DEG: f64 = -0.833;
/// Julian day of the Unix epoch.
const EPOCH_JD: f64 = 2_440_587.5;
const DAY_SECS: f64 = 86_400.0;

/// Elevation of the sun's centre above the horizon in degrees, -90 to 90, without refraction;
/// `lat_deg` is north positive, `lon_deg` east positive (WGS84).
pub(crate) fn elevation_deg(at: Timestamp, lat_deg: f64, lon_deg: f64) -> f64 {
    let days = at.0 as f64 / 1e9 / DAY_SECS;
    // Julian centuries since 2000-01-01 12:00.
    let t = (days + EPOCH_JD - 2_451_545.0) / 36_525.0;
    let sun = sun(t);
    // Solar time in minutes after midnight: clock, longitude (4 minutes a degree), equation of time.
    let minutes = days.fract() * 1440.0 + 4.0 * lon_deg + sun.equation_min;
    let hour_angle = (minutes / 4.0 - 180.0).to_radians();
    let lat = lat_deg.to_radians();
    let sine =
        lat.sin() * sun.declination.sin() + lat.cos() * sun.declination.cos() * hour_angle.cos();
    sine.clamp(-1.0, 1.0).asin().to_degrees()
}

/// Is any part of the sun above a flat horizon? Arguments as in [`elevation_deg`].
pub(crate) fn is_day(at: Timestamp, lat_deg: f64, lon_deg: f64) -> bool {
    elevation_deg(at, lat_deg, lon_deg) > SUNRISE_DEG
}

struct Sun {
    /// Radians, north positive.
    declination: f64,
    /// By how many minutes a sundial is ahead of a clock.
    equation_min: f64,
}

/// The sun as seen from the earth's centre, `t` Julian centuries after J2000.
fn sun(t: f64) -> Sun {
    let mean_longitude = (280.46646 + t * (36_000.769_83 + t * 0.000_303_2)).to_radians();
    let anomaly = (357.52911 + t * (35_999.050_29 - 0.000_153_7 * t)).to_radians();
    let eccentricity = 0.016_708_634 - t * (0.000_042_037 + 0.000_000_126_7 * t);
    let centre = anomaly.sin() * (1.914_602 - t * (0.004_817 + 0.000_014 * t))
        + (2.0 * anomaly).sin() * (0.019_993 - 0.000_101 * t)
        + (3.0 * anomaly).sin() * 0.000_289;
    let node = (125.04 - 1934.136 * t).to_radians();
    // Apparent: aberration and nutation.
    let longitude = mean_longitude + (centre - 0.005_69 - 0.004_78 * node.sin()).to_radians();
    let mean_obliquity =
        23.0 + (26.0 + (21.448 - t * (46.815 + t * (0.000_59 - t * 0.001_813))) / 60.0) / 60.0;
    let obliquity = (mean_obliquity + 0.002_56 * node.cos()).to_radians();
    let y = (obliquity / 2.0).tan().powi(2);
    let equation = y * (2.0 * mean_longitude).sin() - 2.0 * eccentricity * anomaly.sin()
        + 4.0 * eccentricity * y * anomaly.sin() * (2.0 * mean_longitude).cos()
        - 0.5 * y * y * (4.0 * mean_longitude).sin()
        - 1.25 * eccentricity * eccentricity * (2.0 * anomaly).sin();
    Sun {
        declination: (obliquity.sin() * longitude.sin()).asin(),
        equation_min: 4.0 * equation.to_degrees(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const HUE: (f64, f64) = (16.46, 107.59);
    const SANTIAGO: (f64, f64) = (-33.45, -70.67);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn earlier(at: Timestamp, by: Duration) -> Timestamp {
        Timestamp(at.0 - by.as_nanos() as u64)
    }

    /// Sunrise and sunset by `PyEphem` 4.2 (VSOP87), centre at -50′; those of Santiago by astral 3.2.
    #[test]
    fn rises_and_sets_on_time() {
        let by = Duration::from_mins(2);
        for ((lat, lon), rise, set) in [
            (HUE, "2026-03-20T05:52:58+07:00", "2026-03-20T18:01:36+07:00"),
            (HUE, "2026-06-21T05:16:53+07:00", "2026-06-21T18:25:54+07:00"),
            (HUE, "2026-09-23T05:37:36+07:00", "2026-09-23T17:46:24+07:00"),
            (HUE, "2026-12-21T06:11:50+07:00", "2026-12-21T17:23:17+07:00"),
            (SANTIAGO, "2026-06-21T08:46:47-03:00", "2026-06-21T18:42:18-03:00"),
            (SANTIAGO, "2026-12-21T06:29:49-03:00", "2026-12-21T20:51:53-03:00"),
        ] {
            let (up, down) = (at(rise), at(set));
            let day = |at| is_day(at, lat, lon);
            assert!(!day(earlier(up, by)) && day(up.plus(by)), "{rise}");
            assert!(day(earlier(down, by)) && !day(down.plus(by)), "{set}");
        }
    }

    /// Elevations by `PyEphem` 4.2, without refraction.
    #[test]
    fn stands_where_an_almanac_has_it() {
        for (time, lat, lon, want) in [
            ("2026-06-21T05:00:00Z", HUE.0, HUE.1, 82.735),
            ("2026-12-21T02:00:00Z", HUE.0, HUE.1, 32.852),
            ("2026-03-01T09:30:00Z", 21.03, 105.85, 19.885),
            ("2026-12-21T16:00:00Z", SANTIAGO.0, SANTIAGO.1, 76.569),
            ("2026-06-21T12:00:00Z", 90.0, 0.0, 23.436),
            ("2026-06-21T12:00:00Z", -90.0, 0.0, -23.440),
        ] {
            let got = elevation_deg(at(time), lat, lon);
            assert!((got - want).abs() < 0.03, "{time} at {lat} {lon}: {got}, not {want}");
        }
    }

    #[test]
    fn the_poles_have_one_day_a_year() {
        for hour in 0..24 {
            let hours = Duration::from_hours(hour);
            let (june, december) = (at("2026-06-21T00:00:00Z"), at("2026-12-21T00:00:00Z"));
            assert!(is_day(june.plus(hours), 90.0, 0.0) && !is_day(june.plus(hours), -90.0, 0.0));
            assert!(!is_day(december.plus(hours), 90.0, 77.0));
            assert!(is_day(december.plus(hours), -90.0, 77.0));
        }
    }

    proptest! {
        #[test]
        fn is_an_angle_at_all_times(
            secs in 0u64..18_000_000_000, lat in -90.0f64..=90.0, lon in -180.0f64..=180.0,
        ) {
            let got = elevation_deg(Timestamp::from_secs(secs), lat, lon);
            prop_assert!((-90.0..=90.0).contains(&got), "{}", got);
        }
    }
}
