-- Full text over calls and their cases, follow-ups, roles.

ALTER TABLE operators ADD COLUMN role TEXT NOT NULL DEFAULT 'operator';

-- The caller's number in its national form: personal data.
ALTER TABLE calls ADD COLUMN caller_key TEXT;
CREATE INDEX calls_by_number ON calls (caller_key, arrived_at) WHERE caller_key IS NOT NULL;

CREATE TABLE follow_ups (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    number   TEXT NOT NULL REFERENCES cases (number),
    seat     TEXT NOT NULL,
    unit     TEXT NOT NULL,
    operator TEXT NOT NULL,
    kind     TEXT NOT NULL,
    text     TEXT NOT NULL, -- personal data
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX follow_ups_by_case ON follow_ups (number, id);

CREATE INDEX cases_of_unit ON cases (unit, opened_at);
CREATE INDEX calls_that_continue ON calls (continues) WHERE continues IS NOT NULL;

-- Which call a row of `search` is. Rows count up with arrival, so the newest come first without
-- sorting. What was stored before this table is filled in when the store is opened.
CREATE TABLE search_rows (
    id   INTEGER PRIMARY KEY,
    call TEXT NOT NULL UNIQUE REFERENCES calls (id)
) STRICT;

-- Folded words (see `fold`), without a copy of the text: personal data stays where it is, and what
-- is here cannot be read back in order.
CREATE VIRTUAL TABLE search USING fts5 (
    numbers, names, places, words,
    content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '2 3'
);

-- Transfers are read from the log without reading the rest of it.
CREATE INDEX transfers_by_time ON events (at, seq) WHERE
    json_extract(body, '$.event') IN
    ('transfer-started', 'transfer-answered', 'transfer-done', 'reclaimed', 'ended', 'requeued');
