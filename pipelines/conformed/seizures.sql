-- Lines with their weight, their incident, and the doubt about their quantity.
WITH compared AS (
    SELECT
        l.*,
        o.outlier_flag,
        o.outlier_reason,
        o.unit_suspect,
        o.official_kg,
        -- the one rule of what stands in kilograms; every sum reads it here
        l.in_scope AND l.in_group_kg AND l.kg_mid IS NOT NULL AND o.outlier_flag IN ('none', 'review') AS in_kg_totals
    FROM conformed.lines AS l
    JOIN conformed.outliers AS o USING (seizure_id)  -- 1:1
)

SELECT
    c.*,
    -- duplicates are not scored yet: a line counts once, and a mirrored row not at all
    CASE WHEN c.is_mirror THEN 0 ELSE 1 END AS line_weight,
    -- lines of one row, or of one incident number of a publisher, are one interception; others are not linked yet. The
    -- first line carries the incident, so that weights count incidents without a remainder.
    first_value(c.seizure_id) OVER incident AS incident_id,
    CASE WHEN c.is_mirror OR row_number() OVER incident > 1 THEN 0 ELSE 1 END AS incident_weight
FROM compared AS c
WINDOW incident AS (
    PARTITION BY
        c.source_id, c.reporter, c.agency_id,
        coalesce(c.incident_number, c.delivery_id || chr(31) || c.part || chr(31) || c.row_no)
    ORDER BY c.seizure_id
)
