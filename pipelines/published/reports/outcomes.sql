-- Cases by stage and state. Unknown stands apart: in a funnel it is no "no".
SELECT
    o.source_id, o.simulated, o.stage, o.state,
    count(DISTINCT (o.reporter, o.case_key)) AS n_cases,
    count(DISTINCT (o.reporter, o.case_key)) FILTER (WHERE c.n_seizures > 0) AS n_linked_cases
FROM conformed.outcomes AS o
JOIN conformed.cases AS c USING (reporter, case_key)  -- n:1
GROUP BY ALL
ORDER BY ALL
