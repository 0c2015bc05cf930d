SELECT source_id, "column", value, n_rows FROM staging.unmapped ORDER BY n_rows DESC, source_id, "column", value
LIMIT 200
