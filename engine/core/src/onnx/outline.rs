//! The outline of a model.

use super::element::Element;
use std::collections::BTreeSet;

/// What a file says of itself. Texts lie where the file has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline<'a> {
    /// Version of the format.
    pub ir: u64,
    /// The program that wrote it, and its version.
    pub producer: [&'a str; 2],
    /// Domain and version of each set of operators; the standard's domain is "".
    pub opsets: Vec<(&'a str, u64)>,
    /// What the exporter wrote down.
    pub metadata: Vec<(&'a str, &'a str)>,
    /// What it must be fed; weights that are listed as inputs too are not.
    pub inputs: Vec<Outlet<'a>>,
    /// What it gives.
    pub outputs: Vec<Outlet<'a>>,
    /// Domain and name of each operator, in all graphs and functions.
    pub operators: BTreeSet<(&'a str, &'a str)>,
    /// Domain and name of each function that the file defines.
    pub functions: BTreeSet<(&'a str, &'a str)>,
    /// Operators, each as often as it is there.
    pub nodes: usize,
    /// Bytes of its weights.
    pub weights_bytes: u64,
    /// The greatest number of an element type that a tensor has: newer ones have greater numbers.
    pub(super) newest_element: u64,
}

/// An input or an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it holds; none where it is no tensor.
    pub element: Option<Element>,
    /// Its axes; none where the file does not say.
    pub shape: Option<Vec<Axis<'a>>>,
}

/// A side of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis<'a> {
    /// Of one length.
    Fixed(usize),
    /// Of any length, with the name that the exporter gave it.
    Open(&'a str),
}

impl Axis<'_> {
    /// Its length, where it has one.
    pub fn fixed(self) -> Option<usize> {
        match self {
            Self::Fixed(length) => Some(length),
            Self::Open(_) => None,
        }
    }
}

impl<'a> Outline<'a> {
    /// Version of the standard's operators; 0 where the file names none.
    pub fn opset(&self) -> u64 {
        let standard = self.opsets.iter().filter(|(domain, _)| is_standard(domain));
        standard.map(|(_, version)| *version).max().unwrap_or(0)
    }

    /// What the exporter wrote under this key.
    pub fn said(&self, key: &str) -> Option<&'a str> {
        self.metadata.iter().find(|(name, _)| *name == key).map(|(_, text)| *text)
    }
}

/// Both spell the standard's own operators.
pub(super) fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}
