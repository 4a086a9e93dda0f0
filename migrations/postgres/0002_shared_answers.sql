-- What was answered at a tick, for all servers to give the same answer. It outlives a crash: servers that go on would
-- otherwise show something else than before within one tick.
CREATE TABLE answer (
    tick     BIGINT NOT NULL,
    question TEXT COLLATE "C" NOT NULL,
    answer   TEXT NOT NULL,
    PRIMARY KEY (tick, question)
);
