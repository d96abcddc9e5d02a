//! Texts for people, in the languages of the catalogue.

/// A language that the catalogue has its words in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Vietnamese.
    Vi,
    /// English.
    En,
}

/// A text in the languages of the operations centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

impl Words {
    /// In one of them.
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::Vi => &self.vi,
            Language::En => &self.en,
        }
    }
}
