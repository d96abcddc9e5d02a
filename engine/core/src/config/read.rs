//! TOML text → tables whose keys, types and ranges were checked against the key table.
//!
//! [`Node::check`] tells every structural problem once. The getters return `None` for what is
//! absent or was told, so that readers only look after meaning.

use super::problem::{Fault, Source, closest, listed, quoted};
use super::schema::{Form, Key, Kind, Need};
use crate::geometry::Polygon;
use crate::id::Name;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Longest file that is read, in bytes: far more than 1,000 cameras.
const FILE_BYTES_MAX: usize = 1 << 20;

type Value<'a> = Spanned<DeValue<'a>>;

/// The document, or `None` when it is no TOML, which was told.
pub(super) fn document<'a>(source: &Source<'a>) -> Option<DeTable<'a>> {
    if source.text.len() > FILE_BYTES_MAX {
        let fault = Fault::new("the file is longer than 1 MiB", "split the site over several boxes");
        source.problem(0, "", fault);
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(source.text);
    let mut last_line = 0;
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        let (line, column) = source.line(at);
        // One slip confuses the rest of its line.
        if line != last_line {
            // Not the error's `Display`: that repeats the line, and a password with it.
            let message = error.message();
            let fault = Fault::new(format!("column {column}: {message}"), syntax_remedy(message));
            source.problem(at, "", fault);
            last_line = line;
        }
    }
    errors.is_empty().then(|| table.into_inner())
}

fn syntax_remedy(message: &str) -> &'static str {
    if message.contains("duplicate key") {
        "keep one of the two; a second camera or rule begins with [[camera]] or [[camera.rule]]"
    } else if message.contains("quote") {
        "put text in \"double quotes\""
    } else if message.contains("recur") {
        "nest lists and tables less deeply"
    } else {
        "correct the line; a value is written as key = \"text\", key = 1.5 or key = [1, 2]"
    }
}

/// A table of a file, and what it may hold.
pub(super) struct Node<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) path: String,
    table: &'a DeTable<'a>,
    keys: &'static [Key],
    at: usize,
}

/// A table in a table; its name when it is a `[x.NAME]`.
pub(super) struct Child<'a> {
    pub(super) name: Option<Name>,
    pub(super) node: Node<'a>,
}

impl<'a> Node<'a> {
    /// The whole document.
    pub(super) fn root(
        source: &'a Source<'a>,
        table: &'a DeTable<'a>,
        keys: &'static [Key],
    ) -> Self {
        Self { source, table, keys, path: String::new(), at: 0 }
    }

    /// A table that was not written: all its keys have their defaults.
    pub(super) fn absent(&self, name: &str) -> Option<Self> {
        static EMPTY: std::sync::LazyLock<DeTable<'static>> =
            std::sync::LazyLock::new(DeTable::new);
        let Kind::Table(keys) = self.key(name)?.kind else { return None };
        let (source, path) = (self.source, self.child_path(name));
        Some(Self { source, table: &EMPTY, keys, path, at: self.at })
    }

    /// Tells every unknown, missing, ill-typed and out-of-range key in here and below.
    pub(super) fn check(&self) {
        for (name, value) in self.table {
            match self.keys.iter().find(|k| k.name == name.as_ref()) {
                Some(key) => self.check_value(key, value),
                None => self.unknown(name),
            }
        }
        for key in self.keys.iter().filter(|k| matches!(k.need, Need::Required)) {
            if !self.has(key.name) {
                let fault = Fault::new(format!("`{}` is missing", key.name), example(key, "add"));
                self.source.problem(self.at, &self.path, fault);
            }
        }
    }

    fn unknown(&self, name: &Spanned<std::borrow::Cow<'_, str>>) {
        let remedy = match closest(name.as_ref(), self.keys.iter().map(|k| k.name)) {
            Some(key) => format!("did you mean `{key}`?"),
            None => format!("keys here are {}", listed(self.keys.iter().map(|k| k.name))),
        };
        let fault = Fault::new(format!("{} is not a known key", quoted(name.as_ref())), remedy);
        self.source.problem(name.span().start, &self.path, fault);
    }

    fn check_value(&self, key: &Key, value: &Value) {
        let tell = |at, fault| self.source.problem(at, &self.child_path(key.name), fault);
        match (&key.kind, value.as_ref()) {
            (Kind::Tables(_), DeValue::Array(items)) => {
                if items.is_empty() {
                    tell(value.span().start, Fault::new("the list is empty", example(key, "add")));
                }
                for item in items.iter().filter(|i| !i.as_ref().is_table()) {
                    let what = format!("must hold tables, not {}", type_of(item));
                    tell(item.span().start, Fault::new(what, example(key, "write")));
                }
            }
            (Kind::Named(_), DeValue::Table(table)) => {
                if table.is_empty() && matches!(key.need, Need::Required) {
                    tell(value.span().start, Fault::new("the table is empty", example(key, "add")));
                }
                self.check_names(key, table);
            }
            (Kind::Table(_), DeValue::Table(_)) => {}
            (Kind::List(form), DeValue::Array(items)) => {
                if items.is_empty() {
                    let fault = Fault::new("the list is empty", example(key, "remove it or write"));
                    tell(value.span().start, fault);
                }
                for item in items.iter() {
                    if let Err(fault) = text(form, key, item) {
                        tell(item.span().start, fault);
                    }
                }
            }
            _ => {
                if let Err(fault) = leaf(key, value) {
                    tell(value.span().start, fault);
                }
            }
        }
        for child in self.children(key.name) {
            child.node.check();
        }
    }

    /// The names in `[x.NAME]` are names, and what stands under them are tables.
    fn check_names(&self, key: &Key, table: &DeTable) {
        for (name, value) in table {
            let tell = |at, fault| self.source.problem(at, &self.child_path(key.name), fault);
            if Name::try_from(name.as_ref().as_ref()).is_err() {
                let remedy = "use 3 to 40 of a-z, 0-9 and '-'";
                tell(name.span().start, Fault::not_a(name.as_ref(), "a name", remedy));
            } else if !value.as_ref().is_table() {
                let what = format!("{} must be a table, not {}", quoted(name.as_ref()), type_of(value));
                tell(value.span().start, Fault::new(what, example(key, "write")));
            }
        }
    }

    fn child_path(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) }
    }

    fn key(&self, name: &str) -> Option<&'static Key> {
        let key = self.keys.iter().find(|k| k.name == name);
        debug_assert!(key.is_some(), "{name} is not in the key table of {}", self.path);
        key
    }

    /// Was the key written?
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// Where a problem with the key belongs: its value, or the head of the table without one.
    pub(super) fn at(&self, name: &str) -> usize {
        self.table.get(name).map_or(self.at, |value| value.span().start)
    }

    /// Tells a problem with the meaning of a key.
    pub(super) fn tell(&self, name: &str, fault: Fault) {
        self.source.problem(self.at(name), &self.child_path(name), fault);
    }

    /// Text as written, or its default.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let key = self.key(name)?;
        match (self.table.get(name), &key.need) {
            (Some(value), _) => leaf(key, value).ok().and_then(|()| value.as_ref().as_str()),
            (None, Need::Text(default)) => Some(default),
            (None, _) => None,
        }
    }

    /// A number in range, or its default.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        let key = self.key(name)?;
        match (self.table.get(name), &key.need) {
            (Some(value), _) => leaf(key, value).ok().and_then(|()| number(value)),
            (None, Need::Number(default)) => Some(*default),
            (None, _) => None,
        }
    }

    /// A name.
    pub(super) fn name(&self, name: &str) -> Option<Name> {
        self.text(name).and_then(|text| Name::try_from(text).ok())
    }

    /// The good elements of a list, each with its place; `None` when there is no list.
    pub(super) fn list(&self, name: &str) -> Option<Vec<(usize, &'a str)>> {
        let Kind::List(form) = self.key(name)?.kind else { return None };
        let items = self.table.get(name)?.as_ref().as_array()?;
        let good = |item: &'a Value<'a>| {
            let text = item.as_ref().as_str().filter(|text| (form.check)(text).is_ok())?;
            Some((item.span().start, text))
        };
        Some(items.iter().filter_map(good).collect())
    }

    /// A polygon.
    pub(super) fn polygon(&self, name: &str) -> Option<Polygon> {
        self.table.get(name).and_then(|value| polygon(value).ok())
    }

    /// The only table of this name.
    pub(super) fn child(&self, name: &str) -> Option<Node<'a>> {
        self.children(name).into_iter().next().map(|child| child.node)
    }

    /// The tables under this key in file order.
    pub(super) fn children(&self, name: &str) -> Vec<Child<'a>> {
        let (Some(key), Some(value)) = (self.key(name), self.table.get(name)) else {
            return Vec::new();
        };
        let path = self.child_path(name);
        let node = |keys, value: &'a Value<'a>, path| {
            let table = value.as_ref().as_table()?;
            Some(Self { source: self.source, table, keys, path, at: value.span().start })
        };
        let plain = |node| Child { name: None, node };
        match (&key.kind, value.as_ref()) {
            (Kind::Table(keys), _) => node(*keys, value, path).map(plain).into_iter().collect(),
            (Kind::Tables(keys), DeValue::Array(items)) => (1..)
                .zip(items.iter())
                .filter_map(|(n, item)| node(*keys, item, format!("{path}[{}]", label(item, n))))
                .map(plain)
                .collect(),
            (Kind::Named(keys), DeValue::Table(table)) => {
                let child = |(name, value): (&Spanned<std::borrow::Cow<'a, str>>, &'a Value<'a>)| {
                    let name = Name::try_from(name.as_ref().as_ref()).ok()?;
                    let node = node(*keys, value, format!("{path}.{name}"))?;
                    Some(Child { name: Some(name), node })
                };
                let mut children: Vec<_> = table.iter().filter_map(child).collect();
                children.sort_by_key(|c| c.node.at);
                children
            }
            _ => Vec::new(),
        }
    }
}

/// How a message calls the `n`-th of several tables: its id if it has a good one.
fn label(item: &Value, n: usize) -> String {
    let name = |key| {
        let name = item.as_ref().as_table()?.get(key)?.as_ref().as_str()?;
        Name::try_from(name).ok()
    };
    name("id").or_else(|| name("use")).map_or_else(|| n.to_string(), |name| name.to_string())
}

/// `verb` with the key as it is to be written.
fn example(key: &Key, verb: &str) -> String {
    match key.kind {
        _ if !key.example.is_empty() => format!("{verb} `{} = {}`", key.name, key.example),
        Kind::Tables(_) => format!("{verb} a table [[{}]]", key.name),
        Kind::Named(_) => format!("{verb} a table [{}.NAME]", key.name),
        _ => format!("{verb} a table [{}]", key.name),
    }
}

/// Checks a value that is not a table.
fn leaf(key: &Key, value: &Value) -> Result<(), Fault> {
    let wrong = |want: &str| {
        Err(Fault::new(format!("must be {want}, not {}", type_of(value)), example(key, "write")))
    };
    match &key.kind {
        Kind::Text(form) => text(form, key, value),
        Kind::OneOf(options) => match value.as_ref().as_str() {
            Some(text) if options.contains(&text) => Ok(()),
            Some(text) => {
                let remedy = format!("use {}", options.join(" or "));
                Err(Fault::new(format!("{} is not one of the options", quoted(text)), remedy))
            }
            None => wrong("text in quotes"),
        },
        Kind::Whole { .. } if !value.as_ref().is_integer() => wrong("a whole number"),
        Kind::Whole { min, max } => in_range(key, value, *min as f64, *max as f64),
        Kind::Number { min, max } => match value.as_ref() {
            DeValue::Integer(_) | DeValue::Float(_) => in_range(key, value, *min, *max),
            _ => wrong("a number"),
        },
        Kind::Corners => polygon(value).map(|_| ()),
        Kind::List(_) => wrong("a list"),
        Kind::Table(_) | Kind::Named(_) => wrong("a table"),
        Kind::Tables(_) => wrong("a list of tables"),
    }
}

fn text(form: &Form, key: &Key, value: &Value) -> Result<(), Fault> {
    let Some(text) = value.as_ref().as_str() else {
        let what = format!("must be text in quotes, not {}", type_of(value));
        return Err(Fault::new(what, example(key, "write")));
    };
    if !form.secret && super::secret::has_reference(text) {
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
    Err(Fault::new(what, example(key, "write for instance")))
}

fn number(value: &Value) -> Option<f64> {
    match value.as_ref() {
        DeValue::Integer(v) => i64::from_str_radix(v.as_str(), v.radix()).ok().map(|v| v as f64),
        DeValue::Float(v) => v.as_str().parse().ok(),
        _ => None,
    }
}

fn polygon(value: &Value) -> Result<Polygon, Fault> {
    const REMEDY: &str = "list its corners in order as [[x, y], …], fractions of the frame from 0 to 1";
    let corner = |value: &Value| {
        let pair = value.as_ref().as_array().filter(|pair| pair.len() == 2)?;
        Some([number(pair.get(0)?)? as f32, number(pair.get(1)?)? as f32])
    };
    let corners: Option<Vec<[f32; 2]>> =
        value.as_ref().as_array().and_then(|corners| corners.iter().map(corner).collect());
    let corners = corners.ok_or_else(|| Fault::new("must be a list of [x, y]", REMEDY))?;
    Polygon::try_from(corners).map_err(|message| match message.split_once("; ") {
        Some((what, remedy)) => Fault::new(what, remedy),
        None => Fault::new(message, REMEDY),
    })
}

fn type_of(value: &Value) -> &'static str {
    match value.as_ref() {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
