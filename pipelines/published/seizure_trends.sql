-- Seizures by country (where they were made), commodity group and period, with the state of every cell.
WITH lines AS (
    SELECT
        s.*,
        CAST(date_trunc('month', s.seized_from) AS DATE) AS month_start,
        make_date(s.year, 1, 1) AS year_start,
        -- rounded line by line, so that months add up to their year and countries to their region
        CAST(CAST(s.kg_low AS DECIMAL(20, 6)) * s.line_weight AS DECIMAL(18, 6)) AS weighed_low,
        CAST(CAST(s.kg_mid AS DECIMAL(20, 6)) * s.line_weight AS DECIMAL(18, 6)) AS weighed_mid,
        CAST(CAST(s.kg_high AS DECIMAL(20, 6)) * s.line_weight AS DECIMAL(18, 6)) AS weighed_high,
        CAST(CAST(s.kg_mid AS DECIMAL(20, 6)) * s.line_weight_merged AS DECIMAL(18, 6)) AS weighed_merged
    FROM conformed.seizures AS s
),

dated AS (
    SELECT *, 'year' AS period_type, year_start AS period_start FROM lines
    UNION ALL
    SELECT *, 'month' AS period_type, month_start AS period_start FROM lines WHERE date_precision <> 'year'
),

figures AS (
    SELECT
        seizing_area AS country,
        commodity_group,
        period_type,
        period_start,
        count(*) AS n_rows,
        count(*) FILTER (WHERE in_scope AND line_weight > 0) AS n_in_scope,
        coalesce(sum(line_weight) FILTER (WHERE in_scope), 0) AS n_lines,
        coalesce(sum(line_weight_merged) FILTER (WHERE in_scope), 0) AS n_lines_merged,
        count(*) FILTER (WHERE in_scope) AS n_lines_unmerged,
        coalesce(sum(incident_weight) FILTER (WHERE in_scope), 0) AS n_incidents,
        coalesce(sum(line_weight) FILTER (WHERE in_kg_totals AND kg_mid >= 1), 0) AS n_ge_1kg,
        coalesce(sum(weighed_low) FILTER (WHERE in_kg_totals), 0) AS kg_low,
        coalesce(sum(weighed_mid) FILTER (WHERE in_kg_totals), 0) AS kg_mid,
        coalesce(sum(weighed_high) FILTER (WHERE in_kg_totals), 0) AS kg_high,
        coalesce(sum(weighed_merged) FILTER (WHERE in_kg_totals), 0) AS kg_mid_merged,
        coalesce(sum(kg_mid) FILTER (WHERE in_kg_totals), 0) AS kg_mid_unmerged,
        coalesce(sum(weighed_mid) FILTER (WHERE in_kg_totals AND outlier_flag = 'none'), 0) AS kg_mid_excl_review,
        coalesce(
            sum(weighed_mid) FILTER (WHERE in_scope AND in_group_kg AND NOT in_kg_totals), 0
        ) AS kg_excluded,
        count(*) FILTER (WHERE in_scope AND line_weight > 0 AND kg_mid IS NULL) AS kg_unknown_rows,
        max(kg_mid) FILTER (WHERE in_kg_totals) AS kg_largest,
        bool_or(in_scope AND line_weight > 0 AND outlier_flag IN ('review', 'impossible')) AS is_doubted
    FROM dated
    GROUP BY country, commodity_group, period_type, period_start
),

undated AS (
    SELECT seizing_area AS country, commodity_group, year, count(*) AS n_undated
    FROM lines
    WHERE date_precision = 'year'
    GROUP BY ALL
),

-- who reported in which year, to which source; a reporter's year is complete only in a source that sees everything
reporting AS (
    SELECT DISTINCT source_id, reporter AS country, year
    FROM conformed.seizures
    WHERE NOT is_mirror
),

-- the months in which a country sent anything at all: a month of silence is no zero
sent AS (
    SELECT DISTINCT reporter AS country, CAST(date_trunc('month', seized_from) AS DATE) AS period_start
    FROM conformed.seizures
    WHERE NOT is_mirror
),

-- what could be reported: the groups in the scope of the sources that a country reports to
covered AS (
    SELECT
        r.country,
        p.commodity_group,
        r.year,
        bool_or(p.completeness = 'all_reported') AS is_complete
    FROM reporting AS r
    JOIN reference.scopes AS p USING (source_id)
    WHERE p.in_scope
    GROUP BY ALL
),

covered_ever AS (
    SELECT DISTINCT country, commodity_group FROM covered
),

-- an official total above zero contradicts a year without a line: the country seized, and did not report it here
contradicted AS (
    SELECT DISTINCT t.reporter AS country, t.commodity_group, t.year
    FROM conformed.totals AS t
    WHERE t.kg > 0 AND t.known_to IS NULL
    EXCEPT
    SELECT country, commodity_group, year(period_start) FROM figures WHERE n_in_scope > 0
),

through AS (
    SELECT r.country, r.year, max(f.data_to) AS data_to
    FROM reporting AS r
    JOIN deliveries.files AS f USING (source_id)
    WHERE f.verdict = 'accepted'
    GROUP BY ALL
),

years AS (
    SELECT unnest(range(min(year), max(year) + 1)) AS year FROM reporting
),

-- every year for every country that ever reported; every month of the years in which it did
periods AS (
    SELECT c.country, 'year' AS period_type, make_date(y.year, 1, 1) AS period_start, y.year
    FROM (SELECT DISTINCT country FROM reporting) AS c
    CROSS JOIN years AS y
    UNION ALL
    SELECT t.country, 'month', make_date(t.year, m.month, 1), t.year
    FROM through AS t
    CROSS JOIN (SELECT unnest(range(1, 13)) AS month) AS m
    WHERE make_date(t.year, m.month, 1) <= t.data_to
),

grid AS (
    SELECT p.country, g.code AS commodity_group, p.period_type, p.period_start, p.year
    FROM periods AS p
    CROSS JOIN codes.commodity_groups AS g
    -- and every cell that has rows, so that none is lost
    UNION
    SELECT country, commodity_group, period_type, period_start, year(period_start)
    FROM figures
),

stated AS (
    SELECT
        g.*,
        f.* EXCLUDE (country, commodity_group, period_type, period_start),
        CASE
            WHEN coalesce(f.n_in_scope, 0) > 0 THEN 'value'
            WHEN e.country IS NULL THEN 'not_covered'
            WHEN c.is_complete AND x.country IS NULL AND (g.period_type = 'year' OR m.country IS NOT NULL) THEN 'zero'
            ELSE 'not_reported'
        END AS obs_state
    FROM grid AS g
    LEFT JOIN figures AS f USING (country, commodity_group, period_type, period_start)  -- 1:1
    LEFT JOIN covered AS c USING (country, commodity_group, year)  -- n:1
    LEFT JOIN covered_ever AS e USING (country, commodity_group)  -- n:1
    LEFT JOIN contradicted AS x USING (country, commodity_group, year)  -- n:1
    LEFT JOIN sent AS m USING (country, period_start)  -- n:1
),

-- a country whose number of rows at least triples, or falls to a third, within a year has changed how it reports
rows_of_year AS (
    SELECT seizing_area AS country, year, count(*) AS n FROM lines GROUP BY ALL
),

breaks AS (
    SELECT b.country, b.year
    FROM rows_of_year AS b
    JOIN rows_of_year AS a ON a.country = b.country AND a.year = b.year - 1  -- 1:1
    WHERE least(a.n, b.n) >= 30 AND (b.n >= 3 * a.n OR a.n >= 3 * b.n)
),

flagged AS (
    SELECT
        s.*,
        s.obs_state IN ('value', 'zero') AS has_figure,
        CASE s.period_type
            WHEN 'year' THEN make_date(s.year, 12, 31)
            ELSE last_day(s.period_start)
        END > $as_of AS is_provisional,
        k.country IS NOT NULL AS is_break
    FROM stated AS s
    LEFT JOIN breaks AS k USING (country, year)  -- n:1
)

SELECT
    f.country, f.commodity_group, f.period_type, f.period_start, f.year,
    coalesce(f.n_rows, 0) AS n_rows,
    CASE WHEN f.has_figure THEN coalesce(f.n_lines, 0) END AS n_lines,
    CASE WHEN f.has_figure THEN coalesce(f.n_lines_merged, 0) END AS n_lines_merged,
    CASE WHEN f.has_figure THEN coalesce(f.n_lines_unmerged, 0) END AS n_lines_unmerged,
    CASE WHEN f.has_figure THEN coalesce(f.n_incidents, 0) END AS n_incidents,
    CASE WHEN f.has_figure THEN coalesce(f.n_ge_1kg, 0) END AS n_ge_1kg,
    CASE WHEN f.has_figure THEN coalesce(f.kg_low, 0) END AS kg_low,
    CASE WHEN f.has_figure THEN coalesce(f.kg_mid, 0) END AS kg_mid,
    CASE WHEN f.has_figure THEN coalesce(f.kg_high, 0) END AS kg_high,
    CASE WHEN f.has_figure THEN coalesce(f.kg_mid_merged, 0) END AS kg_mid_merged,
    CASE WHEN f.has_figure THEN coalesce(f.kg_mid_unmerged, 0) END AS kg_mid_unmerged,
    CASE WHEN f.has_figure THEN coalesce(f.kg_mid_excl_review, 0) END AS kg_mid_excl_review,
    CASE WHEN f.has_figure THEN coalesce(f.kg_excluded, 0) END AS kg_excluded,
    CASE WHEN f.has_figure THEN coalesce(f.kg_unknown_rows, 0) END AS kg_unknown_rows,
    CASE
        WHEN f.has_figure AND f.kg_mid > 0
            THEN CAST(least(CAST(f.kg_largest AS DOUBLE) / CAST(f.kg_mid AS DOUBLE), 1) AS DECIMAL(9, 6))
    END AS share_largest_seizure,
    CASE WHEN f.has_figure AND f.period_type = 'month' THEN coalesce(u.n_undated, 0) END AS n_undated,
    f.obs_state,
    list_filter(
        [
            CASE WHEN f.is_break AND f.has_figure THEN 'b' END,
            CASE WHEN f.is_provisional THEN 'p' END,
            CASE WHEN f.is_doubted THEN 'u' END
        ],
        lambda flag: flag IS NOT NULL
    ) AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN f.is_provisional THEN 'provisional' ELSE 'final' END AS release_status
FROM flagged AS f
LEFT JOIN undated AS u USING (country, commodity_group, year)  -- n:1
