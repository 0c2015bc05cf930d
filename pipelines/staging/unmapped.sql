SELECT source_id, "column", value, sum(n_rows) AS n_rows FROM unmapped GROUP BY source_id, "column", value
