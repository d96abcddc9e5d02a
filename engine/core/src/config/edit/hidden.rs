//! Lines of a pipeline file as they may be shown to who edits it from afar: without secrets, and without
//! addresses.

use super::super::pipeline_keys::PIPELINE;
use super::super::schema::{Key, Kind};
use std::collections::BTreeSet;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

const HIDDEN: &str = "(hidden)";

/// Each line of the text, with what must not be shown left out.
pub(super) fn shown(text: &str) -> Vec<String> {
    let mut names = BTreeSet::new();
    secret_names(PIPELINE, &mut names);
    let Ok(table) = DeTable::parse(text) else {
        // Nobody knows what stands where.
        return text.lines().map(|_| HIDDEN.to_owned()).collect();
    };
    let mut secrets = Vec::new();
    secrets_of(table.get_ref(), &names, &mut secrets);
    secrets.sort_by_key(|span| span.start);
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        lines.push(line_shown(line, at, &secrets, &names));
        at = end;
    }
    lines
}

/// The keys whose values may be secrets or hold them.
fn secret_names(keys: &'static [Key], names: &mut BTreeSet<&'static str>) {
    for key in keys {
        match key.kind {
            Kind::Text(form) if form.secret => {
                names.insert(key.name);
            }
            Kind::Table(keys) | Kind::Tables(keys) | Kind::Named(keys) => secret_names(keys, names),
            _ => {}
        }
    }
}

/// Where values of such keys stand, wherever the keys do.
fn secrets_of(table: &DeTable, names: &BTreeSet<&str>, found: &mut Vec<Range<usize>>) {
    for (key, value) in table {
        if names.contains(key.get_ref().as_ref()) {
            found.push(value.span());
        } else {
            secrets_in(value.get_ref(), names, found);
        }
    }
}

fn secrets_in(value: &DeValue, names: &BTreeSet<&str>, found: &mut Vec<Range<usize>>) {
    match value {
        DeValue::Table(table) => secrets_of(table, names, found),
        DeValue::Array(items) => {
            items.iter().for_each(|item| secrets_in(item.get_ref(), names, found));
        }
        _ => {}
    }
}

fn line_shown(line: &str, at: usize, secrets: &[Range<usize>], names: &BTreeSet<&str>) -> String {
    let end = at + line.len();
    let mut text = String::new();
    let mut from = at;
    for secret in secrets.iter().filter(|secret| secret.start < end && secret.end > at) {
        let (start, stop) = (secret.start.max(from), secret.end.min(end));
        text.push_str(&line[from - at..start - at]);
        text.push_str(HIDDEN);
        from = stop;
    }
    text.push_str(&line[from - at..]);
    let text = text.trim_end_matches(['\n', '\r']);
    match text.split_once('#') {
        // Perhaps a key that somebody took out by making a comment of it.
        Some((before, comment)) if is_telling(comment, names) => format!("{before}# {HIDDEN}"),
        _ if text.contains("://") => HIDDEN.to_owned(),
        _ => text.to_owned(),
    }
}

fn is_telling(comment: &str, names: &BTreeSet<&str>) -> bool {
    let sets = |name: &&str| {
        let rest = comment.split(name).skip(1);
        rest.into_iter()
            .any(|rest| rest.trim_start_matches(['"', '\'', ' ', '\t']).starts_with('='))
    };
    comment.contains("://") || names.iter().any(sets)
}
