-- Every staged outcome with its case, and the reason why it does not stand, if it does not.
CREATE OR REPLACE TEMP TABLE told AS
-- An outcome in a row of its own: the same rules of vintages as for lines.
WITH of_its_own AS (
    SELECT
        o.*, 'case_number' AS case_basis, v.reason, v.known_from, v.known_to,
        CAST(NULL AS VARCHAR) AS agency_id, CAST(NULL AS VARCHAR) AS incident_number
    FROM staging.outcomes AS o
    JOIN versions AS v USING (delivery_id, part, row_no, line_no)  -- 1:1
),

-- An outcome in a seizure's row goes with that row: if the record or period is restated, also without the outcome, it
-- falls. The report need not state a case number; then what the row is about is the case: its record, its incident, or the
-- row itself.
in_a_row AS (
    SELECT
        o.* EXCLUDE (case_key),
        CASE
            WHEN o.case_key IS NOT NULL THEN 'case_number'
            WHEN f.restates = 'record' AND o.record_id IS NOT NULL THEN 'record_id'
            WHEN r.incident_number IS NOT NULL THEN 'incident_number'
            ELSE 'row'
        END AS case_basis,
        coalesce(
            o.case_key,
            left(sha256(to_json([
                o.source_id, o.reporter, r.agency_id,
                CASE case_basis
                    WHEN 'record_id' THEN o.record_id
                    WHEN 'incident_number' THEN r.incident_number
                    ELSE min(r.seizure_id) OVER (PARTITION BY o.delivery_id, o.part, o.row_no)
                END,
                case_basis
            ])), 32)
        ) AS case_key,
        n.reason AS reason_of_row, f.vintage AS known_from, n.known_to, r.agency_id, r.incident_number
    FROM staging.outcomes AS o
    JOIN staging.reports AS r USING (delivery_id, part, row_no, line_no)  -- 1:1
    JOIN deliveries.files AS f USING (delivery_id)  -- n:1
    LEFT JOIN conformed.not_lines AS n USING (delivery_id, part, row_no, line_no)  -- 1:1
),

-- A row for each kind of goods repeats what became of the case: it is said once, or persons would be counted twice.
once AS (
    SELECT
        i.* EXCLUDE (reason_of_row),
        CASE
            WHEN i.reason_of_row = 'superseded' THEN 'superseded'
            WHEN
                row_number() OVER (
                    PARTITION BY
                        i.source_id, i.reporter, i.case_key, i.stage, i.stage_state, i.stage_date,
                        i.stage_date_precision, i.instrument, i.persons_f, i.persons_m, i.persons_x, i.persons_unknown,
                        i.proceeds, i.currency, i.reason_of_row IS NOT DISTINCT FROM 'superseded'
                    ORDER BY i.delivery_id, i.part, i.row_no, i.line_no
                ) > 1
                THEN coalesce(i.reason_of_row, 'repeated')
        END AS reason
    FROM in_a_row AS i
)

SELECT * FROM of_its_own
UNION ALL BY NAME
SELECT * FROM once
