-- Whether the entry's trail has something that nothing read, to be filtered by.
ALTER TABLE journal_entry ADD COLUMN has_ignored INTEGER NOT NULL DEFAULT 0;
