//! How messages are written.

use serde::Serialize;

/// The bytes of a message: JSON, keys in alphabetical order.
pub fn to_bytes(message: &impl Serialize) -> Vec<u8> {
    // Strings, finite numbers and maps with text keys: cannot fail.
    serde_json::to_value(message).map(|value| value.to_string().into_bytes()).unwrap_or_default()
}
