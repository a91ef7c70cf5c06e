-- Written and emptied again to find out whether anything can be written.
CREATE TABLE probe (
    room BLOB NOT NULL
) STRICT;
