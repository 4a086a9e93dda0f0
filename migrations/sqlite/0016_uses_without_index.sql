-- Every use moved a row's entry in this index, which was half of what storing it cost. What the stream shows first is found
-- among the day's rows.
DROP INDEX IF EXISTS user_module_day_use;
