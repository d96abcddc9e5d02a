//! A strict reader of `OpenMetrics` 1.0 text, as far as the engine writes it.

use std::collections::{BTreeMap, BTreeSet};

/// A whole page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// By name without suffix.
    families: BTreeMap<String, Family>,
    /// Value by `name{labels}`, as written.
    samples: BTreeMap<String, f64>,
    counters: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
}

impl Page {
    /// Reads `text`, or says what breaks the format.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let body = text.strip_suffix("# EOF\n").ok_or("the page does not end with # EOF")?;
        let mut page = Self::default();
        let mut current = String::new();
        for line in body.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').ok_or(format!("no help: {line}"))?;
                check_name(name)?;
                let family = Family { kind: String::new(), help: help.into() };
                if page.families.insert(name.into(), family).is_some() {
                    return Err(format!("{name} comes twice"));
                }
                current = name.into();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').ok_or(format!("no type: {line}"))?;
                if name != current {
                    return Err(format!("TYPE of {name} does not follow its HELP"));
                }
                page.families.get_mut(name).ok_or("no HELP")?.kind = kind.into();
            } else {
                page.sample(line, &current)?;
            }
        }
        for (name, family) in &page.families {
            if family.help.is_empty() || family.kind.is_empty() {
                return Err(format!("{name} lacks HELP or TYPE"));
            }
        }
        Ok(page)
    }

    fn sample(&mut self, line: &str, family: &str) -> Result<(), String> {
        let (key, value) = line.rsplit_once(' ').ok_or(format!("no value: {line}"))?;
        let value: f64 = value.parse().map_err(|e| format!("{line}: {e}"))?;
        let (name, labels) = match key.split_once('{') {
            Some((name, rest)) => {
                (name, rest.strip_suffix('}').ok_or(format!("labels are not closed: {line}"))?)
            }
            None => (key, ""),
        };
        check_name(name)?;
        check_labels(labels).map_err(|e| format!("{line}: {e}"))?;
        let kind = self.families.get(family).map(|f| f.kind.as_str()).unwrap_or_default();
        let suffixes: &[&str] = match kind {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_sum", "_count", "_bucket"],
            "info" => &["_info"],
            other => return Err(format!("{line}: unknown type {other:?} of {family}")),
        };
        if !suffixes.iter().any(|suffix| name == format!("{family}{suffix}")) {
            return Err(format!("{line}: not a sample of the {kind} {family} above it"));
        }
        if kind != "gauge" {
            if !value.is_finite() || value < 0.0 {
                return Err(format!("{line}: a {kind} cannot be that"));
            }
            self.counters.insert(key.into());
        }
        match self.samples.insert(key.into(), value) {
            None => Ok(()),
            Some(_) => Err(format!("{key} comes twice")),
        }
    }

    /// Of `name{labels}`, which must be there.
    pub(crate) fn value(&self, sample: &str) -> f64 {
        *self.samples.get(sample).unwrap_or_else(|| panic!("no {sample} in {:#?}", self.samples))
    }

    /// Each `name{labels}`.
    pub(crate) fn samples(&self) -> impl Iterator<Item = &str> {
        self.samples.keys().map(String::as_str)
    }

    /// Is there a `name{labels}`?
    pub(crate) fn has(&self, sample: &str) -> bool {
        self.samples.contains_key(sample)
    }

    /// Every counter of `before` is still there and not smaller.
    pub(crate) fn assert_no_counter_went_back(&self, before: &Self) {
        for key in &before.counters {
            let (was, is) = (before.value(key), self.value(key));
            assert!(is >= was, "{key} went from {was} back to {is}");
        }
    }

    /// Names as people ask for them: counters with `_total`, info with `_info`.
    pub(crate) fn family_names(&self) -> Vec<String> {
        self.families
            .iter()
            .map(|(name, family)| match family.kind.as_str() {
                "counter" => format!("{name}_total"),
                "info" => format!("{name}_info"),
                _ => name.clone(),
            })
            .collect()
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_lowercase() || b == b'_';
    let fine = name.starts_with("viahe_") && name.bytes().all(good);
    if fine { Ok(()) } else { Err(format!("{name:?} is not one of our names")) }
}

/// `name="value"` with commas between; no escapes, since no value of ours needs one.
fn check_labels(labels: &str) -> Result<(), String> {
    if labels.is_empty() {
        return Ok(());
    }
    let mut seen = BTreeSet::new();
    for label in labels.split(',') {
        let (name, value) = label.split_once('=').ok_or(format!("no value: {label}"))?;
        let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        let inner = inner.ok_or(format!("not quoted: {label}"))?;
        if inner.is_empty() || inner.contains(['"', '\\', '\n']) || !seen.insert(name) {
            return Err(format!("bad label: {label}"));
        }
    }
    Ok(())
}
