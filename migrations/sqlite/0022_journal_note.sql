-- What happened between the entries of the journal, where several processes share the database; else it is in memory.
-- after_number is the newest entry's then, or 0. As with entries, nothing is referred to that must be there.
CREATE TABLE journal_note (
    number       INTEGER NOT NULL PRIMARY KEY,
    space_id     INTEGER NOT NULL,
    arrived      INTEGER NOT NULL,
    after_number INTEGER NOT NULL,
    text         TEXT    NOT NULL
) STRICT;

CREATE INDEX journal_note_space ON journal_note (space_id, number);
