-- Corridors of all modes together, by year. What no pair holds stays in inferred.corridor_seizures as `rest`.
SELECT
    c.commodity_group,
    c.place_a AS departure,
    c.destination,
    c.period_type,
    c.period_start,
    year(c.period_start) AS year,
    c.n_reported, c.n_inferred, c.share_inferred, c.n_q05, c.n_q50, c.n_q95,
    c.seized_kg_q05, c.seized_kg_q50, c.seized_kg_q95, c.n_ge_1kg, c.share_largest_seizure, c.top_reporter_share,
    c.support_n, c.support_reporters,
    'value' AS obs_state,
    list_filter(
        [
            CASE WHEN c.n_inferred > 0 THEN 'e' END,
            CASE WHEN make_date(year(c.period_start), 12, 31) > $as_of THEN 'p' END,
            CASE WHEN c.support_n < 5 THEN 'u' END
        ],
        lambda flag: flag IS NOT NULL
    ) AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN make_date(year(c.period_start), 12, 31) > $as_of THEN 'provisional' ELSE 'final' END AS release_status
FROM inferred.corridor_seizures AS c
WHERE c.pair_type = 'dep_dst' AND c.mode = 'all' AND c.place_a <> 'rest'
