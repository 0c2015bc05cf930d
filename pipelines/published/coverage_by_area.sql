-- Coverage of groups of areas: what their members reported here, against the members' official annual totals. A member
-- that has a total and reported nothing here counts in the official sum; a member without a total counts in neither.
WITH periods AS (
    SELECT DISTINCT year, make_date(year, 12, 31) AS period_end FROM published.coverage
),

members AS (
    SELECT
        p.year, m.area_group, m.area AS country,
        p.period_end BETWEEN coalesce(a.valid_from, p.period_end) AND coalesce(a.valid_to, p.period_end) AS is_standing
    FROM periods AS p
    JOIN reference.area_members AS m  -- n:n, by year
        ON p.period_end BETWEEN coalesce(m.valid_from, p.period_end) AND coalesce(m.valid_to, p.period_end)
    JOIN reference.areas AS a USING (area)  -- n:1
),

sizes AS (
    SELECT area_group, year, count(*) FILTER (WHERE is_standing) AS n_standing FROM members GROUP BY ALL
),

summed AS (
    SELECT
        m.area_group, c.commodity_group, m.year,
        count(*) AS n_areas,
        count(*) FILTER (WHERE m.is_standing) AS n_standing,
        count(*) FILTER (WHERE c.obs_state = 'value') AS n_areas_value,
        count(*) FILTER (WHERE c.obs_state = 'zero') AS n_areas_zero,
        count(*) FILTER (WHERE c.obs_state = 'not_reported') AS n_areas_not_reported,
        count(*) FILTER (WHERE c.obs_state = 'not_covered') AS n_areas_not_covered,
        sum(c.n_rows) AS n_rows,
        sum(c.kg_reported) AS kg_reported,
        sum(c.kg_excluded) AS kg_excluded,
        sum(c.kg_official) AS kg_official,
        list_distinct(flatten(list(c.obs_flags))) AS flags
    FROM members AS m
    JOIN published.coverage AS c USING (country, year)  -- n:n, by commodity group
    GROUP BY ALL
),

stated AS (
    SELECT
        *,
        CASE
            WHEN n_areas_value > 0 THEN 'value'
            WHEN n_areas_zero = n_areas THEN 'zero'
            WHEN n_areas_zero + n_areas_not_reported > 0 THEN 'not_reported'
            ELSE 'not_covered'
        END AS obs_state
    FROM summed
)

SELECT
    s.area_group, g.area_group_kind, s.commodity_group, s.year,
    s.n_areas, s.n_areas_value, s.n_areas_zero, s.n_areas_not_reported, s.n_areas_not_covered,
    n.n_standing - s.n_standing AS n_areas_without_total,
    s.n_rows,
    CASE WHEN s.obs_state IN ('value', 'zero') THEN s.kg_reported END AS kg_reported,
    CASE WHEN s.obs_state IN ('value', 'zero') THEN s.kg_excluded END AS kg_excluded,
    s.kg_official,
    CASE
        WHEN s.obs_state IN ('value', 'zero') AND s.kg_official > 0
            THEN CAST(CAST(s.kg_reported AS DOUBLE) / CAST(s.kg_official AS DOUBLE) AS DECIMAL(18, 6))
    END AS coverage_ratio,
    s.obs_state,
    list_sort(s.flags) AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN make_date(s.year, 12, 31) > $as_of THEN 'provisional' ELSE 'final' END AS release_status
FROM stated AS s
JOIN sizes AS n USING (area_group, year)  -- n:1
JOIN reference.area_groups AS g USING (area_group)  -- n:1
