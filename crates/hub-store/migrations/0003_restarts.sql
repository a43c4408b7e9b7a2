-- What a hub that starts again must know of the sessions and calls of its predecessor.

-- The highest number taken of this session's desk: stored with what it caused.
ALTER TABLE sessions ADD COLUMN taken INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN wants_calls INTEGER NOT NULL DEFAULT 0;
-- The seat that had the caller last, whose drafts are taken also after the end.
ALTER TABLE calls ADD COLUMN writer TEXT;

-- What a desk had typed that came when another one had the caller already: kept, never in the form.
CREATE TABLE late_drafts (
    call TEXT NOT NULL REFERENCES calls (id),
    seat TEXT NOT NULL,
    rev  INTEGER NOT NULL,
    form TEXT NOT NULL, -- JSON
    at   INTEGER NOT NULL,
    PRIMARY KEY (call, seat)
) STRICT;
