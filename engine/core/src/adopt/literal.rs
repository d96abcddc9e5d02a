//! Values as Python prints them, which is how Ultralytics writes its metadata.

/// Deepest nesting that is read: real ones have two levels.
const DEPTH_MAX: usize = 8;

/// A value of Python.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Number(f64),
    Text(String),
    Flag(bool),
    None,
    List(Vec<Literal>),
    /// Keys with values, in order.
    Dict(Vec<(Literal, Literal)>),
}

impl Literal {
    /// Reads one value, and nothing after it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader(text);
        let value = reader.value(0)?;
        reader.skip();
        reader.0.is_empty().then_some(value)
    }

    pub(super) fn whole(&self) -> Option<usize> {
        match self {
            Self::Number(n) if n.fract() == 0.0 && (0.0..1e9).contains(n) => Some(*n as usize),
            _ => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        *self == Self::Flag(true)
    }

    /// The value of a key of a dictionary.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Dict(entries) = self else { return None };
        entries.iter().find(|(k, _)| matches!(k, Self::Text(k) if k == key)).map(|(_, v)| v)
    }
}

struct Reader<'t>(&'t str);

impl Reader<'_> {
    fn skip(&mut self) {
        self.0 = self.0.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip();
        match self.0.strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Option<Literal> {
        if depth > DEPTH_MAX {
            return None;
        }
        self.skip();
        match self.0.chars().next()? {
            '{' => self.dict(depth),
            '[' => self.list("[", "]", depth),
            '(' => self.list("(", ")", depth),
            quote @ ('\'' | '"') => self.text(quote),
            _ => self.word(),
        }
    }

    fn list(&mut self, open: &str, close: &str, depth: usize) -> Option<Literal> {
        self.take(open);
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.value(depth + 1)?);
            if !self.take(",") && !self.0.trim_start().starts_with(close) {
                return None;
            }
        }
        Some(Literal::List(items))
    }

    fn dict(&mut self, depth: usize) -> Option<Literal> {
        self.take("{");
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = self.value(depth + 1)?;
            if !self.take(":") {
                return None;
            }
            entries.push((key, self.value(depth + 1)?));
            if !self.take(",") && !self.0.trim_start().starts_with('}') {
                return None;
            }
        }
        Some(Literal::Dict(entries))
    }

    fn text(&mut self, quote: char) -> Option<Literal> {
        let mut text = String::new();
        let mut chars = self.0[1..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => text.push(match chars.next()?.1 {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                }),
                c if c == quote => {
                    self.0 = &self.0[1 + at + 1..];
                    return Some(Literal::Text(text));
                }
                c => text.push(c),
            }
        }
        None
    }

    fn word(&mut self) -> Option<Literal> {
        let end = self.0.find([',', ':', ']', ')', '}', ' ', '\n', '\t']).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        match word {
            "True" | "true" => Some(Literal::Flag(true)),
            "False" | "false" => Some(Literal::Flag(false)),
            "None" | "null" => Some(Literal::None),
            number => number.parse().ok().map(Literal::Number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_prints() {
        let read = Literal::read("{0: 'person', 1: \"driver's seat\", 2: 'a\\'b'}").unwrap();
        let text = |t: &str| Literal::Text(t.to_owned());
        let want = [(0.0, "person"), (1.0, "driver's seat"), (2.0, "a'b")];
        let want = want.map(|(n, t)| (Literal::Number(n), text(t)));
        assert_eq!(read, Literal::Dict(want.to_vec()));
        let args =
            Literal::read("{'batch': 1, 'half': False, 'opset': None, 'nms': True, 'x': []}");
        let args = args.unwrap();
        assert!(args.get("nms").is_some_and(Literal::is_true));
        assert_eq!(args.get("batch").and_then(Literal::whole), Some(1));
        assert_eq!(args.get("x"), Some(&Literal::List(vec![])));
        let size = Literal::read("[640, 480,]").unwrap();
        assert_eq!(size, Literal::List(vec![Literal::Number(640.0), Literal::Number(480.0)]));
        let deep = "[".repeat(100_000);
        for bad in ["", "{", "{0", "{0:", "[1 2]", "'a", "{0: 'a'} x", "[[", "\\", deep.as_str()] {
            assert_eq!(Literal::read(bad), None, "{bad:.20}");
        }
    }
}
