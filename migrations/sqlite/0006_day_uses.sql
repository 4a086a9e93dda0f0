-- What a user did in a module on a day becomes one row, and sums are kept of all accounts together alone: an account's
-- are added up from its users when they are asked for. So a commit writes a fifth of the rows. The roll-ups are computed
-- again when the database is opened.
DROP TABLE account_day;
DROP TABLE user_module_day;
DROP TABLE user_activity_day;
DROP TABLE module_day;
DROP TABLE activity_day;
DROP INDEX user_day_signal;

-- What a user did in a module: how often each activity in each minute (model::uses).
CREATE TABLE user_module_day (
    day        BIGINT NOT NULL,
    account_no BIGINT NOT NULL,
    user_no    BIGINT NOT NULL,
    module_no  BIGINT NOT NULL,
    actions    BIGINT NOT NULL,
    last_use   BIGINT NOT NULL,
    uses       BLOB NOT NULL,
    PRIMARY KEY (day, account_no, user_no, module_no)
) WITHOUT ROWID;

CREATE INDEX user_module_day_use ON user_module_day (day, last_use);

-- Sums, by what accounts they are of: scope_no 0 stands for all.
CREATE TABLE total_day (
    scope_no BIGINT NOT NULL,
    day      BIGINT NOT NULL,
    users    BIGINT NOT NULL,
    actions  BIGINT NOT NULL,
    seconds  BIGINT NOT NULL,
    PRIMARY KEY (scope_no, day)
) WITHOUT ROWID;

CREATE TABLE module_day (
    scope_no  BIGINT NOT NULL,
    day       BIGINT NOT NULL,
    module_no BIGINT NOT NULL,
    users     BIGINT NOT NULL,
    actions   BIGINT NOT NULL,
    PRIMARY KEY (scope_no, day, module_no)
) WITHOUT ROWID;

CREATE TABLE activity_day (
    scope_no    BIGINT NOT NULL,
    day         BIGINT NOT NULL,
    activity_no BIGINT NOT NULL,
    users       BIGINT NOT NULL,
    actions     BIGINT NOT NULL,
    PRIMARY KEY (scope_no, day, activity_no)
) WITHOUT ROWID;
