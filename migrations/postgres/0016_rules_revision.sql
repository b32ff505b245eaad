-- At which revision the rules changed last that requests are decided by: credentials, rights, the clock, faults.
ALTER TABLE space ADD COLUMN rules_revision BIGINT NOT NULL DEFAULT 0;
