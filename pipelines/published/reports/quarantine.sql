SELECT source_id, rule_id, "column", count(*) AS n, any_value(params ORDER BY delivery_id, part, row_no) AS params
FROM staging.quarantine
GROUP BY source_id, rule_id, "column"
ORDER BY source_id, rule_id, "column"
