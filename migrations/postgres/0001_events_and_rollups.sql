-- The schema of migrations/sqlite in Postgres. Every table that grows with use has the account in its key and could be
-- distributed by it; the dimensions and the small tables would be on every node.

-- Dimensions. Dense numbers (…_no) stand for ids and names in every fact; 0 is never given out.
CREATE TABLE account (
    account_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL UNIQUE,
    name       TEXT COLLATE "C",
    name_at    BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE member (
    user_no    BIGINT GENERATED ALWAYS AS IDENTITY,
    account_no BIGINT NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C",
    name_at    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account_no, user_no),
    UNIQUE (account_no, id)
);

CREATE TABLE module (
    module_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      TEXT COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE activity (
    activity_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    module_no   BIGINT NOT NULL,
    action      TEXT COLLATE "C" NOT NULL,
    UNIQUE (module_no, action)
);

-- The source of truth, append-only. A heartbeat has activity_no 0 and count 0. There is a partition for each month in
-- UTC that has events, made by the writer, and one for all that is older than 2000.
CREATE TABLE event (
    time        BIGINT NOT NULL,
    account_no  BIGINT NOT NULL,
    user_no     BIGINT NOT NULL,
    module_no   BIGINT NOT NULL,
    activity_no BIGINT NOT NULL,
    count       BIGINT NOT NULL
) PARTITION BY RANGE (time);

CREATE TABLE event_before_2000 PARTITION OF event FOR VALUES FROM (MINVALUE) TO (946684800000);

-- Which event ids each account has used: the first 16 bytes of their BLAKE3 hash. Apart from the events, so that a
-- retry stays harmless however long it takes, and because a partition can't keep an id unique.
CREATE TABLE event_id (
    account_no BIGINT NOT NULL,
    digest     BYTEA NOT NULL,
    PRIMARY KEY (account_no, digest)
);

-- Roll-ups. All of them can be rebuilt from the events; days are days since 1970-01-01 in the reporting zone. What is
-- rewritten all day long has room in its pages and no changing column in an index, so that a new version of a row stays
-- where the old one was.
CREATE TABLE user_day (
    account_no  BIGINT NOT NULL,
    day         BIGINT NOT NULL,
    user_no     BIGINT NOT NULL,
    seconds     BIGINT NOT NULL,
    actions     BIGINT NOT NULL,
    last_signal BIGINT NOT NULL,
    minutes     BYTEA NOT NULL,
    PRIMARY KEY (account_no, day, user_no)
) WITH (fillfactor = 70);

CREATE INDEX user_day_day ON user_day (day);

CREATE TABLE user_module_day (
    account_no BIGINT NOT NULL,
    day        BIGINT NOT NULL,
    user_no    BIGINT NOT NULL,
    module_no  BIGINT NOT NULL,
    actions    BIGINT NOT NULL,
    last_use   BIGINT NOT NULL,
    PRIMARY KEY (account_no, day, user_no, module_no)
) WITH (fillfactor = 70);

CREATE INDEX user_module_day_day ON user_module_day (day);

CREATE TABLE user_activity_day (
    account_no  BIGINT NOT NULL,
    day         BIGINT NOT NULL,
    user_no     BIGINT NOT NULL,
    activity_no BIGINT NOT NULL,
    actions     BIGINT NOT NULL,
    uses        BYTEA NOT NULL,
    PRIMARY KEY (account_no, day, user_no, activity_no)
) WITH (fillfactor = 70);

-- In the next three, account_no 0 stands for all accounts together.
CREATE TABLE account_day (
    account_no BIGINT NOT NULL,
    day        BIGINT NOT NULL,
    users      BIGINT NOT NULL,
    actions    BIGINT NOT NULL,
    seconds    BIGINT NOT NULL,
    PRIMARY KEY (account_no, day)
) WITH (fillfactor = 70);

CREATE INDEX account_day_day ON account_day (day);

CREATE TABLE module_day (
    account_no BIGINT NOT NULL,
    day        BIGINT NOT NULL,
    module_no  BIGINT NOT NULL,
    users      BIGINT NOT NULL,
    actions    BIGINT NOT NULL,
    PRIMARY KEY (account_no, day, module_no)
) WITH (fillfactor = 70);

CREATE TABLE activity_day (
    account_no  BIGINT NOT NULL,
    day         BIGINT NOT NULL,
    activity_no BIGINT NOT NULL,
    users       BIGINT NOT NULL,
    actions     BIGINT NOT NULL,
    PRIMARY KEY (account_no, day, activity_no)
) WITH (fillfactor = 70);

-- The days that hold events. The revision of a day goes up with every commit that touches it, which tells whether
-- an answer computed earlier still stands.
CREATE TABLE day_revision (
    day      BIGINT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
) WITH (fillfactor = 70);

-- What the roll-ups were computed with, and what else must outlive the process.
CREATE TABLE setting (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- By how much a file was shifted when it was first imported with its end moved to now, by the file's digest.
CREATE TABLE import_shift (
    digest BYTEA NOT NULL PRIMARY KEY,
    millis BIGINT NOT NULL
);

-- API keys, as the BLAKE3 hash of what the holder has.
CREATE TABLE api_key (
    digest     BYTEA NOT NULL PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL UNIQUE,
    granted    TEXT NOT NULL CHECK (granted IN ('ingest', 'read')),
    created_at BIGINT NOT NULL
);
