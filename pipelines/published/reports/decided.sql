SELECT kind, decision, count(*) AS n_lines, count(*) FILTER (WHERE standing) AS n_standing
FROM staging.decisions WHERE fault IS NULL GROUP BY ALL ORDER BY ALL
