-- The team through whose eyes a key reads; 0 for every account. One of a team that is gone sees nothing.
ALTER TABLE api_key ADD COLUMN team_no BIGINT NOT NULL DEFAULT 0;

-- What was erased when and by whom, never whose it was: how many of each kind, as JSON. cleaned_at is 0 until what was
-- deleted is gone from the files too.
CREATE TABLE erasure (
    erasure_no  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          BIGINT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('account', 'user')),
    author_kind TEXT NOT NULL,
    author_no   BIGINT NOT NULL,
    author      TEXT NOT NULL,
    erased      TEXT NOT NULL,
    cleaned_at  BIGINT NOT NULL DEFAULT 0
);

-- How often somebody was erased: whoever remembers numbers of accounts and users looks them up again when it goes up.
INSERT INTO setting (name, value) VALUES ('erasures', '0');
