-- Named states of a space, each a document as GET /_emulator/state answers it.

CREATE TABLE snapshot (
    space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    name     TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    state    TEXT    NOT NULL,
    PRIMARY KEY (space_id, name)
) STRICT;
