-- A state is longer than what a page of an index keeps of a row: with the state in the index, each look for an id read whole
-- rows and the pages that they ran over into. The rows of these two tables are found by a number, and only that is in an index.
CREATE TABLE rows (
    n        INTEGER PRIMARY KEY NOT NULL,
    id       TEXT NOT NULL UNIQUE,
    grant_id TEXT UNIQUE,
    subject  TEXT NOT NULL,
    open_key TEXT UNIQUE,
    waiting  INTEGER NOT NULL,
    state    TEXT NOT NULL
) STRICT;
INSERT INTO rows (id, grant_id, subject, open_key, waiting, state)
    SELECT id, grant_id, subject, open_key, waiting, state FROM requests ORDER BY id;
DROP TABLE requests;
ALTER TABLE rows RENAME TO requests;
CREATE INDEX requests_by_subject ON requests (subject, id);
CREATE INDEX requests_waiting ON requests (id) WHERE waiting = 1;
CREATE INDEX requests_open ON requests (subject, id) WHERE open_key IS NOT NULL;
CREATE INDEX requests_open_by_id ON requests (id) WHERE open_key IS NOT NULL;

CREATE TABLE rows (
    n     INTEGER PRIMARY KEY NOT NULL,
    key   TEXT NOT NULL UNIQUE,
    body  TEXT NOT NULL,
    reply TEXT NOT NULL,
    extra TEXT,
    at    INTEGER NOT NULL
) STRICT;
INSERT INTO rows (key, body, reply, extra, at) SELECT key, body, reply, extra, at FROM answers ORDER BY at, key;
DROP TABLE answers;
ALTER TABLE rows RENAME TO answers;
CREATE INDEX answers_by_age ON answers (at);

-- Leases are their process's own, and in its memory: whoever opens the file next begins with none.
DROP INDEX effects_leased;
ALTER TABLE effects DROP COLUMN leased_until;
ALTER TABLE effects DROP COLUMN fence;

-- What nobody did is in nobody's list.
DROP INDEX entries_by_actor;
CREATE INDEX entries_by_actor ON entries (actor, n) WHERE actor IS NOT NULL;
