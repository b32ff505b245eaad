-- Nothing to do: whoever asks PostgreSQL for so short a text waits until all tokens are read.
SELECT 1;
