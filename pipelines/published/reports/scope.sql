SELECT source_id, commodity_group, in_scope, count(*) AS n_rows FROM conformed.lines
WHERE NOT in_scope GROUP BY ALL ORDER BY ALL
