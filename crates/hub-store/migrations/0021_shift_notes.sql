-- What one watch leaves to the next.

CREATE TABLE shift_notes (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    unit     TEXT NOT NULL,
    seat     TEXT NOT NULL,
    operator TEXT NOT NULL,
    text     TEXT NOT NULL, -- personal data
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX shift_notes_by_time ON shift_notes (at, id);
