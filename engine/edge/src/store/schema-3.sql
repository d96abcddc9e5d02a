-- The engine's state, a row for each part, so that what did not change is not written again. 'whole' is
-- what an older viahe saved; the next commit puts parts in its place.
CREATE TABLE state_parts (
    scope TEXT PRIMARY KEY,
    state BLOB NOT NULL,
    sum BLOB                              -- over both; see rows.rs
) STRICT;
