//! Does anything speak against giving a file to ONNX Runtime?

use super::outline::{Outline, is_standard};
use super::refused::Refused;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// What a version of ONNX Runtime takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Its version, for people.
    pub runtime: String,
    /// Newest set of the standard's operators.
    pub opset: u64,
    /// Newest version of the format.
    pub ir: u64,
}

impl Limits {
    /// What ONNX Runtime 1.31 takes; older ones take no more. Of newer ones nothing is known.
    pub fn of_runtime(version: &str) -> Option<Self> {
        let minor: u64 = version.strip_prefix("1.")?.split('.').next()?.parse().ok()?;
        (minor <= 31).then(|| Self { runtime: version.to_owned(), opset: 26, ir: 13 })
    }
}

/// Domains whose operators ONNX Runtime has, beside the standard's.
const DOMAINS: [&str; 5] = [
    "ai.onnx.ml",
    "ai.onnx.preview",
    "ai.onnx.preview.training",
    "ai.onnx.training",
    "com.microsoft",
];

/// The newest operators of which [`lowered`] knows how they differ from older ones.
const OPSET_KNOWN: u64 = 28;
/// The newest version of the format of which it does.
const IR_KNOWN: u64 = 14;
/// Operators that opset 27 or 28 brought, or gave another meaning for what older opsets took as well. Of the others that changed,
/// only the types that they take became more; a graph that uses these is refused when it is loaded.
const CHANGED: [&str; 5] =
    ["CausalConvWithState", "LinearAttention", "Mod", "SpaceToDepth", "SwiGLU"];
/// The newest element type before IR 14 (`INT2`).
const ELEMENT_IR_13: u64 = 26;

/// Operators by their domain's short form: "" of the standard.
static OPERATORS: LazyLock<BTreeSet<(&'static str, &'static str)>> = LazyLock::new(|| {
    let mut domain = "";
    let mut all = BTreeSet::new();
    for word in include_str!("operators.txt")
        .lines()
        .filter(|l| !l.starts_with('#'))
        .flat_map(str::split_whitespace)
    {
        match word.strip_suffix(':') {
            Some("ai.onnx") => domain = "",
            Some(other) => domain = other,
            None => drop(all.insert((domain, word))),
        }
    }
    all
});

/// What a runtime cannot take, told before it is asked. Without limits the versions are its own matter.
///
/// # Errors
/// [`Refused`], of what is first.
pub fn check(outline: &Outline<'_>, limits: Option<&Limits>) -> Result<(), Refused> {
    for &(domain, op) in outline.operators.difference(&outline.functions) {
        let plain = if is_standard(domain) { "" } else { domain };
        if plain.is_empty() || plain == "ai.onnx.ml" {
            if !OPERATORS.contains(&(plain, op)) {
                return Err(Refused::Operator { op: op.to_owned() });
            }
        } else if !DOMAINS.contains(&plain) {
            return Err(Refused::Domain { domain: domain.to_owned(), op: op.to_owned() });
        }
    }
    match limits {
        Some(limits) if is_newer(outline, limits) => Err(Refused::Newer {
            opset: outline.opset(),
            ir: outline.ir,
            runtime: limits.runtime.clone(),
            opset_max: limits.opset,
            ir_max: limits.ir,
        }),
        _ => Ok(()),
    }
}

fn is_newer(outline: &Outline<'_>, limits: &Limits) -> bool {
    outline.opset() > limits.opset || outline.ir > limits.ir
}

/// Opset and IR with which a file that is too new says the same, where there are such.
///
/// A file names the newest operators that its exporter knew, needed or not. An operator is that of the newest set up to the
/// named one in which it changed; so where none of those that the graph uses has changed since, the older set names the very same ones. `None` where the file is not too new, where
/// one has changed, where it has functions (which name sets of their own), and for sets newer than those that were compared.
pub fn lowered(outline: &Outline<'_>, limits: &Limits) -> Option<[u64; 2]> {
    let known = outline.opset() <= OPSET_KNOWN && outline.ir <= IR_KNOWN;
    let own = |&(domain, op): &(&str, &str)| is_standard(domain) && CHANGED.contains(&op);
    let same = !outline.operators.iter().any(own) && outline.functions.is_empty();
    let plain = outline.newest_element <= ELEMENT_IR_13;
    (is_newer(outline, limits) && known && same && plain)
        .then(|| [outline.opset().min(limits.opset), outline.ir.min(limits.ir)])
}
