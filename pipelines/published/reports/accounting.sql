WITH counts AS (
    SELECT delivery_id, 'staged' AS ending, count(*) AS n FROM staging.reports GROUP BY delivery_id
    UNION ALL SELECT delivery_id, 'staged', count(*) FROM staging.totals GROUP BY delivery_id
    UNION ALL SELECT delivery_id, 'totals', count(*) FROM staging.totals GROUP BY delivery_id
    UNION ALL SELECT delivery_id, 'quarantined', count(DISTINCT (part, row_no)) FROM staging.quarantine GROUP BY ALL
    UNION ALL SELECT delivery_id, 'declared', count(*) FROM staging.declared GROUP BY delivery_id
    UNION ALL SELECT delivery_id, 'lines', count(*) FROM conformed.lines GROUP BY delivery_id
    UNION ALL SELECT delivery_id, 'not_lines', count(*) FROM conformed.not_lines GROUP BY delivery_id
),
wide AS (
    SELECT
        delivery_id,
        coalesce(sum(n) FILTER (WHERE ending = 'staged'), 0) AS staged,
        coalesce(sum(n) FILTER (WHERE ending = 'quarantined'), 0) AS quarantined,
        coalesce(sum(n) FILTER (WHERE ending = 'declared'), 0) AS declared,
        coalesce(sum(n) FILTER (WHERE ending = 'lines'), 0) AS lines,
        coalesce(sum(n) FILTER (WHERE ending = 'not_lines'), 0) AS not_lines,
        coalesce(sum(n) FILTER (WHERE ending = 'totals'), 0) AS totals
    FROM counts GROUP BY delivery_id
)
SELECT
    f.source_id, f.file_name, f.delivery_id,
    starts_with(f.file_name, 'simulated') AS simulated, f.verdict, f.is_resolved, f.verdict_rule,
    f.verdict_params, f.rows_delivered,
    CAST(coalesce(w.staged, 0) AS BIGINT) AS staged,
    CAST(coalesce(w.quarantined, 0) AS BIGINT) AS quarantined,
    CAST(coalesce(w.declared, 0) AS BIGINT) AS declared,
    CAST(coalesce(w.lines, 0) AS BIGINT) AS lines,
    CAST(coalesce(w.not_lines, 0) AS BIGINT) AS not_lines,
    CAST(coalesce(w.totals, 0) AS BIGINT) AS totals
FROM deliveries.files AS f
LEFT JOIN wide AS w USING (delivery_id)
ORDER BY f.source_id, f.file_name, f.delivery_id
