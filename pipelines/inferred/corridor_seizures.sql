-- Pairs with the labelled lines behind them: those that report both of a pair's ends, in any period.
WITH labelled AS (
    SELECT 'dep_dst' AS pair_type, commodity_group, departure AS place_a, destination, reporter, n_lines
    FROM inferred.evidence
    UNION ALL
    SELECT 'org_dst', commodity_group, origin, destination, reporter, n_lines
    FROM inferred.evidence
),

support AS (
    SELECT
        pair_type, commodity_group, place_a, destination,
        CAST(sum(n_lines) AS DECIMAL(18, 6)) AS support_n,
        count(DISTINCT reporter) AS support_reporters
    FROM labelled
    WHERE place_a IS NOT NULL AND destination IS NOT NULL
    GROUP BY pair_type, commodity_group, place_a, destination
)

SELECT
    p.pair_type, p.commodity_group, p.place_a, p.destination, p.mode,
    'year' AS period_type,
    p.period_start,
    p.n_reported, p.n_inferred,
    CASE WHEN p.n_reported + p.n_inferred > 0 THEN p.n_inferred / (p.n_reported + p.n_inferred) ELSE 0 END AS share_inferred,
    p.n_q05, p.n_q50, p.n_q95,
    p.seized_kg_q05, p.seized_kg_q50, p.seized_kg_q95,
    p.n_ge_1kg,
    nullif(p.share_largest_seizure, 'nan'::DOUBLE) AS share_largest_seizure,
    p.top_reporter_share,
    coalesce(s.support_n, 0) AS support_n,
    coalesce(s.support_reporters, 0) AS support_reporters,
    m.model_id
FROM pairs AS p
CROSS JOIN model AS m
LEFT JOIN support AS s USING (pair_type, commodity_group, place_a, destination)  -- n:1
