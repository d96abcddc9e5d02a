//! The local store: outbox and saved state in SQLite.
