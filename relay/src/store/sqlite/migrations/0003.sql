-- Accounts that were removed, with those whom it concerns, until they were told.
CREATE TABLE departures (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    user BLOB NOT NULL,
    departed TEXT NOT NULL
) STRICT;
