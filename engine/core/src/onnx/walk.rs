//! Through all messages of a file that can hold a tensor or an operator.

use super::outline::Outline;
use super::refused::Refused;
use super::wire::{Cut, Value, fields, take_varint};
use std::collections::BTreeSet;

/// Nested messages: graphs in attributes of nodes of graphs. Real models need a handful.
const DEPTH_MAX: usize = 48;
/// Most operators, weights and other parts, counted together. The largest detectors have some thousands.
const PARTS_MAX: usize = 1_000_000;
/// Most different operators and functions.
const NAMES_MAX: usize = 4_000;
/// Two-bit numbers are the smallest: four of them to a byte; twice that leaves room for what is written otherwise.
const VALUES_PER_BYTE_MAX: u64 = 8;
/// Most values of a sparse tensor, which ONNX Runtime makes a dense one of: 1 GiB of floats.
const SPARSE_VALUES_MAX: u64 = 1 << 28;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Model,
    Training,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Function,
}

impl Message {
    /// The message in field `field`, when it is one that can hold a tensor or an operator.
    fn child(self, field: u64) -> Option<Self> {
        match (self, field) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => {
                Some(Self::Graph)
            }
            (Self::Model, 20) => Some(Self::Training),
            (Self::Model, 25) => Some(Self::Function),
            (Self::Graph, 1) | (Self::Function, 7) => Some(Self::Node),
            (Self::Node, 5) | (Self::Function, 11) => Some(Self::Attribute),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => {
                Some(Self::Tensor)
            }
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Some(Self::SparseTensor),
            _ => None,
        }
    }
}

impl From<Cut> for Refused {
    fn from(Cut: Cut) -> Self {
        Self::Cut
    }
}

/// A text of the file.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(bytes).map_err(|_| Refused::Cut)
}

/// Notes what operators and tensors there are; gives the names of the main graph's weights.
pub(super) fn walk<'a>(
    bytes: &'a [u8],
    outline: &mut Outline<'a>,
) -> Result<BTreeSet<&'a str>, Refused> {
    let mut walker = Walker { outline, weights: BTreeSet::new(), parts: 0 };
    walker.message(bytes, Message::Model, 0)?;
    Ok(walker.weights)
}

struct Walker<'o, 'a> {
    outline: &'o mut Outline<'a>,
    weights: BTreeSet<&'a str>,
    parts: usize,
}

impl<'a> Walker<'_, 'a> {
    fn message(&mut self, bytes: &'a [u8], message: Message, depth: usize) -> Result<(), Refused> {
        if depth > DEPTH_MAX {
            return Err(Refused::Nested { max: DEPTH_MAX });
        }
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(Refused::Many { what: "parts", max: PARTS_MAX });
        }
        match message {
            Message::Node => self.name(bytes, [7, 4], false)?,
            Message::Function => self.name(bytes, [10, 1], true)?,
            Message::Tensor => self.tensor(bytes, depth)?,
            Message::SparseTensor => sparse(bytes)?,
            _ => {}
        }
        for field in fields(bytes) {
            let field = field?;
            if let (Some(child), Value::Bytes(inner)) = (message.child(field.number), field.value) {
                self.message(inner, child, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Domain and name of a node's operator, or of a function, which stand in these two fields.
    fn name(
        &mut self,
        bytes: &'a [u8],
        [domain, name]: [u64; 2],
        own: bool,
    ) -> Result<(), Refused> {
        let mut found = ("", "");
        for field in fields(bytes) {
            let field = field?;
            if let Value::Bytes(inner) = field.value {
                if field.number == domain {
                    found.0 = text(inner)?;
                } else if field.number == name {
                    found.1 = text(inner)?;
                }
            }
        }
        let names = if own {
            &mut self.outline.functions
        } else {
            self.outline.nodes += 1;
            &mut self.outline.operators
        };
        names.insert(found);
        if names.len() > NAMES_MAX {
            return Err(Refused::Many { what: "different operators", max: NAMES_MAX });
        }
        Ok(())
    }

    /// A tensor's data is in the file, and as much as its shape says.
    fn tensor(&mut self, bytes: &'a [u8], depth: usize) -> Result<(), Refused> {
        let (mut values, mut name, mut location) = (1_u64, "", None);
        for field in fields(bytes) {
            let field = field?;
            match (field.number, field.value) {
                (1, Value::Number(side)) => values = values.saturating_mul(side),
                (1, Value::Bytes(packed)) => values = values.saturating_mul(product(packed)?),
                (2, Value::Number(element)) => {
                    self.outline.newest_element = self.outline.newest_element.max(element);
                }
                (8, Value::Bytes(bytes)) => name = text(bytes)?,
                (13, Value::Bytes(entry)) => location = Some(place(entry)?.or(location.flatten())),
                (13, _) | (14, Value::Number(1)) => location = location.or(Some(None)),
                _ => {}
            }
        }
        if let Some(location) = location {
            return Err(Refused::External { location: location.unwrap_or_default().to_owned() });
        }
        if values > bytes.len() as u64 * VALUES_PER_BYTE_MAX {
            let (name, bytes) = (name.to_owned(), bytes.len());
            return Err(Refused::Claims { name, claimed: values, bytes });
        }
        self.outline.weights_bytes += bytes.len() as u64;
        // Of the main graph: model, graph, tensor.
        if depth == 2 {
            self.weights.insert(name);
        }
        Ok(())
    }
}

/// Where external data lies, when this entry of it says that.
fn place(entry: &[u8]) -> Result<Option<&str>, Refused> {
    let mut pair = ["", ""];
    for field in fields(entry) {
        let field = field?;
        if let (1 | 2, Value::Bytes(inner)) = (field.number, field.value) {
            pair[field.number as usize - 1] = text(inner)?;
        }
    }
    Ok((pair[0] == "location").then_some(pair[1]))
}

fn product(mut packed: &[u8]) -> Result<u64, Cut> {
    let mut values = 1_u64;
    while !packed.is_empty() {
        values = values.saturating_mul(take_varint(&mut packed).ok_or(Cut)?);
    }
    Ok(values)
}

fn sparse(bytes: &[u8]) -> Result<(), Refused> {
    let mut values = 1_u64;
    for field in fields(bytes) {
        let field = field?;
        match (field.number, field.value) {
            (3, Value::Number(side)) => values = values.saturating_mul(side),
            (3, Value::Bytes(packed)) => values = values.saturating_mul(product(packed)?),
            _ => {}
        }
    }
    if values > SPARSE_VALUES_MAX {
        let name = "sparse".to_owned();
        return Err(Refused::Claims { name, claimed: values, bytes: bytes.len() });
    }
    Ok(())
}
