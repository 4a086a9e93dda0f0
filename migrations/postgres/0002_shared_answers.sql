-- What was answered at a tick, for all servers to give the same answer. Not worth writing to the log: it is of use for
-- some seconds.
CREATE UNLOGGED TABLE answer (
    tick     BIGINT NOT NULL,
    question TEXT COLLATE "C" NOT NULL,
    answer   TEXT NOT NULL,
    PRIMARY KEY (tick, question)
);
