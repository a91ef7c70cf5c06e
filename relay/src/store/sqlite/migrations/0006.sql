-- When the system's clock was last believed.
CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    believed_at INTEGER NOT NULL
) STRICT;
