//! A data set's names of classes and a model's meanings, as one set of classes.

use crate::names::{plain, usual};
use std::collections::BTreeMap;
use viahe_contract::class::Class;

/// A class that was given for a name cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// The data set has no such name.
    #[error("the data set has no class {name:?}; it has {}", .names.join(", "))]
    Name {
        /// As given.
        name: String,
        /// What there is.
        names: Vec<String>,
    },
    /// The model tells nothing of the kind.
    #[error("the model tells nothing of class {class}; it tells {}", .labels.join(", "))]
    Class {
        /// As given.
        class: Class,
        /// What it tells.
        labels: Vec<String>,
    },
}

/// Which class of the measurement each name and each label is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Classes that are measured, sorted.
    pub classes: Vec<Class>,
    /// Of each name of the data set.
    pub of_name: Vec<Option<usize>>,
    /// Of each label of the model.
    pub of_label: Vec<Option<usize>>,
}

impl Mapping {
    /// `names` are the data set's, `labels` what the model tells, `given` what a person says that names mean.
    ///
    /// A name means the class whose whole path or last part it is, or that it is a usual other name for. It is measured as that class where
    /// the model tells it or kinds of it; where the model tells only something more general, as that.
    ///
    /// # Errors
    /// [`MappingError`], of what was given.
    pub fn new(
        names: &[String],
        labels: &[Option<Class>],
        given: &BTreeMap<String, Class>,
    ) -> Result<Self, MappingError> {
        let told: Vec<&Class> = labels.iter().flatten().collect();
        let list = || {
            let mut list: Vec<String> = told.iter().map(ToString::to_string).collect();
            list.sort();
            list.dedup();
            list
        };
        if let Some(name) = given.keys().find(|name| !names.contains(name)) {
            return Err(MappingError::Name { name: name.clone(), names: names.to_vec() });
        }
        let mut meant = Vec::with_capacity(names.len());
        for name in names {
            let class =
                match given.get(name) {
                    Some(class) => Some(measured(class, &told).ok_or_else(|| {
                        MappingError::Class { class: class.clone(), labels: list() }
                    })?),
                    None => meaning(name, &told).and_then(|class| measured(&class, &told)),
                };
            meant.push(class);
        }
        let mut classes: Vec<Class> = meant.iter().flatten().cloned().collect();
        classes.sort();
        classes.dedup();
        let at = |class: &Class| classes.iter().position(|other| other == class);
        // The narrowest class that covers a label: a car is a car where the data set has cars, else a vehicle.
        let of_label = |label: &Class| {
            let covering = classes.iter().filter(|class| class.covers(label));
            covering.max_by_key(|class| class.as_str().len()).and_then(at)
        };
        Ok(Self {
            of_name: meant.iter().map(|class| class.as_ref().and_then(at)).collect(),
            of_label: labels.iter().map(|label| label.as_ref().and_then(of_label)).collect(),
            classes,
        })
    }
}

/// The class that a name means, as far as the model's labels and what is above them can tell.
fn meaning(name: &str, told: &[&Class]) -> Option<Class> {
    let plain = plain(name);
    if let Some(class) = usual(&plain) {
        return Class::try_from(class).ok();
    }
    let paths = told.iter().flat_map(|label| {
        let text = label.as_str();
        let ends = text.match_indices('.').map(|(at, _)| at).chain([text.len()]);
        ends.map(move |end| &text[..end])
    });
    let is_it = |path: &&str| *path == plain || path.rsplit('.').next() == Some(&*plain);
    // A name that is a path, but of a kind that the model does not tell apart, is one of what is above it.
    let path = paths.clone().find(is_it).map(str::to_owned).or_else(|| {
        plain.contains('.').then_some(plain.clone()).filter(|path| Class::try_from(&**path).is_ok())
    });
    path.and_then(|path| Class::try_from(path).ok())
}

/// As what a class is measured.
fn measured(class: &Class, told: &[&Class]) -> Option<Class> {
    if told.iter().any(|label| class.covers(label)) {
        return Some(class.clone());
    }
    let general = told.iter().filter(|label| label.covers(class));
    general.max_by_key(|label| label.as_str().len()).map(|label| (*label).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> Class {
        Class::try_from(text).unwrap()
    }

    fn map(
        names: &[&str],
        labels: &[&str],
        given: &[(&str, &str)],
    ) -> Result<Mapping, MappingError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let labels: Vec<Option<Class>> =
            labels.iter().map(|label| (!label.is_empty()).then(|| class(label))).collect();
        let given = given.iter().map(|(name, of)| ((*name).to_owned(), class(of))).collect();
        Mapping::new(&names, &labels, &given)
    }

    #[test]
    fn names_are_understood() {
        let labels = ["person", "", "vehicle.car", "vehicle.truck", "goods.bag", "goods.bag"];
        let cases: [(&str, Option<&str>); 12] = [
            ("person", Some("person")),
            ("Pedestrian", Some("person")),
            ("person.rider_bare", Some("person")),
            ("car", Some("vehicle.car")),
            ("vehicle.car", Some("vehicle.car")),
            ("vehicle", Some("vehicle")),
            ("lorry", Some("vehicle.truck")),
            ("hand-bag", None),
            ("handbag", Some("goods.bag")),
            ("train", None),
            ("motorbike", None),
            ("waste.pile", None),
        ];
        for (name, want) in cases {
            let mapping = map(&[name], &labels, &[]).unwrap();
            let got = mapping.of_name[0].map(|at| mapping.classes[at].as_str());
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn a_label_counts_as_the_narrowest_class_that_covers_it() {
        let labels = ["vehicle.car", "vehicle.truck", "person"];
        let mapping = map(&["vehicle", "car"], &labels, &[]).unwrap();
        assert_eq!(mapping.classes, [class("vehicle"), class("vehicle.car")]);
        assert_eq!(mapping.of_label, [Some(1), Some(0), None]);
        let mapping = map(&["vehicle"], &labels, &[]).unwrap();
        assert_eq!(mapping.of_label, [Some(0), Some(0), None]);
    }

    #[test]
    fn what_is_given_goes_first_and_must_be_of_use() {
        let labels = ["vehicle.car", "person"];
        let mapping = map(&["van", "person"], &labels, &[("van", "vehicle.car")]).unwrap();
        assert_eq!(mapping.of_name, [Some(1), Some(0)]);
        let told = map(&["van"], &labels, &[("bus", "vehicle.car")]).unwrap_err().to_string();
        assert_eq!(told, "the data set has no class \"bus\"; it has van");
        let told = map(&["van"], &labels, &[("van", "animal")]).unwrap_err().to_string();
        assert_eq!(told, "the model tells nothing of class animal; it tells person, vehicle.car");
    }
}
