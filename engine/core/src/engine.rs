//! Stub header, replaced below.
