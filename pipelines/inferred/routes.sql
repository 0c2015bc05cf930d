-- Routes in the words of the table, each with the reports that name its departure, seizing country and destination.
WITH named AS (
    SELECT departure, reporter, destination, sum(n_rows) AS n, count(DISTINCT reporter) AS reporters
    FROM inferred.evidence
    WHERE departure <> reporter AND destination <> reporter AND departure <> destination
    GROUP BY ALL
)

SELECT
    l.evidence_id,
    l.rank,
    l.prob,
    l.origin,
    l.departure,
    l.transits_before,
    l.seized_in,
    l.transits_after,
    l.destination,
    l.path_id,
    coalesce(n.n, 0) AS support_n,
    l.model_id
FROM linked AS l
LEFT JOIN named AS n
    ON n.departure = l.departure AND n.reporter = l.reporter AND n.destination = l.destination  -- n:1
