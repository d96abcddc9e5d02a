//! A look at an ONNX file before ONNX Runtime loads it: is it whole, and does it stay within
//! itself? Only the structure is walked; names and weights are skipped over.
//!
//! Field numbers: `onnx/onnx.proto` of ONNX 1.20; wire format: Protocol Buffers encoding. External
//! data is refused altogether: its file names come from the model and may lead out of the folder,
//! and the SHA-256 of the model does not cover what they hold.

/// Nested messages: graphs in attributes of nodes of graphs. Real models need a handful.
const DEPTH_MAX: usize = 48;

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
    /// The message in field `field`, when it is one that can hold a tensor.
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

/// A value on the wire; numbers of fixed size are of no interest.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

const CUT: &str = "it is cut off or is no ONNX file; copy or export it again";

/// What speaks against loading these bytes, and what to do.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    if bytes.get(4..8) == Some(b"ORTM") {
        return Err("it is in ORT format; use the .onnx file it was made from".into());
    }
    let mut graphs = 0;
    walk(bytes, Message::Model, 0, &mut graphs)?;
    if graphs == 0 { Err(CUT.into()) } else { Ok(()) }
}

fn walk(
    mut bytes: &[u8],
    message: Message,
    depth: usize,
    graphs: &mut usize,
) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("its graphs are nested more than {DEPTH_MAX} deep; export it again"));
    }
    while !bytes.is_empty() {
        let (field, value) = take_field(&mut bytes).ok_or(CUT)?;
        match (message, field, &value) {
            // external_data, and data_location = EXTERNAL.
            (Message::Tensor, 13, _) | (Message::Tensor, 14, Value::Number(1)) => {
                return Err("it keeps weights in other files (external data), which is not \
                            allowed; save it as one file"
                    .into());
            }
            _ => {}
        }
        if let (Some(child), Value::Bytes(inner)) = (message.child(field), value) {
            *graphs += usize::from(message == Message::Model && child == Message::Graph);
            walk(inner, child, depth + 1, graphs)?;
        }
    }
    Ok(())
}

/// Takes one field off the front; `None` when the bytes are no protocol buffer.
fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let key = take_varint(bytes)?;
    let value = match key & 7 {
        0 => Value::Number(take_varint(bytes)?),
        1 => take(bytes, 8).map(|_| Value::Fixed)?,
        2 => {
            let len = usize::try_from(take_varint(bytes)?).ok()?;
            Value::Bytes(take(bytes, len)?)
        }
        5 => take(bytes, 4).map(|_| Value::Fixed)?,
        // Groups are not used by ONNX.
        _ => return None,
    };
    (key >> 3 != 0).then_some((key >> 3, value))
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(number: u8, inner: &[u8]) -> Vec<u8> {
        assert!(number < 16 && inner.len() < 128, "one-byte key and length");
        [&[number << 3 | 2, inner.len() as u8], inner].concat()
    }

    /// Field 20 and up take a two-byte key.
    fn field_high(number: u8, inner: &[u8]) -> Vec<u8> {
        [&[(number << 3 | 2) | 0x80, number >> 4, inner.len() as u8], inner].concat()
    }

    #[test]
    fn external_data_is_found_wherever_tensors_are() {
        let external = [14 << 3, 1];
        let named = field(13, b"\x0a\x08location\x12\x09../../etc");
        let tensors = [external.to_vec(), named];
        for tensor in tensors {
            let attribute = |n| field(5, &field(n, &tensor));
            let sparse = field_high(22, &field(1, &tensor));
            let subgraph = field(5, &field(6, &field(5, &tensor)));
            let places = [
                ("initializer", field(7, &field(5, &tensor))),
                ("sparse initializer", field(7, &field(15, &field(2, &tensor)))),
                ("constant", field(7, &field(1, &attribute(5)))),
                ("constants", field(7, &field(1, &attribute(10)))),
                ("sparse constant", field(7, &field(1, &field(5, &sparse)))),
                ("loop body", field(7, &field(1, &subgraph))),
                (
                    "training",
                    [field(7, b""), field_high(20, &field(1, &field(5, &tensor)))].concat(),
                ),
                ("function", [field(7, b""), field_high(25, &field(7, &attribute(5)))].concat()),
            ];
            for (name, bytes) in places {
                let why = check(&bytes).unwrap_err();
                assert!(why.contains("external data"), "{name}: {why}");
            }
        }
        assert_eq!(check(&field(7, &field(5, &[14 << 3, 0]))), Ok(()), "data_location = DEFAULT");
    }

    #[test]
    fn what_is_no_model() {
        assert!(check(b"").is_err());
        assert!(check(b"\x08\x07").is_err(), "a model without a graph");
        assert!(check(b"\x1c\x00\x00\x00ORTM").unwrap_err().contains("ORT format"));
        assert!(check(&field(7, &field(5, b"abc"))[..6]).is_err(), "cut off");
        let mut deep = field(5, &[14 << 3, 0]);
        while deep.len() < 100 {
            deep = field(6, &field(1, &field(5, &deep)));
        }
        assert!(check(&field(7, &deep)).is_ok());
    }

    #[test]
    fn nesting_is_bounded() {
        let long = |number: u8, inner: Vec<u8>| {
            let n = inner.len();
            let mut out = vec![
                number << 3 | 2,
                (n & 0x7f) as u8 | 0x80,
                (n >> 7 & 0x7f) as u8 | 0x80,
                (n >> 14) as u8,
            ];
            out.extend(inner);
            out
        };
        let mut graph = Vec::new();
        for _ in 0..1000 {
            graph = long(1, long(5, long(6, graph)));
        }
        assert!(check(&long(7, graph)).unwrap_err().contains("nested"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = check(&bytes);
            let _ = check(&[&[7 << 3 | 2, 0xff, 0x7f], &bytes[..]].concat());
        }
    }
}
