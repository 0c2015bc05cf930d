-- What the model may see of each seizure. A place that is known only as "several countries" or has no code yet is no
-- place; a former state is one. Where a report names several places in one role, none of them is the one; of transits
-- the last is what the model means.
WITH named AS (
    SELECT seizure_id, role, min(area) AS area, count(*) AS n, arg_max(area, seq) AS last_area
    FROM conformed.legs
    WHERE role <> 'seizure' AND area_type IN ('country', 'territory', 'historical')
    GROUP BY seizure_id, role
),

places AS (
    SELECT
        seizure_id,
        max(area) FILTER (WHERE role = 'origin' AND n = 1) AS origin,
        max(area) FILTER (WHERE role = 'departure' AND n = 1) AS departure,
        max(last_area) FILTER (WHERE role = 'transit') AS transit,
        max(area) FILTER (WHERE role = 'destination' AND n = 1) AS destination
    FROM named
    GROUP BY seizure_id
),

-- of several contradictions in one line the first of the list: what the labels' noise is learnt from, not what it is
contradicted AS (
    SELECT c.seizure_id, arg_min(c.contradiction, CAST(k.rank AS INTEGER)) AS contradiction
    FROM conformed.contradictions AS c
    JOIN codes.contradiction_kinds AS k ON k.code = c.contradiction  -- n:1
    GROUP BY c.seizure_id
)

SELECT
    s.seizure_id,
    CASE WHEN s.in_scope THEN s.line_weight ELSE 0 END AS line_weight,
    s.reporter,
    a.subregion,
    s.commodity,
    s.commodity_group,
    s.commodity_family,
    s.size_class,
    s.mode_class,
    s.concealment,
    s.facility,
    s.border_class,
    s.direction,
    -- the town, port or airport; where none was found, the division
    coalesce(s.place_id, s.reporter || ':' || s.admin1) AS place,
    s.year,
    p.origin,
    p.departure,
    p.transit,
    p.destination,
    -- a foreign place on the route, or a border on the form, says yes; only then can a domestic form say no
    CASE
        WHEN p.departure <> s.reporter OR p.transit <> s.reporter OR p.destination <> s.reporter THEN 'yes'
        WHEN s.direction IN ('inbound', 'outbound', 'transit', 'international_waters') THEN 'yes'
        WHEN s.direction = 'domestic' THEN 'no'
        WHEN p.departure = s.reporter AND p.destination = s.reporter THEN 'no'
        ELSE 'unknown'
    END AS cross_border,
    c.contradiction,
    s.source_reliability
FROM conformed.seizures AS s
JOIN reference.areas AS a ON a.area = s.reporter  -- n:1
LEFT JOIN places AS p USING (seizure_id)  -- 1:1
LEFT JOIN contradicted AS c USING (seizure_id)  -- 1:1
