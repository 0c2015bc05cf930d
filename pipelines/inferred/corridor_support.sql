-- Labelled lines behind a pair: those that report both of its ends, in any period.
WITH pairs AS (
    SELECT 'dep_dst' AS pair_type, commodity_group, departure AS place_a, destination, reporter, n_lines
    FROM inferred.evidence
    UNION ALL
    SELECT 'org_dst', commodity_group, origin, destination, reporter, n_lines
    FROM inferred.evidence
)

SELECT
    pair_type, commodity_group, place_a, destination,
    CAST(sum(n_lines) AS DECIMAL(18, 6)) AS support_n,
    count(DISTINCT reporter) AS support_reporters
FROM pairs
WHERE place_a IS NOT NULL AND destination IS NOT NULL
GROUP BY pair_type, commodity_group, place_a, destination
