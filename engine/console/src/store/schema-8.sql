-- Files that are on the disk and that no line of `file` names, and when each is to go. Times are milliseconds since 1970.
CREATE TABLE stray (
    sha256 TEXT PRIMARY KEY,
    due INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX stray_due ON stray (due);
