-- The journal, where several processes share the database; else it is in memory. entry is a JSON object; the columns
-- beside it are what is filtered by. bytes is what it is taken to need.

CREATE TABLE journal_entry (
    number     INTEGER NOT NULL PRIMARY KEY,
    space_id   INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
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

-- What was asked before since_revision is not kept any more; evicted counts what was dropped to make room since then.
CREATE TABLE journal_state (
    space_id       INTEGER NOT NULL PRIMARY KEY REFERENCES space (id) ON DELETE CASCADE,
    since_revision INTEGER NOT NULL,
    evicted        INTEGER NOT NULL
) STRICT;
