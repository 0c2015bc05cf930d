-- In which roles reports, and the model, name a country. "Linked" counts a line once for each country that stands
-- anywhere on its documented route, or where it was seized (C4ADS: country-linked seizures).
WITH lines AS (
    SELECT seizure_id, commodity_group, year, seizing_area, line_weight
    FROM conformed.seizures
    WHERE in_scope AND line_weight > 0
),

documented AS (
    SELECT l.seizure_id, g.area AS country, g.role
    FROM lines AS l
    JOIN conformed.legs AS g USING (seizure_id)
    WHERE g.role <> 'seizure' AND g.area_type NOT IN ('multiple', 'unmapped')
    UNION ALL
    SELECT seizure_id, seizing_area, 'seizure' FROM lines
),

linked AS (
    SELECT d.country, l.commodity_group, l.year, sum(l.line_weight) AS n_linked
    FROM (SELECT DISTINCT seizure_id, country FROM documented) AS d
    JOIN lines AS l USING (seizure_id)
    GROUP BY ALL
),

reported AS (
    SELECT
        d.country, l.commodity_group, l.year,
        sum(l.line_weight) FILTER (WHERE d.role = 'seizure') AS n_made,
        sum(l.line_weight) FILTER (WHERE d.role = 'origin') AS n_origin_reported,
        sum(l.line_weight) FILTER (WHERE d.role = 'departure') AS n_departure_reported,
        sum(l.line_weight) FILTER (WHERE d.role = 'transit') AS n_transit_reported,
        sum(l.line_weight) FILTER (WHERE d.role = 'destination') AS n_destination_reported
    FROM documented AS d
    JOIN lines AS l USING (seizure_id)
    GROUP BY ALL
),

cross_border AS (
    SELECT e.evidence_id, l.commodity_group, l.year, sum(CAST(l.line_weight * x.p_cross_border AS DECIMAL(9, 6))) AS n
    FROM lines AS l
    JOIN inferred.seizure_evidence AS e USING (seizure_id)
    JOIN inferred.seizure_scope AS x USING (seizure_id)
    GROUP BY ALL
),

-- evidences that the model cannot tell apart have one list; what may stand behind a doubtful word of a report is no second
-- place of its line
asked AS (
    SELECT l.list_no, l.role, c.commodity_group, c.year, sum(c.n) AS n
    FROM cross_border AS c
    JOIN inferred.evidence_lists AS l USING (evidence_id)  -- n:n
    WHERE l.basis = 'inferred'
    GROUP BY ALL
),

expected AS (
    SELECT p.country, a.commodity_group, a.year, a.role,
        sum(CAST(CAST(a.n AS DECIMAL(18, 6)) AS DECIMAL(24, 6)) * p.prob_true) AS n
    FROM asked AS a
    JOIN inferred.place_lists AS p USING (list_no)  -- n:n
    WHERE p.country NOT IN ('rest', 'none')
    GROUP BY ALL
),

inferred_roles AS (
    SELECT
        country, commodity_group, year,
        sum(n) FILTER (WHERE role = 'origin') AS n_origin_inferred,
        sum(n) FILTER (WHERE role = 'departure') AS n_departure_inferred,
        sum(n) FILTER (WHERE role = 'destination') AS n_destination_inferred
    FROM expected
    GROUP BY ALL
),

-- a country that is only inferred stands here from half an expected line on
countries AS (
    SELECT country, commodity_group, year FROM linked
    UNION
    SELECT country, commodity_group, year FROM expected GROUP BY ALL HAVING sum(n) >= 0.5
)

SELECT
    c.country, c.commodity_group, c.year,
    coalesce(r.n_made, 0) AS n_made,
    coalesce(k.n_linked, 0) AS n_linked,
    coalesce(r.n_origin_reported, 0) AS n_origin_reported,
    coalesce(r.n_departure_reported, 0) AS n_departure_reported,
    coalesce(r.n_transit_reported, 0) AS n_transit_reported,
    coalesce(r.n_destination_reported, 0) AS n_destination_reported,
    coalesce(i.n_origin_inferred, 0) AS n_origin_inferred,
    coalesce(i.n_departure_inferred, 0) AS n_departure_inferred,
    coalesce(i.n_destination_inferred, 0) AS n_destination_inferred,
    'value' AS obs_state,
    list_filter(
        [
            CASE WHEN i.country IS NOT NULL THEN 'e' END,
            CASE WHEN make_date(c.year, 12, 31) > $as_of THEN 'p' END
        ],
        lambda flag: flag IS NOT NULL
    ) AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN make_date(c.year, 12, 31) > $as_of THEN 'provisional' ELSE 'final' END AS release_status
FROM countries AS c
LEFT JOIN linked AS k USING (country, commodity_group, year)  -- 1:1
LEFT JOIN reported AS r USING (country, commodity_group, year)  -- 1:1
LEFT JOIN inferred_roles AS i USING (country, commodity_group, year)  -- 1:1
