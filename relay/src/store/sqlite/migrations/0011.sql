-- Codes with which people set a new password: the newest of each person, as its hash.
CREATE TABLE resets (
    user BLOB PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    code BLOB NOT NULL UNIQUE,
    made_at INTEGER NOT NULL
) STRICT;
