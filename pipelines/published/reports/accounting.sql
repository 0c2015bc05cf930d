-- The end of every delivered record, and of every line that it gave: a record may hold several lines, or a line and what
-- became of it.
WITH staged AS (
    SELECT delivery_id, part, row_no, 'reports' AS kind FROM staging.reports
    UNION ALL SELECT delivery_id, part, row_no, 'totals' FROM staging.totals
    UNION ALL SELECT delivery_id, part, row_no, 'outcomes' FROM staging.outcomes
    UNION ALL SELECT delivery_id, part, row_no, 'cultivation' FROM staging.cultivation
),
counts AS (
    SELECT delivery_id, 'staged' AS ending, count(DISTINCT (part, row_no)) AS n FROM staged GROUP BY delivery_id
    UNION ALL SELECT delivery_id, kind, count(*) FROM staged GROUP BY delivery_id, kind
    UNION ALL SELECT delivery_id, 'quarantined', count(DISTINCT (part, row_no)) FROM staging.quarantine GROUP BY ALL
    UNION ALL SELECT delivery_id, 'declared', count(*) FROM staging.declared GROUP BY delivery_id
    UNION ALL SELECT delivery_id, 'lines', count(*) FROM conformed.lines GROUP BY delivery_id
    UNION ALL SELECT delivery_id, 'not_lines', count(*) FROM conformed.not_lines GROUP BY delivery_id
    UNION ALL SELECT delivery_id, 'standing_outcomes', count(*) FROM conformed.outcomes GROUP BY delivery_id
    UNION ALL SELECT delivery_id, 'not_outcomes', count(*) FROM conformed.not_outcomes GROUP BY delivery_id
),
wide AS (
    SELECT
        delivery_id,
        sum(n) FILTER (WHERE ending = 'staged') AS staged,
        sum(n) FILTER (WHERE ending = 'quarantined') AS quarantined,
        sum(n) FILTER (WHERE ending = 'declared') AS declared,
        sum(n) FILTER (WHERE ending = 'reports') AS reports,
        sum(n) FILTER (WHERE ending = 'lines') AS lines,
        sum(n) FILTER (WHERE ending = 'not_lines') AS not_lines,
        sum(n) FILTER (WHERE ending = 'totals') AS totals,
        sum(n) FILTER (WHERE ending = 'outcomes') AS outcomes,
        sum(n) FILTER (WHERE ending = 'standing_outcomes') AS standing_outcomes,
        sum(n) FILTER (WHERE ending = 'not_outcomes') AS not_outcomes,
        sum(n) FILTER (WHERE ending = 'cultivation') AS cultivation
    FROM counts GROUP BY delivery_id
)
SELECT
    f.source_id, f.file_name, f.delivery_id,
    f.simulated, f.verdict, f.is_resolved, f.verdict_rule,
    f.verdict_params, f.rows_delivered,
    CAST(coalesce(w.staged, 0) AS BIGINT) AS staged,
    CAST(coalesce(w.quarantined, 0) AS BIGINT) AS quarantined,
    CAST(coalesce(w.declared, 0) AS BIGINT) AS declared,
    CAST(coalesce(w.reports, 0) AS BIGINT) AS reports,
    CAST(coalesce(w.lines, 0) AS BIGINT) AS lines,
    CAST(coalesce(w.not_lines, 0) AS BIGINT) AS not_lines,
    CAST(coalesce(w.totals, 0) AS BIGINT) AS totals,
    CAST(coalesce(w.outcomes, 0) AS BIGINT) AS outcomes,
    CAST(coalesce(w.standing_outcomes, 0) AS BIGINT) AS standing_outcomes,
    CAST(coalesce(w.not_outcomes, 0) AS BIGINT) AS not_outcomes,
    CAST(coalesce(w.cultivation, 0) AS BIGINT) AS cultivation
FROM deliveries.files AS f
LEFT JOIN wide AS w USING (delivery_id)
ORDER BY f.source_id, f.file_name, f.delivery_id
