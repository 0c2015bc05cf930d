SELECT source_id, rule_id, "column", count(*) AS n FROM staging.quarantine GROUP BY ALL ORDER BY ALL
