//! Files that lie beside a model.

use super::labels::listed;
use super::said::Said;
use super::{hugging, triton, ultralytics};
use crate::onnx::Outline;

/// Texts of the files that lie beside a model; a missing one is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Hugging Face's `config.json`.
    pub config: Option<String>,
    /// Hugging Face's `preprocessor_config.json`.
    pub processor: Option<String>,
    /// Triton's `config.pbtxt`.
    pub triton: Option<String>,
    /// A list of classes, with its file name.
    pub labels: Option<(String, String)>,
}

/// A file beside a model is not what its name says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}, which lies beside the model, is not what its name says: {why}; mend it, or move it away"
)]
pub struct BesideError {
    /// Its name.
    pub file: String,
    /// What is wrong.
    pub why: String,
}

impl Beside {
    /// The file of labels that Triton's configuration names.
    pub fn labels_file(&self) -> Option<String> {
        triton::said(self.triton.as_deref()?)?.1
    }

    /// What the model and these files say, whoever knows best first.
    pub(super) fn said(&self, outline: &Outline<'_>) -> Result<Vec<Said>, BesideError> {
        let json = |file: &str, text: &Option<String>| {
            let read = |text: &String| {
                serde_json::from_str(text)
                    .map_err(|e| BesideError { file: file.to_owned(), why: e.to_string() })
            };
            text.as_ref().map(read).transpose()
        };
        let config = json("config.json", &self.config)?;
        let processor = json("preprocessor_config.json", &self.processor)?;
        let wrong =
            |file: &str, why: &str| BesideError { file: file.to_owned(), why: why.to_owned() };
        let labels = self.labels.as_ref().map(|(file, text)| {
            let names =
                listed(text).ok_or_else(|| wrong(file, "it lists no classes, one a line"))?;
            Ok(Said { source: file.clone(), names: Some(names), ..Said::default() })
        });
        let triton = self.triton.as_deref().map(|text| {
            let said = triton::said(text).map(|(said, _)| said);
            said.ok_or_else(|| wrong("config.pbtxt", "it is no text of a protocol buffer"))
        });
        let all = [
            ultralytics::said(outline),
            hugging::said(config.as_ref(), processor.as_ref()),
            triton.transpose()?,
            labels.transpose()?,
        ];
        Ok(all.into_iter().flatten().collect())
    }
}
