-- The route of each line as reported: one row a place and role, and one for the seizure itself.
WITH reported AS (
    UNPIVOT (
        SELECT l.seizure_id, r.origin, r.departure, r.transit, r.destination
        FROM conformed.lines AS l
        JOIN staging.reports AS r USING (delivery_id, part, row_no)  -- 1:1
    )
    ON origin, departure, transit, destination
    INTO NAME role VALUE area
),

placed AS (
    SELECT l.*, p.role, p.area, w.role_reported
    FROM reported AS p
    JOIN conformed.lines AS l USING (seizure_id)  -- n:1
    JOIN role_words AS w ON w.source_id = l.source_id AND w.role = p.role  -- n:1
    UNION ALL
    SELECT
        l.*,
        'seizure' AS role,
        CASE l.seizing_area_type WHEN 'high_seas' THEN 'XHS' ELSE l.seizing_area END AS area,
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
    o.seizure_id, o.source_id, o.delivery_id, o.file_name, o.part, o.row_no, o.contract_version,
    row_number() OVER (PARTITION BY o.seizure_id ORDER BY o.place_in_route) AS seq,
    o.role,
    o.area,
    a.area_type,
    o.role_reported,
    -- goods can be seized where they pass; at the origin or the destination only if that is where they were
    o.role IN ('departure', 'transit', 'seizure') OR o.area = o.seizing_area AS seizure_opportunity
FROM ordered AS o
JOIN reference.areas AS a USING (area)  -- n:1
