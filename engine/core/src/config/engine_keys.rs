//! The keys of `[engine]`: how a box runs what the rest of a pipeline says.

use super::problem::Fault;
use super::schema::Kind::{Number, OneOf, Text, Whole};
use super::schema::Need::{self, Optional};
use super::schema::{Form, Key, PATH, form, key};
use crate::tune::Provider;
use std::net::SocketAddr;

static LISTEN: Form = form("address and port, or off", "^(off|.*:[0-9]+)$", |text| {
    if text == "off" || text.parse::<SocketAddr>().is_ok() {
        return Ok(());
    }
    Err(Fault::not_a(text, "an address with a port", "write \"127.0.0.1:9464\", or \"off\""))
});

pub(super) static ENGINE: &[Key] = &[
    key(
        "state_dir",
        Text(&PATH),
        Need::Text("/var/lib/viahe"),
        r#""/var/lib/viahe""#,
        "Folder of the outbox, the saved state and the evidence.",
    ),
    key(
        "listen",
        Text(&LISTEN),
        Need::Text("127.0.0.1:9464"),
        r#""0.0.0.0:9464""#,
        "Address of `/metrics` and `/healthz`, or `\"off\"`.",
    ),
    key(
        "workers",
        Whole { min: 1, max: 64 },
        Optional,
        "2",
        "Vision workers that share the cameras, never more than there are cameras. Without the key: one \
         for each 8 cameras, at most one for each core.",
    ),
    key(
        "threads",
        Whole { min: 1, max: 64 },
        Optional,
        "2",
        "Inference threads of each vision worker. Without the key: one, or more where `viahe tune` has \
         measured that they look more often and the rules ask for it.",
    ),
    key(
        "provider",
        OneOf(Provider::NAMES),
        Need::Text("cpu"),
        r#""openvino""#,
        "What models run on, by an ONNX Runtime that has it ([how](operations.md#other-hardware-for-models)). A model that cannot \
         run there, or sees something else there than on the processor, runs on the processor, and \
         the trouble `provider_unused` says why.",
    ),
    key(
        "worker_memory_max_mb",
        Whole { min: 64, max: 1_000_000 },
        Optional,
        "2000",
        "Most megabytes (10⁶ bytes) of memory that each vision worker may use, swapped out or not; past \
         it the worker is ended and another started. Without the key: 256, and 256 more for each \
         camera of it, and for each model in each inference thread.",
    ),
    key(
        "evidence_max_mb",
        Whole { min: 16, max: 10_000_000 },
        Need::Number(2000.0),
        "20000",
        "Most megabytes (10⁶ bytes) of evidence pictures kept; the oldest go first.",
    ),
    key(
        "evidence_wait_ms",
        Whole { min: 0, max: 5000 },
        Need::Number(50.0),
        "1000",
        "An incident waits so many milliseconds for a picture that is not on disk yet; a later one is told \
         with another revision. For a centre that wants whole alerts rather than prompt ones: 5000, after \
         which a picture is given up.",
    ),
    key(
        "history_mb",
        Whole { min: 0, max: 1_000_000 },
        Need::Number(64.0),
        "200",
        "Most megabytes (10⁶ bytes) of history kept for `viahe explain`, compressed: what the engine \
         saw, without pictures; the oldest goes first. 64 hold some hours of a busy box; 0 keeps none.",
    ),
    key(
        "lateness_secs",
        Number { min: 0.0, max: 600.0 },
        Need::Number(0.0),
        "2.0",
        "Events may come so many seconds later than newer ones and are still put in order. A box \
         that watches its own cameras needs 0; recordings of several boxes may need more. Pictures \
         are taken later by as much.",
    ),
];
