//! A file written anew: other versions, and edges of 32-bit floats.
//!
//! What is not changed is copied as it stands, so weights stay bit for bit what they were.

use super::element::Element;
use super::outline::is_standard;
use super::refused::Refused;
use super::walk::text;
use super::wire::{Value, fields, put_bytes, put_number};

/// What is to be another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Opset of the standard's operators, and IR.
    pub versions: Option<[u64; 2]>,
    /// The input, from now on of 32-bit floats.
    pub input: Option<Renamed>,
    /// Outputs, from now on of 32-bit floats.
    pub outputs: Vec<Renamed>,
}

impl Changes {
    /// Is there nothing to change?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An edge with its new name; inside, the graph goes on calling it by the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// Its name, and the graph's.
    pub from: String,
    /// Not yet used in the graph.
    pub to: String,
    /// What the graph has it as.
    pub element: Element,
}

/// `TensorProto.FLOAT`.
const FLOAT: u64 = 1;
/// `AttributeProto.INT`.
const INT: u64 = 2;

/// The file with these changes. One `Cast` operator stands at each edge that is another.
///
/// # Errors
/// [`Refused::Cut`] for bytes that [`read`](super::read) refuses.
pub fn changed(bytes: &[u8], changes: &Changes) -> Result<Vec<u8>, Refused> {
    let mut out = Vec::with_capacity(bytes.len() + 4096);
    for field in fields(bytes) {
        let field = field?;
        match (field.number, field.value, changes.versions) {
            (1, Value::Number(_), Some([_, ir])) => put_number(&mut out, 1, ir),
            (7, Value::Bytes(graph), _) => put_bytes(&mut out, 7, &graph_with(graph, changes)?),
            (8, Value::Bytes(set), Some([version, _])) => {
                put_bytes(&mut out, 8, &opset_with(set, version)?);
            }
            _ => out.extend_from_slice(field.raw),
        }
    }
    Ok(out)
}

fn opset_with(set: &[u8], newest: u64) -> Result<Vec<u8>, Refused> {
    let (mut domain, mut version) = ("", 0);
    for field in fields(set) {
        match field.map(|field| (field.number, field.value))? {
            (1, Value::Bytes(name)) => domain = text(name)?,
            (2, Value::Number(number)) => version = number,
            _ => {}
        }
    }
    let version = if is_standard(domain) { version.min(newest) } else { version };
    let mut out = Vec::new();
    put_bytes(&mut out, 1, domain.as_bytes());
    put_number(&mut out, 2, version);
    Ok(out)
}

fn graph_with(graph: &[u8], changes: &Changes) -> Result<Vec<u8>, Refused> {
    let mut out = Vec::with_capacity(graph.len() + 2048);
    // Operators stand in the order in which they can run.
    if let Some(Renamed { from, to, element }) = &changes.input {
        put_bytes(&mut out, 1, &cast(to, from, element.number()));
    }
    for field in fields(graph) {
        let field = field?;
        let renamed = match (field.number, field.value) {
            (11, Value::Bytes(edge)) => {
                named(edge, changes.input.iter())?.map(|renamed| (11, edge, renamed))
            }
            (12, Value::Bytes(edge)) => {
                named(edge, changes.outputs.iter())?.map(|renamed| (12, edge, renamed))
            }
            _ => None,
        };
        match renamed {
            Some((number, edge, renamed)) => {
                put_bytes(&mut out, number, &edge_with(edge, renamed)?);
            }
            None => out.extend_from_slice(field.raw),
        }
    }
    for Renamed { from, to, .. } in &changes.outputs {
        put_bytes(&mut out, 1, &cast(from, to, FLOAT));
    }
    Ok(out)
}

/// What this edge is renamed to.
fn named<'c>(
    edge: &[u8],
    mut among: impl Iterator<Item = &'c Renamed>,
) -> Result<Option<&'c Renamed>, Refused> {
    let mut name = &[][..];
    for field in fields(edge) {
        let field = field?;
        if let (1, Value::Bytes(bytes)) = (field.number, field.value) {
            name = bytes;
        }
    }
    Ok(among.find(|renamed| renamed.from.as_bytes() == name))
}

/// A `ValueInfoProto` with another name, of 32-bit floats, of the same shape.
fn edge_with(edge: &[u8], renamed: &Renamed) -> Result<Vec<u8>, Refused> {
    let mut out = Vec::new();
    put_bytes(&mut out, 1, renamed.to.as_bytes());
    for field in fields(edge) {
        let field = field?;
        match (field.number, field.value) {
            (1, _) => {}
            (2, Value::Bytes(of)) => put_bytes(&mut out, 2, &type_with(of)?),
            _ => out.extend_from_slice(field.raw),
        }
    }
    Ok(out)
}

fn type_with(of: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut out = Vec::new();
    for field in fields(of) {
        let field = field?;
        match (field.number, field.value) {
            (1, Value::Bytes(tensor)) => {
                let mut inner = Vec::new();
                put_number(&mut inner, 1, FLOAT);
                for field in fields(tensor) {
                    let field = field?;
                    if field.number != 1 {
                        inner.extend_from_slice(field.raw);
                    }
                }
                put_bytes(&mut out, 1, &inner);
            }
            _ => out.extend_from_slice(field.raw),
        }
    }
    Ok(out)
}

/// A `NodeProto` that casts `input` to an element type.
fn cast(input: &str, output: &str, element: u64) -> Vec<u8> {
    let mut attribute = Vec::new();
    put_bytes(&mut attribute, 1, b"to");
    put_number(&mut attribute, 3, element);
    put_number(&mut attribute, 20, INT);
    let mut node = Vec::new();
    put_bytes(&mut node, 1, input.as_bytes());
    put_bytes(&mut node, 2, output.as_bytes());
    put_bytes(&mut node, 4, b"Cast");
    put_bytes(&mut node, 5, &attribute);
    node
}
