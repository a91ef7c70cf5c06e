-- What is left of a sign-in that its owner ended: whoever comes with its token is told so.
CREATE TABLE ended_tokens (
    hash BLOB PRIMARY KEY,
    ended_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_tokens_by_end ON ended_tokens (ended_at);
CREATE INDEX devices_by_use ON devices (last_seen_at);

-- Counts sign-ins that went, in the transaction that removed them and whoever began it.
CREATE TABLE removals (n INTEGER NOT NULL) STRICT;
INSERT INTO removals VALUES (0);
CREATE TRIGGER devices_removed AFTER DELETE ON devices
BEGIN
    UPDATE removals SET n = n + 1;
END;
