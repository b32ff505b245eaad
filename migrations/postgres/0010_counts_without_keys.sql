-- Counting and the journal refer to nothing that must be there, because a request neither fails nor waits when its
-- credential or its space is just being deleted. Who deletes a space deletes these rows after it.
DROP TABLE rate_window;
CREATE TABLE rate_window (
    space_id      BIGINT NOT NULL,
    credential_id BIGINT NOT NULL,
    operation     TEXT COLLATE "C" NOT NULL,
    started_at    BIGINT NOT NULL,
    requests      BIGINT NOT NULL,
    PRIMARY KEY (space_id, credential_id, operation)
);
ALTER TABLE journal_entry DROP CONSTRAINT journal_entry_space_id_fkey;
ALTER TABLE journal_state DROP CONSTRAINT journal_state_space_id_fkey;
