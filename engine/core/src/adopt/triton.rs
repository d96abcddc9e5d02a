//! Triton's `config.pbtxt`: text of a protocol buffer, of which a few fields are read.

use super::said::Said;
use crate::tensor::Layout;

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 8;
/// Most fields that are read.
const FIELDS_MAX: usize = 10_000;

/// A field, with the fields of its message or its text.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    key: String,
    text: String,
    inner: Vec<Entry>,
}

/// What it says, and the file of the labels that it names.
pub(super) fn said(text: &str) -> Option<(Said, Option<String>)> {
    let mut reader = Reader { rest: text, left: FIELDS_MAX };
    let entries = reader.entries(0)?;
    let of = |key: &'static str| entries.iter().filter(move |entry| entry.key == key);
    let get = |entry: &Entry, key: &str| {
        entry.inner.iter().find(|inner| inner.key == key).map(|inner| inner.text.clone())
    };
    let format = of("input").find_map(|input| get(input, "format"));
    let layout = match format.as_deref() {
        Some("FORMAT_NCHW") => Some(Layout::Nchw),
        Some("FORMAT_NHWC") => Some(Layout::Nhwc),
        _ => None,
    };
    let labels = of("output").find_map(|output| get(output, "label_filename"));
    let dims = |input: &Entry| -> Vec<i64> {
        let dims = input.inner.iter().filter(|inner| inner.key == "dims");
        dims.filter_map(|dim| dim.text.parse().ok()).collect()
    };
    let size = of("input").find_map(|input| {
        let dims = dims(input);
        let last = &dims[dims.len().checked_sub(3)?..];
        let [rows, columns] = if last[0] == 3 { [last[1], last[2]] } else { [last[0], last[1]] };
        let side = |v: i64| usize::try_from(v).ok().filter(|v| *v > 0);
        Some([side(columns)?, side(rows)?])
    });
    let title = of("name").map(|name| name.text.clone()).find(|name| !name.is_empty());
    let source = "config.pbtxt".to_owned();
    Some((Said { source, title, size, layout, ..Said::default() }, labels))
}

struct Reader<'t> {
    rest: &'t str,
    left: usize,
}

impl Reader<'_> {
    /// Spaces, commas, semicolons and comments part fields.
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n', ',', ';']);
            let Some(comment) = self.rest.strip_prefix('#') else { return };
            self.rest = comment.find('\n').map_or("", |end| &comment[end..]);
        }
    }

    fn take(&mut self, token: char) -> bool {
        self.skip();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Up to the end of the message.
    fn entries(&mut self, depth: usize) -> Option<Vec<Entry>> {
        let mut entries = Vec::new();
        loop {
            self.skip();
            if self.rest.is_empty() || self.rest.starts_with('}') {
                return (depth <= DEPTH_MAX).then_some(entries);
            }
            let key = self.word()?;
            self.take(':');
            if self.take('[') {
                while !self.take(']') {
                    entries.push(self.value(key.clone(), depth)?);
                }
            } else {
                entries.push(self.value(key, depth)?);
            }
        }
    }

    fn value(&mut self, key: String, depth: usize) -> Option<Entry> {
        self.left = self.left.checked_sub(1)?;
        if self.take('{') {
            if depth >= DEPTH_MAX {
                return None;
            }
            let inner = self.entries(depth + 1)?;
            return self.take('}').then_some(Entry { key, text: String::new(), inner });
        }
        let text = match self.rest.chars().next()? {
            quote @ ('"' | '\'') => {
                let end = self.rest[1..].find(quote)?;
                let text = self.rest[1..=end].to_owned();
                self.rest = &self.rest[end + 2..];
                text
            }
            _ => self.word()?,
        };
        Some(Entry { key, text, inner: Vec::new() })
    }

    fn word(&mut self) -> Option<String> {
        let ends = |c: char| !(c.is_ascii_alphanumeric() || ['_', '-', '.', '+', '/'].contains(&c));
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_triton_writes_it() {
        let text = r#"# A detector.
name: "street"
platform: "onnxruntime_onnx"
max_batch_size : 8
input [ { name: "images" data_type: TYPE_FP32 format: FORMAT_NCHW dims: [ 3, 480, 640 ] } ]
output [
  { name: "scores", dims: [ -1, 3 ], label_filename: "labels.txt" },
  { name: "boxes" dims: [ -1, 4 ] }
]
instance_group { count: 1 kind: KIND_CPU }
"#;
        let (said, labels) = said(text).unwrap();
        assert_eq!(said.size, Some([640, 480]));
        assert_eq!(said.layout, Some(Layout::Nchw));
        assert_eq!(said.title.as_deref(), Some("street"));
        assert_eq!(labels.as_deref(), Some("labels.txt"));
        let deep = "a {".repeat(10_000);
        for bad in ["{", "a: [", "a: \"", "a {", "a { b: 1", "= 3", deep.as_str()] {
            assert_eq!(super::said(bad), None, "{bad:.20}");
        }
    }
}
