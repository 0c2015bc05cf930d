-- Lines with their weight, their incident, and the doubt about their quantity.
SELECT
    l.*,
    g.duplicate_set_id,
    g.line_weight,
    g.line_weight_merged,
    g.incident_id,
    g.incident_basis,
    g.incident_weight,
    o.outlier_flag,
    o.outlier_reason,
    o.unit_suspect,
    o.official_kg,
    -- the one rule of what stands in kilograms; every sum reads it here
    l.in_scope AND l.in_group_kg AND l.kg_mid IS NOT NULL AND o.outlier_flag IN ('none', 'review') AS in_kg_totals
FROM conformed.lines AS l
JOIN conformed.groups AS g USING (seizure_id)  -- 1:1
JOIN conformed.outliers AS o USING (seizure_id)  -- 1:1
