-- Nothing to do: PostgreSQL keeps one index of all tokens, made by 0003.
SELECT 1;
