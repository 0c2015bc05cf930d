-- What `versions` judges of outcomes that have a row of their own: one is known by all that it says, and by which of its like
-- it is in its delivery. Two persons of one case convicted on one day are two rows alike, because names stay at the door.
CREATE OR REPLACE TEMP VIEW stated AS
WITH alone AS (
    SELECT o.*
    FROM staging.outcomes AS o
    ANTI JOIN staging.reports AS r USING (delivery_id, part, row_no, line_no)  -- 1:1
),

said AS (
    SELECT
        a.*,
        CAST(to_json({
            'source': source_id, 'reporter': reporter, 'case': case_key, 'seizure': seizure_key, 'stage': stage,
            'state': stage_state, 'date': stage_date, 'precision': stage_date_precision, 'instrument': instrument,
            'f': persons_f, 'm': persons_m, 'x': persons_x, 'unknown': persons_unknown, 'amount': proceeds,
            'currency': currency
        }) AS VARCHAR) AS words
    FROM alone AS a
)

SELECT
    source_id, delivery_id, part, row_no, line_no, record_id, stage_date AS day,
    words || chr(31) || row_number() OVER (PARTITION BY delivery_id, words ORDER BY part, row_no, line_no) AS identity
FROM said
