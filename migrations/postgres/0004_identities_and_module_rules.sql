-- What calls of other protocols told of users, which there need not name an account each time: to which account they
-- belong (kind account), what they are called (name), and by which other id they are known (alias). The newest by at
-- stands. It is looked up by user before an event has an account, and joined with nothing else.
CREATE TABLE identity (
    user_id TEXT COLLATE "C" NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    value   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, kind)
);

-- Which module what is called so, or happens there, belongs to; in order of place. strip is 0 or 1.
CREATE TABLE module_rule (
    place  BIGINT NOT NULL PRIMARY KEY,
    kind   TEXT COLLATE "C" NOT NULL,
    prefix TEXT COLLATE "C" NOT NULL,
    module TEXT COLLATE "C" NOT NULL,
    strip  BIGINT NOT NULL
);
