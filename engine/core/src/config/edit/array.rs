//! Values as they are written into a file: as what stood there, where there was something.

use toml_edit::{Array, Decor, Item, RawString, Value};

/// Corners of a list that stand in one line yet.
const IN_LINE_MAX: usize = 6;

/// A part of the frame: a ten-thousandth is less than half a pixel.
pub(super) fn fraction(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Metres, to the millimetre.
pub(super) fn metres(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// A number as people write it.
pub(super) fn number(value: f64) -> Value {
    // All whole numbers up to here are what they are.
    if value.fract() == 0.0 && value.abs() < 1e15 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}

/// A list of pairs.
pub(super) fn pairs(old: Option<&Item>, pairs: &[[f64; 2]], rounded: fn(f64) -> f64) -> Value {
    let old = old.and_then(Item::as_array);
    let item = |(n, pair): (usize, &[f64; 2])| {
        // What is there already is not written anew, however many digits it has.
        let there = old.and_then(|old| old.get(n)).filter(|there| is_pair(there, *pair));
        let [x, y] = pair.map(rounded);
        there.cloned().unwrap_or_else(|| Value::Array([x, y].into_iter().collect()))
    };
    let items: Vec<Value> = pairs.iter().enumerate().map(item).collect();
    let mut list = list(old, items);
    if old.is_none() && pairs.len() > IN_LINE_MAX {
        list.iter_mut().for_each(|item| *item.decor_mut() = Decor::new("\n  ", ""));
        list.set_trailing_comma(true);
        list.set_trailing("\n");
    }
    Value::Array(list)
}

/// A list of texts.
pub(super) fn texts(old: Option<&Item>, texts: &[&str]) -> Value {
    let items = texts.iter().map(|text| Value::from(*text)).collect();
    Value::Array(list(old.and_then(Item::as_array), items))
}

/// A list that is laid out as the old one; what is in both stands as it stood, and no comment is lost of
/// what stays.
fn list(old: Option<&Array>, items: Vec<Value>) -> Array {
    let count = items.len();
    let mut made = Array::new();
    let mut end = old.map(|old| text(Some(old.trailing())).to_owned()).unwrap_or_default();
    for (n, mut item) in items.into_iter().enumerate() {
        let there = old.and_then(|old| old.get(n));
        let last = old.and_then(|old| old.iter().last());
        match (there, last) {
            (Some(there), _) if same(there, &item) => item = there.clone(),
            (Some(there), _) => *item.decor_mut() = there.decor().clone(),
            (None, Some(last)) => {
                // What stands behind the one before is about that one.
                let about = first_line(&end).to_owned();
                end.replace_range(..about.len(), "");
                *item.decor_mut() = Decor::new(about + blanks(last), "");
            }
            (None, None) => {}
        }
        if old.is_some() {
            made.push_formatted(item);
        } else {
            made.push(item);
        }
    }
    if let Some(old) = old {
        // The comment behind the last that stays stands before the first that goes.
        let gone = old.get(count).filter(|_| count > 0);
        let about = gone.map(|gone| first_line(text(gone.decor().prefix())).to_owned());
        made.set_trailing_comma(old.trailing_comma());
        made.set_trailing(about.unwrap_or_default() + &end);
    }
    made
}

fn text(raw: Option<&RawString>) -> &str {
    raw.and_then(RawString::as_str).unwrap_or_default()
}

/// A comment in the line that something ends in; empty without one.
fn first_line(text: &str) -> &str {
    let line = text.split('\n').next().unwrap_or_default();
    if line.contains('#') { line } else { "" }
}

/// The blanks before an item of a list.
fn blanks(item: &Value) -> &str {
    let prefix = text(item.decor().prefix());
    prefix.rfind('\n').map_or(prefix, |line| &prefix[line..])
}

fn is_pair(value: &Value, pair: [f64; 2]) -> bool {
    let numbers: Option<Vec<f64>> =
        value.as_array().and_then(|items| items.iter().map(as_number).collect());
    numbers.is_some_and(|numbers| numbers == pair)
}

fn as_number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}

/// Do two values mean the same?
pub(super) fn same(a: &Value, b: &Value) -> bool {
    if let (Some(a), Some(b)) = (as_number(a), as_number(b)) {
        return a.total_cmp(&b).is_eq();
    }
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.value() == b.value(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => false,
    }
}
