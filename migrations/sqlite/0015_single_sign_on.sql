-- Members whom a provider of single sign-on vouches for, by what it calls them. A member is one person of an issuer.
CREATE TABLE single_sign_on (
    issuer    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    member_no BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;

CREATE UNIQUE INDEX single_sign_on_member ON single_sign_on (member_no, issuer);

-- Attempts that let somebody in, by the BLAKE3 hash of what the browser had: none does so twice. Kept for as long as they
-- would have stood.
CREATE TABLE used_attempt (
    digest     BLOB NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
