-- Staged outcomes that do not stand, with the declared reason.
SELECT
    t.reporter, t.case_key, t.source_id, t.delivery_id, t.file_name, t.part, t.row_no, t.line_no, t.contract_version,
    t.stage, t.reason, t.known_from, t.known_to
FROM told AS t
WHERE t.reason IS NOT NULL
