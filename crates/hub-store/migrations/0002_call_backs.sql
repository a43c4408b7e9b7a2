-- Citizens who hung up, or were cut off, before a human could help. `caller` and `form` are personal
-- data, and so is `number`.
CREATE TABLE call_backs (
    id             TEXT PRIMARY KEY NOT NULL, -- the first call in vain
    number         TEXT,                      -- by which calls are told to be of one person; NULL: withheld
    caller         TEXT NOT NULL,             -- JSON
    unit           TEXT NOT NULL,
    form           TEXT NOT NULL,             -- JSON
    cases          TEXT NOT NULL,             -- JSON array of case numbers, oldest first
    last_call      TEXT NOT NULL,
    first_at       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    calls          INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    settled_at     INTEGER,                   -- NULL: still to be called back
    settled_seat   TEXT,
    settled_by     TEXT,
    settled_call   TEXT,                      -- the call that settled it, if one did
    settled_reason TEXT
) STRICT;
CREATE UNIQUE INDEX one_open_call_back_a_number ON call_backs (number) WHERE settled_at IS NULL;
CREATE INDEX open_call_backs ON call_backs (first_at) WHERE settled_at IS NULL;

-- The case that a call back goes on with: it was opened in the call that ended too early.
ALTER TABLE calls ADD COLUMN continues TEXT REFERENCES cases (number);
