-- What was chosen for modules and activities: another name, off, or merged into another one. Raw events keep the names they
-- came with.
ALTER TABLE module ADD COLUMN display_name TEXT;
ALTER TABLE module ADD COLUMN tracked BIGINT NOT NULL DEFAULT 1;
ALTER TABLE module ADD COLUMN merged_into BIGINT;
ALTER TABLE activity ADD COLUMN display_name TEXT;
ALTER TABLE activity ADD COLUMN tracked BIGINT NOT NULL DEFAULT 1;
ALTER TABLE activity ADD COLUMN merged_into BIGINT;

-- What follows from all of these (model::tracking), worked out when one of them changes. What stands for itself has no
-- shown_no, unless it stands for others too; an activity that is shown in its own module has no shown_module_no.
ALTER TABLE module ADD COLUMN shown_no BIGINT;
ALTER TABLE activity ADD COLUMN shown_no BIGINT;
ALTER TABLE activity ADD COLUMN shown_module_no BIGINT;
ALTER TABLE activity ADD COLUMN shown_name TEXT;
ALTER TABLE activity ADD COLUMN shown_tracked BIGINT NOT NULL DEFAULT 1;

-- From here on user_module_day is by shown module and has a row for heartbeats too, and its uses tell everything that was
-- sent. The roll-ups are computed again when the database is opened.
