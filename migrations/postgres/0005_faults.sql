-- Faults that a tester injects. rule is a JSON object; seen counts the requests that matched.

CREATE TABLE injected_fault (
    space_id BIGINT NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    id       TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    rule     TEXT COLLATE "C" NOT NULL,
    seen     BIGINT NOT NULL,
    PRIMARY KEY (space_id, id)
);

CREATE UNIQUE INDEX injected_fault_position ON injected_fault (space_id, position);
