-- What a map shows: the newest first, and where it is, so that what is elsewhere is passed over in the index alone.
CREATE INDEX incident_where ON incident (state, opened, lat, lon) WHERE lat IS NOT NULL;
