-- Named states of a space, each a document as GET /_emulator/state answers it.

CREATE TABLE snapshot (
    space_id BIGINT NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    name     TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    taken_at BIGINT NOT NULL,
    state    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (space_id, name)
);
