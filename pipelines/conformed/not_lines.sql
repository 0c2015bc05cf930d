-- Staged rows that are no line of their own, with the declared reason.
SELECT
    r.source_id, r.delivery_id, r.file_name, r.part, r.row_no, r.line_no, r.contract_version, r.seizure_id, v.reason,
    v.known_from, v.known_to
FROM staging.reports AS r
JOIN versions AS v USING (delivery_id, part, row_no, line_no)  -- 1:1
WHERE v.reason IS NOT NULL
