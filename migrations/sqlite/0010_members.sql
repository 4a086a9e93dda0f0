-- Users of accounts make way for the members of the workspace, who sign in.
ALTER TABLE member RENAME TO account_user;

-- Who may sign in. Without a password yet: invited. disabled and configures_tracking are 0 or 1.
CREATE TABLE member (
    member_no           INTEGER PRIMARY KEY AUTOINCREMENT,
    email               TEXT NOT NULL UNIQUE,
    name                TEXT NOT NULL,
    password            TEXT,
    role                TEXT NOT NULL CHECK (role IN ('viewer', 'administrator')),
    configures_tracking BIGINT NOT NULL,
    disabled            BIGINT NOT NULL DEFAULT 0,
    created_at          BIGINT NOT NULL
);

-- Who is signed in where. The browser has the id, here is its BLAKE3 hash alone.
CREATE TABLE session (
    session_no INTEGER PRIMARY KEY AUTOINCREMENT,
    digest     BLOB NOT NULL UNIQUE,
    member_no  BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

CREATE INDEX session_member ON session (member_no);

-- Browsers a member has signed in with before: wrong passwords sent from elsewhere don't count against them. By the BLAKE3
-- hash of what the browser has.
CREATE TABLE device (
    digest    BLOB NOT NULL PRIMARY KEY,
    member_no BIGINT NOT NULL,
    seen_at   BIGINT NOT NULL
);

CREATE INDEX device_member ON device (member_no);

-- Links that open once, by the BLAKE3 hash of what they hold. The one for the first administrator is for no member yet:
-- its member_no is 0. One that was used is gone.
CREATE TABLE link (
    digest     BLOB NOT NULL PRIMARY KEY,
    purpose    TEXT NOT NULL CHECK (purpose IN ('administrator', 'invitation', 'reset')),
    member_no  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
