-- Evidence with the expected lines of forms that ask whether goods crossed a border. A form asks where at least one in a
-- hundred of a source's lines answers; of the others (a register of one airport, a police file) all lines are silent.
WITH lines AS (
    SELECT e.evidence_id, e.cross_border, s.source_id, CASE WHEN s.in_scope THEN s.line_weight ELSE 0 END AS line_weight
    FROM conformed.seizures AS s
    JOIN inferred.seizure_evidence AS l USING (seizure_id)  -- 1:1
    JOIN inferred.evidence AS e USING (evidence_id)  -- n:1
),

asking AS (
    SELECT source_id
    FROM lines
    GROUP BY source_id
    HAVING 100 * count(*) FILTER (WHERE cross_border <> 'unknown') >= count(*)
),

asked AS (
    SELECT evidence_id, sum(line_weight) AS n_asked
    FROM lines
    SEMI JOIN asking USING (source_id)
    GROUP BY evidence_id
)

-- where a form leaves the kind of site out, its lines say how a country's seizures inland are answered for
SELECT e.*, e.border_class = 'border' AS at_border, CAST(coalesce(a.n_asked, 0) AS DECIMAL(18, 6)) AS n_asked
FROM inferred.evidence AS e
LEFT JOIN asked AS a USING (evidence_id)  -- 1:1
ORDER BY e.evidence_id
