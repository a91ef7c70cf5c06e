-- Whoever is not in a group any more still reads in their history what it was called.
ALTER TABLE calls ADD COLUMN name TEXT;
UPDATE calls SET name = (SELECT name FROM conversations WHERE id = calls.conversation);
