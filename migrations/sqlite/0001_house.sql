-- What the three services share. Times are microseconds since 1970 in UTC.

CREATE TABLE server (
    only_row     INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    key_check    TEXT    NOT NULL
) STRICT;

CREATE TABLE space (
    id           INTEGER NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    revision     INTEGER NOT NULL,
    writes       INTEGER NOT NULL,
    clock_mode   TEXT    NOT NULL CHECK (clock_mode IN ('real', 'frozen', 'offset')),
    clock_micros INTEGER NOT NULL
) STRICT;

CREATE TABLE organization (
    id            INTEGER NOT NULL PRIMARY KEY,
    space_id      INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    customer_code INTEGER NOT NULL,
    org_id        TEXT    NOT NULL,
    UNIQUE (space_id, customer_code),
    UNIQUE (space_id, org_id)
) STRICT;

CREATE TABLE person (
    id                   INTEGER NOT NULL PRIMARY KEY,
    organization_id      INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    email                TEXT    NOT NULL,
    email_key            TEXT    NOT NULL,
    name                 TEXT    NOT NULL,
    jetbrains_account    INTEGER NOT NULL,
    atlassian_account_id TEXT,
    UNIQUE (organization_id, email_key)
) STRICT;

CREATE TABLE credential (
    id              INTEGER NOT NULL PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    service         TEXT    NOT NULL,
    label           TEXT    NOT NULL,
    fingerprint     TEXT    NOT NULL UNIQUE,
    hash            TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER
) STRICT;

CREATE INDEX credential_organization ON credential (organization_id);
