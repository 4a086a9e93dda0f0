-- Events that were rejected, the newest of them, each as it was sent. Without a time of sending, sent_at is received: a
-- clock that is right. Without a key, key_name is empty. A number is never given out twice.
CREATE TABLE reject (
    reject_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received  BIGINT NOT NULL,
    sent_at   BIGINT NOT NULL,
    protocol  TEXT COLLATE "C" NOT NULL,
    key_name  TEXT COLLATE "C" NOT NULL,
    code      TEXT COLLATE "C" NOT NULL,
    pointer   TEXT COLLATE "C" NOT NULL,
    detail    TEXT COLLATE "C" NOT NULL,
    body      BYTEA NOT NULL
);
