-- JetBrains Account: teams, roles, tokens, licences.

CREATE TABLE jetbrains_account (
    organization_id       BIGINT NOT NULL PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
    api_enabled           BOOLEAN NOT NULL,
    assign_success_status BIGINT NOT NULL
);

CREATE TABLE team (
    organization_id BIGINT NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    id              BIGINT NOT NULL,
    name            TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (organization_id, id)
);

-- team_id is null for a role, or a token, of the whole organization.
CREATE TABLE role_grant (
    organization_id BIGINT NOT NULL,
    person_id       BIGINT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    team_id         BIGINT,
    role            TEXT COLLATE "C" NOT NULL,
    FOREIGN KEY (organization_id, team_id) REFERENCES team (organization_id, id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX role_grant_once ON role_grant (person_id, COALESCE(team_id, 0), role);
CREATE INDEX role_grant_team ON role_grant (organization_id, team_id);

CREATE TABLE jetbrains_token (
    credential_id   BIGINT NOT NULL PRIMARY KEY REFERENCES credential (id) ON DELETE CASCADE,
    organization_id BIGINT NOT NULL,
    person_id       BIGINT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    team_id         BIGINT,
    FOREIGN KEY (organization_id, team_id) REFERENCES team (organization_id, id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX jetbrains_token_once ON jetbrains_token (person_id, COALESCE(team_id, 0));
CREATE INDEX jetbrains_token_team ON jetbrains_token (organization_id, team_id);

-- position is the order in which lists show licences and assigning takes them.
CREATE TABLE license (
    organization_id   BIGINT NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    id                TEXT COLLATE "C" NOT NULL,
    position          BIGINT NOT NULL,
    product_code      TEXT COLLATE "C" NOT NULL,
    team_id           BIGINT NOT NULL,
    valid_until       BIGINT,
    auto_renew        BOOLEAN NOT NULL,
    pack              TEXT COLLATE "C",
    perpetual_until   BIGINT,
    assignee_kind     TEXT COLLATE "C" CHECK (assignee_kind IN ('user', 'license_server', 'license_vault', 'license_key')),
    assignee          TEXT COLLATE "C",
    assignee_key      TEXT COLLATE "C",
    assignee_name     TEXT COLLATE "C",
    assigned_at       BIGINT,
    last_seen_at      BIGINT,
    offline_code      BOOLEAN NOT NULL,
    per_user          BOOLEAN NOT NULL,
    transferable      BOOLEAN NOT NULL,
    trial             BOOLEAN NOT NULL,
    suspended         BOOLEAN NOT NULL,
    domain            TEXT COLLATE "C",
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, team_id) REFERENCES team (organization_id, id)
);

CREATE UNIQUE INDEX license_position ON license (organization_id, position);
CREATE INDEX license_team ON license (organization_id, team_id, position);
CREATE INDEX license_product ON license (organization_id, product_code, position);
CREATE INDEX license_assignee ON license (organization_id, assignee_key, position);
CREATE INDEX license_free ON license (organization_id, team_id, product_code, position) WHERE assignee_kind IS NULL;
