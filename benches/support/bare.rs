//! ONNX Runtime without the engine: what a bench is compared with.

use ort::sys;
use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::ptr;
use viahe_core::model::Model;
use viahe_core::tensor::Layout;

/// A session through the C API, in the plainest way that its documentation shows: one input over
/// memory of our own, outputs allocated by each run. Never freed: the process ends.
pub(crate) struct Bare {
    session: *mut sys::OrtSession,
    input: Vec<f32>,
    value: *mut sys::OrtValue,
    input_name: CString,
    output_names: Vec<CString>,
}

// SAFETY: a session and a value are used by one thread at a time, through `&mut`.
unsafe impl Send for Bare {}

fn text(text: &str) -> CString {
    CString::new(text).expect("no zero inside")
}

fn good(status: sys::OrtStatusPtr) {
    // SAFETY: the status was just returned by the C API.
    unsafe { ort::Error::result_from_status(status) }.expect("ONNX Runtime");
}

impl Bare {
    /// Loads `weights` for runs of `batch` images.
    pub(crate) fn new(model: &Model, weights: &Path, threads: usize, batch: usize) -> Self {
        let api = ort::api();
        let spec = &model.input;
        let [h, w, n] = [spec.height, spec.width, batch].map(|v| i64::try_from(v).expect("small"));
        let shape = match spec.layout {
            Layout::Nchw => [n, 3, h, w],
            Layout::Nhwc => [n, h, w, 3],
        };
        let mut input = vec![0.0f32; spec.len() * batch];
        let (mut env, mut options) = (ptr::null_mut(), ptr::null_mut());
        let (mut session, mut memory, mut value) =
            (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let path = text(weights.to_str().expect("a plain path"));
        let (key, off) = (text("session.intra_op.allow_spinning"), text("0"));
        let warning = sys::OrtLoggingLevel::ORT_LOGGING_LEVEL_WARNING;
        let all = sys::GraphOptimizationLevel::ORT_ENABLE_ALL;
        let f32_type = sys::ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
        // SAFETY: calls in the order that the C API asks for, with pointers that live through
        // them; `input` moves into the result, its memory stays.
        unsafe {
            good((api.CreateEnv)(warning, text("bench").into_raw(), &raw mut env));
            good((api.CreateSessionOptions)(&raw mut options));
            good((api.SetIntraOpNumThreads)(options, i32::try_from(threads).expect("few")));
            good((api.SetInterOpNumThreads)(options, 1));
            good((api.SetSessionGraphOptimizationLevel)(options, all));
            good((api.AddSessionConfigEntry)(options, key.as_ptr(), off.as_ptr()));
            good((api.CreateSession)(env, path.as_ptr(), options, &raw mut session));
            good((api.CreateCpuMemoryInfo)(
                sys::OrtAllocatorType::OrtArenaAllocator,
                sys::OrtMemType::OrtMemTypeDefault,
                &raw mut memory,
            ));
            good((api.CreateTensorWithDataAsOrtValue)(
                memory,
                input.as_mut_ptr().cast::<c_void>(),
                size_of_val(input.as_slice()),
                shape.as_ptr(),
                shape.len(),
                f32_type,
                &raw mut value,
            ));
        }
        let output_names = model.head.tensors(1).iter().map(|(name, _)| text(name)).collect();
        Self { session, input, value, input_name: text(&model.input_name), output_names }
    }

    /// Infers `picture`, all images of the batch.
    pub(crate) fn run(&mut self, picture: &[f32]) {
        self.input.copy_from_slice(picture);
        let api = ort::api();
        let outputs: Vec<*const c_char> = self.output_names.iter().map(|n| n.as_ptr()).collect();
        let mut values = vec![ptr::null_mut(); outputs.len()];
        let (name, value) = (self.input_name.as_ptr(), self.value.cast_const());
        // SAFETY: all pointers live through the call; the outputs are released once.
        unsafe {
            good((api.Run)(
                self.session,
                ptr::null(),
                &raw const name,
                &raw const value,
                1,
                outputs.as_ptr(),
                outputs.len(),
                values.as_mut_ptr(),
            ));
            for value in values {
                (api.ReleaseValue)(value);
            }
        }
    }
}
