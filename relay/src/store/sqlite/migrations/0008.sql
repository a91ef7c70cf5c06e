-- Finds user names that look the same (UTS 39): 0 and o, 1 and l, rn and m.
CREATE INDEX users_by_look
    ON users (replace(replace(replace(username, 'm', 'rn'), '0', 'o'), '1', 'l'));
