-- Headers and bodies of a request and its answer stand beside the rest of an entry, because a list of requests needs none
-- of them, and they are most of it. Entries from before have them in the other place, so they cannot be read.
DELETE FROM journal_entry;
ALTER TABLE journal_entry ADD COLUMN messages TEXT NOT NULL DEFAULT '';
