//! Values of a classifier → how likely each class is, and none of them.

use crate::model::{Activation, Classifier, Head};
use viahe_contract::class::Class;

/// Nothing is less likely than this: a classifier's sureness is not worth more.
const SHARE_MIN: f32 = 1e-3;

/// What a classifier may say of a thing: one of its classes, or nothing.
#[derive(Clone, Debug)]
pub(super) struct Outcomes {
    activation: Activation,
    classes: Vec<Class>,
    /// The class of each column; none of those without a label.
    columns: Vec<Option<usize>>,
}

/// Logarithms of how likely each outcome is beside the likeliest one: 0 and less, all of them numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Odds(Vec<f32>);

impl Odds {
    pub(super) fn logs(&self) -> impl Iterator<Item = f32> + '_ {
        self.0.iter().copied()
    }
}

impl Outcomes {
    pub(super) fn of(classifier: &Classifier) -> Self {
        let model = &classifier.model;
        let mut classes: Vec<Class> = model.labels.iter().flatten().cloned().collect();
        classes.sort();
        classes.dedup();
        let place = |label: &Class| classes.iter().position(|class| class == label);
        let columns = model.labels.iter().map(|label| place(label.as_ref()?)).collect();
        let activation = match model.head {
            Head::Classifier { activation, .. } => activation,
            _ => Activation::None,
        };
        Self { activation, classes, columns }
    }

    /// How many: the classes, and last the one that means nothing.
    pub(super) fn count(&self) -> usize {
        self.classes.len() + 1
    }

    /// The class of an outcome; none of the one that means nothing.
    pub(super) fn class(&self, outcome: usize) -> Option<&Class> {
        self.classes.get(outcome)
    }

    /// All classes.
    pub(super) fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// What one look says; none where its values are no numbers, or too few.
    pub(super) fn odds(&self, values: &[f32]) -> Option<Odds> {
        if values.len() != self.columns.len() || values.iter().any(|value| value.is_nan()) {
            return None;
        }
        let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let share = |value: f32| match self.activation {
            Activation::None => value,
            Activation::Sigmoid => 1.0 / (1.0 + (-value).exp()),
            Activation::Softmax => (value - largest).exp(),
        };
        let mut shares = vec![0.0; self.count()];
        let mut most = 0f32;
        for (value, column) in values.iter().zip(&self.columns) {
            let share = share(*value);
            if !(0.0..=f32::MAX).contains(&share) {
                return None;
            }
            most = most.max(share);
            shares[column.unwrap_or(self.classes.len())] += share;
        }
        // Of classes that are told apart one by one, what none of them claims is nobody's.
        if self.activation != Activation::Softmax {
            if most > 1.0 {
                return None;
            }
            shares[self.classes.len()] += 1.0 - most;
        }
        let total: f32 = shares.iter().sum();
        let logs = shares.iter().map(|share| (share / total).max(SHARE_MIN).ln());
        let logs: Vec<f32> = logs.collect();
        let best = logs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        logs.iter()
            .all(|log| log.is_finite())
            .then(|| Odds(logs.iter().map(|log| log - best).collect()))
    }
}
