//! What sensors measure, and in which units.
//!
//! Inside viahe each [`Quantity`] has one unit; whatever else a sensor says is converted at the
//! door, so no rule and no window ever meets inches.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a sensor measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Height of water over the gauge's zero, cm.
    WaterLevel,
    /// Depth of rain that fell since the reading before, mm; a total is differenced first.
    Rain,
    /// Fine dust, µg/m³.
    Pm25,
    /// Coarse dust, µg/m³.
    Pm10,
    /// Sound level, dB.
    Noise,
    /// Temperature, °C.
    Temperature,
    /// 0 closed, 1 open.
    Door,
    /// Relative humidity of the air, %.
    Humidity,
    /// Speed of the wind, m/s.
    Wind,
    /// Flow in a pipe or channel, l/s.
    Flow,
    /// Charge that is left in a battery, %.
    Battery,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::WaterLevel,
        Self::Rain,
        Self::Pm25,
        Self::Pm10,
        Self::Noise,
        Self::Temperature,
        Self::Door,
        Self::Humidity,
        Self::Wind,
        Self::Flow,
        Self::Battery,
    ];

    /// As files and messages write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WaterLevel => "water_level",
            Self::Rain => "rain",
            Self::Pm25 => "pm25",
            Self::Pm10 => "pm10",
            Self::Noise => "noise",
            Self::Temperature => "temperature",
            Self::Door => "door",
            Self::Humidity => "humidity",
            Self::Wind => "wind",
            Self::Flow => "flow",
            Self::Battery => "battery",
        }
    }

    /// The unit of its values inside viahe and in messages.
    pub fn unit(self) -> Unit {
        match self {
            Self::WaterLevel => Unit::Centimetre,
            Self::Rain => Unit::Millimetre,
            Self::Pm25 | Self::Pm10 => Unit::MicrogramPerCubicMetre,
            Self::Noise => Unit::Decibel,
            Self::Temperature => Unit::Celsius,
            Self::Door => Unit::State,
            Self::Humidity | Self::Battery => Unit::Percent,
            Self::Wind => Unit::MetrePerSecond,
            Self::Flow => Unit::LitrePerSecond,
        }
    }

    /// The units that its readings may come in, its own first.
    pub fn units(self) -> &'static [Unit] {
        use Unit::{
            Celsius, Centimetre, CubicMetrePerHour, CubicMetrePerSecond, Decibel, Fahrenheit, Foot,
            Inch, Kelvin, KilometrePerHour, Knot, LitrePerMinute, LitrePerSecond,
            LitrePerSquareMetre, Metre, MetrePerSecond, MicrogramPerCubicMetre, MilePerHour,
            MilligramPerCubicMetre, Millimetre, Percent, Ratio, State,
        };
        match self {
            Self::WaterLevel => &[Centimetre, Metre, Millimetre, Inch, Foot],
            Self::Rain => &[Millimetre, LitrePerSquareMetre, Centimetre, Metre, Inch],
            Self::Pm25 | Self::Pm10 => &[MicrogramPerCubicMetre, MilligramPerCubicMetre],
            Self::Noise => &[Decibel],
            Self::Temperature => &[Celsius, Kelvin, Fahrenheit],
            Self::Door => &[State],
            Self::Humidity | Self::Battery => &[Percent, Ratio],
            Self::Wind => &[MetrePerSecond, KilometrePerHour, MilePerHour, Knot],
            Self::Flow => &[LitrePerSecond, LitrePerMinute, CubicMetrePerSecond, CubicMetrePerHour],
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A unit of readings; as text it is spelled as in `SenML` (RFC 8428, RFC 8798) where that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Unit {
    /// `m`.
    Metre,
    /// `cm`.
    Centimetre,
    /// `mm`.
    Millimetre,
    /// `in`, 25.4 mm.
    Inch,
    /// `ft`, 304.8 mm.
    Foot,
    /// `l/m2`: 1 mm of rain.
    LitrePerSquareMetre,
    /// `ug/m3`.
    MicrogramPerCubicMetre,
    /// `mg/m3`.
    MilligramPerCubicMetre,
    /// `dB`, whatever its weighting.
    Decibel,
    /// `Cel`.
    Celsius,
    /// `K`.
    Kelvin,
    /// `degF`.
    Fahrenheit,
    /// `1`: 0 closed, 1 open.
    State,
    /// `%`, of relative humidity (`%RH`) and of charge (`%EL`) too.
    Percent,
    /// `/`: 1 is 100 %.
    Ratio,
    /// `m/s`.
    MetrePerSecond,
    /// `km/h`.
    KilometrePerHour,
    /// `mph`, 0.44704 m/s.
    MilePerHour,
    /// `kn`, 1852 m an hour.
    Knot,
    /// `l/s`.
    LitrePerSecond,
    /// `l/min`.
    LitrePerMinute,
    /// `m3/s`.
    CubicMetrePerSecond,
    /// `m3/h`.
    CubicMetrePerHour,
}

/// Each unit with its spellings in lower case, its own first. No spelling stands for two units,
/// so case need not matter.
const SPELLINGS: [(Unit, &str, &[&str]); 23] = [
    (Unit::Metre, "m", &["metre", "meter", "metres", "meters"]),
    (Unit::Centimetre, "cm", &["centimetre", "centimeter"]),
    (Unit::Millimetre, "mm", &["millimetre", "millimeter"]),
    (Unit::Inch, "in", &["inch", "inches", "[in_i]"]),
    (Unit::Foot, "ft", &["foot", "feet", "[ft_i]"]),
    (Unit::LitrePerSquareMetre, "l/m2", &["l/m²", "kg/m2"]),
    // The micro sign and the Greek letter look the same and are two characters.
    (Unit::MicrogramPerCubicMetre, "ug/m3", &["µg/m3", "μg/m3", "ug/m³", "µg/m³", "μg/m³"]),
    (Unit::MilligramPerCubicMetre, "mg/m3", &["mg/m³"]),
    (Unit::Decibel, "dB", &["db", "dba", "db(a)", "dbc", "db(c)", "dbspl", "db[spl]"]),
    (Unit::Celsius, "Cel", &["cel", "c", "°c", "℃", "degc", "celsius"]),
    (Unit::Kelvin, "K", &["k", "kelvin"]),
    (Unit::Fahrenheit, "degF", &["degf", "f", "°f", "[degf]", "fahrenheit"]),
    (Unit::State, "1", &["bool", "boolean", "open/closed", "0/1"]),
    (Unit::Percent, "%", &["%rh", "%el", "percent", "pct"]),
    (Unit::Ratio, "/", &["ratio"]),
    (Unit::MetrePerSecond, "m/s", &["mps", "ms-1"]),
    (Unit::KilometrePerHour, "km/h", &["kmh", "kph"]),
    (Unit::MilePerHour, "mph", &["mi/h"]),
    (Unit::Knot, "kn", &["kt", "kts", "knot", "knots"]),
    (Unit::LitrePerSecond, "l/s", &["lps"]),
    (Unit::LitrePerMinute, "l/min", &["lpm"]),
    (Unit::CubicMetrePerSecond, "m3/s", &["m³/s"]),
    (Unit::CubicMetrePerHour, "m3/h", &["m³/h", "cbm/h"]),
];

impl Unit {
    /// The unit that a text means; the usual spellings are known, in upper or lower case.
    ///
    /// # Errors
    /// Text for people when it is no unit that viahe knows.
    pub fn parse(text: &str) -> Result<Self, String> {
        let plain = text.trim().to_lowercase();
        SPELLINGS
            .iter()
            .find(|(_, own, others)| plain == own.to_lowercase() || others.contains(&&*plain))
            .map(|(unit, ..)| *unit)
            .ok_or_else(|| {
                let known: Vec<&str> = SPELLINGS.iter().map(|(_, own, _)| *own).collect();
                let shown: String = text.chars().take(20).collect();
                format!("{shown:?} is not a known unit; units are {}", known.join(", "))
            })
    }

    /// As messages write it.
    pub fn as_str(self) -> &'static str {
        SPELLINGS.iter().find(|(unit, ..)| *unit == self).map_or("1", |(_, own, _)| own)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Unit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        unit.as_str().into()
    }
}

/// `value` in the unit of `quantity`.
///
/// # Errors
/// Text for people, with the units that fit, when `unit` measures something else; or when a door
/// is neither open nor closed.
pub fn convert(value: f64, unit: Unit, quantity: Quantity) -> Result<f64, String> {
    if !quantity.units().contains(&unit) {
        let fitting: Vec<&str> = quantity.units().iter().map(|unit| unit.as_str()).collect();
        return Err(format!(
            "{quantity} is not measured in {unit}; units that fit are {}",
            fitting.join(", ")
        ));
    }
    // To the SI unit or a plain multiple of it, then to the quantity's own. One division or
    // multiplication by a whole number each, so that 1.25 m is 125 cm and not 125.00000000000001.
    Ok(match (unit, quantity.unit()) {
        (from, to) if from == to => return state(value, quantity),
        (Unit::Metre, Unit::Centimetre) | (Unit::Ratio, _) => value * 100.0,
        (Unit::Millimetre, Unit::Centimetre) => value / 10.0,
        (Unit::Inch, Unit::Centimetre) => value * 2.54,
        (Unit::Foot, Unit::Centimetre) => value * 30.48,
        (Unit::Metre, Unit::Millimetre)
        | (Unit::MilligramPerCubicMetre | Unit::CubicMetrePerSecond, _) => value * 1000.0,
        (Unit::Centimetre, Unit::Millimetre) => value * 10.0,
        (Unit::Inch, Unit::Millimetre) => value * 25.4,
        (Unit::Kelvin, _) => value - 273.15,
        (Unit::Fahrenheit, _) => (value - 32.0) / 1.8,
        (Unit::KilometrePerHour | Unit::CubicMetrePerHour, _) => value / 3.6,
        (Unit::MilePerHour, _) => value * 0.447_04,
        (Unit::Knot, _) => value * 1852.0 / 3600.0,
        (Unit::LitrePerMinute, _) => value / 60.0,
        // A litre on a square metre is a millimetre.
        _ => value,
    })
}

fn state(value: f64, quantity: Quantity) -> Result<f64, String> {
    let is = |state: f64| value.total_cmp(&state).is_eq();
    if quantity != Quantity::Door || is(0.0) || is(1.0) {
        Ok(value)
    } else {
        Err(format!("a door is 0 (closed) or 1 (open), not {value}; check what the sensor sends"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_as_people_write_them() {
        for (text, want) in [
            ("cm", Unit::Centimetre),
            (" M ", Unit::Metre),
            ("[in_i]", Unit::Inch),
            ("L/m²", Unit::LitrePerSquareMetre),
            ("µg/m3", Unit::MicrogramPerCubicMetre),
            ("μg/m³", Unit::MicrogramPerCubicMetre),
            ("dBA", Unit::Decibel),
            ("dBspl", Unit::Decibel),
            ("°C", Unit::Celsius),
            ("Cel", Unit::Celsius),
            ("K", Unit::Kelvin),
            ("degF", Unit::Fahrenheit),
            ("open/closed", Unit::State),
        ] {
            assert_eq!(Unit::parse(text), Ok(want), "{text}");
        }
        for bad in ["", "furlong", "mm/h", "m3", &"x".repeat(1000)] {
            let told = Unit::parse(bad).unwrap_err();
            assert!(told.contains("units are m, cm") && told.len() < 250, "{told}");
        }
        for (unit, own, others) in SPELLINGS {
            assert_eq!(unit.as_str(), own);
            for text in others.iter().chain([&own]) {
                assert_eq!(Unit::parse(text), Ok(unit), "{text} means one unit");
            }
        }
    }

    #[test]
    fn values_are_converted_or_refused() {
        use Quantity::{
            Battery, Door, Flow, Humidity, Noise, Pm25, Rain, Temperature, WaterLevel, Wind,
        };
        for (value, unit, quantity, want) in [
            (1.25, "m", WaterLevel, 125.0),
            (7.0, "mm", WaterLevel, 0.7),
            (1.0, "ft", WaterLevel, 30.48),
            (2.0, "in", WaterLevel, 5.08),
            (3.5, "l/m2", Rain, 3.5),
            (1.0, "in", Rain, 25.4),
            (0.035, "mg/m3", Pm25, 35.0),
            (71.5, "dBA", Noise, 71.5),
            (300.15, "K", Temperature, 27.0),
            (212.0, "degF", Temperature, 100.0),
            (1.0, "bool", Door, 1.0),
            (55.5, "%RH", Humidity, 55.5),
            (0.8, "/", Battery, 80.0),
            (36.0, "km/h", Wind, 10.0),
            (10.0, "mph", Wind, 4.4704),
            (18.0, "kn", Wind, 9.26),
            (90.0, "l/min", Flow, 1.5),
            (7.2, "m³/h", Flow, 2.0),
            (0.002, "m3/s", Flow, 2.0),
        ] {
            let got = convert(value, Unit::parse(unit).unwrap(), quantity).unwrap();
            assert!((got - want).abs() < 1e-9, "{value} {unit}: {got}, not {want}");
        }
        let told = convert(1.0, Unit::Celsius, Rain).unwrap_err();
        assert_eq!(told, "rain is not measured in Cel; units that fit are mm, l/m2, cm, m, in");
        assert!(convert(0.5, Unit::State, Door).is_err());
        for quantity in Quantity::ALL {
            assert_eq!(quantity.units()[0], quantity.unit());
            let text = serde_json::to_string(&quantity).unwrap();
            assert_eq!(text, format!("\"{quantity}\""));
        }
    }
}
