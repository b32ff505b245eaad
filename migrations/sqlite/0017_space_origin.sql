-- How a space was made: what a reset of it goes back to (sealed, because there are tokens in it), and after how long
-- without a request it is deleted, with its last use by the machine's clock. A default space has none.
CREATE TABLE space_origin (
    space_id    INTEGER NOT NULL PRIMARY KEY REFERENCES space (id) ON DELETE CASCADE,
    sealed      TEXT    NOT NULL,
    idle_millis INTEGER,
    used_at     INTEGER NOT NULL
) STRICT;
