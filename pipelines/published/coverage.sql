-- What is reported here, against what the country stated as its annual total. By reporter, as the totals are.
WITH official AS (
    SELECT reporter AS country, commodity_group, year, max(kg) AS kg_official
    FROM conformed.totals
    WHERE period_type = 'year' AND scope = 'national' AND known_to IS NULL
    GROUP BY ALL
),

here AS (
    SELECT
        reporter AS country, commodity_group, year,
        count(*) AS n_rows,
        count(*) FILTER (WHERE in_scope AND line_weight > 0) AS n_in_scope,
        coalesce(
            sum(CAST(kg_mid AS DECIMAL(20, 6)) * line_weight)
            FILTER (WHERE in_scope AND in_group_kg AND outlier_flag <> 'impossible'), 0
        ) AS kg_reported,
        coalesce(
            sum(CAST(kg_mid AS DECIMAL(20, 6)) * line_weight) FILTER (WHERE in_scope AND outlier_flag = 'impossible'), 0
        ) AS kg_excluded,
        bool_or(in_scope AND line_weight > 0 AND outlier_flag <> 'none') AS is_doubted
    FROM conformed.seizures
    GROUP BY ALL
),

-- the groups and years in which the country reported to a source that covers the group
covered AS (
    SELECT s.reporter AS country, p.commodity_group, s.year, bool_or(p.completeness = 'all_reported') AS is_complete
    FROM (SELECT DISTINCT reporter, year, source_id FROM conformed.seizures WHERE NOT is_mirror) AS s
    JOIN reference.scopes AS p USING (source_id)
    WHERE p.in_scope
    GROUP BY ALL
),

years AS (
    SELECT min(year) AS first_year, max(year) AS last_year FROM conformed.seizures
),

reporters AS (
    SELECT DISTINCT reporter AS country FROM conformed.seizures
),

covered_ever AS (
    SELECT DISTINCT country, commodity_group FROM covered
),

stated AS (
    SELECT
        o.*,
        coalesce(h.n_rows, 0) AS n_rows,
        h.kg_reported, h.kg_excluded, h.is_doubted,
        CASE
            WHEN coalesce(h.n_in_scope, 0) > 0 THEN 'value'
            WHEN e.country IS NULL THEN 'not_covered'
            -- an official total above zero contradicts a zero: the country did not report it here
            WHEN c.is_complete AND o.kg_official = 0 THEN 'zero'
            ELSE 'not_reported'
        END AS obs_state
    FROM official AS o
    JOIN years AS y ON o.year BETWEEN y.first_year AND y.last_year
    JOIN reporters AS r USING (country)  -- n:1
    LEFT JOIN here AS h USING (country, commodity_group, year)  -- 1:1
    LEFT JOIN covered AS c USING (country, commodity_group, year)  -- n:1
    LEFT JOIN covered_ever AS e USING (country, commodity_group)  -- n:1
)

SELECT
    country, commodity_group, year, n_rows,
    CASE WHEN obs_state IN ('value', 'zero') THEN coalesce(kg_reported, 0) END AS kg_reported,
    CASE WHEN obs_state IN ('value', 'zero') THEN coalesce(kg_excluded, 0) END AS kg_excluded,
    kg_official,
    CASE
        WHEN obs_state IN ('value', 'zero') AND kg_official > 0
            THEN CAST(CAST(coalesce(kg_reported, 0) AS DOUBLE) / CAST(kg_official AS DOUBLE) AS DECIMAL(18, 6))
    END AS coverage_ratio,
    obs_state,
    list_filter(
        [
            CASE WHEN make_date(year, 12, 31) > $as_of THEN 'p' END,
            CASE WHEN is_doubted THEN 'u' END
        ],
        lambda flag: flag IS NOT NULL
    ) AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN make_date(year, 12, 31) > $as_of THEN 'provisional' ELSE 'final' END AS release_status
FROM stated
