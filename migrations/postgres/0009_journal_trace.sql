-- An entry says how a request was decided in the words of the control API, so entries from before cannot be read.
DELETE FROM journal_entry;
