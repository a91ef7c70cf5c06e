-- Whether the access token that came with it was used: the client has the reply.
ALTER TABLE refresh_tokens ADD COLUMN arrived INTEGER NOT NULL DEFAULT 0;
