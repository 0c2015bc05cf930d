-- What is reported here, against what the country stated as its annual total. By reporter, as the totals are.
WITH
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
        o.reporter AS country, o.commodity_group, o.year, o.n_rows, o.has_doubt,
        o.kg_mid AS kg_reported, o.kg_excluded, o.official_kg AS kg_official, o.ratio,
        CASE
            WHEN o.n_lines > 0 THEN 'value'
            WHEN e.country IS NULL THEN 'not_covered'
            -- an official total above zero contradicts a zero: the country did not report it here
            WHEN c.is_complete AND o.official_kg = 0 THEN 'zero'
            ELSE 'not_reported'
        END AS obs_state
    FROM conformed.reconciliation AS o
    JOIN years AS y ON o.year BETWEEN y.first_year AND y.last_year
    JOIN reporters AS r ON r.country = o.reporter  -- n:1
    LEFT JOIN covered AS c  -- n:1
        ON c.country = o.reporter AND c.commodity_group = o.commodity_group AND c.year = o.year
    LEFT JOIN covered_ever AS e ON e.country = o.reporter AND e.commodity_group = o.commodity_group  -- n:1
    WHERE o.official_kg IS NOT NULL
)

SELECT
    country, commodity_group, year, n_rows,
    CASE WHEN obs_state IN ('value', 'zero') THEN kg_reported END AS kg_reported,
    CASE WHEN obs_state IN ('value', 'zero') THEN kg_excluded END AS kg_excluded,
    kg_official,
    ratio AS coverage_ratio,
    obs_state,
    list_filter(
        [
            CASE WHEN make_date(year, 12, 31) > $as_of THEN 'p' END,
            CASE WHEN has_doubt THEN 'u' END
        ],
        lambda flag: flag IS NOT NULL
    ) AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN make_date(year, 12, 31) > $as_of THEN 'provisional' ELSE 'final' END AS release_status
FROM stated
