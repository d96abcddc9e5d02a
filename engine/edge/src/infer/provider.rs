//! What sessions run on: which of it a library has, how it is asked for, and how much of a model it has taken.

use ort::AsPointer as _;
use ort::ep::{CUDA, ExecutionProvider as _, ExecutionProviderDispatch, OpenVINO, TensorRT};
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::Session;
use std::ffi::{CStr, c_char};
use viahe_core::tune::Provider;

/// Does the library that is loaded have it? Its parts for it may still be missing or lack a device: that
/// shows when a session is made.
pub(super) fn has(provider: Provider) -> bool {
    let has = match provider {
        Provider::Cpu => Ok(true),
        Provider::Cuda => CUDA::is_available(),
        Provider::Tensorrt => TensorRT::is_available(),
        Provider::Openvino => OpenVINO::is_available(),
    };
    has.unwrap_or(false)
}

/// What a session is asked to run on, best first; the processor takes what they leave.
pub(super) fn asked(provider: Provider, threads: usize) -> Vec<ExecutionProviderDispatch> {
    match provider {
        Provider::Cpu => Vec::new(),
        Provider::Cuda => vec![CUDA::default().build().error_on_failure()],
        // What TensorRT leaves is better done where its outputs lie.
        Provider::Tensorrt => {
            vec![TensorRT::default().build().error_on_failure(), CUDA::default().build()]
        }
        // On processors of servers it would take 16-bit floats unasked.
        Provider::Openvino => {
            let provider = OpenVINO::default().with_device_type("CPU").with_precision("FP32");
            vec![provider.with_num_threads(threads).build().error_on_failure()]
        }
    }
}

/// How many operations of a session's graph run on a provider, and how many there are; none where the library does not say. The session
/// must have been made with [`RECORD`].
#[expect(unsafe_code, reason = "the binding to ONNX Runtime does not have these functions")]
pub(super) fn taken(session: &Session, provider: Provider) -> Option<[usize; 2]> {
    let api = ort::api();
    let (mut parts, mut count) = (std::ptr::null(), 0);
    let mut all = [0, 0];
    // SAFETY: the session lives until the end of this function, and with it what it hands out: a list of `count` parts,
    // each with a name that ends with a zero and a list of nodes, of which only the number is asked for.
    unsafe {
        let status =
            (api.Session_GetEpGraphAssignmentInfo)(session.ptr(), &raw mut parts, &raw mut count);
        ort::Error::result_from_status(status).ok()?;
        for at in 0..count {
            let part = *parts.add(at);
            let mut name: *const c_char = std::ptr::null();
            let status = (api.EpAssignedSubgraph_GetEpName)(part, &raw mut name);
            ort::Error::result_from_status(status).ok()?;
            let (mut nodes, mut nodes_count) = (std::ptr::null(), 0);
            let status =
                (api.EpAssignedSubgraph_GetNodes)(part, &raw mut nodes, &raw mut nodes_count);
            ort::Error::result_from_status(status).ok()?;
            all[1] += nodes_count;
            if !name.is_null()
                && CStr::from_ptr(name).to_bytes() == provider.runtime_name().as_bytes()
            {
                all[0] += nodes_count;
            }
        }
    }
    Some(all)
}

/// The setting of a session that makes it remember which provider has which part of its graph.
pub(super) const RECORD: (&str, &str) = ("session.record_ep_graph_assignment_info", "1");

/// Memory that ONNX Runtime holds for a session's runs on the processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arena {
    /// Bytes, used or not.
    pub held: u64,
    /// The most bytes that were in use at once, usually in the first run, after which what only that needs is given back.
    pub used_max: u64,
}

/// None where the library does not say.
#[expect(unsafe_code, reason = "the binding to ONNX Runtime does not have these functions")]
pub(super) fn arena(session: &Session) -> Option<Arena> {
    let of = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Arena, MemoryType::Default)
        .ok()?;
    let allocator = Allocator::new(session, of).ok()?;
    let api = ort::api();
    let mut pairs = std::ptr::null_mut();
    // SAFETY: the allocator lives until the end of this function. The pairs are ours and given back below, after the
    // texts in them, which end with a zero, were read.
    unsafe {
        let status = (api.AllocatorGetStats)(allocator.ptr(), &raw mut pairs);
        ort::Error::result_from_status(status).ok()?;
        let number = |key: &CStr| {
            let value = (api.GetKeyValue)(pairs, key.as_ptr());
            if value.is_null() { None } else { CStr::from_ptr(value).to_str().ok()?.parse().ok() }
        };
        let found = number(c"TotalAllocated").zip(number(c"MaxInUse"));
        (api.ReleaseKeyValuePairs)(pairs);
        found.map(|(held, used_max)| Arena { held, used_max })
    }
}
