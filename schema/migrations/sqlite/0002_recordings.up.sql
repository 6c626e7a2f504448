-- Where a call's recording is; null: it was not recorded. The file may have been removed since
-- ([recording] retain_days, retain_gb).
ALTER TABLE calls ADD COLUMN recording TEXT;
