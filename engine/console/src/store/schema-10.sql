-- By how many ms the clock of its box was ahead when it opened: its times are told as they are by the console's.
ALTER TABLE incident ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0;
