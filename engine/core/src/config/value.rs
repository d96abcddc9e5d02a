//! One value of a file: is it of the type, the form and the range that its key wants?

use super::problem::{Fault, closest, listed, quoted};
use super::rule_keys::PARAMETERS;
use super::schema::{Form, Key, Kind};
use super::secret;
use crate::geometry::{Polygon, PolygonError};
use toml::Spanned;
use toml::de::DeValue;
use viahe_contract::message::EditFault;

/// A value and where it stands.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// `verb` with the key as it is to be written.
pub(super) fn example(key: &Key, verb: &str) -> String {
    format!("{verb} `{} = {}`", key.name, key.example)
}

/// Checks a value that is not a table.
pub(super) fn leaf(key: &Key, value: &Value) -> Result<(), Fault> {
    let wrong = |want: &str| {
        Err(Fault::new(format!("must be {want}, not {}", type_of(value)), example(key, "write")))
    };
    match &key.kind {
        Kind::Text(form) => text(form, key, value),
        Kind::OneOf(options) => match value.as_ref().as_str() {
            Some(text) if options.contains(&text) => Ok(()),
            Some(text) => {
                let remedy = format!("use one of {}", options.join(", "));
                Err(Fault::new(format!("{} is not one of the options", quoted(text)), remedy))
            }
            None => wrong("text in quotes"),
        },
        Kind::Flag if !value.as_ref().is_bool() => wrong("true or false"),
        Kind::Flag => Ok(()),
        Kind::Whole { .. } if !value.as_ref().is_integer() => no_whole(key, value),
        Kind::Whole { min, max } => in_range(key, value, *min as f64, *max as f64),
        Kind::Number { min, max } => match value.as_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => in_range(key, value, *min, *max),
            _ => wrong("a number"),
        },
        Kind::Numbers { count, min, max } => match numbers(value, *min, *max) {
            Some(numbers) if numbers.len() == *count => Ok(()),
            _ => no_list(key, &format!("{count} numbers from {min} to {max}")),
        },
        Kind::Wholes { most, min, max } => {
            let whole = |item: &Value| item.as_ref().is_integer();
            let all = value.as_ref().as_array().is_some_and(|items| items.iter().all(whole));
            match numbers(value, *min as f64, *max as f64) {
                Some(numbers) if all && (1..=*most).contains(&numbers.len()) => Ok(()),
                _ => no_list(key, &format!("1 to {most} whole numbers from {min} to {max}")),
            }
        }
        Kind::WholeOr { word, min, max } => match value.as_ref() {
            DeValue::Integer(_) => in_range(key, value, *min as f64, *max as f64),
            DeValue::String(text) if text == word => Ok(()),
            DeValue::String(text) => {
                let what = format!("{} is neither \"{word}\" nor a whole number", quoted(text));
                Err(Fault::new(what, example(key, "write")))
            }
            _ => wrong(&format!("\"{word}\" or a whole number")),
        },
        Kind::Amount { min, max } => match value.as_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => in_range(key, value, *min, *max),
            DeValue::String(text) => parameter(text).map(|_| ()),
            _ => wrong("a number, or the name of a parameter"),
        },
        Kind::Pairs { count, min, max } => match pairs(value, *count, *min, *max) {
            Some(_) => Ok(()),
            None => no_list(key, &format!("{count} pairs of numbers from {min} to {max}"))
                .map_err(|fault| fault.coded(EditFault::OutOfRange { min: *min, max: *max })),
        },
        Kind::Sizes { most, min, max } => match sizes(value, *min as f64, *max as f64) {
            Some(sizes) if (1..=*most).contains(&sizes.len()) => Ok(()),
            _ => {
                let of = format!("1 to {most} [columns, rows], whole numbers from {min} to {max}");
                no_list(key, &of)
            }
        },
        Kind::Corners => polygon(value).map(|_| ()),
        Kind::List(_) => wrong("a list"),
        // Tables are not looked at here, so none passes as a value.
        Kind::Table(_)
        | Kind::Named(_)
        | Kind::Tables(_)
        | Kind::Entries { .. }
        | Kind::Titled { .. } => wrong("a table"),
    }
}

fn no_whole(key: &Key, value: &Value) -> Result<(), Fault> {
    let what = format!("must be a whole number, not {}", type_of(value));
    let fault = Fault::new(what, example(key, "write"));
    Err(if value.as_ref().is_float() { fault.coded(EditFault::NotWhole) } else { fault })
}

fn no_list(key: &Key, of: &str) -> Result<(), Fault> {
    Err(Fault::new(format!("must be a list of {of}"), example(key, "write for instance")))
}

/// The parameter of this name.
pub(super) fn parameter(text: &str) -> Result<&'static Key, Fault> {
    let names = || PARAMETERS.iter().map(|k| k.name);
    PARAMETERS.iter().find(|k| k.name == text).ok_or_else(|| {
        let remedy = match closest(text, names()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("write a number, or one of {}", listed(names())),
        };
        Fault::new(format!("{} is not a parameter", quoted(text)), remedy)
    })
}

pub(super) fn pairs(value: &Value, count: usize, min: f64, max: f64) -> Option<Vec<[f64; 2]>> {
    let pair = |value: &Value| {
        let pair = value.as_ref().as_array().filter(|pair| pair.len() == 2)?;
        let at = |i: usize| number(pair.get(i)?).filter(|v| (min..=max).contains(v));
        Some([at(0)?, at(1)?])
    };
    let all: Vec<[f64; 2]> = value.as_ref().as_array()?.iter().map(pair).collect::<Option<_>>()?;
    (all.len() == count).then_some(all)
}

/// All pairs of whole numbers of a list, when each is in range.
pub(super) fn sizes(value: &Value, min: f64, max: f64) -> Option<Vec<[usize; 2]>> {
    let is_whole = |item: &Value| item.as_ref().is_integer();
    let size = |item: &Value| {
        let [width, height] = numbers(item, min, max)?.try_into().ok()?;
        let whole = item.as_ref().as_array().is_some_and(|sides| sides.iter().all(is_whole));
        whole.then_some([width as usize, height as usize])
    };
    value.as_ref().as_array()?.iter().map(size).collect()
}

/// All numbers of a list, when each is in range.
pub(super) fn numbers(value: &Value, min: f64, max: f64) -> Option<Vec<f64>> {
    let in_range = |item: &Value| number(item).filter(|v| (min..=max).contains(v));
    value.as_ref().as_array()?.iter().map(in_range).collect()
}

pub(super) fn text(form: &Form, key: &Key, value: &Value) -> Result<(), Fault> {
    let Some(text) = value.as_ref().as_str() else {
        let what = format!("must be text in quotes, not {}", type_of(value));
        return Err(Fault::new(what, example(key, "write")));
    };
    if !form.secret && secret::has_reference(text) {
        return Err(Fault::new(
            "`${…}` is not read here",
            "write the value itself; references are for the addresses and logins of cameras and \
             the broker",
        ));
    }
    (form.check)(text)
}

fn in_range(key: &Key, value: &Value, min: f64, max: f64) -> Result<(), Fault> {
    // NaN is in no range.
    if number(value).is_some_and(|v| (min..=max).contains(&v)) {
        return Ok(());
    }
    let got = match value.as_ref() {
        DeValue::Integer(v) => quoted(&v.to_string()),
        DeValue::Float(v) => quoted(v.as_str()),
        _ => type_of(value).into(),
    };
    let what = format!("must be from {min} to {max}, got {}", got.trim_matches('"'));
    let fault = Fault::new(what, example(key, "write for instance"));
    Err(fault.coded(EditFault::OutOfRange { min, max }))
}

pub(super) fn number(value: &Value) -> Option<f64> {
    match value.as_ref() {
        DeValue::Integer(v) => i64::from_str_radix(v.as_str(), v.radix()).ok().map(|v| v as f64),
        DeValue::Float(v) => v.as_str().parse().ok(),
        _ => None,
    }
}

pub(super) fn polygon(value: &Value) -> Result<Polygon, Fault> {
    const REMEDY: &str =
        "list its corners in order as [[x, y], …], fractions of the frame from 0 to 1";
    let corner = |value: &Value| {
        let pair = value.as_ref().as_array().filter(|pair| pair.len() == 2)?;
        Some([number(pair.first()?)? as f32, number(pair.get(1)?)? as f32])
    };
    let corners: Option<Vec<[f32; 2]>> =
        value.as_ref().as_array().and_then(|corners| corners.iter().map(corner).collect());
    let corners = corners.ok_or_else(|| Fault::new("must be a list of [x, y]", REMEDY))?;
    Polygon::try_from(corners).map_err(|error| {
        let message = error.to_string();
        let (what, remedy) = message.split_once("; ").unwrap_or((&message, REMEDY));
        Fault::new(what, remedy).coded(match error {
            PolygonError::Count(0..3) => EditFault::FewCorners,
            PolygonError::Count(_) => EditFault::ManyCorners,
            PolygonError::Outside(_) => EditFault::OutsidePicture,
            PolygonError::Crossing(..) => EditFault::Crossing,
            PolygonError::NoArea => EditFault::NoArea,
        })
    })
}

pub(super) fn type_of(value: &Value) -> &'static str {
    match value.as_ref() {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
