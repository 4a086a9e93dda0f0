-- What a user did on a day becomes one row, and sums are kept of all accounts together alone: an account's are added up
-- from its users when they are asked for. So a commit writes a third of the rows. The roll-ups are computed again when
-- the database is opened.
DROP TABLE user_activity_day;
DROP TABLE account_day;
DROP TABLE module_day;
DROP TABLE activity_day;

-- How often each activity was done in each minute (model::uses).
CREATE TABLE user_use_day (
    account_no BIGINT NOT NULL,
    day        BIGINT NOT NULL,
    user_no    BIGINT NOT NULL,
    uses       BYTEA NOT NULL,
    PRIMARY KEY (account_no, day, user_no)
) WITH (fillfactor = 70);

-- Sums, by what accounts they are of: scope_no 0 stands for all.
CREATE TABLE total_day (
    scope_no BIGINT NOT NULL,
    day      BIGINT NOT NULL,
    users    BIGINT NOT NULL,
    actions  BIGINT NOT NULL,
    seconds  BIGINT NOT NULL,
    PRIMARY KEY (scope_no, day)
) WITH (fillfactor = 70);

CREATE TABLE module_day (
    scope_no  BIGINT NOT NULL,
    day       BIGINT NOT NULL,
    module_no BIGINT NOT NULL,
    users     BIGINT NOT NULL,
    actions   BIGINT NOT NULL,
    PRIMARY KEY (scope_no, day, module_no)
) WITH (fillfactor = 70);

CREATE TABLE activity_day (
    scope_no    BIGINT NOT NULL,
    day         BIGINT NOT NULL,
    activity_no BIGINT NOT NULL,
    users       BIGINT NOT NULL,
    actions     BIGINT NOT NULL,
    PRIMARY KEY (scope_no, day, activity_no)
) WITH (fillfactor = 70);
