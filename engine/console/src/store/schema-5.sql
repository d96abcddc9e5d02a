-- Incidents are looked for by what they have in common: a heading. There are thousands of them however many incidents
-- there are, so a search by words is one among headings. Only what people wrote is of one incident alone.

-- What incidents are told under.
CREATE TABLE heading (
    key INTEGER PRIMARY KEY,
    place INTEGER NOT NULL REFERENCES place (key),
    violation TEXT NOT NULL,
    rule TEXT NOT NULL,
    title TEXT NOT NULL,
    UNIQUE (place, violation, rule, title)
) STRICT;
CREATE INDEX heading_violation ON heading (violation);
CREATE INDEX place_camera ON place (camera);
INSERT INTO heading (place, violation, rule, title) SELECT DISTINCT place, violation, rule, title FROM incident;

ALTER TABLE incident ADD COLUMN heading INTEGER NOT NULL DEFAULT 0;
UPDATE incident SET heading = (SELECT h.key FROM heading h WHERE h.place = incident.place
    AND h.violation = incident.violation AND h.rule = incident.rule AND h.title = incident.title);

-- Each holds all that is asked of an incident, so that no row is read that does not match.
DROP INDEX incident_cell;
DROP INDEX incident_opened;
DROP INDEX incident_grave;
CREATE INDEX incident_cell ON incident (heading, judgement, state, severity, opened);
CREATE INDEX incident_opened ON incident (judgement, opened, heading, state, severity);
CREATE INDEX incident_grave ON incident (judgement, severity, opened, heading, state);

-- How many incidents are alike: kept with each commit.
DROP TABLE tally;
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

-- Words without marks. Of a heading: title, violation, rule, site, camera, zone and what people call them. Of an
-- incident, if somebody wrote notes: the same and the notes. They are filled where they are opened.
DROP TABLE incident_text;
CREATE VIRTUAL TABLE heading_text USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE note_text USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
