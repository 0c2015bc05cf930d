-- Which seizures a case is about, each link once, on the strongest ground, with the row that states it. Numbers are numbers of
-- one country: case 12/2021 of one is not case 12/2021 of another, so nothing is linked across reporters.
CREATE OR REPLACE TEMP TABLE links AS
WITH standing AS (
    SELECT * FROM told WHERE reason IS NULL
),

-- the case's number on the seizure's own row
by_case_number AS (
    SELECT
        l.reporter, l.case_key, l.seizure_id, 'case_number' AS link_basis,
        l.source_id, l.delivery_id, l.file_name, l.part, l.row_no, l.line_no, l.contract_version
    FROM conformed.lines AS l
    WHERE l.case_key IS NOT NULL
),

-- the seizure's number on the outcome's row; both are keyed hashes of one kind, so a number in plain text never meets one
by_seizure_number AS (
    SELECT
        s.reporter, s.case_key, l.seizure_id,
        CASE WHEN l.record_id = s.seizure_key THEN 'record_id' ELSE 'incident_number' END AS link_basis,
        s.source_id, s.delivery_id, s.file_name, s.part, s.row_no, s.line_no, s.contract_version
    FROM standing AS s
    JOIN (
        SELECT seizure_id, reporter, record_id, incident_number, record_id AS number FROM conformed.lines
        WHERE record_id IS NOT NULL
        UNION ALL
        SELECT seizure_id, reporter, record_id, incident_number, incident_number FROM conformed.lines
        WHERE incident_number IS NOT NULL
    ) AS l ON l.number = s.seizure_key AND l.reporter = s.reporter  -- n:m
),

-- a case without a number is what its row is about
by_row AS (
    SELECT
        s.reporter, s.case_key, l.seizure_id, s.case_basis AS link_basis,
        s.source_id, s.delivery_id, s.file_name, s.part, s.row_no, s.line_no, s.contract_version
    FROM standing AS s
    JOIN conformed.lines AS l ON l.source_id = s.source_id AND l.reporter = s.reporter
        AND l.agency_id IS NOT DISTINCT FROM s.agency_id
        AND CASE s.case_basis
            WHEN 'record_id' THEN l.record_id = s.record_id
            WHEN 'incident_number' THEN l.incident_number = s.incident_number
        END  -- n:m
    UNION ALL
    SELECT
        s.reporter, s.case_key, l.seizure_id, s.case_basis,
        s.source_id, s.delivery_id, s.file_name, s.part, s.row_no, s.line_no, s.contract_version
    FROM standing AS s
    JOIN staging.reports AS r ON r.delivery_id = s.delivery_id AND r.part = s.part AND r.row_no = s.row_no  -- n:m
    JOIN conformed.lines AS l ON l.seizure_id = r.seizure_id  -- n:1
    WHERE s.case_basis = 'row'
)

SELECT *
FROM (FROM by_case_number UNION ALL FROM by_seizure_number UNION ALL FROM by_row)
QUALIFY
    row_number() OVER (
        PARTITION BY reporter, case_key, seizure_id
        ORDER BY
            list_position(['case_number', 'record_id', 'incident_number', 'row'], link_basis),
            delivery_id, part, row_no, line_no
    ) = 1
