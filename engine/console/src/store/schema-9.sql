-- Words of a heading and those that people wrote are apart, so that what has all words in its heading is left out by the
-- index itself. All of both is filled where they are opened.
DROP TABLE heading_text;
DROP TABLE note_text;
CREATE VIRTUAL TABLE heading_text USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE note_text USING fts5 (heading, notes, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
