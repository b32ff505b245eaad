-- The list of keys always says when each was last active: one that was never used, when it was made.
UPDATE api_key SET last_active_at = created_at WHERE last_active_at < 0;
