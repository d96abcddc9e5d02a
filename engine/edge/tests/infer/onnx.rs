//! Writes tiny ONNX files, so that tests need no binary fixtures and can make hostile ones.
//!
//! Field numbers: `onnx/onnx.proto`. A message is its bytes; nothing is checked.

#[derive(Clone, Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

impl Message {
    pub(crate) fn number(mut self, field: u32, value: u64) -> Self {
        varint(&mut self.0, u64::from(field) << 3);
        varint(&mut self.0, value);
        self
    }

    pub(crate) fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        varint(&mut self.0, u64::from(field) << 3 | 2);
        varint(&mut self.0, value.len() as u64);
        self.0.extend(value);
        self
    }

    pub(crate) fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub(crate) fn message(self, field: u32, value: &Message) -> Self {
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

pub(crate) const F32: u64 = 1;
pub(crate) const F64: u64 = 11;

/// `None` is an axis of open size.
pub(crate) type Shape<'a> = &'a [Option<u64>];

/// Name, element type and shape of an input or output.
pub(crate) fn value(name: &str, element: u64, shape: Shape<'_>) -> Message {
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

pub(crate) fn node(op: &str, inputs: &[&str], outputs: &[&str], ints: &[(&str, u64)]) -> Message {
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
pub(crate) fn whole_numbers(name: &str, values: &[i64]) -> Message {
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor(name, 7, &[values.len() as u64]).bytes(9, &data)
}

pub(crate) fn floats(name: &str, dims: &[u64], values: &[f32]) -> Message {
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor(name, F32, dims).bytes(9, &data)
}

pub(crate) fn tensor(name: &str, element: u64, dims: &[u64]) -> Message {
    let tensor = dims.iter().fold(Message::default(), |t, d| t.number(1, *d));
    tensor.number(2, element).text(8, name)
}

pub(crate) fn model(
    nodes: &[Message],
    constants: &[Message],
    inputs: &[Message],
    outputs: &[Message],
) -> Vec<u8> {
    let mut graph = Message::default();
    for node in nodes {
        graph = graph.message(1, node);
    }
    graph = graph.text(2, "tiny");
    for constant in constants {
        graph = graph.message(5, constant);
    }
    for input in inputs {
        graph = graph.message(11, input);
    }
    for output in outputs {
        graph = graph.message(12, output);
    }
    let opset = Message::default().text(1, "").number(2, 13);
    Message::default().number(1, 8).message(7, &graph).message(8, &opset).0
}
