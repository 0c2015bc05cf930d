-- Every line with its duplicate set, its incident and its weights. An incident counts once, by the line that is most likely to
-- repeat another report: if one of its lines was told before, so was the interception.
SELECT
    i.seizure_id,
    coalesce(w.duplicate_set_id, i.seizure_id) AS duplicate_set_id,
    CAST(coalesce(round(w.line_weight, 6), 1) AS DECIMAL(9, 6)) AS line_weight,
    CAST(coalesce(round(w.line_weight_merged, 6), 1) AS DECIMAL(9, 6)) AS line_weight_merged,
    i.incident_id,
    i.incident_basis,
    CASE
        WHEN row_number() OVER (PARTITION BY i.incident_id ORDER BY coalesce(w.line_weight, 1), i.seizure_id) = 1
            THEN CAST(coalesce(round(w.line_weight, 6), 1) AS DECIMAL(9, 6))
        ELSE 0
    END AS incident_weight
FROM incidents AS i
LEFT JOIN weighed AS w USING (seizure_id)  -- 1:1
