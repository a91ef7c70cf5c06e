CREATE TABLE users (
    id BLOB PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    callable_by TEXT NOT NULL,
    administrator INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    id BLOB PRIMARY KEY,
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    platform TEXT NOT NULL,
    public_key TEXT,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX devices_by_user ON devices (user);

CREATE TABLE refresh_tokens (
    hash BLOB PRIMARY KEY,
    device BLOB NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    successor BLOB
) STRICT;
CREATE INDEX refresh_tokens_by_device ON refresh_tokens (device);

CREATE TABLE contacts (
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    other BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    PRIMARY KEY (user, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX contacts_by_other ON contacts (other);

CREATE TABLE blocks (
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    other BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (user, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX blocks_by_other ON blocks (other);

-- A direct conversation names its two members in order, so that there is one for each pair.
CREATE TABLE conversations (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT,
    first BLOB REFERENCES users (id) ON DELETE CASCADE,
    second BLOB REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    UNIQUE (first, second)
) STRICT;
CREATE INDEX conversations_by_second ON conversations (second);

CREATE TABLE members (
    conversation BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user);

CREATE TABLE calls (
    id BLOB PRIMARY KEY,
    conversation BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    media TEXT NOT NULL,
    caller BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    started_at INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX calls_by_conversation ON calls (conversation);
CREATE INDEX calls_by_caller ON calls (caller);
CREATE INDEX calls_by_end ON calls (ended_at);

CREATE TABLE call_people (
    call BLOB NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    took_part INTEGER NOT NULL,
    sees INTEGER NOT NULL,
    PRIMARY KEY (call, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_people_by_user ON call_people (user);

CREATE TABLE invites (
    id BLOB PRIMARY KEY,
    code BLOB NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT;

CREATE TABLE notices (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX notices_by_user ON notices (user);
