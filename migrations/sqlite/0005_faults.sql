-- Faults that a tester injects. rule is a JSON object; seen counts the requests that matched.

CREATE TABLE injected_fault (
    space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
    id       TEXT NOT NULL,
    position INTEGER NOT NULL,
    rule     TEXT NOT NULL,
    seen     INTEGER NOT NULL,
    PRIMARY KEY (space_id, id)
) STRICT;

CREATE UNIQUE INDEX injected_fault_position ON injected_fault (space_id, position);
