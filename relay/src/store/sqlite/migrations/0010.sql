-- Whose sign-in it was, and the order in which they ended, which no clock can change. Not a reference:
-- whoever deleted an account is told so as well.
CREATE TABLE kept_ended (
    n INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    user BLOB NOT NULL,
    ended_at INTEGER NOT NULL
) STRICT;
INSERT INTO kept_ended (hash, user, ended_at)
    SELECT hash, zeroblob(16), ended_at FROM ended_tokens ORDER BY ended_at;
DROP TABLE ended_tokens;
ALTER TABLE kept_ended RENAME TO ended_tokens;
CREATE INDEX ended_tokens_by_end ON ended_tokens (ended_at);
CREATE INDEX ended_tokens_by_user ON ended_tokens (user);
