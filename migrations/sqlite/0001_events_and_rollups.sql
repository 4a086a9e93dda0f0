-- Dimensions. Dense numbers (…_no) stand for ids and names in every fact; 0 is never given out.
CREATE TABLE account (
    account_no INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT,
    name_at    BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE member (
    user_no    INTEGER PRIMARY KEY,
    account_no BIGINT NOT NULL,
    id         TEXT NOT NULL,
    name       TEXT,
    name_at    BIGINT NOT NULL DEFAULT 0,
    UNIQUE (account_no, id)
);

CREATE TABLE module (
    module_no INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE
);

CREATE TABLE activity (
    activity_no INTEGER PRIMARY KEY,
    module_no   BIGINT NOT NULL,
    action      TEXT NOT NULL,
    UNIQUE (module_no, action)
);

-- The source of truth, append-only. A heartbeat has activity_no 0 and count 0.
CREATE TABLE event (
    seq         INTEGER PRIMARY KEY,
    time        BIGINT NOT NULL,
    account_no  BIGINT NOT NULL,
    user_no     BIGINT NOT NULL,
    module_no   BIGINT NOT NULL,
    activity_no BIGINT NOT NULL,
    count       BIGINT NOT NULL
);

-- Which event ids each account has used: the first 16 bytes of their BLAKE3 hash. Apart from the events, so that a
-- retry stays harmless however long it takes, and so that events can be partitioned by time.
CREATE TABLE event_id (
    account_no BIGINT NOT NULL,
    digest     BLOB NOT NULL,
    PRIMARY KEY (account_no, digest)
) WITHOUT ROWID;

-- Roll-ups. All of them can be rebuilt from the events; days are days since 1970-01-01 in the reporting zone.
CREATE TABLE user_day (
    day         BIGINT NOT NULL,
    account_no  BIGINT NOT NULL,
    user_no     BIGINT NOT NULL,
    minutes     BLOB NOT NULL,
    seconds     BIGINT NOT NULL,
    actions     BIGINT NOT NULL,
    last_signal BIGINT NOT NULL,
    PRIMARY KEY (day, account_no, user_no)
) WITHOUT ROWID;

CREATE INDEX user_day_signal ON user_day (day, last_signal);

CREATE TABLE user_module_day (
    day        BIGINT NOT NULL,
    account_no BIGINT NOT NULL,
    user_no    BIGINT NOT NULL,
    module_no  BIGINT NOT NULL,
    actions    BIGINT NOT NULL,
    last_use   BIGINT NOT NULL,
    PRIMARY KEY (day, account_no, user_no, module_no)
) WITHOUT ROWID;

CREATE INDEX user_module_day_use ON user_module_day (day, last_use);

CREATE TABLE user_activity_day (
    day         BIGINT NOT NULL,
    account_no  BIGINT NOT NULL,
    user_no     BIGINT NOT NULL,
    activity_no BIGINT NOT NULL,
    actions     BIGINT NOT NULL,
    uses        BLOB NOT NULL,
    PRIMARY KEY (day, account_no, user_no, activity_no)
) WITHOUT ROWID;

-- In the next three, account_no 0 stands for all accounts together.
CREATE TABLE account_day (
    account_no BIGINT NOT NULL,
    day        BIGINT NOT NULL,
    users      BIGINT NOT NULL,
    actions    BIGINT NOT NULL,
    seconds    BIGINT NOT NULL,
    PRIMARY KEY (account_no, day)
) WITHOUT ROWID;

CREATE INDEX account_day_day ON account_day (day);

CREATE TABLE module_day (
    account_no BIGINT NOT NULL,
    day        BIGINT NOT NULL,
    module_no  BIGINT NOT NULL,
    users      BIGINT NOT NULL,
    actions    BIGINT NOT NULL,
    PRIMARY KEY (account_no, day, module_no)
) WITHOUT ROWID;

CREATE TABLE activity_day (
    account_no  BIGINT NOT NULL,
    day         BIGINT NOT NULL,
    activity_no BIGINT NOT NULL,
    users       BIGINT NOT NULL,
    actions     BIGINT NOT NULL,
    PRIMARY KEY (account_no, day, activity_no)
) WITHOUT ROWID;

-- The days that hold events. The revision of a day goes up with every commit that touches it, which tells whether
-- an answer computed earlier still stands.
CREATE TABLE day_revision (
    day      BIGINT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
);

-- What the roll-ups were computed with, and what else must outlive the process.
CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- By how much a file was shifted when it was first imported with its end moved to now, by the file's digest.
CREATE TABLE import_shift (
    digest BLOB NOT NULL PRIMARY KEY,
    millis BIGINT NOT NULL
);

-- API keys, as the BLAKE3 hash of what the holder has.
CREATE TABLE api_key (
    digest     BLOB NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    granted    TEXT NOT NULL CHECK (granted IN ('ingest', 'read')),
    created_at BIGINT NOT NULL
);
