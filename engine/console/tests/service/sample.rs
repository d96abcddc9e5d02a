//! Incidents as boxes tell them.

use viahe_console::store::Heard;
use viahe_contract::message::to_bytes;
use viahe_contract::time::Timestamp;
pub(crate) use viahe_testing::incident::{PICTURE, PICTURE_NAME, event, id};

/// The same, as the store takes it.
pub(crate) fn heard(site: &str, n: u32, revision: u32) -> Heard {
    let told = event(site, n, revision);
    Heard {
        payload: told["data"].to_string(),
        event: serde_json::from_slice(&to_bytes(&told)).unwrap(),
        received: Timestamp::from_secs(1_796_000_000),
    }
}
