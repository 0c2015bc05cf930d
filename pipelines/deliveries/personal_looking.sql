SELECT source_id, "column", looks_like, sum(n_rows) AS n_rows
FROM deliveries.notices
GROUP BY source_id, "column", looks_like
ORDER BY source_id, "column", looks_like
