-- Counting and the journal refer to nothing that must be there, because a request neither fails nor waits when its
-- credential or its space is just being deleted. A process that owns its data keeps them in memory: these are empty.
DROP TABLE rate_window;
CREATE TABLE rate_window (
    space_id      INTEGER NOT NULL,
    credential_id INTEGER NOT NULL,
    operation     TEXT NOT NULL,
    started_at    INTEGER NOT NULL,
    requests      INTEGER NOT NULL,
    PRIMARY KEY (space_id, credential_id, operation)
) STRICT;
DROP TABLE journal_entry;
CREATE TABLE journal_entry (
    number     INTEGER NOT NULL PRIMARY KEY,
    space_id   INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    service    TEXT,
    operation  TEXT,
    credential TEXT,
    method     TEXT    NOT NULL,
    path       TEXT    NOT NULL,
    status     INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    entry      TEXT    NOT NULL
) STRICT;
CREATE INDEX journal_entry_space ON journal_entry (space_id, number);
CREATE INDEX journal_entry_id ON journal_entry (space_id, id);
DROP TABLE journal_state;
CREATE TABLE journal_state (
    space_id       INTEGER NOT NULL PRIMARY KEY,
    since_revision INTEGER NOT NULL,
    evicted        INTEGER NOT NULL
) STRICT;
