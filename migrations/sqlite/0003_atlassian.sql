-- Rate limits, and Atlassian API Access: API keys, API tokens, service accounts, OAuth clients.
-- A moment that never was is -1: before all others, in lists as in indexes.

-- Without a mode, the server's setting counts.
CREATE TABLE rate_policy (
    organization_id INTEGER NOT NULL PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
    most            INTEGER NOT NULL,
    window_micros   INTEGER NOT NULL,
    mode            TEXT CHECK (mode IN ('enforce', 'observe', 'off'))
) STRICT;

-- Counted here when several processes share the database, else in memory.
CREATE TABLE rate_window (
    credential_id INTEGER NOT NULL REFERENCES credential (id) ON DELETE CASCADE,
    operation     TEXT NOT NULL,
    started_at    INTEGER NOT NULL,
    requests      INTEGER NOT NULL,
    PRIMARY KEY (credential_id, operation)
) STRICT;

-- quirks is a JSON object.
CREATE TABLE atlassian (
    organization_id INTEGER NOT NULL PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
    quirks          TEXT NOT NULL
) STRICT;

CREATE TABLE atlassian_session (
    credential_id INTEGER NOT NULL PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
    person_id     INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE
) STRICT;

-- scopes are a JSON array; null for a key that may do everything.
CREATE TABLE api_key (
    organization_id INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,
    credential_id   INTEGER NOT NULL UNIQUE REFERENCES credential (id) ON DELETE CASCADE,
    label           TEXT NOT NULL,
    scopes          TEXT,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    last_active_at  INTEGER NOT NULL,
    person_id       TEXT NOT NULL,
    person_name     TEXT NOT NULL,
    person_email    TEXT NOT NULL,
    search          TEXT NOT NULL,
    PRIMARY KEY (organization_id, id)
) STRICT;

-- search holds label, name and address in lower case.
CREATE TABLE api_token (
    number          INTEGER NOT NULL PRIMARY KEY,
    organization_id INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,
    label           TEXT NOT NULL,
    blocked         INTEGER NOT NULL,
    scopes          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    last_active_at  INTEGER NOT NULL,
    person_id       TEXT NOT NULL,
    person_name     TEXT NOT NULL,
    person_email    TEXT NOT NULL,
    search          TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX api_token_id ON api_token (organization_id, id);
CREATE INDEX api_token_last_active ON api_token (organization_id, last_active_at, id);
CREATE INDEX api_token_created ON api_token (organization_id, created_at, id);
CREATE INDEX api_token_expires ON api_token (organization_id, expires_at, id);
CREATE INDEX api_token_label ON api_token (organization_id, label, id);
CREATE INDEX api_token_person ON api_token (organization_id, person_name, id);
CREATE INDEX api_token_blocked ON api_token (organization_id, last_active_at, id) WHERE blocked;

-- Kept with every change, because counting a million rows takes as long as reading them.
CREATE TABLE api_token_count (
    organization_id INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    blocked         INTEGER NOT NULL,
    tokens          INTEGER NOT NULL,
    PRIMARY KEY (organization_id, blocked)
) STRICT;

-- position is the order in which lists show them.
CREATE TABLE service_account (
    organization_id INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,
    position        INTEGER NOT NULL,
    name            TEXT NOT NULL,
    email           TEXT NOT NULL,
    description     TEXT,
    updated_at      INTEGER NOT NULL,
    created_by      TEXT,
    PRIMARY KEY (organization_id, id)
) STRICT;

CREATE UNIQUE INDEX service_account_position ON service_account (organization_id, position);

CREATE TABLE service_account_token (
    organization_id    INTEGER NOT NULL,
    id                 TEXT NOT NULL,
    service_account_id TEXT NOT NULL,
    label              TEXT NOT NULL,
    scopes             TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    last_active_at     INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, service_account_id) REFERENCES service_account (organization_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX service_account_token_account ON service_account_token (organization_id, service_account_id);

CREATE TABLE oauth_client (
    organization_id    INTEGER NOT NULL,
    id                 TEXT NOT NULL,
    service_account_id TEXT NOT NULL,
    name               TEXT NOT NULL,
    scopes             TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    revoked_at         INTEGER NOT NULL,
    revoker_id         TEXT,
    person_id          TEXT,
    person_name        TEXT,
    person_email       TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, service_account_id) REFERENCES service_account (organization_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX oauth_client_account ON oauth_client (organization_id, service_account_id);
CREATE INDEX oauth_client_created ON oauth_client (organization_id, created_at, id);

-- Finds parts of texts. PostgreSQL has pg_trgm for that, where it is installed.
CREATE VIRTUAL TABLE api_token_search USING fts5 (parts, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram');
CREATE TRIGGER api_token_search_insert AFTER INSERT ON api_token BEGIN
    INSERT INTO api_token_search (rowid, parts) VALUES (new.number, new.search);
END;
CREATE TRIGGER api_token_search_delete AFTER DELETE ON api_token BEGIN
    DELETE FROM api_token_search WHERE rowid = old.number;
END;
