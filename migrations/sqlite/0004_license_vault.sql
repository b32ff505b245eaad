-- License vaults. A moment that never was is -1.

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

-- The vault's own token (at most one), automation tokens, the License Server's reporting token.
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

-- users and products are JSON arrays.
CREATE TABLE vault_rule (
    vault_id INTEGER NOT NULL REFERENCES vault (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    users    TEXT NOT NULL,
    products TEXT NOT NULL,
    priority INTEGER NOT NULL,
    PRIMARY KEY (vault_id, position)
) STRICT;

-- A licence in somebody's hands, now or once.
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

-- A product that runs on one, now or once.
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

-- How many licences were revoked in a calendar month, like 2026-01.
CREATE TABLE vault_revocation (
    vault_id INTEGER NOT NULL REFERENCES vault (id) ON DELETE CASCADE,
    month    TEXT NOT NULL,
    revoked  INTEGER NOT NULL,
    PRIMARY KEY (vault_id, month)
) STRICT;
