-- Times are milliseconds since the Unix epoch, UTC. Hashes are lower-case hex of SHA-256.
-- Personal data lives in calls.facts, drafts.form, cases.form and cases.note, and nowhere else.

CREATE TABLE operators (
    name          TEXT PRIMARY KEY NOT NULL,
    display       TEXT NOT NULL,
    seats         TEXT NOT NULL, -- JSON array of seat ids; empty: any seat
    password_phc  TEXT NOT NULL  -- argon2id
) STRICT;

CREATE TABLE units (
    id     TEXT PRIMARY KEY NOT NULL,
    name   TEXT NOT NULL,
    code   TEXT NOT NULL,
    level  TEXT NOT NULL,
    parent TEXT
) STRICT;

CREATE TABLE seats (
    id    TEXT PRIMARY KEY NOT NULL,
    unit  TEXT NOT NULL REFERENCES units (id),
    label TEXT NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_sha256 TEXT PRIMARY KEY NOT NULL,
    operator     TEXT NOT NULL REFERENCES operators (name),
    seat         TEXT NOT NULL REFERENCES seats (id),
    opened_at    INTEGER NOT NULL,
    ended_at     INTEGER
) STRICT;

CREATE TABLE number_leases (
    code      TEXT NOT NULL,
    day       INTEGER NOT NULL, -- YYMMDD, local
    first     INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    seat      TEXT NOT NULL,
    leased_at INTEGER NOT NULL,
    PRIMARY KEY (code, day, first),
    CHECK (first <= last)
) STRICT;

CREATE TABLE calls (
    id          TEXT PRIMARY KEY NOT NULL,
    facts       TEXT NOT NULL, -- JSON
    arrived_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    ended_by    TEXT,          -- JSON
    disposition TEXT           -- JSON
) STRICT;

CREATE TABLE legs (
    id               TEXT PRIMARY KEY NOT NULL,
    call             TEXT NOT NULL REFERENCES calls (id),
    seat             TEXT,
    codec            TEXT NOT NULL,
    user_agent       TEXT NOT NULL,
    joined_at        INTEGER,
    left_at          INTEGER NOT NULL,
    cause            TEXT NOT NULL,
    packets_received INTEGER NOT NULL,
    packets_lost     INTEGER NOT NULL
) STRICT;
CREATE INDEX legs_by_call ON legs (call);

-- The last version of the form from each seat that wrote it; the highest revision holds.
CREATE TABLE drafts (
    call TEXT NOT NULL REFERENCES calls (id),
    seat TEXT NOT NULL,
    rev  INTEGER NOT NULL,
    form TEXT NOT NULL, -- JSON
    at   INTEGER NOT NULL,
    PRIMARY KEY (call, seat)
) STRICT;

CREATE TABLE advice (
    call         TEXT NOT NULL REFERENCES calls (id),
    draft_rev    INTEGER NOT NULL,
    seat         TEXT NOT NULL,
    plugin       TEXT,          -- of the verdict; NULL when it failed
    version      TEXT,
    sha256       TEXT,
    input_sha256 TEXT,
    engine       TEXT,
    body         TEXT NOT NULL, -- JSON, whole
    at           INTEGER NOT NULL,
    PRIMARY KEY (call, draft_rev)
) STRICT;

CREATE TABLE overrides (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    call     TEXT NOT NULL REFERENCES calls (id),
    seat     TEXT NOT NULL,
    operator TEXT NOT NULL,
    validity TEXT NOT NULL,
    reason   TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE TABLE cases (
    number      TEXT PRIMARY KEY NOT NULL,
    call        TEXT NOT NULL UNIQUE REFERENCES calls (id),
    form        TEXT NOT NULL, -- JSON
    validity    TEXT NOT NULL,
    priority    TEXT NOT NULL,
    unit        TEXT,
    disposition TEXT,          -- JSON
    status      TEXT NOT NULL,
    opened_by   TEXT NOT NULL,
    opened_at   INTEGER NOT NULL,
    closed_at   INTEGER
) STRICT;
CREATE INDEX cases_by_time ON cases (opened_at);
CREATE INDEX cases_to_act_on ON cases (status, opened_at) WHERE status IN ('with-unit', 'call-back');

-- Every closing as it was said, also when a later one replaces it.
CREATE TABLE closings (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    call        TEXT NOT NULL REFERENCES calls (id),
    seat        TEXT NOT NULL,
    operator    TEXT NOT NULL,
    disposition TEXT NOT NULL, -- JSON
    note        TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

CREATE TABLE recordings (
    file      TEXT PRIMARY KEY NOT NULL,
    call      TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    seconds   REAL NOT NULL,
    channels  INTEGER NOT NULL,
    sha256    TEXT NOT NULL
) STRICT;
CREATE INDEX recordings_by_call ON recordings (call);

-- Append-only. hash = SHA-256(previous hash as 32 bytes, seq and at as 8 bytes big-endian, body).
CREATE TABLE events (
    seq  INTEGER PRIMARY KEY NOT NULL,
    at   INTEGER NOT NULL,
    call TEXT,
    body TEXT NOT NULL, -- JSON
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_call ON events (call, seq);

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
