//! Which heads the outputs of a graph may be.

use super::edges::words;
use crate::model::grid_cells;
use crate::onnx::{Axis, Element, Outlet};

/// Rows of an output that leaves their number open, as such heads usually have.
const ROWS_OF_LIST: usize = 300;
/// Queries of a transformer are fewer, anchors are more.
const QUERIES_MAX: usize = 1_000;
const GRIDS: [&[usize]; 2] = [&[8, 16, 32], &[8, 16, 32, 64]];
/// `YOLOv5` and v7 have so many anchors in a cell.
const ANCHORS: usize = 3;
/// Distances of `NanoDet`'s (11 and 8) and of others' distributions (16, 17).
const BINS: [usize; 4] = [11, 8, 16, 17];

/// A reading of the outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) head: &'static str,
    /// Keys of `[output]` with their values in TOML, but for `head` and `classes`.
    pub(super) keys: Vec<(&'static str, String)>,
    /// As `classes` says it.
    pub(super) classes: usize,
    /// Class numbers begin at 1, with as many names as there are.
    pub(super) from_one: bool,
    pub(super) why: String,
    /// More is likelier.
    rank: i32,
}

/// What is known beside the shapes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints<'h> {
    /// Columns and rows of the input.
    pub(super) size: [usize; 2],
    /// How many classes have names.
    pub(super) names: Option<usize>,
    pub(super) head: Option<&'h str>,
    pub(super) activation: Option<&'h str>,
}

impl Hints<'_> {
    /// Do so many classes go with the names?
    fn fit(&self, classes: usize) -> i32 {
        match self.names {
            Some(names) if names == classes => 4,
            Some(names) if names.abs_diff(classes) == 1 => 1,
            Some(_) => -4,
            None if [80, 90, 91].contains(&classes) => 2,
            None => 0,
        }
    }
}

/// The likeliest first.
pub(super) fn readings(outputs: &[Outlet<'_>], hints: Hints<'_>) -> Vec<Reading> {
    let usable = |o: &&Outlet<'_>| o.element.is_some_and(Element::casts_to_floats);
    let outputs: Vec<&Outlet<'_>> = outputs.iter().filter(usable).collect();
    let of_rank = |rank: usize| -> Vec<&Outlet<'_>> {
        let has = |o: &&&Outlet<'_>| o.shape.as_ref().is_some_and(|shape| shape.len() == rank);
        outputs.iter().filter(has).copied().collect()
    };
    let (lists, tables, maps) = (of_rank(2), of_rank(3), of_rank(4));
    let mut readings = Vec::new();
    for table in &tables {
        let alone = if tables.len() == 1 { 0 } else { -3 };
        of_one(table, hints, alone, &mut readings);
    }
    of_two(&tables, hints, &mut readings);
    of_lists(&tables, &lists, hints, &mut readings);
    of_maps(&maps, hints, &mut readings);
    if let Some(head) = hints.head {
        readings.iter_mut().filter(|r| r.head == head).for_each(|r| r.rank += 10);
    }
    // Stable: what is listed first wins a tie.
    readings.sort_by_key(|reading| -reading.rank);
    readings
}

fn text(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

fn axes<'a>(outlet: &'a Outlet<'_>) -> &'a [Axis<'a>] {
    outlet.shape.as_deref().unwrap_or_default()
}

fn strides(grids: &[usize]) -> String {
    format!("{grids:?}")
}

/// Heads of one tensor of three axes.
fn of_one(outlet: &Outlet<'_>, hints: Hints<'_>, base: i32, out: &mut Vec<Reading>) {
    let [_, a, b] = *axes(outlet) else { return };
    let shape = words(axes(outlet));
    let mut add =
        |head, candidates: usize, classes, rank, more: &[(&'static str, String)], why: String| {
            let mut keys = vec![("tensor", text(outlet.name))];
            keys.extend(more.iter().cloned());
            keys.push(("candidates", candidates.to_string()));
            out.push(Reading { head, keys, classes, from_one: false, why, rank: base + rank });
        };
    let cells = grid_cells(hints.size, GRIDS[0]);
    let fractions = [("unit", text("fractions"))];
    if b.fixed() == Some(6) {
        let rows = a.fixed().unwrap_or(ROWS_OF_LIST);
        let classes = hints.names.unwrap_or(80);
        let rank = if rows <= QUERIES_MAX { 8 } else { 0 };
        let why = format!("{shape}: six numbers a row, boxes that are chosen in the graph");
        add("yolov10", rows, classes, rank, &[], why.clone());
        add("yolov10", rows, classes, rank - 7, &fractions, why);
    }
    if let Some(columns) = b.fixed().filter(|columns| *columns > 5) {
        let classes = columns - 5;
        let rows = a.fixed().unwrap_or(cells);
        if rows == cells {
            let grids = [("strides", strides(GRIDS[0]))];
            let why = format!("{shape}: a row for each cell of grids of 8, 16 and 32 px");
            add("yolox", rows, classes, 2 + hints.fit(classes), &grids, why);
        }
        let rows = a.fixed().unwrap_or(ANCHORS * cells);
        // A number of rows that is left open says nothing.
        let anchors = a.fixed().is_some()
            && GRIDS.iter().any(|grids| rows == ANCHORS * grid_cells(hints.size, grids));
        let rank = hints.fit(classes) + if anchors { 4 } else { 0 };
        let why =
            if anchors { "three rows for each cell" } else { "rows of box, objectness and scores" };
        add("yolov5", rows, classes, rank, &[], format!("{shape}: {why}"));
        add("yolov5", rows, classes, rank - 7, &fractions, format!("{shape}: {why}"));
        nanodet([a, b], hints, &mut add);
    }
    if let Some(rows) = a.fixed().filter(|rows| *rows > 4) {
        let (classes, columns) = (rows - 4, b.fixed().unwrap_or(cells));
        if columns > rows {
            let rank = hints.fit(classes) + if columns == cells { 4 } else { 1 };
            let why = format!("{shape}: a column for each candidate");
            add("yolov8", columns, classes, rank, &[], why.clone());
            add("yolov8", columns, classes, rank - 7, &fractions, why);
        }
    }
}

type Add<'a> = dyn FnMut(&'static str, usize, usize, i32, &[(&'static str, String)], String) + 'a;

fn nanodet([a, b]: [Axis<'_>; 2], hints: Hints<'_>, add: &mut Add<'_>) {
    let Some(columns) = b.fixed() else { return };
    for (grids, point) in GRIDS.into_iter().zip(["middle", "corner"]) {
        let cells = grid_cells(hints.size, grids);
        if a.fixed().is_some_and(|rows| rows != cells) {
            continue;
        }
        for bins in BINS {
            let Some(classes) = columns.checked_sub(4 * bins).filter(|classes| *classes > 0) else {
                continue;
            };
            let known = hints.names == Some(classes) || (hints.names.is_none() && classes == 80);
            if !known {
                continue;
            }
            let keys =
                [("strides", strides(grids)), ("bins", bins.to_string()), ("point", text(point))];
            let why =
                format!("{columns} columns are {classes} scores and four times {bins} distances");
            add("nanodet", cells, classes, 1 + hints.fit(classes), &keys, why);
        }
    }
}

fn has(outlet: &Outlet<'_>, parts: &[&str]) -> bool {
    let name = outlet.name.to_lowercase();
    parts.iter().any(|part| name.contains(part))
}

/// Heads of scores and boxes.
fn of_two(tables: &[&Outlet<'_>], hints: Hints<'_>, out: &mut Vec<Reading>) {
    let four = |o: &&&Outlet<'_>| axes(o).get(2).and_then(|axis| axis.fixed()) == Some(4);
    let named = tables.iter().filter(four).find(|o| has(o, &["box", "loc"]));
    let Some(boxes) = named.or_else(|| tables.iter().find(four)) else { return };
    let rest = || tables.iter().filter(|o| o.name != boxes.name);
    let by_name = rest().find(|o| has(o, &["score", "logit", "class", "conf", "prob"]));
    let Some(scores) = by_name.or_else(|| rest().next()) else { return };
    let Some(classes) = axes(scores)[2].fixed() else { return };
    let candidates = axes(scores)[1].fixed().or(axes(boxes)[1].fixed()).unwrap_or(ROWS_OF_LIST);
    let why = format!(
        "{} and {}: scores and boxes of {candidates} candidates",
        words(axes(scores)),
        words(axes(boxes))
    );
    let mut add = |head, rank, activation: Option<&str>| {
        let mut keys = vec![("scores", text(scores.name)), ("boxes", text(boxes.name))];
        keys.extend(activation.map(|activation| ("activation", text(activation))));
        keys.push(("candidates", candidates.to_string()));
        let why = why.clone();
        out.push(Reading { head, keys, classes, from_one: false, why, rank });
    };
    let few = candidates <= QUERIES_MAX;
    let detr = i32::from(few) * 2
        + i32::from(has(scores, &["logit"])) * 4
        + i32::from(has(boxes, &["pred_boxes"])) * 2;
    let last_is_none = hints.names.is_some_and(|names| names + 1 == classes)
        || hints.activation == Some("softmax");
    let told = |activation| i32::from(hints.activation == Some(activation)) * 4;
    add("detr", detr + told("sigmoid") - i32::from(last_is_none) * 2, Some("sigmoid"));
    if classes > 1 {
        add("detr", detr - 1 + told("softmax") + i32::from(last_is_none) * 2, Some("softmax"));
    }
    add("detr", detr - 2, Some("none"));
    let ssd = i32::from(!few) * 2 + i32::from(has(scores, &["score"])) * 3;
    add("ssd", ssd + hints.fit(classes).max(0), None);
}

/// Heads of boxes that are chosen in the graph, with lists of scores and class numbers.
fn of_lists(
    tables: &[&Outlet<'_>],
    lists: &[&Outlet<'_>],
    hints: Hints<'_>,
    out: &mut Vec<Reading>,
) {
    let four = |o: &&&Outlet<'_>| axes(o)[2].fixed() == Some(4);
    let Some(boxes) = tables.iter().find(four) else { return };
    let Some(numbers) = lists.iter().find(|o| has(o, &["class", "label"])) else { return };
    let other = |o: &&&Outlet<'_>| o.name != numbers.name;
    let named = lists.iter().filter(other).find(|o| has(o, &["score", "conf"]));
    let Some(scores) = named.or_else(|| lists.iter().find(other)) else { return };
    let candidates = axes(boxes)[1].fixed().or(axes(scores)[1].fixed()).unwrap_or(ROWS_OF_LIST);
    // TensorFlow's detection exports number classes from 1 on.
    let from_one = has(numbers, &["detection_classes"]);
    let classes = hints.names.map_or(91, |names| names + usize::from(from_one));
    let normalised = has(boxes, &["detection_boxes"]);
    for unit in ["fractions", "px"] {
        let keys = vec![
            ("boxes", text(boxes.name)),
            ("scores", text(scores.name)),
            ("class_numbers", text(numbers.name)),
            ("unit", text(unit)),
            ("candidates", candidates.to_string()),
        ];
        let why = format!(
            "{}, scores and class numbers: boxes that are chosen in the graph",
            words(axes(boxes))
        );
        let rank = 8 + i32::from(normalised == (unit == "fractions"));
        out.push(Reading { head: "efficientdet", keys, classes, from_one, why, rank });
    }
}

/// `CenterNet`'s three maps.
fn of_maps(maps: &[&Outlet<'_>], hints: Hints<'_>, out: &mut Vec<Reading>) {
    let channels = |o: &Outlet<'_>| axes(o)[1].fixed();
    let two: Vec<&&Outlet<'_>> = maps.iter().filter(|o| channels(o) == Some(2)).collect();
    let sizes = two.iter().find(|o| has(o, &["wh", "size"])).or(two.first());
    let Some(sizes) = sizes else { return };
    let Some(offsets) = two.iter().find(|o| o.name != sizes.name && !has(o, &["hm", "heat"]))
    else {
        return;
    };
    let rest = maps.iter().find(|o| ![sizes.name, offsets.name].contains(&o.name));
    let Some(heatmap) = rest else { return };
    let Some(classes) = channels(heatmap) else { return };
    let [width, height] = hints.size;
    let stride = axes(heatmap)[3].fixed().map_or(4, |columns| width.div_ceil(columns).max(1));
    for activation in ["none", "sigmoid"] {
        let keys = vec![
            ("heatmap", text(heatmap.name)),
            ("sizes", text(sizes.name)),
            ("offsets", text(offsets.name)),
            ("activation", text(activation)),
            ("strides", strides(&[stride])),
            ("candidates", (width.div_ceil(stride) * height.div_ceil(stride)).to_string()),
        ];
        let why = format!("{}: maps of centres, sizes and offsets", words(axes(heatmap)));
        let rank = 4 + hints.fit(classes) - i32::from(activation == "sigmoid");
        out.push(Reading { head: "centernet", keys, classes, from_one: false, why, rank });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case<'c> = (&'c str, Outputs<'c>, [usize; 2], Option<usize>, (&'c str, usize));
    type Outputs<'o> = &'o [(&'o str, &'o [usize])];

    fn first(
        outputs: Outputs<'_>,
        size: [usize; 2],
        names: Option<usize>,
    ) -> (&'static str, usize) {
        let outputs: Vec<Outlet<'_>> = outputs
            .iter()
            .map(|(name, shape)| Outlet {
                name,
                element: Some(Element::F32),
                shape: Some(
                    shape
                        .iter()
                        .map(|n| if *n == 0 { Axis::Open("n") } else { Axis::Fixed(*n) })
                        .collect(),
                ),
            })
            .collect();
        let readings = readings(&outputs, Hints { size, names, ..Hints::default() });
        readings.first().map_or(("", 0), |reading| (reading.head, reading.classes))
    }

    #[test]
    fn shapes_of_real_exports() {
        let square = |side| [side, side];
        #[rustfmt::skip]
        let cases: [Case<'_>; 17] = [
            ("YOLOv5s",           &[("output0", &[1, 25200, 85])],                        square(640), Some(80), ("yolov5", 80)),
            ("YOLOv5s, no names", &[("output0", &[1, 25200, 85])],                        square(640), None,     ("yolov5", 80)),
            ("YOLOv8n",           &[("output0", &[1, 84, 8400])],                         square(640), Some(80), ("yolov8", 80)),
            ("YOLO11, dynamic",   &[("output0", &[0, 84, 0])],                            square(640), Some(80), ("yolov8", 80)),
            ("one class",         &[("output0", &[1, 5, 8400])],                          square(640), Some(1),  ("yolov8", 1)),
            ("two classes",       &[("output0", &[1, 6, 2100])],                          square(320), Some(2),  ("yolov8", 2)),
            ("YOLOv10",           &[("output0", &[1, 300, 6])],                           square(640), Some(80), ("yolov10", 80)),
            ("YOLOX-nano",        &[("output", &[1, 3549, 85])],                          square(416), None,     ("yolox", 80)),
            ("NanoDet-g",         &[("output", &[1, 3549, 124])],                         square(416), Some(80), ("nanodet", 80)),
            ("NanoDet-g, dynamic", &[("output", &[0, 0, 124])],                           square(416), None,     ("nanodet", 80)),
            ("NanoDet-Plus",      &[("output", &[1, 3598, 112])],                         square(416), None,     ("nanodet", 80)),
            ("SSDLite",           &[("scores", &[0, 1917, 90]), ("boxes", &[0, 1917, 4])], square(300), None,    ("ssd", 90)),
            ("RT-DETR",           &[("logits", &[0, 300, 80]), ("pred_boxes", &[0, 300, 4])], square(640), Some(80), ("detr", 80)),
            ("DETR",              &[("logits", &[0, 100, 92]), ("pred_boxes", &[0, 100, 4])], square(800), Some(91), ("detr", 92)),
            ("CenterNet",         &[("hm", &[1, 80, 128, 128]), ("wh", &[1, 2, 128, 128]), ("reg", &[1, 2, 128, 128])], square(512), None, ("centernet", 80)),
            ("EfficientDet",      &[("detection_boxes", &[1, 100, 4]), ("detection_classes", &[1, 100]), ("detection_scores", &[1, 100])], square(512), Some(90), ("efficientdet", 91)),
            ("a classifier",      &[("logits", &[1, 1000])],                              square(224), None,     ("", 0)),
        ];
        for (name, outputs, size, names, want) in cases {
            assert_eq!(first(outputs, size, names), want, "{name}");
        }
    }
}
