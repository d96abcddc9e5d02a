//! Which file of a crate uses which, and for which names.
//!
//! A use is a path of two parts or more, in a `use` line, in code or in a macro. It is followed to
//! the file in which the name stands: through names that files bring in, through `super`, and
//! through faces that hand a name on, which are thus passed and not used. `mod` lines, methods, and
//! what is only compiled for tests are no uses.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Files by who uses them, with the names that are used.
pub(crate) type Uses = BTreeMap<(String, String), BTreeSet<String>>;

/// Reads a file by its path; none when it is not there.
pub(crate) type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where a name leads.
#[derive(Clone, Copy)]
enum Place {
    Module(usize),
    /// Something that stands in this module.
    Item(usize),
    /// Something of another crate.
    Elsewhere,
}

#[derive(Default)]
struct Module {
    file: String,
    /// Where the files of its children are.
    folder: String,
    parent: usize,
    children: BTreeMap<String, usize>,
    /// What `use` lines bring in, with the paths that are written there.
    names: BTreeMap<String, Vec<String>>,
    /// Modules of which they bring in everything.
    globs: Vec<Vec<String>>,
    defined: BTreeSet<String>,
    /// All paths, as written.
    paths: Vec<Vec<String>>,
}

struct Crate<'a> {
    read: Read<'a>,
    modules: Vec<Module>,
}

/// All uses between the files of a crate, whose root is `root`, such as `src/lib.rs`.
pub(crate) fn uses(root: &str, read: Read) -> Uses {
    let folder = Path::new(root).parent().unwrap().display().to_string();
    let mut all = Crate { read, modules: Vec::new() };
    all.modules.push(Module { file: root.into(), folder, ..Module::default() });
    all.walk(0, &tokens(root, &read(root).unwrap()), true);
    let mut uses = Uses::new();
    for (from, module) in all.modules.iter().enumerate() {
        for path in &module.paths {
            let Place::Item(to) = all.locate(from, path, false, &mut BTreeSet::new()) else {
                continue;
            };
            let to = &all.modules[to].file;
            if *to != module.file {
                let names = uses.entry((module.file.clone(), to.clone())).or_default();
                names.insert(path.last().unwrap().clone());
            }
        }
    }
    uses
}

fn tokens(file: &str, text: &str) -> Vec<TokenTree> {
    let stream: TokenStream = text.parse().unwrap_or_else(|e| panic!("{file}: {e}"));
    stream.into_iter().collect()
}

fn word(token: Option<&TokenTree>) -> Option<String> {
    match token? {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<Vec<TokenTree>> {
    match token? {
        TokenTree::Group(group) if group.delimiter() == delimiter => {
            Some(group.stream().into_iter().collect())
        }
        _ => None,
    }
}

/// Does `::` stand here?
fn is_joint(tokens: &[TokenTree], at: usize) -> bool {
    is_sign(tokens.get(at), ':') && is_sign(tokens.get(at + 1), ':')
}

/// `cfg(test)`, or `test` among other conditions.
fn is_for_tests(attribute: &[TokenTree]) -> bool {
    let text = attribute.iter().map(ToString::to_string).collect::<String>();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    text.starts_with("cfg") && words.any(|word| word == "test") && !text.contains("not")
}

/// After the item that begins at `at`.
fn after_item(tokens: &[TokenTree], at: usize) -> usize {
    let is_use = tokens[at..].iter().take(3).any(|t| word(Some(t)).as_deref() == Some("use"));
    let ends = |token: &TokenTree| {
        let body = group(Some(token), Delimiter::Brace).is_some() && !is_use;
        body || is_sign(Some(token), ';')
    };
    tokens[at..].iter().position(ends).map_or(tokens.len(), |end| at + end + 1)
}

impl Crate<'_> {
    /// Takes in code of a module; `top` says that it is not within a function, type or macro.
    fn walk(&mut self, module: usize, tokens: &[TokenTree], top: bool) {
        let mut at = 0;
        while at < tokens.len() {
            at = self.step(module, tokens, at, top);
        }
    }

    /// Takes in what stands at `at`, and says where the next thing is.
    fn step(&mut self, module: usize, tokens: &[TokenTree], at: usize, top: bool) -> usize {
        const DEFINES: [&str; 8] =
            ["struct", "enum", "union", "trait", "fn", "type", "const", "static"];
        let next = tokens.get(at + 1);
        if is_sign(tokens.get(at), '#') {
            let attribute = group(next, Delimiter::Bracket).unwrap_or_default();
            let own = is_for_tests(&attribute);
            return if own { after_item(tokens, at + 2) } else { at + 1 };
        }
        if let TokenTree::Group(group) = &tokens[at] {
            self.walk(module, &group.stream().into_iter().collect::<Vec<_>>(), false);
            return at + 1;
        }
        let Some(first) = word(tokens.get(at)) else { return at + 1 };
        match (first.as_str(), word(next)) {
            ("mod", Some(name)) => {
                self.child(module, name, group(tokens.get(at + 2), Delimiter::Brace));
                return at + 3;
            }
            ("use", _) if !is_sign(next, '<') => {
                let end = after_item(tokens, at);
                self.bring_in(module, &[], &tokens[at + 1..end - 1]);
                return end;
            }
            (kind, Some(name)) if top && DEFINES.contains(&kind) => {
                self.modules[module].defined.insert(name);
            }
            _ => {}
        }
        let mut path = vec![first];
        let mut end = at + 1;
        while is_joint(tokens, end) {
            let Some(part) = word(tokens.get(end + 2)) else { break };
            path.push(part);
            end += 3;
        }
        let goes_on = at >= 2 && is_joint(tokens, at - 2);
        if path.len() > 1 && !goes_on {
            self.modules[module].paths.push(path);
        }
        end
    }

    /// A module in the same file, or in one of its own.
    fn child(&mut self, module: usize, name: String, body: Option<Vec<TokenTree>>) {
        let Module { file, folder, .. } = &self.modules[module];
        let own = format!("{folder}/{name}");
        let (file, body) = if let Some(body) = body {
            (file.clone(), body)
        } else {
            let places = [format!("{own}.rs"), format!("{own}/mod.rs")];
            let found = places.iter().find_map(|place| Some((place, (self.read)(place)?)));
            let (file, text) = found.unwrap_or_else(|| panic!("{own} is not there"));
            (file.clone(), tokens(file, &text))
        };
        let child = self.modules.len();
        self.modules.push(Module { file, folder: own, parent: module, ..Module::default() });
        self.modules[module].children.insert(name, child);
        self.walk(child, &body, true);
    }

    /// What stands after `use`, or in its brackets.
    fn bring_in(&mut self, module: usize, before: &[String], tokens: &[TokenTree]) {
        let mut path = before.to_vec();
        for (at, token) in tokens.iter().enumerate() {
            if is_sign(Some(token), '*') {
                self.modules[module].globs.push(path.clone());
                path.push("*".into());
                self.modules[module].paths.push(path);
                return;
            }
            if let Some(inner) = group(Some(token), Delimiter::Brace) {
                for part in inner.split(|token| is_sign(Some(token), ',')).filter(|p| !p.is_empty())
                {
                    self.bring_in(module, &path, part);
                }
                return;
            }
            match word(Some(token)).as_deref() {
                Some("as") => return self.name(module, word(tokens.get(at + 1)), path),
                Some("self") if !path.is_empty() => {}
                Some(part) => path.push(part.to_owned()),
                None => {}
            }
        }
        self.name(module, path.last().cloned(), path);
    }

    fn name(&mut self, module: usize, name: Option<String>, path: Vec<String>) {
        let Some(name) = name else { return };
        self.modules[module].paths.push(path.clone());
        self.modules[module].names.insert(name, path);
    }

    /// Where a path of a module leads. `inside` says that something in what it names is meant; `seen`
    /// holds what was looked for on the way.
    fn locate(
        &self,
        module: usize,
        path: &[String],
        inside: bool,
        seen: &mut BTreeSet<(usize, String)>,
    ) -> Place {
        let mut place = Place::Module(module);
        for (i, part) in path.iter().enumerate() {
            let Place::Module(here) = place else { break };
            place = match part.as_str() {
                "crate" => Place::Module(0),
                "self" => place,
                "super" => Place::Module(self.modules[here].parent),
                part => {
                    let inside = inside || i + 1 < path.len();
                    match self.find(here, part, inside, seen) {
                        Some(found) => found,
                        // What macros make is in no list.
                        None if i > 0 => Place::Item(here),
                        None => Place::Elsewhere,
                    }
                }
            };
        }
        place
    }

    fn find(
        &self,
        module: usize,
        name: &str,
        inside: bool,
        seen: &mut BTreeSet<(usize, String)>,
    ) -> Option<Place> {
        let here = &self.modules[module];
        let child = here.children.get(name).map(|child| Place::Module(*child));
        if inside && child.is_some() {
            return child;
        }
        if !seen.insert((module, name.to_owned())) {
            return None;
        }
        if here.defined.contains(name) {
            return Some(Place::Item(module));
        }
        if let Some(path) = here.names.get(name) {
            return Some(self.locate(module, path, inside, seen));
        }
        let mut in_all_of = |path: &Vec<String>| match self.locate(module, path, true, seen) {
            Place::Module(other) => self.find(other, name, inside, seen),
            Place::Item(_) | Place::Elsewhere => None,
        };
        child.or_else(|| here.globs.iter().find_map(&mut in_all_of))
    }
}
