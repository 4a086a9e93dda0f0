-- A key keeps its number and its name while its secrets take turns.
ALTER TABLE api_key RENAME TO api_key_before;
ALTER INDEX api_key_pkey RENAME TO api_key_before_pkey;
ALTER INDEX api_key_name_key RENAME TO api_key_before_name_key;

CREATE TABLE api_key (
    key_no     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL UNIQUE,
    granted    TEXT NOT NULL CHECK (granted IN ('ingest', 'read')),
    created_at BIGINT NOT NULL
);

INSERT INTO api_key (name, granted, created_at)
SELECT name, granted, created_at FROM api_key_before ORDER BY created_at, name;

-- What opens a key, as the BLAKE3 hash of what the holder has. By its prefix it is told from others; of those made before it
-- is not known, and empty. Without ends_at it lasts, without used_at nobody has sent it yet.
CREATE TABLE key_secret (
    secret_no  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     BYTEA NOT NULL UNIQUE,
    key_no     BIGINT NOT NULL,
    prefix     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at    BIGINT,
    used_at    BIGINT
);

CREATE INDEX key_secret_key ON key_secret (key_no);

INSERT INTO key_secret (digest, key_no, prefix, created_at)
SELECT before.digest, api_key.key_no, '', before.created_at
FROM api_key_before before JOIN api_key ON api_key.name = before.name;

DROP TABLE api_key_before;

-- Who changed what. Rows are only added. Texts, which may name people, can be blanked; whom a row is about stays to be found
-- by kind and number. author_kind 'command_line' and 'anyone' have the number 0, and so has the workspace as a subject.
CREATE TABLE audit (
    audit_no     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           BIGINT NOT NULL,
    author_kind  TEXT NOT NULL,
    author_no    BIGINT NOT NULL,
    author       TEXT NOT NULL,
    place        TEXT NOT NULL,
    action       TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_no   BIGINT NOT NULL,
    subject      TEXT NOT NULL,
    state_before TEXT NOT NULL,
    state_after  TEXT NOT NULL
);

CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of the audit log are only added';
END
$$;

CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit();

CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit();

CREATE TRIGGER audit_is_only_blanked BEFORE UPDATE ON audit
FOR EACH ROW WHEN (NOT (
    NEW.audit_no = OLD.audit_no AND NEW.at = OLD.at AND NEW.action = OLD.action
    AND NEW.author_kind = OLD.author_kind AND NEW.author_no = OLD.author_no
    AND NEW.subject_kind = OLD.subject_kind AND NEW.subject_no = OLD.subject_no
    AND NEW.author IN (OLD.author, '') AND NEW.place IN (OLD.place, '') AND NEW.subject IN (OLD.subject, '')
    AND NEW.state_before IN (OLD.state_before, '') AND NEW.state_after IN (OLD.state_after, '')
)) EXECUTE FUNCTION refuse_change_of_audit();

-- Which member made a link, to take it back where they may no longer make any; 0 of those made by nobody who is one.
ALTER TABLE link ADD COLUMN made_by BIGINT NOT NULL DEFAULT 0;
