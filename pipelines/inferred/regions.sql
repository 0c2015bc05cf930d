-- Where the 90 % set of an evidence's role holds more than ten countries: chances of subregions, which are sums of those of
-- their countries. What a list leaves out (`rest`) and that nothing lay between (`none`) are no countries and stay as they are.
WITH wide AS (
    SELECT evidence_id, role
    FROM inferred.route_posteriors
    WHERE basis = 'inferred' AND in_set90 AND country NOT IN ('rest', 'none')
    GROUP BY evidence_id, role
    HAVING count(*) > 10
),

summed AS (
    SELECT
        p.evidence_id, p.role,
        -- the Antarctic is in no subregion
        CASE WHEN p.country IN ('rest', 'none') THEN p.country ELSE coalesce(a.subregion, a.area_name) END AS subregion,
        sum(p.prob_true) AS prob_true,
        sum(p.prob_label) AS prob_label,
        count(*) FILTER (WHERE p.country NOT IN ('rest', 'none')) AS n_countries
    FROM inferred.route_posteriors AS p
    JOIN wide USING (evidence_id, role)  -- n:1
    JOIN reference.areas AS a ON a.area = p.country  -- n:1
    GROUP BY ALL
),

ranked AS (
    SELECT *, sum(prob_label) OVER likelier - prob_label AS mass_before
    FROM summed
    WINDOW likelier AS (
        PARTITION BY evidence_id, role ORDER BY subregion = 'rest', prob_label DESC, subregion
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
)

SELECT
    evidence_id, role, subregion,
    CAST(prob_true AS DECIMAL(9, 6)) AS prob_true,
    CAST(prob_label AS DECIMAL(9, 6)) AS prob_label,
    n_countries,
    subregion <> 'rest' AND mass_before < 0.9 AS in_set90
FROM ranked
