-- One row a source. A withheld delivery counts until the file is delivered again under its name and accepted.
WITH open_deliveries AS (
    SELECT f.*, v.severity
    FROM deliveries.files AS f
    JOIN severity AS v USING (verdict)
    WHERE NOT f.is_resolved
),
by_source AS (
    SELECT
        source_id,
        arg_max(verdict, severity) AS worst,
        count(*) FILTER (WHERE verdict = 'accepted') AS n_accepted,
        count(*) FILTER (WHERE verdict <> 'accepted') AS n_withheld,
        max(data_to) FILTER (WHERE verdict = 'accepted') AS data_through
    FROM open_deliveries
    GROUP BY source_id
)
SELECT
    s.source_id,
    coalesce(b.worst, 'none_received') AS status,
    CASE WHEN b.n_withheld > 0 THEN b.data_through END AS stale_since,
    coalesce(b.n_accepted, 0) AS n_accepted,
    coalesce(b.n_withheld, 0) AS n_withheld,
    b.data_through
FROM sources AS s
LEFT JOIN by_source AS b USING (source_id)
