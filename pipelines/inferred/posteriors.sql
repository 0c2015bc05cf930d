-- Reported places with probability 1, and the model's list for every role that no report names.
WITH roles AS (
    UNPIVOT (SELECT evidence_id, origin, departure, transit, destination FROM inferred.evidence)
    ON origin, departure, transit, destination
    INTO NAME role VALUE country
),
-- how many labelled lines of the group name the place in the role, and how many reporters
support AS (
    SELECT r.role, e.commodity_group, r.country, sum(e.n_lines) AS n, count(DISTINCT e.reporter) AS reporters
    FROM roles AS r
    JOIN inferred.evidence AS e USING (evidence_id)
    GROUP BY ALL
),
inferred_roles AS (
    SELECT e.evidence_id, e.commodity_group, l.role, l.country, l.prob, l.rank, l.in_set90
    FROM inferred.evidence AS e
    JOIN contexts AS c
        ON c.reporter = e.reporter AND c.commodity = e.commodity AND c.commodity_group = e.commodity_group  -- n:1
    JOIN lists AS l USING (context)
    ANTI JOIN roles AS r ON r.evidence_id = e.evidence_id AND r.role = l.role
),
reported_roles AS (
    SELECT r.evidence_id, e.commodity_group, r.role, r.country, 1 AS prob, 1 AS rank, true AS in_set90
    FROM roles AS r
    JOIN inferred.evidence AS e USING (evidence_id)
),
both_kinds AS (
    SELECT *, 'inferred' AS basis FROM inferred_roles
    UNION ALL
    SELECT *, 'reported' AS basis FROM reported_roles
)
SELECT
    b.evidence_id, b.role, b.country,
    b.prob AS prob_true,
    b.prob AS prob_label,
    b.basis, b.rank, b.in_set90,
    coalesce(s.n, 0) AS support_n,
    coalesce(s.reporters, 0) AS support_reporters,
    m.model_id
FROM both_kinds AS b
CROSS JOIN model AS m
LEFT JOIN support AS s
    ON s.role = b.role AND s.commodity_group = b.commodity_group AND s.country = b.country  -- n:1
