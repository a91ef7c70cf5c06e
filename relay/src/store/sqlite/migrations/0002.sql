-- A call belongs to everybody who was in it: what it names are ids, so that the history of those
-- who stay outlives accounts and conversations that go.
CREATE TABLE kept_calls (
    id BLOB PRIMARY KEY,
    conversation BLOB NOT NULL,
    media TEXT NOT NULL,
    caller BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;
INSERT INTO kept_calls SELECT * FROM calls;

CREATE TABLE kept_people (
    call BLOB NOT NULL REFERENCES kept_calls (id) ON DELETE CASCADE,
    user BLOB NOT NULL,
    took_part INTEGER NOT NULL,
    sees INTEGER NOT NULL,
    PRIMARY KEY (call, user)
) STRICT, WITHOUT ROWID;
INSERT INTO kept_people SELECT * FROM call_people;

DROP TABLE call_people;
DROP TABLE calls;
ALTER TABLE kept_calls RENAME TO calls;
ALTER TABLE kept_people RENAME TO call_people;
CREATE INDEX calls_by_conversation ON calls (conversation);
CREATE INDEX calls_by_end ON calls (ended_at);
CREATE INDEX call_people_by_user ON call_people (user);
