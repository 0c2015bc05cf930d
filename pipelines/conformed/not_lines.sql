-- Staged rows that are no line of their own, with the declared reason.
SELECT
    r.source_id, r.delivery_id, r.file_name, r.part, r.row_no, r.contract_version, r.seizure_id, v.reason
FROM staging.reports AS r
JOIN versions AS v USING (delivery_id, part, row_no)  -- 1:1
WHERE v.reason IS NOT NULL
