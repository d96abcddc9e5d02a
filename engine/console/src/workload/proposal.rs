//! Rules that say what is not so too often: proposed to be changed.
//!
//! A rule is proposed when the *upper* end of the interval of its precision lies under the bound: then also a lucky draw
//! of cases would not lift it. The estimate itself would propose rules by chance while few cases are known, and the lower
//! end nearly each rule that has few. Verdicts that were given to a flood as a whole are one opinion, not many, and do not
//! count.

use super::estimate::estimate;

/// From when on a rule is proposed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Share of incidents that are to be confirmed.
    pub precision: f64,
    /// Verdicts that there must be.
    pub verdicts_min: u64,
}

/// Judgement: of two alerts one is to be right, at least; with fewer verdicts the interval of a share is wider than half
/// of it.
impl Default for Bound {
    fn default() -> Self {
        Self { precision: 0.5, verdicts_min: 20 }
    }
}

/// What people said of a rule at one camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graded {
    /// Whose.
    pub site: String,
    /// Which.
    pub rule: String,
    /// At this one; none for all of the site together.
    pub camera: Option<String>,
    /// So many of its incidents were confirmed.
    pub confirmed: u64,
    /// So many were dismissed.
    pub dismissed: u64,
}

impl Graded {
    fn is_under(&self, bound: &Bound) -> bool {
        let verdicts = self.confirmed + self.dismissed;
        let high = estimate(self.confirmed, verdicts).map(|estimate| estimate.high);
        verdicts >= bound.verdicts_min && high.is_some_and(|high| high < bound.precision)
    }
}

/// What is proposed of `cameras`, each of which has a camera; in order of site, rule and camera. A rule is proposed for
/// the cameras that are under the bound by themselves; for all of the site, when the others together are as well.
pub fn proposed(cameras: &[Graded], bound: &Bound) -> Vec<Graded> {
    let mut cameras = cameras.to_vec();
    cameras.sort_by(|a, b| (&a.site, &a.rule, &a.camera).cmp(&(&b.site, &b.rule, &b.camera)));
    let of_rules = cameras.chunk_by(|a, b| (&a.site, &a.rule) == (&b.site, &b.rule));
    of_rules.flat_map(|of_rule| of_rule_proposed(of_rule, bound)).collect()
}

fn of_rule_proposed(cameras: &[Graded], bound: &Bound) -> Vec<Graded> {
    let (under, others): (Vec<Graded>, Vec<Graded>) =
        cameras.iter().cloned().partition(|camera| camera.is_under(bound));
    match together(&others) {
        Some(rest) if rest.is_under(bound) => together(cameras).into_iter().collect(),
        _ => under,
    }
}

fn together(cameras: &[Graded]) -> Option<Graded> {
    let first = cameras.first()?;
    let sum = |of: fn(&Graded) -> u64| cameras.iter().map(of).sum();
    let (confirmed, dismissed) = (sum(|c| c.confirmed), sum(|c| c.dismissed));
    Some(Graded { camera: None, confirmed, dismissed, ..first.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUND: Bound = Bound { precision: 0.5, verdicts_min: 20 };

    fn graded(camera: &str, confirmed: u64, dismissed: u64) -> Graded {
        let (site, rule) = ("hue".into(), "no-parking".into());
        Graded { site, rule, camera: Some(camera.into()), confirmed, dismissed }
    }

    fn names(cameras: &[Graded]) -> Vec<Option<String>> {
        proposed(cameras, &BOUND).into_iter().map(|graded| graded.camera).collect()
    }

    #[test]
    fn a_rule_is_proposed_where_it_is_bad_and_surely_so() {
        assert_eq!(names(&[graded("a", 5, 15)]), [Some("a".into())]);
        assert_eq!(names(&[graded("a", 4, 15)]), [], "too few");
        assert_eq!(names(&[graded("a", 9, 15)]), [], "0.38, but it may be 0.57");
        assert_eq!(names(&[graded("a", 0, 40), graded("b", 30, 4)]), [Some("a".into())]);
        let all = [graded("a", 0, 40), graded("b", 2, 10), graded("c", 1, 10)];
        assert_eq!(names(&all), [None], "the others are as well, together");
        assert_eq!(proposed(&all, &BOUND)[0].dismissed, 60);
        assert_eq!(names(&[graded("b", 2, 10), graded("c", 1, 10)]), [None]);
    }

    proptest! {
        /// One more that is confirmed never brings a proposal of its camera, and one more dismissed never takes it away.
        #[test]
        fn better_is_never_worse(confirmed in 0_u64..60, dismissed in 0_u64..60) {
            let is = |c, d| graded("a", c, d).is_under(&BOUND);
            prop_assert!(!is(confirmed, dismissed) || is(confirmed, dismissed + 1));
            let enough = confirmed + dismissed >= BOUND.verdicts_min;
            prop_assert!(!enough || is(confirmed, dismissed) || !is(confirmed + 1, dismissed));
        }

        #[test]
        fn the_order_of_cameras_does_not_matter(of in prop::collection::vec((0_u64..30, 0_u64..30), 1..6), turn in 0_usize..6) {
            let mut cameras: Vec<Graded> = of.iter().enumerate().map(|(n, (c, d))| graded(&n.to_string(), *c, *d)).collect();
            let first = proposed(&cameras, &BOUND);
            let by = turn % cameras.len();
            cameras.rotate_left(by);
            prop_assert_eq!(proposed(&cameras, &BOUND), first);
        }
    }
}
