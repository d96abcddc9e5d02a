-- Pictures that people asked cameras for, as their boxes told of them; they arrive as files. Times are milliseconds.
CREATE TABLE still (
    key INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    camera TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX still_camera ON still (site, camera, at);
CREATE INDEX still_file ON still (sha256);
CREATE INDEX still_time ON still (at);
