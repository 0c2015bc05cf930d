-- The route of each line as reported: one row a place and role, and one for the seizure itself. A report may name several
-- places in one role.
WITH staged AS (
    SELECT l.seizure_id, r.origins, r.departures, r.transits, r.destinations
    FROM conformed.lines AS l
    JOIN staging.reports AS r USING (delivery_id, part, row_no, line_no)  -- 1:1
),

reported AS (
    SELECT seizure_id, 'origin' AS role, unnest(origins) AS area, generate_subscripts(origins, 1) AS nth FROM staged
    UNION ALL
    SELECT seizure_id, 'departure', unnest(departures), generate_subscripts(departures, 1) FROM staged
    UNION ALL
    SELECT seizure_id, 'transit', unnest(transits), generate_subscripts(transits, 1) FROM staged
    UNION ALL
    SELECT seizure_id, 'destination', unnest(destinations), generate_subscripts(destinations, 1) FROM staged
),

placed AS (
    SELECT l.*, p.role, p.area, p.nth, w.role_reported
    FROM reported AS p
    JOIN conformed.lines AS l USING (seizure_id)  -- n:1
    JOIN role_words AS w ON w.source_id = l.source_id AND w.role = p.role  -- n:1
    UNION ALL
    SELECT
        l.*,
        'seizure' AS role,
        CASE l.seizing_area_type WHEN 'high_seas' THEN 'XHS' ELSE l.seizing_area END AS area,
        1 AS nth,
        'place of seizure' AS role_reported
    FROM conformed.lines AS l
),

ordered AS (
    SELECT
        p.*,
        list_position(['origin', 'departure', 'transit', 'seizure', 'destination'], p.role) AS place_in_route
    FROM placed AS p
)

SELECT
    o.seizure_id, o.source_id, o.delivery_id, o.file_name, o.part, o.row_no, o.line_no, o.contract_version,
    row_number() OVER (PARTITION BY o.seizure_id ORDER BY o.place_in_route, o.nth) AS seq,
    o.role,
    o.area,
    a.area_type,
    o.role_reported,
    -- goods can be seized where they pass; at the origin or the destination only if that is where they were
    o.role IN ('departure', 'transit', 'seizure') OR o.area = o.seizing_area AS seizure_opportunity
FROM ordered AS o
JOIN reference.areas AS a USING (area)  -- n:1
