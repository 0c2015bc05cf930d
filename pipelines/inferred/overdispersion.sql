-- ρ of each reporter and kind of pair: how far the route model errs alike in the lines of one reporter, commodity group
-- and year. Where a reporter has named places abroad in a role, the error is that of a coming year, else that of reporters
-- left out; where the back-test could not say, it is null.
WITH pair_roles AS (
    SELECT *
    FROM (
        VALUES ('dep_dst', 'departure'), ('dep_dst', 'destination'), ('org_dst', 'origin'), ('org_dst', 'destination')
    ) AS t (pair_type, role)
),

named AS (
    SELECT reporter, role, sum(n_lines) AS n_lines
    FROM (
        UNPIVOT (SELECT reporter, n_lines, origin, departure, destination FROM inferred.evidence)
        ON origin, departure, destination INTO NAME role VALUE place
    )
    WHERE place <> reporter
    GROUP BY reporter, role
),

tested AS (
    SELECT
        role,
        max(score) FILTER (WHERE split = 'temporal') AS of_known,
        max(score) FILTER (WHERE split = 'loco') AS of_new
    FROM inferred.backtest
    WHERE method = 'route_model' AND "view" = 'cells' AND metric = 'overdispersion' AND variant = 'solo'
    GROUP BY role
),

reporters AS (
    SELECT DISTINCT reporter FROM inferred.evidence
)

SELECT
    p.pair_type,
    r.reporter,
    CAST(max(CASE WHEN n.n_lines >= 30 THEN coalesce(t.of_known, t.of_new) ELSE t.of_new END) AS DOUBLE) AS overdispersion
FROM pair_roles AS p
CROSS JOIN reporters AS r  -- 1:n
LEFT JOIN tested AS t USING (role)  -- n:1
LEFT JOIN named AS n ON n.role = p.role AND n.reporter = r.reporter  -- n:1
GROUP BY p.pair_type, r.reporter
