-- Why the last call back came to nothing; NULL: there was none, or it is not known.
ALTER TABLE call_backs ADD COLUMN last_failure TEXT;
