-- A text of one or two letters is looked up among the three letters that begin with it. So that the last two of a token
-- begin some too, two more stand behind them in the index, which no text contains. What was indexed is indexed anew.
CREATE VIRTUAL TABLE api_token_searched_terms USING fts5vocab(api_token_search, instance);
CREATE TABLE indexed_before (number INTEGER NOT NULL PRIMARY KEY) STRICT;
INSERT INTO indexed_before (number) SELECT id FROM api_token_search_docsize;
INSERT INTO api_token_search (api_token_search) VALUES ('delete-all');
INSERT INTO api_token_search (rowid, parts)
SELECT t.number, t.search || char(31, 31) FROM indexed_before b CROSS JOIN api_token t ON t.number = b.number;
DROP TABLE indexed_before;
