//! Model packages on disk.
