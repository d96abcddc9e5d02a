-- Incidents are looked for on the earth as by all else: by what they have in common. Where a camera stands is part of
-- the heading of what it told.

-- Where incidents were, each point once.
CREATE TABLE spot (
    key INTEGER PRIMARY KEY,
    lat REAL NOT NULL,
    lon REAL NOT NULL,
    UNIQUE (lat, lon)
) STRICT;
INSERT INTO spot (lat, lon) SELECT DISTINCT lat, lon FROM incident WHERE lat IS NOT NULL AND lon IS NOT NULL;

-- What incidents are told under; `spot` 0 is nowhere.
DROP TABLE tally;
DROP TABLE heading;
CREATE TABLE heading (
    key INTEGER PRIMARY KEY,
    place INTEGER NOT NULL REFERENCES place (key),
    violation TEXT NOT NULL,
    rule TEXT NOT NULL,
    title TEXT NOT NULL,
    spot INTEGER NOT NULL,
    UNIQUE (place, violation, rule, title, spot)
) STRICT;
CREATE INDEX heading_violation ON heading (violation);
CREATE INDEX heading_spot ON heading (spot);
INSERT INTO heading (place, violation, rule, title, spot)
    SELECT DISTINCT i.place, i.violation, i.rule, i.title, COALESCE(s.key, 0)
    FROM incident i LEFT JOIN spot s ON s.lat = i.lat AND s.lon = i.lon;
UPDATE incident SET heading = (SELECT h.key FROM heading h WHERE h.place = incident.place
    AND h.violation = incident.violation AND h.rule = incident.rule AND h.title = incident.title
    AND h.spot = COALESCE((SELECT s.key FROM spot s WHERE s.lat = incident.lat AND s.lon = incident.lon), 0));

-- Where so much is that the newest of it are soon found.
DROP INDEX incident_where;
CREATE INDEX incident_where ON incident (state, opened, lat, lon, judgement, heading, severity) WHERE lat IS NOT NULL;

-- How many incidents are alike: kept with each commit.
CREATE TABLE tally (
    judgement INTEGER NOT NULL,
    heading INTEGER NOT NULL REFERENCES heading (key),
    state INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    place INTEGER NOT NULL REFERENCES place (key),
    violation TEXT NOT NULL,
    count INTEGER NOT NULL,
    first INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    PRIMARY KEY (judgement, heading, state, severity)
) STRICT, WITHOUT ROWID;
INSERT INTO tally (judgement, heading, state, severity, place, violation, count, first, newest)
    SELECT judgement, heading, state, severity, place, violation, COUNT(*), MIN(opened), MAX(opened) FROM incident
    GROUP BY judgement, heading, state, severity;

-- Filled where they are opened.
DROP TABLE heading_text;
CREATE VIRTUAL TABLE heading_text USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
