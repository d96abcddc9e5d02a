//! Why a file is not given to ONNX Runtime.

/// What speaks against a file, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The bytes are no ONNX file, or end too early.
    #[error("it is cut off or is no ONNX file; copy or export it again")]
    Cut,
    /// ONNX Runtime's own format.
    #[error("it is in ORT format; use the .onnx file it was made from")]
    OrtFormat,
    /// Deeper than any real graph.
    #[error("its graphs are nested more than {max} deep; export it again")]
    Nested {
        /// Most levels.
        max: usize,
    },
    /// More of something than any real detector has.
    #[error("it has more than {max} {what}; no detector needs so many")]
    Many {
        /// What there is too much of.
        what: &'static str,
        /// Most of it.
        max: usize,
    },
    /// Its file names come from the model and may lead out of the folder, and the SHA-256 of the model does not cover what they hold.
    #[error(
        "it keeps weights in other files (external data{}), which is not allowed; save it as one file: \
         torch.onnx.export(..., external_data=False), or python3 -c 'import onnx; onnx.save(onnx.load(\"IN.onnx\"), \"OUT.onnx\")'",
        place(.location)
    )]
    External {
        /// As the file names it, where it does.
        location: String,
    },
    /// A tensor whose shape claims more than the file holds.
    #[error(
        "the tensor {name:?} claims {claimed} values, and its data has {bytes} bytes; copy or export it again"
    )]
    Claims {
        /// Of the tensor.
        name: String,
        /// Product of its sides.
        claimed: u64,
        /// Of its message.
        bytes: usize,
    },
    /// Newer than the runtime.
    #[error(
        "it is written for ONNX opset {opset} and IR {ir}; ONNX Runtime {runtime} takes opset {opset_max} and IR {ir_max} at most; \
         `viahe model add` lowers both where that changes nothing; else export it with an older opset: \
         torch.onnx.export(..., opset_version=17), yolo export model=... format=onnx opset=17, or python3 -c 'import onnx; \
         m = onnx.version_converter.convert_version(onnx.load(\"IN.onnx\"), 21); m.ir_version = 10; onnx.save(m, \"OUT.onnx\")'"
    )]
    Newer {
        /// Of the file.
        opset: u64,
        /// Of the file.
        ir: u64,
        /// Version of ONNX Runtime.
        runtime: String,
        /// Its newest.
        opset_max: u64,
        /// Its newest.
        ir_max: u64,
    },
    /// Operators that only a library of somebody else brings.
    #[error(
        "it uses {op} of {domain:?}, which ONNX Runtime does not have: operators of other libraries are not loaded; export it with \
         standard operators only"
    )]
    Domain {
        /// Whose.
        domain: String,
        /// One of them.
        op: String,
    },
    /// No such operator.
    #[error(
        "it uses the operator {op}, which ONNX does not have; export it with standard operators only"
    )]
    Operator {
        /// As the file names it.
        op: String,
    },
}

fn place(location: &str) -> String {
    if location.is_empty() { String::new() } else { format!(" in {location:?}") }
}
