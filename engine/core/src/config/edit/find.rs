//! Tables of a document, however they are written: `[x]`, `[[x]]`, inline, or by dotted keys.

use super::super::problem::Fault;
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};
use viahe_contract::id::Name;

/// A table, and where tables that are new in it go.
pub(super) struct Spot<'d> {
    pub(super) table: &'d mut dyn TableLike,
    /// Behind the head of this table; none: behind its neighbours.
    pub(super) position: Option<isize>,
}

/// What is to stay of what was taken out: comments that stand apart from it.
pub(super) struct Left {
    position: isize,
    text: String,
}

impl Spot<'_> {
    /// The table under a key; it is made if it is not there. One that only holds others has no head.
    pub(super) fn table(self, key: &str, holds_others: bool) -> Result<Self, Fault> {
        let Self { table, position } = self;
        let is_new = table.get(key).is_none();
        if is_new {
            let mut new = Table::new();
            new.set_implicit(holds_others);
            new.set_dotted(table.is_dotted());
            new.set_position(position);
            table.insert(key, Item::Table(new));
        }
        let child = table.get_mut(key).and_then(Item::as_table_like_mut);
        let table = child.ok_or_else(|| no_table(key))?;
        Ok(Self { table, position: position.filter(|_| is_new) })
    }

    /// Takes out what stands under a key.
    pub(super) fn remove(self, key: &str) -> Result<Option<Left>, Fault> {
        let gone = self.table.remove(key).ok_or_else(|| {
            Fault::new(format!("there is no {key} here"), "look at the file as it is now")
        })?;
        Ok(gone.as_table().and_then(left))
    }

    /// Takes out a table of those under a key.
    pub(super) fn remove_in(self, kind: &str, key: &str) -> Result<Option<Left>, Fault> {
        let among = self.table.get_mut(kind).and_then(Item::as_table_like_mut);
        let missing = || {
            Fault::new(format!("there is no {kind} {key} here"), "look at the file as it is now")
        };
        let gone = among.and_then(|among| among.remove(key)).ok_or_else(missing)?;
        Ok(gone.as_table().and_then(left))
    }
}

fn no_table(key: &str) -> Fault {
    Fault::new(format!("`{key}` is not a table"), "repair the file on the box")
}

/// The camera of this id.
pub(super) fn camera<'d>(document: &'d mut DocumentMut, id: &Name) -> Result<Spot<'d>, Fault> {
    let is = |table: &dyn TableLike| {
        table.get("id").and_then(Item::as_str).is_some_and(|own| own == id.as_str())
    };
    let missing =
        || Fault::new(format!("there is no camera {id}"), "look at the file as it is now");
    match document.get_mut("camera") {
        Some(Item::ArrayOfTables(cameras)) => {
            let found = cameras.iter_mut().find(|camera| is(&**camera)).ok_or_else(missing)?;
            let position = found.position();
            Ok(Spot { table: found, position })
        }
        Some(Item::Value(Value::Array(cameras))) => {
            let mut tables = cameras.iter_mut().filter_map(Value::as_inline_table_mut);
            let found = tables.find(|camera| is(&**camera)).ok_or_else(missing)?;
            Ok(Spot { table: found, position: None })
        }
        _ => Err(missing()),
    }
}

type NameOf = fn(&dyn TableLike) -> Option<&str>;

/// Which of the tables under a key has this name.
fn index(parent: &dyn TableLike, key: &str, name: &Name, name_of: NameOf) -> Result<usize, Fault> {
    let is = |table: &dyn TableLike| name_of(table) == Some(name.as_str());
    let found: Vec<usize> = match parent.get(key) {
        Some(Item::ArrayOfTables(all)) => {
            all.iter().enumerate().filter(|(_, table)| is(*table)).map(|(n, _)| n).collect()
        }
        Some(Item::Value(Value::Array(all))) => {
            let named = |value: &Value| value.as_inline_table().is_some_and(|table| is(table));
            all.iter().enumerate().filter(|(_, value)| named(value)).map(|(n, _)| n).collect()
        }
        _ => Vec::new(),
    };
    match found[..] {
        [one] => Ok(one),
        [] => {
            let what = format!("there is no {key} {name} here");
            Err(Fault::new(what, "look at the file as it is now"))
        }
        _ => {
            let what = format!("{} are called {name} here", found.len());
            Err(Fault::new(what, "give each its own `id` in the file on the box"))
        }
    }
}

/// The table of this name among those under a key.
pub(super) fn named<'t>(
    parent: &'t mut dyn TableLike,
    key: &str,
    name: &Name,
    name_of: NameOf,
) -> Result<&'t mut dyn TableLike, Fault> {
    let n = index(&*parent, key, name, name_of)?;
    at(parent, key, n).ok_or_else(|| no_table(key))
}

fn at<'t>(parent: &'t mut dyn TableLike, key: &str, n: usize) -> Option<&'t mut dyn TableLike> {
    match parent.get_mut(key)? {
        Item::ArrayOfTables(all) => all.get_mut(n).map(|table| table as &mut dyn TableLike),
        Item::Value(Value::Array(all)) => {
            let table = all.get_mut(n)?.as_inline_table_mut()?;
            Some(table as &mut dyn TableLike)
        }
        _ => None,
    }
}

/// A new table behind those under a key.
pub(super) fn push<'t>(
    parent: &'t mut Spot<'_>,
    key: &str,
) -> Result<&'t mut dyn TableLike, Fault> {
    let table = &mut *parent.table;
    if table.get(key).is_none() {
        table.insert(key, Item::ArrayOfTables(ArrayOfTables::new()));
    }
    let last = match table.get_mut(key) {
        Some(Item::ArrayOfTables(all)) => {
            all.push(Table::new());
            all.len() - 1
        }
        Some(Item::Value(Value::Array(all))) => {
            let like = all.iter().last().map(|last| last.decor().clone());
            let mut new = Value::InlineTable(InlineTable::new());
            if let Some(like) = like {
                *new.decor_mut() = like;
            }
            all.push_formatted(new);
            all.len() - 1
        }
        _ => return Err(no_table(key)),
    };
    at(table, key, last).ok_or_else(|| no_table(key))
}

/// Takes the table of this name out of those under a key.
pub(super) fn remove_named(
    parent: &mut dyn TableLike,
    key: &str,
    name: &Name,
    name_of: NameOf,
) -> Result<Option<Left>, Fault> {
    let n = index(&*parent, key, name, name_of)?;
    match parent.get_mut(key) {
        Some(Item::ArrayOfTables(all)) => {
            let left = all.get(n).and_then(left);
            all.remove(n);
            Ok(left)
        }
        Some(Item::Value(Value::Array(all))) => {
            all.remove(n);
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// What stands above a table and, by a line between, is not about it.
fn left(table: &Table) -> Option<Left> {
    let position = table.position()?;
    let above = table.decor().prefix()?.as_str()?;
    let end = above.rfind("\n\n")? + 1;
    let apart = &above[..end];
    apart.contains('#').then(|| Left { position, text: apart.to_owned() })
}

/// Puts what is left above the next table, or at the end of the file.
pub(super) fn hand_on(document: &mut DocumentMut, left: Option<Left>) {
    let Some(Left { position, text }) = left else { return };
    let mut positions = Vec::new();
    heads(document.as_table_mut(), &mut |table| positions.extend(table.position()));
    let next = positions.into_iter().filter(|other| *other > position).min();
    let Some(next) = next else {
        let trailing = document.trailing().as_str().unwrap_or_default();
        let trailing = format!("{text}{trailing}");
        document.set_trailing(trailing);
        return;
    };
    heads(document.as_table_mut(), &mut |table| {
        if table.position() == Some(next) {
            let above = table.decor().prefix().and_then(|p| p.as_str()).unwrap_or_default();
            let above = format!("{text}{above}");
            table.decor_mut().set_prefix(above);
        }
    });
}

/// Every table with a head.
fn heads(table: &mut Table, each: &mut dyn FnMut(&mut Table)) {
    each(table);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => heads(table, each),
            Item::ArrayOfTables(all) => all.iter_mut().for_each(|table| heads(table, each)),
            _ => {}
        }
    }
}
