-- JetBrains Account: teams, roles, tokens, licences.

CREATE TABLE jetbrains_account (
    organization_id       INTEGER NOT NULL PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
    api_enabled           INTEGER NOT NULL,
    assign_success_status INTEGER NOT NULL
) STRICT;

CREATE TABLE team (
    organization_id INTEGER NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    id              INTEGER NOT NULL,
    name            TEXT    NOT NULL,
    PRIMARY KEY (organization_id, id)
) STRICT;

-- team_id is null for a role, or a token, of the whole organization.
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

-- position is the order in which lists show licences and assigning takes them.
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
