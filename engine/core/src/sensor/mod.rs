//! placeholder until the sensors land
use serde::{Deserialize, Serialize};
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Quantity { WaterLevel, Rain, Pm25, Pm10, Noise, Temperature, Door }
