//! Writes tiny ONNX files, so that tests need no binary fixtures and can make hostile ones.
//!
//! Field numbers: `onnx/onnx.proto`. A message is its bytes; nothing is checked.

/// The bytes of a protocol buffer.
#[derive(Clone, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    /// Adds a varint.
    #[must_use]
    pub fn number(mut self, field: u32, value: u64) -> Self {
        varint(&mut self.0, u64::from(field) << 3);
        varint(&mut self.0, value);
        self
    }

    /// Adds bytes.
    #[must_use]
    pub fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        varint(&mut self.0, u64::from(field) << 3 | 2);
        varint(&mut self.0, value.len() as u64);
        self.0.extend(value);
        self
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// Adds a message.
    #[must_use]
    pub fn message(self, field: u32, value: &Message) -> Self {
        self.bytes(field, &value.0)
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// 32-bit floats.
pub const F32: u64 = 1;
/// Whole numbers from 0 to 255.
pub const U8: u64 = 2;
/// 64-bit whole numbers.
pub const I64: u64 = 7;
/// 16-bit floats.
pub const F16: u64 = 10;
/// 64-bit floats.
pub const F64: u64 = 11;

/// `None` is an axis of open size.
pub type Shape<'a> = &'a [Option<u64>];

/// Name, element type and shape of an input or output.
pub fn value(name: &str, element: u64, shape: Shape<'_>) -> Message {
    let dims = shape.iter().fold(Message::default(), |dims, dim| {
        let dim = match dim {
            Some(n) => Message::default().number(1, *n),
            None => Message::default().text(2, "N"),
        };
        dims.message(1, &dim)
    });
    let tensor = Message::default().number(1, element).message(2, &dims);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

/// An operator; attributes are whole numbers.
pub fn node(op: &str, inputs: &[&str], outputs: &[&str], ints: &[(&str, u64)]) -> Message {
    let mut node = Message::default();
    for input in inputs {
        node = node.text(1, input);
    }
    for output in outputs {
        node = node.text(2, output);
    }
    node = node.text(4, op);
    for (name, value) in ints {
        node = node.message(5, &Message::default().text(1, name).number(3, *value).number(20, 2));
    }
    node
}

/// A one-dimensional constant.
pub fn whole_numbers(name: &str, values: &[i64]) -> Message {
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor(name, 7, &[values.len() as u64]).bytes(9, &data)
}

/// A constant of 32-bit floats.
pub fn floats(name: &str, dims: &[u64], values: &[f32]) -> Message {
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor(name, F32, dims).bytes(9, &data)
}

/// A tensor without data.
pub fn tensor(name: &str, element: u64, dims: &[u64]) -> Message {
    let tensor = dims.iter().fold(Message::default(), |t, d| t.number(1, *d));
    tensor.number(2, element).text(8, name)
}

/// What a file says of itself beside its graph.
pub struct Cover<'a> {
    /// Version of the format.
    pub ir: u64,
    /// Sets of operators.
    pub opsets: &'a [(&'a str, u64)],
    /// `metadata_props`.
    pub metadata: &'a [(&'a str, &'a str)],
}

impl Default for Cover<'_> {
    fn default() -> Self {
        Self { ir: 8, opsets: &[("", 13)], metadata: &[] }
    }
}

/// A whole file of opset 13.
pub fn model(
    nodes: &[Message],
    constants: &[Message],
    inputs: &[Message],
    outputs: &[Message],
) -> Vec<u8> {
    covered(&graph(nodes, constants, inputs, outputs), &Cover::default())
}

/// A whole graph.
pub fn graph(
    nodes: &[Message],
    constants: &[Message],
    inputs: &[Message],
    outputs: &[Message],
) -> Message {
    let parts = [(1, nodes), (5, constants), (11, inputs), (12, outputs)];
    let all = parts.into_iter().flat_map(|(field, list)| list.iter().map(move |of| (field, of)));
    all.fold(Message::default().text(2, "tiny"), |graph, (field, of)| graph.message(field, of))
}

/// A whole file.
pub fn covered(graph: &Message, cover: &Cover<'_>) -> Vec<u8> {
    let mut file = Message::default().number(1, cover.ir).text(2, "viahe").message(7, graph);
    for (domain, version) in cover.opsets {
        file = file.message(8, &Message::default().text(1, domain).number(2, *version));
    }
    for (key, value) in cover.metadata {
        file = file.message(14, &Message::default().text(1, key).text(2, value));
    }
    file.0
}
