-- The model's list for every role that no report names, and what is reported; a former state is the reporter's word alone.
WITH roles AS (
    UNPIVOT (SELECT evidence_id, origin, departure, transit, destination FROM inferred.evidence)
    ON origin, departure, transit, destination
    INTO NAME role VALUE country
),

-- how many labelled lines of the group name the place in the role, and how many reporters
support AS (
    SELECT r.role, e.commodity_group, r.country, sum(e.n_lines) AS n, count(DISTINCT e.reporter) AS reporters
    FROM roles AS r
    JOIN inferred.evidence AS e USING (evidence_id)  -- n:1
    GROUP BY r.role, e.commodity_group, r.country
),

forecast AS (
    SELECT
        a.evidence_id, a.commodity_group, l.role, coalesce(p.country, 'rest') AS country,
        CAST(CAST(l."true" AS DECIMAL(18, 6)) / 1000000 AS DECIMAL(9, 6)) AS prob_true,
        CAST(CAST(l.label AS DECIMAL(18, 6)) / 1000000 AS DECIMAL(9, 6)) AS prob_label,
        l.basis, l.rank, l.in_set90
    FROM lists AS l
    JOIN asked AS a USING (row)  -- n:1
    LEFT JOIN places AS p USING (place)  -- n:1
),

-- former states, and what they report: the word of a report, of which the model says nothing
words_alone AS (
    SELECT r.evidence_id, e.commodity_group, r.role, r.country
    FROM roles AS r
    JOIN inferred.evidence AS e USING (evidence_id)  -- n:1
    ANTI JOIN (SELECT a.evidence_id, l.role FROM lists AS l JOIN asked AS a USING (row) WHERE l.rank = 1) AS f  -- n:1
        ON f.evidence_id = r.evidence_id AND f.role = r.role
),

both_kinds AS (
    SELECT * FROM forecast
    UNION ALL
    SELECT evidence_id, commodity_group, role, country, 1, 1, 'reported', 1, true FROM words_alone
    UNION ALL
    SELECT evidence_id, commodity_group, role, 'rest', 0, 0, 'reported', 2, false FROM words_alone
)

SELECT
    b.* EXCLUDE (commodity_group),
    coalesce(s.n, 0) AS support_n,
    coalesce(s.reporters, 0) AS support_reporters,
    m.model_id
FROM both_kinds AS b
CROSS JOIN model AS m
LEFT JOIN support AS s
    ON s.role = b.role AND s.commodity_group = b.commodity_group AND s.country = b.country  -- n:1
