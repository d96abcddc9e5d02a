-- Revisions on their way out. AUTOINCREMENT: a row number is never used twice.
CREATE TABLE outbox (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    incident TEXT NOT NULL,
    revision INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    qos INTEGER NOT NULL DEFAULT 1,
    created INTEGER NOT NULL,             -- ns since 1970
    attempts INTEGER NOT NULL DEFAULT 0,  -- refusals by the broker
    quarantined TEXT,                     -- why it is set aside; NULL: to be delivered
    UNIQUE (incident, revision)
) STRICT;
CREATE INDEX outbox_quarantined ON outbox (row) WHERE quarantined IS NOT NULL;

-- The newest revision of each incident.
CREATE TABLE incidents (
    incident TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    updated INTEGER NOT NULL,             -- ns since 1970
    record BLOB NOT NULL                  -- the revision as JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX incidents_updated ON incidents (closed, updated);

-- Saved in the transaction of the rows that follow from it.
CREATE TABLE engine_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    state BLOB NOT NULL
) STRICT;

-- Kept by triggers, so that a commit need not count.
CREATE TABLE totals (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    incidents INTEGER NOT NULL
) STRICT;
INSERT INTO totals VALUES (1, 0, 0, 0, 0);
CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
    UPDATE totals SET rows = rows + 1, bytes = bytes + LENGTH(new.payload);
END;
CREATE TRIGGER outbox_delivered AFTER DELETE ON outbox WHEN old.quarantined IS NULL BEGIN
    UPDATE totals SET rows = rows - 1, bytes = bytes - LENGTH(old.payload);
END;
CREATE TRIGGER outbox_dropped AFTER DELETE ON outbox WHEN old.quarantined IS NOT NULL BEGIN
    UPDATE totals SET quarantined = quarantined - 1;
END;
CREATE TRIGGER outbox_set_aside AFTER UPDATE OF quarantined ON outbox
WHEN old.quarantined IS NULL AND new.quarantined IS NOT NULL BEGIN
    UPDATE totals SET rows = rows - 1, bytes = bytes - LENGTH(old.payload),
                      quarantined = quarantined + 1;
END;
CREATE TRIGGER outbox_returned AFTER UPDATE OF quarantined ON outbox
WHEN old.quarantined IS NOT NULL AND new.quarantined IS NULL BEGIN
    UPDATE totals SET rows = rows + 1, bytes = bytes + LENGTH(old.payload),
                      quarantined = quarantined - 1;
END;
CREATE TRIGGER incidents_added AFTER INSERT ON incidents BEGIN
    UPDATE totals SET incidents = incidents + 1;
END;
CREATE TRIGGER incidents_dropped AFTER DELETE ON incidents BEGIN
    UPDATE totals SET incidents = incidents - 1;
END;
