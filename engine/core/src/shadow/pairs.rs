//! Which incidents of two streams are one.

use super::told::Told;
use std::collections::BTreeMap;
use std::time::Duration;

/// Two that are one overlap in time, or are no further apart than this. Judgement: a model that sees a thing later, or
/// loses it earlier, does so by seconds.
const APART_MAX: Duration = Duration::from_secs(10);
/// Who is told of at different moments has moved: by so many times its own size in a second. Judgement: a motorbike's
/// length at 25 km/h is four.
const SIZES_PER_SEC: f32 = 4.0;
/// And boxes of two models differ, by so much of their size.
const SIZES_OFF: f32 = 1.0;

/// An incident of one stream, the other, or both: indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// In the stream of the model at work.
    pub incumbent: Option<usize>,
    /// In that of the candidate.
    pub candidate: Option<usize>,
}

/// Each incident of both streams, once: the nearest in time are brought together first. In the order of the first stream,
/// then what only the second one has.
pub fn paired(incumbent: &[Told], candidate: &[Told]) -> Vec<Pair> {
    let mut of_place: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (at, told) in candidate.iter().enumerate() {
        of_place.entry(place(told)).or_default().push(at);
    }
    let mut near = Vec::new();
    for (one, told) in incumbent.iter().enumerate() {
        for other in of_place.get(&place(told)).into_iter().flatten() {
            if let Some(distance) = distance(told, &candidate[*other]) {
                near.push((apart(told, &candidate[*other]), distance, one, *other));
            }
        }
    }
    near.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then((a.2, a.3).cmp(&(b.2, b.3))));
    let mut of_incumbent = vec![None; incumbent.len()];
    let mut taken = vec![false; candidate.len()];
    for (_, _, one, other) in near {
        if of_incumbent[one].is_none() && !taken[other] {
            of_incumbent[one] = Some(other);
            taken[other] = true;
        }
    }
    let first = of_incumbent.into_iter().enumerate();
    let first = first.map(|(one, candidate)| Pair { incumbent: Some(one), candidate });
    let alone = taken.iter().enumerate().filter(|(_, taken)| !**taken);
    first.chain(alone.map(|(at, _)| Pair { incumbent: None, candidate: Some(at) })).collect()
}

fn place(told: &Told) -> (&str, &str, Option<&str>) {
    let zone = told.zone.as_ref().map(crate::id::Name::as_str);
    (told.camera.as_str(), told.rule.as_str(), zone)
}

/// Between the moments at which they were told.
fn apart(one: &Told, other: &Told) -> Duration {
    one.opened.max(other.opened).since(one.opened.min(other.opened))
}

/// How far from each other they are, in sizes; none when they cannot be one.
fn distance(one: &Told, other: &Told) -> Option<f32> {
    let gap = one.first_seen.max(other.first_seen).since(one.last.min(other.last));
    if gap > APART_MAX {
        return None;
    }
    let (Some(a), Some(b)) = (&one.subject, &other.subject) else { return Some(0.0) };
    let size = |[x0, y0, x1, y1]: [f32; 4]| (x1 - x0).hypot(y1 - y0);
    let most = size(a.bbox.corners()).max(size(b.bbox.corners())).max(f32::EPSILON);
    let (from, to) = (a.bbox.centre(), b.bbox.centre());
    let sizes = (from.x - to.x).hypot(from.y - to.y) / most;
    (sizes <= SIZES_OFF + SIZES_PER_SEC * apart(one, other).as_secs_f32()).then_some(sizes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::told::Seen;
    use super::*;
    use crate::id::{IncidentId, Name, TrackId};
    use crate::time::Timestamp;

    pub(crate) fn told(n: u64, rule: &str, secs: [u64; 3], at: Option<[f32; 4]>) -> Told {
        let name = |text: &str| Name::try_from(text).unwrap();
        let subject = at.map(|corners| Seen {
            track: TrackId(n),
            class: "person".try_into().unwrap(),
            confidence: 0.8,
            bbox: corners.try_into().unwrap(),
        });
        let [first_seen, opened, last] = secs.map(Timestamp::from_secs);
        Told {
            incident: IncidentId::from_bits(n.into()),
            camera: name("gate"),
            rule: name(rule),
            violation: name(rule),
            zone: None,
            title: rule.to_owned(),
            first_seen,
            opened,
            last,
            closed: true,
            subject,
            picture: None,
        }
    }

    const HERE: [f32; 4] = [0.1, 0.1, 0.2, 0.3];
    const NEAR: [f32; 4] = [0.12, 0.1, 0.22, 0.3];
    const THERE: [f32; 4] = [0.7, 0.6, 0.8, 0.8];

    fn indices(pairs: &[Pair]) -> Vec<(Option<usize>, Option<usize>)> {
        pairs.iter().map(|pair| (pair.incumbent, pair.candidate)).collect()
    }

    #[test]
    fn one_thing_at_one_time_is_one_incident() {
        let street = [
            told(1, "parking", [100, 160, 300], Some(HERE)),
            told(2, "parking", [100, 160, 300], Some(THERE)),
            told(3, "jam", [100, 160, 300], None),
        ];
        // Later, elsewhere, by another rule.
        let seen = [
            told(11, "parking", [110, 172, 290], Some(THERE)),
            told(12, "wrong-way", [100, 160, 300], Some(HERE)),
            told(13, "parking", [103, 163, 280], Some(NEAR)),
            told(14, "jam", [305, 330, 400], None),
            told(15, "jam", [500, 560, 600], None),
        ];
        let found = indices(&paired(&street, &seen));
        let alone = |at| (None, Some(at));
        let wanted =
            [(Some(0), Some(2)), (Some(1), Some(0)), (Some(2), Some(3)), alone(1), alone(4)];
        assert_eq!(found, wanted);
        assert_eq!(indices(&paired(&[], &seen[..1])), [alone(0)]);
        assert_eq!(indices(&paired(&street[..1], &[])), [(Some(0), None)]);
    }

    #[test]
    fn who_moves_is_found_where_it_may_be_by_then() {
        let rides = [told(1, "wrong-way", [100, 102, 106], Some(HERE))];
        let at = |secs: u64| {
            let further = [0.5, 0.1, 0.6, 0.3];
            let seen = [told(2, "wrong-way", [100, secs, 106], Some(further))];
            indices(&paired(&rides, &seen)).len()
        };
        assert_eq!([at(102), at(103)], [2, 1], "four sizes need a second");
    }

    #[test]
    fn each_is_one_with_the_nearest_and_only_once() {
        let street = [
            told(1, "parking", [100, 160, 300], Some(HERE)),
            told(2, "parking", [150, 210, 300], Some(NEAR)),
        ];
        let seen = [told(11, "parking", [150, 211, 300], Some(NEAR))];
        assert_eq!(indices(&paired(&street, &seen)), [(Some(0), None), (Some(1), Some(0))]);
    }
}
