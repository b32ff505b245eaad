-- Whether an assign has to hold its two flags: the vendor's document says so, most observations do not.
ALTER TABLE jetbrains_account ADD COLUMN flags_required INTEGER NOT NULL DEFAULT 0;
