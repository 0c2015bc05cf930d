-- Where the 90 % set of an evidence's role holds more than ten countries: chances of subregions, which are sums of those of
-- their countries. What a list leaves out (`rest`) and that nothing lay between (`none`) are no countries and stay as they are.
-- A list is summed once, and told of every evidence that has it.
WITH wide AS (
    SELECT list_no
    FROM inferred.place_lists
    WHERE in_set90 AND country NOT IN ('rest', 'none')
    GROUP BY list_no
    HAVING count(*) > 10
),

summed AS (
    SELECT
        p.list_no,
        -- the Antarctic is in no subregion
        CASE WHEN p.country IN ('rest', 'none') THEN p.country ELSE coalesce(a.subregion, a.area_name) END AS subregion,
        sum(p.prob_true) AS prob_true,
        sum(p.prob_label) AS prob_label,
        count(*) FILTER (WHERE p.country NOT IN ('rest', 'none')) AS n_countries
    FROM inferred.place_lists AS p
    JOIN wide USING (list_no)  -- n:1
    JOIN reference.areas AS a ON a.area = p.country  -- n:1
    GROUP BY ALL
),

ranked AS (
    SELECT *, sum(prob_label) OVER likelier - prob_label AS mass_before
    FROM summed
    WINDOW likelier AS (
        PARTITION BY list_no ORDER BY subregion = 'rest', prob_label DESC, subregion
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
)

SELECT
    l.evidence_id, l.role, r.subregion,
    CAST(r.prob_true AS DECIMAL(9, 6)) AS prob_true,
    CAST(r.prob_label AS DECIMAL(9, 6)) AS prob_label,
    r.n_countries,
    r.subregion <> 'rest' AND r.mass_before < 0.9 AS in_set90
FROM ranked AS r
JOIN inferred.evidence_lists AS l USING (list_no)  -- n:n
