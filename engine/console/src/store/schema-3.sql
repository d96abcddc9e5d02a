-- How much work incidents make. Times are milliseconds since 1970; a `window` is the how many-th ten minutes since then.
--
-- `incident.judgement` of what nobody has judged says where it waits: 0 in the queue, 3 on a shelf, 4 in a flood.

-- When it was first heard, the shelf that keeps it out of the queue, and the flood that it is in.
ALTER TABLE incident ADD COLUMN came INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN shelf INTEGER;
ALTER TABLE incident ADD COLUMN flood INTEGER;
UPDATE incident SET came = COALESCE((SELECT MIN(received) FROM revision WHERE incident = incident.key), opened);
CREATE INDEX incident_rule ON incident (site, rule, judgement, opened);
CREATE INDEX incident_shelf ON incident (shelf, judgement) WHERE shelf IS NOT NULL;
CREATE INDEX incident_flood ON incident (flood, judgement, key) WHERE flood IS NOT NULL;
CREATE INDEX incident_of_flood ON incident (flood, key) WHERE flood IS NOT NULL;

-- The flood that it was judged with, if it was.
ALTER TABLE verdict ADD COLUMN flood INTEGER;

-- When each last came back from being away.
ALTER TABLE box ADD COLUMN back INTEGER;
ALTER TABLE camera ADD COLUMN back INTEGER;

-- What came in ten minutes; site '' is all together.
CREATE TABLE showing (
    site TEXT NOT NULL,
    window INTEGER NOT NULL,
    told INTEGER NOT NULL,
    alerts INTEGER NOT NULL,
    folded INTEGER NOT NULL,
    shelved INTEGER NOT NULL,
    PRIMARY KEY (site, window)
) STRICT, WITHOUT ROWID;
INSERT INTO showing SELECT site, came / 600000, COUNT(*), COUNT(*), 0, 0 FROM incident GROUP BY 1, 2;
INSERT INTO showing SELECT '', window, SUM(told), SUM(alerts), 0, 0 FROM showing GROUP BY window;

-- When somebody was at work: for an hour after what they did last, or until they signed out. `sites` is a JSON list, or
-- null for all.
CREATE TABLE stretch (
    no INTEGER PRIMARY KEY,
    person TEXT NOT NULL,
    sites TEXT,
    begun INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX stretch_person ON stretch (person, until);
CREATE INDEX stretch_until ON stretch (until, begun);

-- Rules that are kept out of the queue for a time; camera '' is all of the site. `settled`: what is to be moved has been.
CREATE TABLE shelf (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL,
    rule TEXT NOT NULL,
    camera TEXT NOT NULL,
    reason TEXT NOT NULL,
    by TEXT NOT NULL,
    display_name TEXT NOT NULL,
    begun INTEGER NOT NULL,
    until INTEGER NOT NULL,
    ended INTEGER,
    ended_by TEXT,
    settled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX shelf_rule ON shelf (site, rule) WHERE ended IS NULL;
CREATE INDEX shelf_unsettled ON shelf (no) WHERE settled = 0;
CREATE INDEX shelf_ended ON shelf (ended);

-- Incidents that came together for one likely cause. `cameras` is a JSON list, or null for all of the site; `settled`: it is
-- over, and all in it has been judged.
CREATE TABLE flood (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL,
    cause TEXT NOT NULL,
    cameras TEXT,
    severity INTEGER NOT NULL,
    begun INTEGER NOT NULL,
    ended INTEGER,
    dissolved_by TEXT,
    settled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX flood_goes_on ON flood (site) WHERE ended IS NULL;
CREATE INDEX flood_unsettled ON flood (no) WHERE settled = 0;
CREATE INDEX flood_begun ON flood (begun);

-- What became of incidents, by the day and hour at their site: `waiting`, `confirmed`, the reason of a dismissal, or
-- `together` for a verdict on a flood.
CREATE TABLE grade_camera (
    day INTEGER NOT NULL,
    site TEXT NOT NULL,
    rule TEXT NOT NULL,
    camera TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, site, rule, camera, outcome)
) STRICT, WITHOUT ROWID;
CREATE TABLE grade_hour (
    day INTEGER NOT NULL,
    site TEXT NOT NULL,
    hour INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (day, site, hour, outcome)
) STRICT, WITHOUT ROWID;
INSERT INTO grade_camera
    SELECT (i.opened / 1000 + i.offset_secs) / 86400, i.site, i.rule, p.camera,
        CASE i.judgement WHEN 0 THEN 'waiting' WHEN 1 THEN 'confirmed' ELSE COALESCE(v.reason, 'other') END, COUNT(*)
    FROM incident i JOIN place p ON p.key = i.place LEFT JOIN verdict v ON v.no = i.verdict GROUP BY 1, 2, 3, 4, 5;
INSERT INTO grade_hour
    SELECT (i.opened / 1000 + i.offset_secs) / 86400, i.site, (i.opened / 1000 + i.offset_secs) / 3600 % 24,
        CASE i.judgement WHEN 0 THEN 'waiting' WHEN 1 THEN 'confirmed' ELSE COALESCE(v.reason, 'other') END, COUNT(*)
    FROM incident i LEFT JOIN verdict v ON v.no = i.verdict GROUP BY 1, 2, 3, 4;

-- Proposals to change a rule that were put aside.
CREATE TABLE aside (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL,
    rule TEXT NOT NULL,
    camera TEXT NOT NULL,
    by TEXT NOT NULL,
    display_name TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX aside_rule ON aside (site, rule, camera, until);
