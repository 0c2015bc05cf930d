-- Seizure trends of groups of areas: only what may be added up is added, and each cell says how many of its members
-- have a value, a zero, no report, or no source. An area counts where it is a member on the period's last day.
WITH cells AS (
    SELECT *, CASE period_type WHEN 'year' THEN make_date(year, 12, 31) ELSE last_day(period_start) END AS period_end
    FROM published.seizure_trends
),

periods AS (
    SELECT DISTINCT period_type, period_start, period_end, year FROM cells
),

members AS (
    SELECT
        p.*, m.area_group, m.area AS country,
        p.period_end BETWEEN coalesce(a.valid_from, p.period_end) AND coalesce(a.valid_to, p.period_end) AS is_standing
    FROM periods AS p
    JOIN reference.area_members AS m  -- n:n, by period
        ON p.period_end BETWEEN coalesce(m.valid_from, p.period_end) AND coalesce(m.valid_to, p.period_end)
    JOIN reference.areas AS a USING (area)  -- n:1
),

sizes AS (
    SELECT area_group, period_type, period_start, count(*) FILTER (WHERE is_standing) AS n_standing
    FROM members
    GROUP BY ALL
),

-- a group whose members are not those of the period before
moves AS (
    SELECT DISTINCT p.period_type, p.period_start, m.area_group
    FROM periods AS p
    JOIN reference.area_members AS m  -- n:n, by period
        ON m.valid_from BETWEEN p.period_start AND p.period_end
        OR m.valid_to BETWEEN p.period_start - 1 AND p.period_end - 1
),

-- the commodity groups that a country ever reports; of others it has no cell to look for
pairs AS (
    SELECT country, commodity_group, bool_or(obs_state <> 'not_covered') AS is_covered
    FROM cells
    GROUP BY ALL
    HAVING bool_or(obs_state <> 'not_covered' OR n_rows > 0)
),

-- a country has no months in a year in which it sent nothing: there it did not report
states AS (
    SELECT
        m.area_group, p.commodity_group, m.period_type, m.period_start, m.period_end, m.year, m.is_standing,
        c.country IS NOT NULL AS has_cell,
        coalesce(c.obs_state, CASE WHEN p.is_covered THEN 'not_reported' ELSE 'not_covered' END) AS state
    FROM members AS m
    JOIN pairs AS p USING (country)  -- n:n, by commodity group
    LEFT JOIN (SELECT country, commodity_group, period_type, period_start, obs_state, n_rows FROM cells) AS c
        USING (country, commodity_group, period_type, period_start)  -- n:1
    -- a former state, or one to come, counts where it is reported all the same
    WHERE m.is_standing OR c.n_rows > 0
),

counted AS (
    SELECT
        area_group, commodity_group, period_type, period_start, period_end, year,
        count(*) FILTER (WHERE NOT is_standing) AS n_not_standing,
        count(*) FILTER (WHERE state = 'value') AS n_areas_value,
        count(*) FILTER (WHERE state = 'zero') AS n_areas_zero,
        count(*) FILTER (WHERE state = 'not_reported') AS n_areas_not_reported
    FROM states
    GROUP BY area_group, commodity_group, period_type, period_start, period_end, year
    HAVING bool_or(has_cell)
),

summed AS (
    SELECT
        m.area_group, c.commodity_group, c.period_type, c.period_start,
        sum(c.n_rows) AS n_rows,
        sum(c.n_lines) AS n_lines,
        sum(c.n_lines_merged) AS n_lines_merged,
        sum(c.n_lines_unmerged) AS n_lines_unmerged,
        sum(c.n_incidents) AS n_incidents,
        sum(c.n_ge_1kg) AS n_ge_1kg,
        sum(c.kg_low) AS kg_low,
        sum(c.kg_mid) AS kg_mid,
        sum(c.kg_high) AS kg_high,
        sum(c.kg_mid_merged) AS kg_mid_merged,
        sum(c.kg_mid_unmerged) AS kg_mid_unmerged,
        sum(c.kg_mid_excl_review) AS kg_mid_excl_review,
        sum(c.kg_excluded) AS kg_excluded,
        sum(c.kg_unknown_rows) AS kg_unknown_rows,
        -- the share is of the country's own sum
        max(CAST(c.share_largest_seizure AS DOUBLE) * CAST(c.kg_mid AS DOUBLE)) AS kg_largest,
        sum(c.n_undated) AS n_undated,
        flatten(list(c.obs_flags)) AS flags
    FROM cells AS c
    JOIN members AS m USING (country, period_type, period_start)  -- n:n, by group
    WHERE c.obs_state IN ('value', 'zero') OR c.n_rows > 0
    GROUP BY ALL
),

sized AS (
    SELECT
        c.*, s.* EXCLUDE (area_group, commodity_group, period_type, period_start),
        n.n_standing + c.n_not_standing AS n_areas
    FROM counted AS c
    LEFT JOIN summed AS s USING (area_group, commodity_group, period_type, period_start)  -- 1:1
    JOIN sizes AS n USING (area_group, period_type, period_start)  -- n:1
),

stated AS (
    SELECT
        s.*, v.area_group IS NOT NULL AS has_moved,
        CASE
            WHEN s.n_areas_value > 0 THEN 'value'
            -- a zero of a group is a zero of all its members
            WHEN s.n_areas_zero = s.n_areas THEN 'zero'
            WHEN s.n_areas_zero + s.n_areas_not_reported > 0 THEN 'not_reported'
            ELSE 'not_covered'
        END AS obs_state
    FROM sized AS s
    LEFT JOIN moves AS v USING (area_group, period_type, period_start)  -- n:1
),

seen AS (
    SELECT *, obs_state IN ('value', 'zero') AS has_figure FROM stated
)

SELECT
    s.area_group, g.area_group_kind, s.commodity_group, s.period_type, s.period_start, s.year,
    s.n_areas, s.n_areas_value, s.n_areas_zero, s.n_areas_not_reported,
    s.n_areas - s.n_areas_value - s.n_areas_zero - s.n_areas_not_reported AS n_areas_not_covered,
    coalesce(s.n_rows, 0) AS n_rows,
    CASE WHEN s.has_figure THEN s.n_lines END AS n_lines,
    CASE WHEN s.has_figure THEN s.n_lines_merged END AS n_lines_merged,
    CASE WHEN s.has_figure THEN s.n_lines_unmerged END AS n_lines_unmerged,
    CASE WHEN s.has_figure THEN s.n_incidents END AS n_incidents,
    CASE WHEN s.has_figure THEN s.n_ge_1kg END AS n_ge_1kg,
    CASE WHEN s.has_figure THEN s.kg_low END AS kg_low,
    CASE WHEN s.has_figure THEN s.kg_mid END AS kg_mid,
    CASE WHEN s.has_figure THEN s.kg_high END AS kg_high,
    CASE WHEN s.has_figure THEN s.kg_mid_merged END AS kg_mid_merged,
    CASE WHEN s.has_figure THEN s.kg_mid_unmerged END AS kg_mid_unmerged,
    CASE WHEN s.has_figure THEN s.kg_mid_excl_review END AS kg_mid_excl_review,
    CASE WHEN s.has_figure THEN s.kg_excluded END AS kg_excluded,
    CASE WHEN s.has_figure THEN s.kg_unknown_rows END AS kg_unknown_rows,
    CASE
        WHEN s.has_figure AND s.kg_mid > 0
            THEN CAST(least(s.kg_largest / CAST(s.kg_mid AS DOUBLE), 1) AS DECIMAL(9, 6))
    END AS share_largest_seizure,
    CASE WHEN s.has_figure THEN s.n_undated END AS n_undated,
    s.obs_state,
    list_sort(
        list_distinct(
            list_filter(
                coalesce(s.flags, []) || [
                    CASE WHEN s.has_moved AND s.has_figure THEN 'b' END,
                    CASE WHEN s.period_end > $as_of THEN 'p' END
                ],
                lambda flag: flag IS NOT NULL
            )
        )
    ) AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN s.period_end > $as_of THEN 'provisional' ELSE 'final' END AS release_status
FROM seen AS s
JOIN reference.area_groups AS g USING (area_group)  -- n:1
