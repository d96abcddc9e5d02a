-- What operators said of incidents. The same of one revision at one time is one verdict, however often it comes.
CREATE TABLE verdicts (
    incident TEXT NOT NULL,
    at INTEGER NOT NULL,                  -- ns since 1970: when it was said
    revision INTEGER NOT NULL,
    record BLOB NOT NULL,                 -- the verdict as JSON
    sum BLOB,                             -- over all of it; see verdicts.rs
    PRIMARY KEY (incident, at, revision)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER verdicts_forgotten AFTER DELETE ON incidents BEGIN
    DELETE FROM verdicts WHERE incident = old.incident;
END;
