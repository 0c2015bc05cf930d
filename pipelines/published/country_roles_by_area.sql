-- In which roles reports, and the model, name the members of a group. A line that names two members in one role, or one
-- member in two, is one line of the group: reported roles are counted again from the lines, never added up by country.
-- Expected lines of the model are chances of one place each, and do add up.
WITH periods AS (
    SELECT DISTINCT year, make_date(year, 12, 31) AS period_end FROM published.country_roles
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

lines AS (
    SELECT seizure_id, commodity_group, year, seizing_area, line_weight
    FROM conformed.seizures
    WHERE in_scope AND line_weight > 0
),

documented AS (
    SELECT l.seizure_id, l.commodity_group, l.year, l.line_weight, g.area AS country, g.role
    FROM lines AS l
    JOIN conformed.legs AS g USING (seizure_id)  -- 1:n
    WHERE g.role <> 'seizure' AND g.area_type NOT IN ('multiple', 'unmapped')
    UNION ALL
    SELECT seizure_id, commodity_group, year, line_weight, seizing_area, 'seizure' FROM lines
),

-- lines of one route are counted together: there are far fewer routes than lines
routes AS (
    SELECT commodity_group, year, route, sum(line_weight) AS n, row_number() OVER () AS route_no
    FROM (
        SELECT
            seizure_id, commodity_group, year, line_weight,
            list_sort(list(DISTINCT {'country': country, 'role': role})) AS route
        FROM documented
        GROUP BY seizure_id, commodity_group, year, line_weight
    )
    GROUP BY commodity_group, year, route
),

stops AS (
    SELECT route_no, commodity_group, year, n, unnest(route, recursive := true) FROM routes
),

-- one row for each route and group, with the roles in which it names any member
named AS (
    SELECT
        m.area_group, s.commodity_group, s.year, s.route_no, s.n AS line_weight,
        bool_or(s.role = 'seizure') AS is_made,
        bool_or(s.role = 'origin') AS is_origin,
        bool_or(s.role = 'departure') AS is_departure,
        bool_or(s.role = 'transit') AS is_transit,
        bool_or(s.role = 'destination') AS is_destination
    FROM stops AS s
    JOIN members AS m USING (country, year)  -- n:n
    GROUP BY m.area_group, s.commodity_group, s.year, s.route_no, s.n
),

reported AS (
    SELECT
        area_group, commodity_group, year,
        sum(line_weight) AS n_linked,
        sum(line_weight) FILTER (WHERE is_made) AS n_made,
        sum(line_weight) FILTER (WHERE is_origin) AS n_origin_reported,
        sum(line_weight) FILTER (WHERE is_departure) AS n_departure_reported,
        sum(line_weight) FILTER (WHERE is_transit) AS n_transit_reported,
        sum(line_weight) FILTER (WHERE is_destination) AS n_destination_reported
    FROM named
    GROUP BY ALL
),

expected AS (
    SELECT
        m.area_group, r.commodity_group, r.year,
        count(*) AS n_areas_named,
        count(*) FILTER (WHERE NOT m.is_standing) AS n_not_standing,
        sum(r.n_origin_inferred) AS n_origin_inferred,
        sum(r.n_departure_inferred) AS n_departure_inferred,
        sum(r.n_destination_inferred) AS n_destination_inferred,
        list_distinct(flatten(list(r.obs_flags))) AS flags
    FROM members AS m
    JOIN published.country_roles AS r USING (country, year)  -- n:n, by commodity group
    GROUP BY ALL
)

SELECT
    e.area_group, g.area_group_kind, e.commodity_group, e.year,
    n.n_standing + e.n_not_standing AS n_areas, e.n_areas_named,
    coalesce(r.n_made, 0) AS n_made,
    coalesce(r.n_linked, 0) AS n_linked,
    coalesce(r.n_origin_reported, 0) AS n_origin_reported,
    coalesce(r.n_departure_reported, 0) AS n_departure_reported,
    coalesce(r.n_transit_reported, 0) AS n_transit_reported,
    coalesce(r.n_destination_reported, 0) AS n_destination_reported,
    e.n_origin_inferred, e.n_departure_inferred, e.n_destination_inferred,
    'value' AS obs_state,
    list_sort(e.flags) AS obs_flags,
    'open' AS conf_flag,
    CASE WHEN make_date(e.year, 12, 31) > $as_of THEN 'provisional' ELSE 'final' END AS release_status
FROM expected AS e
JOIN sizes AS n USING (area_group, year)  -- n:1
JOIN reference.area_groups AS g USING (area_group)  -- n:1
LEFT JOIN reported AS r USING (area_group, commodity_group, year)  -- 1:1
