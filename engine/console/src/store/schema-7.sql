-- Pictures are not kept for ever: when each was removed, and which came first. Times are milliseconds since 1970.
ALTER TABLE evidence ADD COLUMN gone INTEGER;
CREATE INDEX file_arrived ON file (arrived);
