-- Events that were rejected, the newest of them, each as it was sent. Without a time of sending, sent_at is received: a
-- clock that is right. Without a key, key_name is empty. A number is never given out twice.
CREATE TABLE reject (
    reject_no INTEGER PRIMARY KEY AUTOINCREMENT,
    received  BIGINT NOT NULL,
    sent_at   BIGINT NOT NULL,
    protocol  TEXT NOT NULL,
    key_name  TEXT NOT NULL,
    code      TEXT NOT NULL,
    pointer   TEXT NOT NULL,
    detail    TEXT NOT NULL,
    body      BLOB NOT NULL
);
