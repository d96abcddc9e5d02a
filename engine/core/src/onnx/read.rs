//! Bytes → outline.

use super::element::Element;
use super::outline::{Axis, Outlet, Outline};
use super::refused::Refused;
use super::walk::{text, walk};
use super::wire::{Cut, Value, fields};
use std::collections::BTreeSet;

/// Most inputs, most outputs and most entries of each other list: old exports list each of their weights as an input as well.
const LISTED_MAX: usize = 20_000;
/// Most axes of an input or output.
const AXES_MAX: usize = 16;

/// Reads the outline of a whole file.
///
/// # Errors
/// [`Refused`], when the bytes are no whole ONNX file that stays within itself.
pub fn read(bytes: &[u8]) -> Result<Outline<'_>, Refused> {
    if bytes.get(4..8) == Some(b"ORTM") {
        return Err(Refused::OrtFormat);
    }
    let mut outline = Outline::default();
    let weights = walk(bytes, &mut outline)?;
    let mut graphs = 0;
    for field in fields(bytes) {
        let field = field?;
        match (field.number, field.value) {
            (1, Value::Number(ir)) => outline.ir = ir,
            (2, Value::Bytes(name)) => outline.producer[0] = text(name)?,
            (3, Value::Bytes(version)) => outline.producer[1] = text(version)?,
            (7, Value::Bytes(graph)) => {
                graphs += 1;
                edges(graph, &mut outline, &weights)?;
            }
            (8, Value::Bytes(set)) => push(&mut outline.opsets, opset(set)?, "sets of operators")?,
            (14, Value::Bytes(entry)) => push(&mut outline.metadata, pair(entry)?, "remarks")?,
            _ => {}
        }
    }
    if graphs == 0 { Err(Refused::Cut) } else { Ok(outline) }
}

fn push<T>(list: &mut Vec<T>, item: T, what: &'static str) -> Result<(), Refused> {
    if list.len() >= LISTED_MAX {
        return Err(Refused::Many { what, max: LISTED_MAX });
    }
    list.push(item);
    Ok(())
}

/// Inputs that are no weights, and outputs.
fn edges<'a>(
    graph: &'a [u8],
    outline: &mut Outline<'a>,
    weights: &BTreeSet<&'a str>,
) -> Result<(), Refused> {
    for field in fields(graph) {
        match field.map(|field| (field.number, field.value))? {
            (11, Value::Bytes(input)) => {
                let input = outlet(input)?;
                if !weights.contains(input.name) {
                    push(&mut outline.inputs, input, "inputs")?;
                }
            }
            (12, Value::Bytes(output)) => push(&mut outline.outputs, outlet(output)?, "outputs")?,
            _ => {}
        }
    }
    Ok(())
}

fn opset(bytes: &[u8]) -> Result<(&str, u64), Refused> {
    let (mut domain, mut version) = ("", 0);
    for field in fields(bytes) {
        match field.map(|field| (field.number, field.value))? {
            (1, Value::Bytes(name)) => domain = text(name)?,
            (2, Value::Number(number)) => version = number,
            _ => {}
        }
    }
    Ok((domain, version))
}

fn pair(bytes: &[u8]) -> Result<(&str, &str), Refused> {
    let mut pair = ["", ""];
    for field in fields(bytes) {
        match field.map(|field| (field.number, field.value))? {
            (1, Value::Bytes(key)) => pair[0] = text(key)?,
            (2, Value::Bytes(value)) => pair[1] = text(value)?,
            _ => {}
        }
    }
    Ok((pair[0], pair[1]))
}

/// A `ValueInfoProto`.
fn outlet(bytes: &[u8]) -> Result<Outlet<'_>, Refused> {
    let mut outlet = Outlet { name: "", element: None, shape: None };
    for field in fields(bytes) {
        match field.map(|field| (field.number, field.value))? {
            (1, Value::Bytes(name)) => outlet.name = text(name)?,
            (2, Value::Bytes(of)) => {
                if let Some(tensor) = last_message(of, 1)? {
                    tensor_type(tensor, &mut outlet)?;
                }
            }
            _ => {}
        }
    }
    Ok(outlet)
}

fn last_message(bytes: &[u8], number: u64) -> Result<Option<&[u8]>, Cut> {
    let mut found = None;
    for field in fields(bytes) {
        let field = field?;
        if let Value::Bytes(inner) = field.value
            && field.number == number
        {
            found = Some(inner);
        }
    }
    Ok(found)
}

fn tensor_type<'a>(bytes: &'a [u8], outlet: &mut Outlet<'a>) -> Result<(), Refused> {
    for field in fields(bytes) {
        match field.map(|field| (field.number, field.value))? {
            (1, Value::Number(element)) => outlet.element = Some(Element::of(element)),
            (2, Value::Bytes(shape)) => {
                let mut axes = Vec::new();
                for dim in fields(shape) {
                    let dim = dim?;
                    if let (1, Value::Bytes(dim)) = (dim.number, dim.value) {
                        if axes.len() >= AXES_MAX {
                            return Err(Refused::Many { what: "axes", max: AXES_MAX });
                        }
                        axes.push(axis(dim)?);
                    }
                }
                outlet.shape = Some(axes);
            }
            _ => {}
        }
    }
    Ok(())
}

/// A length of 0 or less is one that the file leaves open.
fn axis(bytes: &[u8]) -> Result<Axis<'_>, Refused> {
    let mut axis = Axis::Open("");
    for field in fields(bytes) {
        match field.map(|field| (field.number, field.value))? {
            (1, Value::Number(length)) => {
                let length = i64::from_ne_bytes(length.to_ne_bytes());
                axis = match usize::try_from(length) {
                    Ok(length) if length > 0 => Axis::Fixed(length),
                    _ => Axis::Open(""),
                };
            }
            (2, Value::Bytes(name)) => axis = Axis::Open(text(name)?),
            _ => {}
        }
    }
    Ok(axis)
}
