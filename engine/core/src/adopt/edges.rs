//! The picture's edge of a graph.

use super::beside::BesideError;
use super::fact::{Fact, How};
use super::said::Said;
use crate::model::{BATCH_MAX, Batch, INPUT_SIDE_PX_MAX};
use crate::onnx::{Axis, Element, Outlet, Outline, Refused};
use crate::tensor::Layout;

/// What is fed when nothing says how large it must be.
const SIDE_PX: usize = 640;

/// Why a graph cannot be taken, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is not given to ONNX Runtime.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What lies beside it is broken.
    #[error(transparent)]
    Beside(#[from] BesideError),
    /// Its edges are not those of a detector.
    #[error("{0}")]
    Edges(String),
    /// Nobody says what its classes are.
    #[error(
        "what its {classes} classes are is written neither in the file nor beside it; write their names into a file, one a line, and \
         give it with --labels FILE"
    )]
    Names {
        /// Columns of scores.
        classes: usize,
    },
    /// A list of another length.
    #[error(
        "{list} lists {names} classes, and the graph has {classes}; give the right list with --labels FILE"
    )]
    Count {
        /// Which list.
        list: String,
        /// How many it lists.
        names: usize,
        /// How many the graph has.
        classes: usize,
    },
    /// No class of the taxonomy.
    #[error(
        "none of its classes is one that rules speak of ({}); say what they mean with --map NAME=CLASS, or add classes to \
         taxonomy.toml", .names.join(", ")
    )]
    Meaning {
        /// What it has.
        names: Vec<String>,
    },
}

/// What a graph is fed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) element: Element,
    pub(super) layout: Layout,
    /// Columns and rows.
    pub(super) size: [usize; 2],
    pub(super) batch: Batch,
}

fn edges(text: impl Into<String>) -> Unusable {
    Unusable::Edges(text.into())
}

/// The picture's edge, and how that is known.
pub(super) fn input(
    outline: &Outline<'_>,
    said: &[Said],
    given: Option<[usize; 2]>,
) -> Result<(Input, Vec<Fact>), Unusable> {
    let input = match &outline.inputs[..] {
        [one] => one,
        [] => return Err(edges("it has no input; export it with the picture as its input")),
        many => {
            let names: Vec<&str> = many.iter().map(|input| input.name).take(8).collect();
            return Err(edges(format!(
                "it has {} inputs ({}); export it with the picture as its only input (sizes and masks as constants)",
                many.len(),
                names.join(", ")
            )));
        }
    };
    let element = element_of(input)?;
    let shape = input.shape.as_deref().unwrap_or_default();
    let [batch, a, b, c] = *shape else {
        return Err(edges(format!(
            "its input {:?} has {} axes; a picture has four: images, rows, columns and colours, in this order or with colours second",
            input.name,
            shape.len()
        )));
    };
    let mut facts =
        vec![Fact::new("input.name", format!("{:?}", input.name), How::Found, "its only input")];
    let (layout, why) = layout([a, b, c], said)?;
    let known = matches!(why, How::Found);
    let (word, rows, columns) = match layout {
        Layout::Nchw => ("nchw", b, c),
        Layout::Nhwc => ("nhwc", a, b),
    };
    let reason =
        if known { format!("its shape {}", words(shape)) } else { "most exports".to_owned() };
    facts.push(Fact::new("layout", word, why, reason));
    let (size, fact) = size([columns, rows], said, given)?;
    facts.push(fact);
    let batch = match batch {
        Axis::Open(_) => Batch::Any,
        Axis::Fixed(n) if n <= BATCH_MAX => Batch::Fixed(n),
        Axis::Fixed(n) => {
            return Err(edges(format!(
                "it takes {n} pictures at once; export it with at most {BATCH_MAX}, best with any number"
            )));
        }
    };
    let word = match batch {
        Batch::Any => "any".to_owned(),
        Batch::Fixed(n) => n.to_string(),
    };
    facts.push(Fact::new("batch", word, How::Found, "the first axis of its input"));
    Ok((Input { name: input.name.to_owned(), element, layout, size, batch }, facts))
}

fn element_of(input: &Outlet<'_>) -> Result<Element, Unusable> {
    match input.element {
        Some(element @ (Element::F32 | Element::F16 | Element::U8)) => Ok(element),
        Some(other) => Err(edges(format!(
            "its input {:?} holds {other}; export it with uint8, float16 or float32",
            input.name
        ))),
        None => Err(edges(format!("its input {:?} is no tensor", input.name))),
    }
}

fn layout([a, b, c]: [Axis<'_>; 3], said: &[Said]) -> Result<(Layout, How), Unusable> {
    let told = said.iter().find_map(|said| said.layout);
    let may = |axis: Axis<'_>| axis.fixed().is_none_or(|length| length == 3);
    match (may(a), may(c)) {
        (false, false) => Err(edges(format!(
            "neither end of its input's {} is of three colours; export it for pictures in colour",
            words(&[a, b, c])
        ))),
        (true, false) => Ok((Layout::Nchw, How::Found)),
        (false, true) => Ok((Layout::Nhwc, How::Found)),
        (true, true) => match (told, a.fixed(), c.fixed()) {
            (Some(told), ..) => Ok((told, How::Found)),
            (None, Some(_), None) => Ok((Layout::Nchw, How::Found)),
            (None, None, Some(_)) => Ok((Layout::Nhwc, How::Found)),
            _ => Ok((Layout::Nchw, How::Guessed)),
        },
    }
}

fn size(
    axes: [Axis<'_>; 2],
    said: &[Said],
    given: Option<[usize; 2]>,
) -> Result<([usize; 2], Fact), Unusable> {
    let told = said.iter().find_map(|said| Some((said.size?, &said.source)));
    let [columns, rows] = axes.map(Axis::fixed);
    let (size, how, why) = match (columns.zip(rows), given, told) {
        (Some((columns, rows)), Some(given), _) if [columns, rows] != given => {
            return Err(edges(format!(
                "it takes {columns}x{rows} px alone, not {}x{}; leave --size out, or export it with open axes",
                given[0], given[1]
            )));
        }
        (Some((columns, rows)), ..) => ([columns, rows], How::Found, "its shape".to_owned()),
        (None, Some(given), _) => {
            (given, How::Given, "--size; the graph leaves it open".to_owned())
        }
        (None, None, Some((size, source))) => (size, How::Found, source.clone()),
        (None, None, None) => {
            let size = [columns.unwrap_or(SIDE_PX), rows.unwrap_or(SIDE_PX)];
            (size, How::Default, "the graph leaves it open; --size WxH says another".to_owned())
        }
    };
    if size.iter().any(|side| !(8..=INPUT_SIDE_PX_MAX).contains(side)) {
        return Err(edges(format!(
            "its pictures are {}x{} px; 8 to {INPUT_SIDE_PX_MAX} a side are taken",
            size[0], size[1]
        )));
    }
    Ok((size, Fact::new("size", format!("{}x{} px", size[0], size[1]), how, why)))
}

/// A shape as people write it.
pub(super) fn words(shape: &[Axis<'_>]) -> String {
    let axis = |axis: &Axis<'_>| match axis {
        Axis::Fixed(length) => length.to_string(),
        Axis::Open("") => "?".to_owned(),
        Axis::Open(name) => (*name).to_owned(),
    };
    format!("[{}]", shape.iter().map(axis).collect::<Vec<_>>().join(", "))
}
