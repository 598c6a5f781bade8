-- Aggregates are JSON; the columns beside it are what queries ask for, written from it at each save.
CREATE TABLE requests (
    id       TEXT PRIMARY KEY NOT NULL,
    grant_id TEXT UNIQUE,
    subject  TEXT NOT NULL,
    open_key TEXT UNIQUE,
    waiting  INTEGER NOT NULL,
    state    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_subject ON requests (subject, id);
CREATE INDEX requests_waiting ON requests (id) WHERE waiting = 1;
CREATE INDEX requests_open ON requests (subject, id) WHERE open_key IS NOT NULL;

-- Which request an ask belongs to: a channel's button names the ask.
CREATE TABLE asks (
    ask     TEXT PRIMARY KEY NOT NULL,
    request TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Claims that ended before the end that was planted in the target: what documents are made of.
CREATE TABLE ended_early (
    claim   TEXT PRIMARY KEY NOT NULL,
    request TEXT NOT NULL,
    backend TEXT NOT NULL,
    planted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_early_by_backend ON ended_early (backend, planted);

-- The outbox: effects and timers alike.
CREATE TABLE effects (
    key          TEXT PRIMARY KEY NOT NULL,
    request      TEXT,
    kind         TEXT NOT NULL,
    due          INTEGER NOT NULL,
    lane         TEXT,
    leased_until INTEGER,
    fence        INTEGER NOT NULL,
    version      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX effects_due ON effects (due);
CREATE INDEX effects_leased ON effects (lane, leased_until) WHERE leased_until IS NOT NULL;

-- The log: exact bytes of each leaf, and the tree's nodes.
CREATE TABLE entries (
    n       INTEGER PRIMARY KEY NOT NULL,
    leaf    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    request TEXT,
    subject TEXT,
    actor   TEXT,
    role    TEXT
) STRICT;
CREATE INDEX entries_by_request ON entries (request, n);
CREATE INDEX entries_by_subject ON entries (subject, n);
CREATE INDEX entries_by_actor ON entries (actor, n);
CREATE TABLE nodes (
    level INTEGER NOT NULL,
    i     INTEGER NOT NULL,
    hash  TEXT NOT NULL,
    PRIMARY KEY (level, i)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY NOT NULL,
    note TEXT NOT NULL
) STRICT;

CREATE TABLE tokens (
    id      TEXT PRIMARY KEY NOT NULL,
    hash    TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    token   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_subject ON tokens (subject);

CREATE TABLE messages (
    notice  TEXT NOT NULL,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (notice, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE answers (
    key   TEXT PRIMARY KEY NOT NULL,
    body  TEXT NOT NULL,
    reply TEXT NOT NULL,
    extra TEXT,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_age ON answers (at);

CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
