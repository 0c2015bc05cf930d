-- Corridors between groups of areas, by year: departures in one group, destinations in the other. Both groups may be of
-- any kind; where they are the same group, the traffic is among its members. Quantiles do not add up, so there are none.
WITH years AS (
    SELECT DISTINCT year, make_date(year, 12, 31) AS period_end FROM published.corridor_trends
),

members AS (
    SELECT y.year, m.area_group, m.area
    FROM years AS y
    JOIN reference.area_members AS m  -- n:n, by year
        ON y.period_end BETWEEN coalesce(m.valid_from, y.period_end) AND coalesce(m.valid_to, y.period_end)
),

summed AS (
    SELECT
        c.commodity_group, a.area_group AS departure_group, b.area_group AS destination_group, c.year,
        count(*) AS n_corridors,
        sum(c.n_reported) AS n_reported,
        sum(c.n_inferred) AS n_inferred,
        sum(c.n_ge_1kg) AS n_ge_1kg,
        sum(c.support_n) AS support_n
    FROM published.corridor_trends AS c
    JOIN members AS a ON a.year = c.year AND a.area = c.departure  -- n:n
    JOIN members AS b ON b.year = c.year AND b.area = c.destination  -- n:n
    WHERE c.period_type = 'year'
    GROUP BY ALL
)

SELECT
    s.commodity_group,
    s.departure_group, a.area_group_kind AS departure_group_kind,
    s.destination_group, b.area_group_kind AS destination_group_kind,
    s.departure_group = s.destination_group AS is_within_group,
    s.year, s.n_corridors, s.n_reported, s.n_inferred,
    CAST(
        CASE
            WHEN s.n_reported + s.n_inferred > 0
                THEN CAST(s.n_inferred AS DOUBLE) / CAST(s.n_reported + s.n_inferred AS DOUBLE)
            ELSE 0
        END AS DECIMAL(9, 6)
    ) AS share_inferred,
    s.n_ge_1kg, s.support_n,
    'value' AS obs_state,
    list_filter(
        [
            CASE WHEN s.n_inferred > 0 THEN 'e' END,
            CASE WHEN make_date(s.year, 12, 31) > $as_of THEN 'p' END,
            CASE WHEN s.support_n < 5 THEN 'u' END
        ],
        lambda flag: flag IS NOT NULL
    ) AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN make_date(s.year, 12, 31) > $as_of THEN 'provisional' ELSE 'final' END AS release_status
FROM summed AS s
JOIN reference.area_groups AS a ON a.area_group = s.departure_group  -- n:1
JOIN reference.area_groups AS b ON b.area_group = s.destination_group  -- n:1
