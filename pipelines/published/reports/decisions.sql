-- Lines of the decision files that are not applied: faulty ones, and standing ones about a seizure that is not here (any
-- more). What a later line outranks is no loss.
SELECT
    d.kind, d.file_line, d.decision_id, coalesce(d.fault, 'unknown_seizure') AS fault
FROM staging.decisions AS d
LEFT JOIN conformed.lines AS l ON l.seizure_id = d.seizure_id  -- n:1
LEFT JOIN conformed.lines AS o ON o.seizure_id = d.other_seizure_id  -- n:1
WHERE d.fault IS NOT NULL
    OR (d.standing AND (l.seizure_id IS NULL OR (d.other_seizure_id IS NOT NULL AND o.seizure_id IS NULL)))
ORDER BY d.kind, d.file_line
