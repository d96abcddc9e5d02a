-- Checksums of what must not be taken for another: see rows.rs.
ALTER TABLE outbox ADD COLUMN sum BLOB;
ALTER TABLE incidents ADD COLUMN sum BLOB;
ALTER TABLE engine_state ADD COLUMN sum BLOB;

-- Pictures of incidents that are open or not acknowledged; the others may go when the disk is full.
CREATE TABLE pictures (
    incident TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (incident, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX pictures_sha256 ON pictures (sha256);
CREATE TRIGGER incident_settled AFTER DELETE ON outbox
WHEN NOT EXISTS (SELECT 1 FROM outbox WHERE incident = old.incident)
AND NOT EXISTS (SELECT 1 FROM incidents WHERE incident = old.incident AND closed = 0) BEGIN
    DELETE FROM pictures WHERE incident = old.incident;
END;
CREATE TRIGGER incident_forgotten AFTER DELETE ON incidents
WHEN NOT EXISTS (SELECT 1 FROM outbox WHERE incident = old.incident) BEGIN
    DELETE FROM pictures WHERE incident = old.incident;
END;

-- Which life this is; the same is in the file `identity` beside the database.
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL
) STRICT;
