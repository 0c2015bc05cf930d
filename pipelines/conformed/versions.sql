-- Which staged rows stand: the newest snapshot of a source that restates, and the first delivery of a row that was
-- delivered again. "First" is by delivery_id, so that the order of receipt changes nothing.
CREATE OR REPLACE TEMP VIEW versions AS
WITH dated AS (
    SELECT r.delivery_id, r.part, r.row_no, r.seizure_id, f.is_current
    FROM staging.reports AS r
    JOIN deliveries.files AS f USING (delivery_id)  -- n:1
)
SELECT
    delivery_id,
    part,
    row_no,
    CASE
        WHEN NOT is_current THEN 'superseded'
        WHEN row_number() OVER (PARTITION BY seizure_id, is_current ORDER BY delivery_id, part, row_no) > 1
            THEN 'already_known'
    END AS reason
FROM dated
