-- All locks in force: one aggregate, as JSON, in one row.
CREATE TABLE locks (
    only  INTEGER PRIMARY KEY NOT NULL CHECK (only = 1),
    state TEXT NOT NULL
) STRICT;
INSERT INTO locks (only, state) VALUES (1, '[]');

-- Whose texts are erased. Kept for good: nothing is filed under a subject of these any more. Until it is done, the key is
-- still to be destroyed.
CREATE TABLE erasures (
    subject TEXT PRIMARY KEY NOT NULL,
    done    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX erasures_begun ON erasures (subject) WHERE done = 0;
