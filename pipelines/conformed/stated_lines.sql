-- What `versions` judges of lines: a seizure is known by its id, and speaks of the day on which it was made.
CREATE OR REPLACE TEMP VIEW stated AS
SELECT source_id, delivery_id, part, row_no, line_no, record_id, seizure_id AS identity, seized_from AS day
FROM staging.reports
