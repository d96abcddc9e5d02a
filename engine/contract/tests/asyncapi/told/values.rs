//! Values of which messages are made.

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use viahe_contract::id::{CommandId, IncidentId, Name};
use viahe_contract::place::Position;
use viahe_contract::sha256::Sha256;
use viahe_contract::time::{LocalTime, Timestamp};

/// Every value of an enum of plain labels, by what serde says of a label that there is not.
pub(crate) fn labels<T: DeserializeOwned>() -> Vec<String> {
    let error = serde_json::from_str::<T>("\"\\u0000\"").err().expect("no such label").to_string();
    let (_, known) = error.split_once("expected ").unwrap_or_else(|| panic!("{error}"));
    let all: Vec<String> = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(!all.is_empty(), "{error}");
    all
}

/// Each code that a type has, by what serde says of one that there is not, with what comes with codes of it; what
/// does not come with one is passed over.
pub(crate) fn coded<T: DeserializeOwned + Clone + std::fmt::Debug + 'static>(
    with: impl Strategy<Value = Value> + 'static,
) -> BoxedStrategy<T> {
    let unknown = json!({ "code": "\u{0}" });
    let error = serde_json::from_value::<T>(unknown).expect_err("no such code").to_string();
    let known = error.split_once("expected ").unwrap_or_else(|| panic!("{error}")).1;
    let codes: Vec<String> = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    (prop::sample::select(codes), with)
        .prop_map(|(code, mut with)| {
            with["code"] = code.into();
            serde_json::from_value(with).unwrap()
        })
        .boxed()
}

pub(crate) fn one_of<T: DeserializeOwned + Clone + std::fmt::Debug + 'static>() -> BoxedStrategy<T>
{
    let read = |label: String| serde_json::from_value(label.into()).unwrap();
    prop::sample::select(labels::<T>().into_iter().map(read).collect::<Vec<T>>()).boxed()
}

pub(crate) fn name() -> impl Strategy<Value = Name> {
    "[a-z0-9-]{3,40}".prop_map(|text| Name::try_from(text).unwrap())
}

pub(crate) fn command_id() -> impl Strategy<Value = CommandId> {
    "[A-Za-z0-9_-]{1,80}".prop_map(|text| CommandId::try_from(text).unwrap())
}

pub(crate) fn incident_id() -> impl Strategy<Value = IncidentId> {
    any::<u128>().prop_map(IncidentId::from_bits)
}

pub(crate) fn sha256() -> impl Strategy<Value = Sha256> {
    any::<[u8; 32]>().prop_map(Sha256::from_bytes)
}

/// Up to the year 2200: beyond, clocks are broken.
pub(crate) fn timestamp() -> impl Strategy<Value = Timestamp> {
    (0..7_258_118_400_000u64).prop_map(|ms| Timestamp(ms * 1_000_000))
}

pub(crate) fn time() -> impl Strategy<Value = LocalTime> {
    (timestamp(), -14 * 60..=14 * 60i32).prop_map(|(at, minutes)| {
        let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
        at.local(&jiff::tz::TimeZone::fixed(offset))
    })
}

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,20}", Just("Vỉa hè \u{202e}\n\"'\\".to_owned())]
}

pub(crate) fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("JSON has no others", |value| value.is_finite())
}

pub(crate) fn fraction() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0]
}

pub(crate) fn revision() -> impl Strategy<Value = u32> {
    prop_oneof![Just(1), Just(u32::MAX), 1..1000u32]
}

pub(crate) fn position() -> impl Strategy<Value = Position> {
    (-90.0..=90.0, -180.0..=180.0).prop_map(|(lat, lon)| Position { lat, lon })
}
