-- Cases that an outcome or a seizure's row names. A case whose seizure nobody has reported yet stays, without a seizure.
WITH named AS (
    SELECT
        t.reporter, t.case_key, t.case_basis, t.source_id, t.delivery_id, t.stage_date,
        CASE WHEN t.stage = 'investigation' AND t.stage_state = 'yes' THEN t.stage_date END AS opened,
        1 AS is_outcome
    FROM told AS t
    WHERE t.reason IS NULL
    UNION ALL
    SELECT l.reporter, l.case_key, 'case_number', l.source_id, l.delivery_id, NULL, NULL, 0
    FROM conformed.lines AS l
    WHERE l.case_key IS NOT NULL
),

linked AS (
    SELECT reporter, case_key, count(*) AS n_seizures
    FROM links
    GROUP BY reporter, case_key
),

gathered AS (
    SELECT
        n.reporter,
        n.case_key,
        any_value(n.case_basis) AS case_basis,
        list_sort(list_distinct(list(n.source_id))) AS source_ids,
        min(n.opened) AS opened,
        min(n.stage_date) AS first_date,
        max(n.stage_date) AS last_date,
        CAST(sum(n.is_outcome) AS BIGINT) AS n_outcomes,
        bool_or(f.simulated) AS simulated,
        -- the strictest label of all who speak of the case
        arg_max(s.tlp, list_position(['CLEAR', 'GREEN', 'AMBER', 'AMBER+STRICT', 'RED'], s.tlp)) AS tlp
    FROM named AS n
    JOIN deliveries.files AS f USING (delivery_id)  -- n:1
    JOIN reference.sources AS s ON s.source_id = n.source_id  -- n:1
    GROUP BY n.reporter, n.case_key
)

SELECT g.*, coalesce(l.n_seizures, 0) AS n_seizures
FROM gathered AS g
LEFT JOIN linked AS l USING (reporter, case_key)  -- 1:1
