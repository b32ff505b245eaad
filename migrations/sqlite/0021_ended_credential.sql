-- Credentials that ended before their time: whose token a request had that nobody knows any more, and since when.
CREATE TABLE ended_credential (
    number      INTEGER NOT NULL PRIMARY KEY,
    space_id    INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    fingerprint TEXT    NOT NULL UNIQUE,
    service     TEXT    NOT NULL,
    label       TEXT    NOT NULL,
    ended_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX ended_credential_space ON ended_credential (space_id, number);
