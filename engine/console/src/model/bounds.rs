//! A box on the earth.

use std::str::FromStr;
use viahe_contract::place::Position;

/// Between two meridians and two parallels, in degrees (WGS84). West is more than east where it holds the meridian 180.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// From here to the east.
    pub west: f64,
    /// From here to the north.
    pub south: f64,
    /// To here.
    pub east: f64,
    /// To here.
    pub north: f64,
}

impl Bounds {
    /// All of it. What a box says to be elsewhere is on no map.
    pub const EARTH: Self = Self { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };

    /// Is this in it?
    pub fn holds(&self, Position { lat, lon }: Position) -> bool {
        let Self { west, south, east, north } = *self;
        let across = if west <= east {
            (west..=east).contains(&lon)
        } else {
            (west..=180.0).contains(&lon) || (-180.0..=east).contains(&lon)
        };
        across && (south..=north).contains(&lat)
    }
}

impl FromStr for Bounds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "is to be west,south,east,north in degrees".to_owned();
        let numbers: Result<Vec<f64>, _> =
            text.split(',').map(|part| part.trim().parse()).collect();
        let [west, south, east, north] =
            numbers.map_err(|_| wrong())?.try_into().map_err(|_| wrong())?;
        let earth = Self::EARTH;
        // No number is in no range.
        let there = [west, east].iter().all(|lon| (earth.west..=earth.east).contains(lon))
            && [south, north].iter().all(|lat| (earth.south..=earth.north).contains(lat));
        if there && south <= north { Ok(Self { west, south, east, north }) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_is_inside_also_across_the_meridian_180() {
        let holds =
            |bounds: &str, lat, lon| bounds.parse::<Bounds>().unwrap().holds(Position { lat, lon });
        assert!(holds("107,16,108,17", 16.5, 107.5) && holds("107,16,108,17", 16.0, 108.0));
        assert!(!holds("107,16,108,17", 15.9, 107.5) && !holds("107,16,108,17", 16.5, 108.1));
        assert!(holds("170,-20,-170,0", -10.0, 179.0) && holds("170,-20,-170,0", -10.0, -175.0));
        assert!(!holds("170,-20,-170,0", -10.0, 0.0));
        assert!(!Bounds::EARTH.holds(Position { lat: 91.0, lon: 0.0 }));
        assert!(!Bounds::EARTH.holds(Position { lat: f64::NAN, lon: 0.0 }));
    }

    #[test]
    fn what_is_no_box_is_refused() {
        for text in
            ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,10,1,9", "0,0,181,1", "NaN,0,1,1", "0,-91,1,1"]
        {
            assert!(text.parse::<Bounds>().is_err(), "{text}");
        }
    }
}
