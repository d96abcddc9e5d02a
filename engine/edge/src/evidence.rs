//! Evidence pictures on disk.
