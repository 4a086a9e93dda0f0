-- Teams: who looks through one sees the accounts it names, and those that match any of its rules. scope_no is that of the
-- scope it is alone.
CREATE TABLE team (
    team_no  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name     TEXT COLLATE "C" NOT NULL UNIQUE,
    scope_no BIGINT NOT NULL DEFAULT -1
);

-- Accounts a team names, which may not have appeared yet.
CREATE TABLE team_account_id (
    team_no    BIGINT NOT NULL,
    account_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (team_no, account_id)
);

CREATE INDEX team_account_id_account ON team_account_id (account_id);

-- What the other accounts it sees have in common, in order of place. attribute_name is that of an attribute, else empty.
CREATE TABLE team_rule (
    team_no        BIGINT NOT NULL,
    place          BIGINT NOT NULL,
    looks_at       TEXT NOT NULL CHECK (looks_at IN ('id', 'name', 'attribute')),
    attribute_name TEXT COLLATE "C" NOT NULL,
    comparison     TEXT NOT NULL CHECK (comparison IN ('equals', 'starts_with', 'contains')),
    value          TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (team_no, place)
);

CREATE TABLE team_member (
    member_no BIGINT NOT NULL,
    team_no   BIGINT NOT NULL,
    PRIMARY KEY (member_no, team_no)
);

-- What else is known of accounts. The newest by at stands.
CREATE TABLE account_attribute (
    account_no BIGINT NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    value      TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (account_no, name)
);

-- What somebody looks through: a team alone, or the teams of a member together; their numbers, ascending, with commas
-- between. Scope 0 is all accounts and scope -1 none; neither has a row. The revision goes up when accounts come in that
-- had events before, or leave.
CREATE TABLE scope (
    scope_no BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    teams    TEXT COLLATE "C" NOT NULL UNIQUE,
    revision BIGINT NOT NULL DEFAULT 0
);

-- The accounts of each scope: a function of teams, rules, attributes and accounts, worked out when one of them changes.
CREATE TABLE scope_account (
    scope_no   BIGINT NOT NULL,
    account_no BIGINT NOT NULL,
    PRIMARY KEY (scope_no, account_no)
);

CREATE INDEX scope_account_account ON scope_account (account_no);

-- The days of a scope whose sums are kept, with its time spent; its activities are in activity_day. They stand while
-- the revisions of the scope and of the day are these.
CREATE TABLE scope_day (
    scope_no       BIGINT NOT NULL,
    day            BIGINT NOT NULL,
    scope_revision BIGINT NOT NULL,
    day_revision   BIGINT NOT NULL,
    seconds        BIGINT NOT NULL,
    PRIMARY KEY (scope_no, day)
);

-- The scope of a member's teams together.
ALTER TABLE member ADD COLUMN scope_no BIGINT NOT NULL DEFAULT -1;

-- Viewers saw every account until now, and go on doing so.
INSERT INTO team (name) SELECT 'All accounts' WHERE EXISTS (SELECT 1 FROM member WHERE role = 'viewer');
INSERT INTO team_rule (team_no, place, looks_at, attribute_name, comparison, value)
SELECT team_no, 0, 'id', '', 'starts_with', '' FROM team;
INSERT INTO team_member (member_no, team_no) SELECT member_no, team_no FROM member, team WHERE role = 'viewer';
INSERT INTO scope (teams) SELECT CAST(team_no AS TEXT) FROM team;
INSERT INTO scope_account (scope_no, account_no) SELECT scope_no, account_no FROM scope, account;
UPDATE team SET scope_no = (SELECT scope_no FROM scope);
UPDATE member SET scope_no = (SELECT scope_no FROM scope) WHERE role = 'viewer';
