-- Members in the order in which they came: the first of a group owns it.
ALTER TABLE members ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
-- Who made a group, for the limit on how many somebody makes. Not a reference: a group outlives
-- its maker.
ALTER TABLE conversations ADD COLUMN maker BLOB;

CREATE TABLE group_invitations (
    conversation BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    inviter BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (conversation, user, inviter)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_invitations_by_user ON group_invitations (user);
CREATE INDEX group_invitations_by_inviter ON group_invitations (inviter, user);
