-- How many labelled lines of a commodity group name each place in a role, and how many reporters: in the order of kind
-- and place, which are positions.
WITH roles AS (
    UNPIVOT (SELECT reporter, commodity_group, n_lines, origin, departure, transit, destination FROM inferred.evidence)
    ON origin, departure, transit, destination
    INTO NAME role VALUE country
),

support AS (
    SELECT role, commodity_group, country, sum(n_lines) AS n, count(DISTINCT reporter) AS reporters
    FROM roles
    GROUP BY role, commodity_group, country
)

SELECT p.country, coalesce(s.n, 0) AS support_n, coalesce(s.reporters, 0) AS support_reporters
FROM kinds AS k
CROSS JOIN places AS p
LEFT JOIN support AS s
    ON s.role = k.role AND s.commodity_group = k.commodity_group AND s.country = p.country  -- n:1
ORDER BY k.kind, p.place
