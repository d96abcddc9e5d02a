//! Files that use each other in a circle.

use super::walk::Uses;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The shortest way from each file back to itself, shortest first; a file that stands in one is in
/// no later one.
pub(crate) fn circles(uses: &Uses) -> Vec<Vec<String>> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in uses.keys() {
        next.entry(from).or_default().push(to);
    }
    let mut all: Vec<Vec<&str>> = next.keys().filter_map(|file| way_back(file, &next)).collect();
    all.sort_by_key(Vec::len);
    let mut seen = BTreeSet::new();
    all.retain(|circle| {
        let new = circle.iter().all(|file| !seen.contains(file));
        if new {
            seen.extend(circle.clone());
        }
        new
    });
    all.into_iter().map(|circle| circle.into_iter().map(str::to_owned).collect()).collect()
}

fn way_back<'a>(start: &'a str, next: &BTreeMap<&'a str, Vec<&'a str>>) -> Option<Vec<&'a str>> {
    let mut from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut todo = VecDeque::from([start]);
    while let Some(file) = todo.pop_front() {
        for to in next.get(file).into_iter().flatten().copied() {
            if from.contains_key(to) {
                continue;
            }
            from.insert(to, file);
            if to == start {
                let mut way = vec![file];
                while *way.last().unwrap() != start {
                    way.push(from[way.last().unwrap()]);
                }
                way.reverse();
                return Some(way);
            }
            todo.push_back(to);
        }
    }
    None
}

/// For people: one line for each step of a circle.
pub(crate) fn told(circle: &[String], uses: &Uses) -> String {
    let steps = circle.iter().zip(circle.iter().cycle().skip(1));
    steps.map(|(from, to)| step(from, to, &uses[&(from.clone(), to.clone())])).collect()
}

/// For people: who uses what of whom.
pub(crate) fn step(from: &str, to: &str, names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    format!("  {from} uses {} of {to}\n", names.join(", "))
}
