//! What a trial on a picture says of a description.

use crate::detect::Detection;

/// From this confidence on a detection counts for a description.
const CONFIDENT: f32 = 0.3;
/// A picture holds fewer things: a head that is read wrongly finds hundreds.
const FOUND_MAX: usize = 150;
/// A box that fills so much of the picture's width and height holds all of it.
const WHOLE: f32 = 0.97;
/// Things are larger than that many pixels.
const SIDE_PX_MIN: f32 = 2.0;
/// How near to a half a confidence is that a sigmoid makes of a probability of next to nothing.
const OF_NOTHING: f32 = 0.01;
/// This share of all boxes must be plausible.
const PLAUSIBLE: f32 = 0.5;

/// What a trial says.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It sees things; more of them, and surer, weigh more.
    Readable {
        /// Sum of the confidences.
        weight: f32,
    },
    /// It sees nothing, which a right model may.
    Nothing,
    /// What it says makes no sense.
    Wrong(String),
}

/// Of what was found in a picture of this size; `complaint` is what contradicts the head.
pub fn verdict(found: &[Detection], size: [usize; 2], complaint: Option<String>) -> Verdict {
    if let Some(complaint) = complaint {
        return Verdict::Wrong(complaint);
    }
    let sure: Vec<&Detection> = found.iter().filter(|d| d.confidence.get() >= CONFIDENT).collect();
    if sure.is_empty() {
        return Verdict::Nothing;
    }
    if sure.len() > FOUND_MAX {
        return Verdict::Wrong(format!("it finds {} things in one picture", sure.len()));
    }
    if sure.len() > 1 && sure.iter().all(|d| (d.confidence.get() - 0.5).abs() < OF_NOTHING) {
        return Verdict::Wrong(format!(
            "it is half sure of all {} things, as a sigmoid is of scores that are probabilities already",
            sure.len()
        ));
    }
    let [width, height] = size.map(|px| px as f32);
    let whole =
        |d: &&&Detection| d.bbox.width() > WHOLE * width && d.bbox.height() > WHOLE * height;
    let tiny = |d: &&&Detection| d.bbox.width() < SIDE_PX_MIN || d.bbox.height() < SIDE_PX_MIN;
    let odd = sure.iter().filter(|d| whole(d) || tiny(d)).count();
    if odd as f32 > (1.0 - PLAUSIBLE) * sure.len() as f32 {
        return Verdict::Wrong(format!(
            "{odd} of its {} boxes fill the picture or are thinner than {SIDE_PX_MIN} px",
            sure.len()
        ));
    }
    let twins = sure.windows(2).filter(|pair| pair[0].bbox == pair[1].bbox).count();
    if twins > 2 && 2 * twins > sure.len() {
        return Verdict::Wrong(format!("{twins} of its {} boxes are the same", sure.len()));
    }
    Verdict::Readable { weight: sure.iter().map(|d| d.confidence.get()).sum() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Confidence;
    use crate::geometry::PxBox;
    use crate::id::ClassIx;

    fn found(boxes: &[[f32; 4]], confidence: f32) -> Vec<Detection> {
        let of = |[x0, y0, x1, y1]: [f32; 4]| Detection {
            class: ClassIx(0),
            confidence: Confidence::try_from(confidence).unwrap(),
            bbox: PxBox::new(x0, y0, x1, y1).unwrap(),
            part: 0,
        };
        boxes.iter().copied().map(of).collect()
    }

    #[test]
    fn sense_and_nonsense() {
        let thing = [10.0, 10.0, 60.0, 90.0];
        let other = [200.0, 10.0, 260.0, 90.0];
        let all = [0.0, 0.0, 640.0, 480.0];
        let line = [10.0, 10.0, 300.0, 10.5];
        let kind = |boxes: &[[f32; 4]], confidence| match verdict(
            &found(boxes, confidence),
            [640, 480],
            None,
        ) {
            Verdict::Readable { weight } => format!("{weight:.1}"),
            Verdict::Nothing => "nothing".into(),
            Verdict::Wrong(_) => "wrong".into(),
        };
        assert_eq!(kind(&[thing, other], 0.6), "1.2");
        assert_eq!(kind(&[thing, other], 0.5), "wrong", "a sigmoid of nothing");
        assert_eq!(kind(&[thing], 0.5), "0.5", "one thing may be");
        assert_eq!(kind(&[thing, other], 0.29), "nothing");
        assert_eq!(kind(&[], 0.9), "nothing");
        assert_eq!(kind(&[thing, all], 0.6), "1.2", "one that fills the picture is a lorry");
        assert_eq!(kind(&[all, all, thing], 0.6), "wrong");
        assert_eq!(kind(&[line, line, thing], 0.6), "wrong");
        assert_eq!(kind(&[thing; 5], 0.6), "wrong", "all in one place");
        assert_eq!(kind(&vec![thing; 200], 0.6), "wrong");
        let told = verdict(&found(&[thing], 0.9), [640, 480], Some("logits".into()));
        assert_eq!(told, Verdict::Wrong("logits".into()));
    }
}
