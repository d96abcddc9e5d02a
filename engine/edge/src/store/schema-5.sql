-- Pictures of which the console is to be asked whether it has them. None without a console.
CREATE TABLE uploads (
    sha256 TEXT PRIMARY KEY,
    gravity INTEGER NOT NULL,             -- of the incident that names it; higher is graver
    named INTEGER NOT NULL,               -- ns since 1970: by the newest revision that does
    tries INTEGER NOT NULL DEFAULT 0      -- the console would not take it so often
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_next ON uploads (tries, gravity DESC, named DESC);
CREATE INDEX uploads_last ON uploads (gravity, named);
ALTER TABLE totals ADD COLUMN uploads INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER uploads_added AFTER INSERT ON uploads BEGIN
    UPDATE totals SET uploads = uploads + 1;
END;
CREATE TRIGGER uploads_gone AFTER DELETE ON uploads BEGIN
    UPDATE totals SET uploads = uploads - 1;
END;
