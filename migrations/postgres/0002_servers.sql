-- What was answered at a tick, for all servers to give the same answer, by the first 16 bytes of the BLAKE3 hash of the
-- question. It outlives a crash: servers that go on would otherwise show something else than before within one tick.
CREATE TABLE answer (
    tick     BIGINT NOT NULL,
    question BYTEA NOT NULL,
    answer   TEXT NOT NULL,
    PRIMARY KEY (tick, question)
);

-- The number of the last transaction that each server has committed: what to ask for where the connection is lost while
-- a commit is under way.
CREATE TABLE last_commit (
    server TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    at     TIMESTAMPTZ NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
