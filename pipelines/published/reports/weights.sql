SELECT source_id, amount_semantics, count(*) AS n_rows, count(kg_mid) AS with_kg
FROM conformed.lines GROUP BY ALL ORDER BY ALL
