-- Times of incidents, files, verdicts, letters, boxes and cameras are milliseconds since 1970 (`at`, `opened` …), with
-- the site's offset from UTC in seconds beside them where people read them; those of people, sessions, tokens and the
-- audit are nanoseconds. Names are as in the contract; what is not there is ''.

-- Of this database.
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- One frontage: a zone of a camera, or what a site's sensors tell of.
CREATE TABLE place (
    key INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    camera TEXT NOT NULL,
    zone TEXT NOT NULL,
    camera_name TEXT,
    place_name TEXT,
    last_updated INTEGER NOT NULL,
    offset_secs INTEGER NOT NULL,
    UNIQUE (site, camera, zone)
) STRICT;

-- The newest revision of each incident, by what it is looked for.
CREATE TABLE incident (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    site TEXT NOT NULL,
    place INTEGER NOT NULL REFERENCES place (key),
    violation TEXT NOT NULL,
    rule TEXT NOT NULL,
    title TEXT NOT NULL,
    severity INTEGER NOT NULL,
    state INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    closed INTEGER,
    offset_secs INTEGER NOT NULL,
    stage TEXT,
    offence INTEGER,
    lat REAL,
    lon REAL,
    judgement INTEGER NOT NULL DEFAULT 0,
    verdict INTEGER,
    escalated INTEGER NOT NULL DEFAULT 0
) STRICT;
-- What a line of the queue shows of a cell of `tally`: its first and its newest.
CREATE INDEX incident_cell ON incident (judgement, place, state, severity, violation, opened);
CREATE INDEX incident_opened ON incident (judgement, opened);
CREATE INDEX incident_grave ON incident (judgement, severity, opened);
CREATE INDEX incident_place ON incident (place, opened);
CREATE INDEX incident_time ON incident (opened);
CREATE INDEX incident_violation ON incident (violation, opened);

-- How many incidents of a place are alike: kept with each commit, so that the queue counts thousands, not millions.
CREATE TABLE tally (
    judgement INTEGER NOT NULL,
    place INTEGER NOT NULL REFERENCES place (key),
    state INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    violation TEXT NOT NULL,
    count INTEGER NOT NULL,
    first INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    PRIMARY KEY (judgement, place, state, severity, violation)
) STRICT, WITHOUT ROWID;

-- Everything that was ever said of an incident, as it was said.
CREATE TABLE revision (
    key INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incident (key),
    revision INTEGER NOT NULL,
    received INTEGER NOT NULL,
    payload TEXT NOT NULL,
    UNIQUE (incident, revision)
) STRICT;

-- Words without marks: title, place, camera, zone, rule, violation, id, notes.
CREATE VIRTUAL TABLE incident_text USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');

-- Files that incidents name.
CREATE TABLE evidence (
    incident INTEGER NOT NULL REFERENCES incident (key),
    sha256 TEXT NOT NULL,
    moment TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    captured INTEGER NOT NULL,
    offset_secs INTEGER NOT NULL,
    PRIMARY KEY (incident, sha256, moment)
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_file ON evidence (sha256);

-- Files that have arrived, by who brought them.
CREATE TABLE file (
    sha256 TEXT NOT NULL,
    site TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    arrived INTEGER NOT NULL,
    PRIMARY KEY (sha256, site)
) STRICT, WITHOUT ROWID;

-- What people said, also what was undone.
CREATE TABLE verdict (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incident (key),
    by TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    judgement INTEGER NOT NULL,
    reason TEXT,
    note TEXT NOT NULL,
    revision INTEGER NOT NULL,
    at INTEGER NOT NULL,
    undone INTEGER,
    undone_by TEXT
) STRICT;
CREATE INDEX verdict_incident ON verdict (incident);

CREATE TABLE escalation (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incident (key),
    by TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    note TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX escalation_incident ON escalation (incident);

-- What boxes are to be told. Who got it may have been somebody else: from when it `went` it waits for the box to be
-- heard once more, goes again, and is gone.
CREATE TABLE outgoing (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    at INTEGER NOT NULL,
    went INTEGER
) STRICT;

-- How boxes and cameras are, as last heard.
CREATE TABLE box (
    site TEXT PRIMARY KEY,
    heard INTEGER NOT NULL,
    online INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE camera (
    site TEXT NOT NULL,
    camera TEXT NOT NULL,
    heard INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (site, camera)
) STRICT, WITHOUT ROWID;

-- What became different, for those who watch; the oldest go.
CREATE TABLE change (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    site TEXT NOT NULL,
    id TEXT,
    camera TEXT,
    place TEXT
) STRICT;

-- From here on times are nanoseconds since 1970.

-- People. `sites` is a JSON list, or null for all.
CREATE TABLE person (
    name TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    sites TEXT,
    language TEXT NOT NULL,
    password TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_login INTEGER,
    ended INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
    hash BLOB PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (name),
    created INTEGER NOT NULL,
    used INTEGER NOT NULL,
    address TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_person ON session (person);
CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    hash BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    sites TEXT,
    created INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    used INTEGER,
    ended INTEGER
) STRICT;

-- Who did what. Nothing is ever taken out or changed.
CREATE TABLE audit (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    site TEXT,
    address TEXT NOT NULL
) STRICT;
CREATE INDEX audit_time ON audit (at);
CREATE INDEX audit_who ON audit (who, no);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;
