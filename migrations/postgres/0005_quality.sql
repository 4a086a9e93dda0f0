-- When the first event with a name was received. What was there before counts from the first day it was used.
ALTER TABLE module ADD COLUMN first_received BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity ADD COLUMN first_received BIGINT NOT NULL DEFAULT 0;

UPDATE module SET first_received = used.day * 86400000
FROM (SELECT module_no, MIN(day) AS day FROM module_day WHERE account_no = 0 GROUP BY module_no) AS used
WHERE used.module_no = module.module_no;

UPDATE activity SET first_received = used.day * 86400000
FROM (SELECT activity_no, MIN(day) AS day FROM activity_day WHERE account_no = 0 GROUP BY activity_no) AS used
WHERE used.activity_no = activity.activity_no;

-- Events received more than seven days after they happened, by account and the local day they were received on. No
-- roll-up: when an event was received is stored nowhere else, so a rebuild leaves this as it is.
CREATE TABLE late_day (
    account_no   BIGINT NOT NULL,
    received_day BIGINT NOT NULL,
    events       BIGINT NOT NULL,
    oldest       BIGINT NOT NULL,
    newest       BIGINT NOT NULL,
    PRIMARY KEY (account_no, received_day)
) WITH (fillfactor = 70);

CREATE INDEX late_day_received ON late_day (received_day);
