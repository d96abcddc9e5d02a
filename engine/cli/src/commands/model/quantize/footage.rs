//! Recorded footage as what a model is fed, for who learns its ranges.

use crate::exit::Exit;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use viahe_core::frame::Frame as _;
use viahe_core::model::Model;
use viahe_core::time::Timestamp;
use viahe_edge::ingest::FileReader;
use viahe_edge::ledger::Ledger;
use viahe_edge::preprocess::Preprocessor;

/// Between frames of a recording that does not say how long it is.
const STEP: Duration = Duration::from_secs(2);

/// Writes so many frames of all recordings together, evenly spread, as float32 one after the other; their shape goes beside them as
/// JSON. Returns how many there were.
pub(super) fn write(
    model: &Model,
    footage: &[PathBuf],
    frames: usize,
    out: &Path,
) -> Result<usize, Exit> {
    let failed = |e: &dyn std::fmt::Display| Exit::Failed(format!("{}: {e}", out.display()));
    let mut file = BufWriter::new(File::create(out).map_err(|e| failed(&e))?);
    let [width, height] = model.input.size();
    let mut tensor = vec![0.0_f32; 3 * width * height];
    let mut written = 0;
    let each = frames.div_ceil(footage.len());
    for path in footage {
        let ledger = Arc::new(Ledger::default());
        let mut preprocessor = Preprocessor::new(model.input);
        let bad = |e: &dyn std::fmt::Display| Exit::Usage(format!("{}: {e}", path.display()));
        let mut reader = FileReader::open(path, Timestamp::default(), Arc::clone(&ledger))
            .map_err(|e| bad(&e))?;
        let (mut last, mut taken) = (None::<Timestamp>, 0);
        while taken < each
            && let Some(frame) = reader.next()
        {
            let frame = frame.map_err(|e| bad(&e))?;
            let at = frame.stamp().captured;
            let step = reader.duration().map(|whole| whole / u32::try_from(each).unwrap_or(1));
            if last.is_some_and(|last| at.since(last) < step.unwrap_or(STEP)) {
                continue;
            }
            last = Some(at);
            preprocessor.run(&frame.view(), &mut tensor, &ledger).map_err(|e| bad(&e))?;
            for value in &tensor {
                file.write_all(&value.to_le_bytes()).map_err(|e| failed(&e))?;
            }
            taken += 1;
        }
        written += taken;
    }
    if written == 0 {
        return Err(Exit::Usage("the footage has no frames".into()));
    }
    file.flush().map_err(|e| failed(&e))?;
    let shape = match model.input.layout {
        viahe_core::tensor::Layout::Nhwc => [height, width, 3],
        viahe_core::tensor::Layout::Nchw => [3, height, width],
    };
    let shape = serde_json::json!({ "shape": shape });
    std::fs::write(out.with_extension("json"), shape.to_string()).map_err(|e| failed(&e))?;
    Ok(written)
}
