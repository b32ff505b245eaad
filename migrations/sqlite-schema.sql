-- What the steps in `sqlite` make, for databases in memory. Written by `make schema`.
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
, rules_revision INTEGER NOT NULL DEFAULT 0) STRICT;
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
    atlassian_account_id TEXT, jetbrains_account INTEGER NOT NULL DEFAULT 0,
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
, kind TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX credential_organization ON credential (organization_id);
CREATE TABLE jetbrains_account (
    organization_id       INTEGER NOT NULL PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
    api_enabled           INTEGER NOT NULL,
    assign_success_status INTEGER NOT NULL
, flags_required INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE team (
    organization_id INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    id              INTEGER NOT NULL,
    name            TEXT    NOT NULL,
    PRIMARY KEY (organization_id, id)
) STRICT;
CREATE TABLE role_grant (
    organization_id INTEGER NOT NULL,
    person_id       INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    team_id         INTEGER,
    role            TEXT    NOT NULL,
    FOREIGN KEY (organization_id, team_id) REFERENCES team (organization_id, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX role_grant_once ON role_grant (person_id, COALESCE(team_id, 0), role);
CREATE INDEX role_grant_team ON role_grant (organization_id, team_id);
CREATE TABLE jetbrains_token (
    credential_id   INTEGER NOT NULL PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
    organization_id INTEGER NOT NULL,
    person_id       INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    team_id         INTEGER,
    FOREIGN KEY (organization_id, team_id) REFERENCES team (organization_id, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX jetbrains_token_once ON jetbrains_token (person_id, COALESCE(team_id, 0));
CREATE INDEX jetbrains_token_team ON jetbrains_token (organization_id, team_id);
CREATE TABLE license (
    organization_id   INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    id                TEXT    NOT NULL,
    position          INTEGER NOT NULL,
    product_code      TEXT    NOT NULL,
    team_id           INTEGER NOT NULL,
    valid_until       INTEGER,
    auto_renew        INTEGER NOT NULL,
    pack              TEXT,
    perpetual_until   INTEGER,
    assignee_kind     TEXT CHECK (assignee_kind IN ('user', 'license_server', 'license_vault', 'license_key')),
    assignee          TEXT,
    assignee_key      TEXT,
    assignee_name     TEXT,
    assigned_at       INTEGER,
    last_seen_at      INTEGER,
    offline_code      INTEGER NOT NULL,
    per_user          INTEGER NOT NULL,
    transferable      INTEGER NOT NULL,
    trial             INTEGER NOT NULL,
    suspended         INTEGER NOT NULL,
    domain            TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, team_id) REFERENCES team (organization_id, id)
) STRICT;
CREATE UNIQUE INDEX license_position ON license (organization_id, position);
CREATE INDEX license_team ON license (organization_id, team_id, position);
CREATE INDEX license_product ON license (organization_id, product_code, position);
CREATE INDEX license_assignee ON license (organization_id, assignee_key, position);
CREATE INDEX license_free ON license (organization_id, team_id, product_code, position) WHERE assignee_kind IS NULL;
CREATE TABLE rate_policy (
    organization_id INTEGER NOT NULL PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
    most            INTEGER NOT NULL,
    window_micros   INTEGER NOT NULL,
    mode            TEXT CHECK (mode IN ('enforce', 'observe', 'off'))
) STRICT;
CREATE TABLE atlassian (
    organization_id INTEGER NOT NULL PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
    quirks          TEXT NOT NULL
) STRICT;
CREATE TABLE atlassian_session (
    credential_id INTEGER NOT NULL PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
    person_id     INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE
) STRICT;
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
CREATE TABLE api_token_count (
    organization_id INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    blocked         INTEGER NOT NULL,
    tokens          INTEGER NOT NULL,
    PRIMARY KEY (organization_id, blocked)
) STRICT;
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
CREATE VIRTUAL TABLE api_token_search USING fts5 (parts, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram');
CREATE TABLE vault (
    id              INTEGER NOT NULL PRIMARY KEY,
    organization_id INTEGER NOT NULL UNIQUE REFERENCES organization (id) ON DELETE CASCADE,
    space_id        INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    plan            TEXT NOT NULL CHECK (plan IN ('trial', 'organization_true_up', 'enterprise_floating', 'classroom')),
    floating        INTEGER NOT NULL,
    strict_policy   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX vault_name ON vault (space_id, name);
CREATE TABLE vault_administrator (
    vault_id  INTEGER NOT NULL REFERENCES vault (id) ON DELETE CASCADE,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    PRIMARY KEY (vault_id, person_id)
) STRICT;
CREATE TABLE vault_credential (
    credential_id INTEGER NOT NULL PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
    vault_id      INTEGER NOT NULL REFERENCES vault (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL CHECK (kind IN ('vault', 'automation', 'reporting')),
    name          TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX vault_credential_once ON vault_credential (vault_id, kind, name);
CREATE TABLE vault_pool (
    vault_id INTEGER NOT NULL REFERENCES vault (id) ON DELETE CASCADE,
    product  TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('regular', 'true_up', 'virtual')),
    total    INTEGER NOT NULL,
    PRIMARY KEY (vault_id, product, kind)
) STRICT;
CREATE TABLE vault_rule (
    vault_id INTEGER NOT NULL REFERENCES vault (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    users    TEXT NOT NULL,
    products TEXT NOT NULL,
    priority INTEGER NOT NULL,
    PRIMARY KEY (vault_id, position)
) STRICT;
CREATE TABLE vault_allocation (
    vault_id     INTEGER NOT NULL REFERENCES vault (id) ON DELETE CASCADE,
    id           TEXT NOT NULL,
    username     TEXT NOT NULL,
    email        TEXT NOT NULL,
    email_key    TEXT NOT NULL,
    product      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    allocated_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    released_at  INTEGER NOT NULL,
    PRIMARY KEY (vault_id, id)
) STRICT;
CREATE INDEX vault_allocation_live ON vault_allocation (vault_id, last_seen_at) WHERE released_at = -1;
CREATE INDEX vault_allocation_user ON vault_allocation (vault_id, email_key);
CREATE INDEX vault_allocation_name ON vault_allocation (vault_id, username);
CREATE TABLE vault_connection (
    vault_id      INTEGER NOT NULL,
    id            TEXT NOT NULL,
    allocation_id TEXT NOT NULL,
    product       TEXT NOT NULL,
    version       TEXT NOT NULL,
    host          TEXT NOT NULL,
    ip            TEXT NOT NULL,
    connected_at  INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    ended_at      INTEGER NOT NULL,
    PRIMARY KEY (vault_id, id),
    FOREIGN KEY (vault_id, allocation_id) REFERENCES vault_allocation (vault_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX vault_connection_allocation ON vault_connection (vault_id, allocation_id);
CREATE INDEX vault_connection_time ON vault_connection (vault_id, connected_at, id);
CREATE TABLE vault_denial (
    vault_id        INTEGER NOT NULL REFERENCES vault (id) ON DELETE CASCADE,
    id              TEXT NOT NULL,
    at              INTEGER NOT NULL,
    username        TEXT NOT NULL,
    email           TEXT NOT NULL,
    host            TEXT NOT NULL,
    ip              TEXT NOT NULL,
    product_name    TEXT NOT NULL,
    product_version TEXT NOT NULL,
    reason          TEXT NOT NULL,
    description     TEXT NOT NULL,
    PRIMARY KEY (vault_id, id)
) STRICT;
CREATE INDEX vault_denial_time ON vault_denial (vault_id, at, id);
CREATE TABLE vault_revocation (
    vault_id INTEGER NOT NULL REFERENCES vault (id) ON DELETE CASCADE,
    month    TEXT NOT NULL,
    revoked  INTEGER NOT NULL,
    PRIMARY KEY (vault_id, month)
) STRICT;
CREATE TABLE injected_fault (
    space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    id       TEXT NOT NULL,
    position INTEGER NOT NULL,
    rule     TEXT NOT NULL,
    seen     INTEGER NOT NULL,
    PRIMARY KEY (space_id, id)
) STRICT;
CREATE UNIQUE INDEX injected_fault_position ON injected_fault (space_id, position);
CREATE TABLE snapshot (
    space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    name     TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    state    TEXT    NOT NULL,
    PRIMARY KEY (space_id, name)
) STRICT;
CREATE TABLE rate_window (
    space_id      INTEGER NOT NULL,
    credential_id INTEGER NOT NULL,
    operation     TEXT NOT NULL,
    started_at    INTEGER NOT NULL,
    requests      INTEGER NOT NULL,
    PRIMARY KEY (space_id, credential_id, operation)
) STRICT;
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
, has_ignored INTEGER NOT NULL DEFAULT 0, messages TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX journal_entry_space ON journal_entry (space_id, number);
CREATE INDEX journal_entry_id ON journal_entry (space_id, id);
CREATE TABLE journal_state (
    space_id       INTEGER NOT NULL PRIMARY KEY,
    since_revision INTEGER NOT NULL,
    evicted        INTEGER NOT NULL
) STRICT;
CREATE TABLE declared_product (
    organization_id INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    code            TEXT NOT NULL,
    name            TEXT NOT NULL,
    is_plugin       INTEGER NOT NULL,
    PRIMARY KEY (organization_id, code)
) STRICT;
CREATE INDEX api_token_owner ON api_token (organization_id, person_id);
CREATE TRIGGER api_token_search_delete AFTER DELETE ON api_token
WHEN EXISTS (SELECT 1 FROM api_token_search_docsize WHERE id = old.number) BEGIN
    DELETE FROM api_token_search WHERE rowid = old.number;
END;
CREATE TABLE space_origin (
    space_id    INTEGER NOT NULL PRIMARY KEY REFERENCES space (id) ON DELETE CASCADE,
    sealed      TEXT    NOT NULL,
    idle_millis INTEGER,
    used_at     INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE api_token_searched_terms USING fts5vocab(api_token_search, instance);
CREATE TABLE ended_credential (
    number      INTEGER NOT NULL PRIMARY KEY,
    space_id    INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    fingerprint TEXT    NOT NULL UNIQUE,
    service     TEXT    NOT NULL,
    label       TEXT    NOT NULL,
    ended_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX ended_credential_space ON ended_credential (space_id, number);
CREATE TABLE journal_note (
    number       INTEGER NOT NULL PRIMARY KEY,
    space_id     INTEGER NOT NULL,
    arrived      INTEGER NOT NULL,
    after_number INTEGER NOT NULL,
    text         TEXT    NOT NULL
) STRICT;
CREATE INDEX journal_note_space ON journal_note (space_id, number);
