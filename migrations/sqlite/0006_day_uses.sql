-- What a user did on a day becomes one row, and sums are kept of all accounts together alone: an account's are added up
-- from its users when they are asked for. So a commit writes a third of the rows. The roll-ups are computed again when
-- the database is opened.
DROP TABLE user_activity_day;
DROP TABLE account_day;
DROP TABLE module_day;
DROP TABLE activity_day;
DROP INDEX user_day_signal;

-- How often each activity was done in each minute (model::uses).
CREATE TABLE user_use_day (
    day        BIGINT NOT NULL,
    account_no BIGINT NOT NULL,
    user_no    BIGINT NOT NULL,
    uses       BLOB NOT NULL,
    PRIMARY KEY (day, account_no, user_no)
) WITHOUT ROWID;

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
