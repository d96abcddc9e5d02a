//! TOML text → tables whose keys, types and ranges were checked against the key table.
//!
//! [`Node::check`] tells every structural problem once. The getters return `None` for what is
//! absent or was told, so that readers only look after meaning.

use super::problem::{Fault, Source, closest, listed, quoted};
use super::schema::{Form, Key, Kind, Need};
use super::value::{
    Value, example, leaf, number, numbers, pairs, parameter, polygon, sizes, text, type_of,
};
use crate::geometry::Polygon;
use crate::id::Name;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use viahe_contract::message::EditFault;

/// Longest file that is read, in bytes: far more than 1,000 cameras.
const FILE_BYTES_MAX: usize = 1 << 20;
/// Most tables of one kind, in one table: what bounds the work on an absurd file.
const TABLES_MAX: usize = 1000;

/// The document, or `None` when it is no TOML, which was told.
pub(super) fn document<'a>(source: &Source<'a>) -> Option<DeTable<'a>> {
    if source.text.len() > FILE_BYTES_MAX {
        let fault = Fault::new("the file is longer than 1 MiB", source.kind.when_too_long());
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
            let fault = Fault::new(
                format!("column {column}: {message}"),
                syntax_remedy(message, source.text),
            );
            source.problem(at, "", fault);
            last_line = line;
        }
    }
    errors.is_empty().then(|| table.into_inner())
}

fn syntax_remedy(message: &str, source: &str) -> &'static str {
    if message.contains("duplicate key") {
        if source.contains("[[camera") {
            "keep one of the two; each camera begins with [[camera]], each rule with \
             [[camera.rule]], and a camera's zones and rules come after it"
        } else {
            "keep one of the two"
        }
    } else if message.contains("unquoted key") {
        "name keys with letters, digits, - and _ only"
    } else if message.contains("quote") || message.contains("invalid boolean") {
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

/// A number of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount {
    Number(f64),
    /// That of the rule, or the entry's default.
    Parameter(&'static str),
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
                let what = format!("`{}` is missing", key.name);
                let code = EditFault::Missing { key: key.name.to_owned() };
                let fault = Fault::new(what, self.written(key, "add")).coded(code);
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
        let at = value.span().start;
        match (&key.kind, value.as_ref()) {
            (Kind::Table(_), DeValue::Table(_)) => {}
            (Kind::Tables(_), DeValue::Array(items)) => {
                self.check_count(key, at, items.len());
                for item in items.iter().filter(|i| !i.as_ref().is_table()) {
                    let what = format!("must hold tables, not {}", type_of(item));
                    tell(item.span().start, Fault::new(what, self.written(key, "write")));
                }
            }
            (Kind::Named(_), DeValue::Table(table)) => {
                self.check_count(key, at, table.len());
                self.check_names(key, table);
            }
            (Kind::Table(_) | Kind::Named(_), _) => {
                let what = format!("must be a table, not {}", type_of(value));
                tell(at, Fault::new(what, self.written(key, "write")));
            }
            (Kind::Tables(_), _) => {
                let what = format!("must be a list of tables, not {}", type_of(value));
                tell(at, Fault::new(what, self.written(key, "write")));
            }
            (Kind::List(form), DeValue::Array(items)) => {
                if items.is_empty() {
                    tell(at, Fault::new("the list is empty", example(key, "remove it or write")));
                }
                for item in items {
                    if let Err(fault) = text(form, key, item) {
                        tell(item.span().start, fault);
                    }
                }
            }
            (Kind::Entries { keys, values }, DeValue::Table(table)) => {
                self.check_chosen(key, at, keys, table, |value| text(values, key, value));
            }
            (Kind::Titled { keys, .. }, DeValue::Table(table)) => {
                self.check_chosen(key, at, keys, table, |value| {
                    if value.as_ref().is_table() {
                        return Ok(());
                    }
                    let what = format!("must be a table, not {}", type_of(value));
                    Err(Fault::new(what, example(key, "write")))
                });
            }
            _ => {
                if let Err(fault) = leaf(key, value) {
                    tell(at, fault);
                }
            }
        }
        for child in self.children(key.name) {
            child.node.check();
        }
    }

    /// What stands under keys that the file chooses.
    fn check_chosen(
        &self,
        key: &Key,
        at: usize,
        keys: &Form,
        table: &DeTable,
        check: impl Fn(&Value) -> Result<(), Fault>,
    ) {
        let path = self.child_path(key.name);
        if table.is_empty() {
            self.source.problem(at, &path, Fault::new("the table is empty", example(key, "write")));
        }
        for (name, value) in table {
            let good = (keys.check)(name.as_ref()).and_then(|()| check(value));
            if let Err(fault) = good {
                let path = format!("{path}.{}", name.as_ref());
                self.source.problem(value.span().start, &path, fault);
            }
        }
    }

    /// Neither no table, where one is required, nor too many.
    fn check_count(&self, key: &Key, at: usize, count: usize) {
        let path = self.child_path(key.name);
        if count == 0 && matches!(key.need, Need::Required) {
            let fault = Fault::new("there is none", self.written(key, "add"));
            self.source.problem(at, &path, fault);
        }
        if count > TABLES_MAX {
            let what = format!("there are {count}, and {TABLES_MAX} are the most");
            self.source.problem(at, &path, Fault::new(what, self.source.kind.when_too_long()));
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
                let what =
                    format!("{} must be a table, not {}", quoted(name.as_ref()), type_of(value));
                tell(value.span().start, Fault::new(what, self.written(key, "write")));
            }
        }
    }

    /// `verb` with the key as it is to be written.
    fn written(&self, key: &Key, verb: &str) -> String {
        if !key.example.is_empty() {
            return example(key, verb);
        }
        // `camera[gate-east].zone` is written `camera.zone`.
        let path = self.child_path(key.name);
        let plain: String = path
            .split('.')
            .map(|part| part.split('[').next().unwrap_or(part))
            .collect::<Vec<_>>()
            .join(".");
        match key.kind {
            Kind::Tables(_) => format!("{verb} a table [[{plain}]]"),
            Kind::Named(_) => format!("{verb} a table [{plain}.NAME]"),
            _ => format!("{verb} a table [{plain}]"),
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

    /// Was the key written, and is it no empty list?
    pub(super) fn has_any(&self, name: &str) -> bool {
        let value = self.table.get(name).map(AsRef::as_ref);
        value.is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()))
    }

    /// Where a problem with the key belongs: its value, or the head of the table without one.
    pub(super) fn at(&self, name: &str) -> usize {
        self.table.get(name).map_or(self.at, |value| value.span().start)
    }

    /// Line of its head, from 1.
    pub(super) fn line(&self) -> usize {
        self.source.line(self.at).0
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

    /// Is it written, and true?
    pub(super) fn flag(&self, name: &str) -> bool {
        self.table.get(name).and_then(|value| value.as_ref().as_bool()).unwrap_or_default()
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

    /// A number, or the name of the parameter that stands for it.
    pub(super) fn amount(&self, name: &str) -> Option<Amount> {
        let key = self.key(name)?;
        let Some(value) = self.table.get(name) else {
            return match key.need {
                Need::Number(default) => Some(Amount::Number(default)),
                _ => None,
            };
        };
        leaf(key, value).ok()?;
        match value.as_ref() {
            DeValue::String(text) => parameter(text).ok().map(|key| Amount::Parameter(key.name)),
            _ => number(value).map(Amount::Number),
        }
    }

    /// Pairs of numbers.
    pub(super) fn pairs(&self, name: &str) -> Option<Vec<[f64; 2]>> {
        let Kind::Pairs { count, min, max } = self.key(name)?.kind else { return None };
        pairs(self.table.get(name)?, count, min, max)
    }

    /// Pairs of numbers, as many as there are.
    pub(super) fn corners(&self, name: &str) -> Option<Vec<[f64; 2]>> {
        let pair = |item: &Value| numbers(item, f64::MIN, f64::MAX)?.try_into().ok();
        self.table.get(name)?.as_ref().as_array()?.iter().map(pair).collect()
    }

    /// Columns and rows of images; none where the key is absent or bad.
    pub(super) fn sizes(&self, name: &str) -> Vec<[usize; 2]> {
        let good = |key: &Key| leaf(key, self.table.get(name)?).ok();
        let all = || sizes(self.table.get(name)?, f64::MIN, f64::MAX);
        self.key(name).and_then(good).and_then(|()| all()).unwrap_or_default()
    }

    /// A list of numbers, all in range.
    pub(super) fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let (key, value) = (self.key(name)?, self.table.get(name)?);
        leaf(key, value).ok().and_then(|()| numbers(value, f64::MIN, f64::MAX))
    }

    /// The good texts under keys that the file chose, each with its place, in file order.
    pub(super) fn entries(&self, name: &str) -> Option<Vec<(usize, &'a str, &'a str)>> {
        let Kind::Entries { keys, values } = self.key(name)?.kind else { return None };
        let good = |(key, value): (&'a Spanned<std::borrow::Cow<'a, str>>, &'a Value<'a>)| {
            let key: &'a str = key.as_ref();
            let text = value.as_ref().as_str().filter(|text| (values.check)(text).is_ok())?;
            (keys.check)(key).ok().map(|()| (value.span().start, key, text))
        };
        let mut entries: Vec<_> =
            self.table.get(name)?.as_ref().as_table()?.iter().filter_map(good).collect();
        entries.sort_by_key(|(at, ..)| *at);
        Some(entries)
    }

    /// The good keys that the file chose for its tables.
    pub(super) fn titles(&self, name: &str) -> Option<Vec<&'a str>> {
        let Kind::Titled { keys, .. } = self.key(name)?.kind else { return None };
        let table = self.table.get(name)?.as_ref().as_table()?;
        let names = table.iter().map(|(key, _)| key.as_ref().as_ref());
        Some(names.filter(|name| (keys.check)(name).is_ok()).collect())
    }

    /// Where the table begins.
    pub(super) fn start(&self) -> usize {
        self.at
    }

    /// The keys of this table that were written.
    pub(super) fn written_keys(&self) -> impl Iterator<Item = &'static Key> + '_ {
        self.keys.iter().filter(|key| self.has(key.name))
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
                .zip(items.iter().take(TABLES_MAX))
                .filter_map(|(n, item)| node(*keys, item, format!("{path}[{}]", label(item, n))))
                .map(plain)
                .collect(),
            (Kind::Named(keys), DeValue::Table(table)) => {
                let child =
                    |(name, value): (&Spanned<std::borrow::Cow<'a, str>>, &'a Value<'a>)| {
                        let name = Name::try_from(name.as_ref().as_ref()).ok()?;
                        let node = node(*keys, value, format!("{path}.{name}"))?;
                        Some(Child { name: Some(name), node })
                    };
                let mut children: Vec<_> =
                    table.iter().take(TABLES_MAX).filter_map(child).collect();
                children.sort_by_key(|c| c.node.at);
                children
            }
            (Kind::Titled { table: keys, .. }, DeValue::Table(table)) => table
                .iter()
                .filter_map(|(name, value)| node(*keys, value, format!("{path}.{}", name.as_ref())))
                .map(plain)
                .collect(),
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
    name("id")
        .or_else(|| name("use"))
        .or_else(|| name("name"))
        .map_or_else(|| n.to_string(), |name| name.to_string())
}
