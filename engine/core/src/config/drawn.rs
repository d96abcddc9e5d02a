//! What is drawn in a camera's picture: zones, lines, and where the ground is.

use super::problem::Fault;
use super::read::{Child, Node};
use super::rules::Zones;
use crate::geometry::{Homography, UnitPoint};
use crate::plan::{Line, Zone};
use viahe_contract::message::EditFault;

fn point([x, y]: [f64; 2]) -> UnitPoint {
    UnitPoint { x: x as f32, y: y as f32 }
}

/// Lines that are drawn in a camera's picture.
pub(super) fn lines(camera: &Node) -> Vec<Line> {
    let line = |Child { name, node }: Child| {
        let points = node.pairs("points")?;
        let points = [point(*points.first()?), point(*points.get(1)?)];
        if points[0] == points[1] {
            let fault = Fault::new("its two ends are one point", "write two points");
            node.tell("points", fault.coded(EditFault::OnePoint));
        }
        Some(Line { id: name?, points })
    };
    camera.children("line").into_iter().filter_map(line).collect()
}

/// Where the ground is in it.
pub(super) fn calibration(node: &Node) -> Option<Homography> {
    let picture: [UnitPoint; 4] =
        node.pairs("picture")?.into_iter().map(point).collect::<Vec<_>>().try_into().ok()?;
    let ground = <[[f64; 2]; 4]>::try_from(node.pairs("ground_m")?).ok()?;
    let map = Homography::from_points(picture, ground);
    if map.is_none() {
        let what = "these points do not tell where the ground is";
        let remedy = "use four points of the road, no three of them on one line, in the same order";
        node.tell("picture", Fault::new(what, remedy).coded(EditFault::NoGround));
    }
    map
}

/// Its zones, as far as they can be read.
pub(super) fn zones(camera: &Node) -> Zones {
    let mut zones = Zones { written: camera.has("zone"), names: Vec::new(), good: Vec::new() };
    for Child { name, node } in camera.children("zone") {
        let Some(id) = name else { continue };
        zones.names.push(id.clone());
        if let Some(polygon) = node.polygon("polygon") {
            let name = node.text("name").map(Into::into);
            zones.good.push(Zone { id, name, polygon });
        }
    }
    zones
}
