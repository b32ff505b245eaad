-- Only the tokens of organizations that have many are in the index, which then is made at once.
DROP TRIGGER api_token_search_insert;
DROP TRIGGER api_token_search_delete;
CREATE TRIGGER api_token_search_delete AFTER DELETE ON api_token
WHEN EXISTS (SELECT 1 FROM api_token_search_docsize WHERE id = old.number) BEGIN
    DELETE FROM api_token_search WHERE rowid = old.number;
END;
