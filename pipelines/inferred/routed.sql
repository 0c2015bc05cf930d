-- Evidence that may belong to a way over a border, with the places that its departure and destination may be, the likeliest first.
WITH listed AS (
    SELECT
        evidence_id,
        list(country ORDER BY rank) FILTER (WHERE role = 'departure') AS departures,
        list(CAST(prob_true AS DOUBLE) ORDER BY rank) FILTER (WHERE role = 'departure') AS departure_probs,
        list(country ORDER BY rank) FILTER (WHERE role = 'destination') AS destinations,
        list(CAST(prob_true AS DOUBLE) ORDER BY rank) FILTER (WHERE role = 'destination') AS destination_probs,
        first(country ORDER BY prob_true DESC, rank) FILTER (WHERE role = 'origin') AS origin
    FROM inferred.route_posteriors
    WHERE role IN ('origin', 'departure', 'destination') AND country <> 'rest'
    GROUP BY evidence_id
)

SELECT
    e.evidence_id, e.reporter, e.commodity_group, e.mode_class, e.transit, e.direction = 'international_waters' AS high,
    l.* EXCLUDE (evidence_id)
FROM inferred.evidence AS e
JOIN listed AS l USING (evidence_id)  -- 1:1
WHERE e.cross_border <> 'no'
ORDER BY e.reporter, e.commodity_group, e.evidence_id
