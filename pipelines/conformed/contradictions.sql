-- What cannot all be true of what one line reports: its direction, its places in their roles, where it was seized. One row
-- a line and kind. Nothing is corrected here: the legs stay as reported, and a contradiction says that one of them is wrong,
-- not which. A place that is known only as "several countries" contradicts nothing.
WITH places AS (
    SELECT
        seizure_id,
        coalesce(list(area) FILTER (WHERE role = 'origin'), []) AS origins,
        coalesce(list(area) FILTER (WHERE role = 'departure'), []) AS departures,
        coalesce(list(area) FILTER (WHERE role = 'transit'), []) AS transits,
        coalesce(list(area) FILTER (WHERE role = 'destination'), []) AS destinations
    FROM conformed.legs
    WHERE role <> 'seizure' AND area_type IN ('country', 'territory', 'historical')
    GROUP BY seizure_id
),

-- a line without any such place contradicts itself only if it is domestic on the high seas
told AS (
    SELECT
        l.seizure_id, l.direction, l.seizing_area, l.seizing_area_type,
        coalesce(p.origins, []) AS origins,
        coalesce(p.departures, []) AS departures,
        coalesce(p.transits, []) AS transits,
        coalesce(p.destinations, []) AS destinations
    FROM conformed.lines AS l
    LEFT JOIN places AS p USING (seizure_id)  -- 1:1
    WHERE p.seizure_id IS NOT NULL OR l.seizing_area_type = 'high_seas'
),

abroad AS (
    SELECT
        t.*,
        [t.seizing_area] AS here,
        list_filter(t.departures, lambda x: x <> t.seizing_area) AS departures_abroad,
        list_filter(t.transits, lambda x: x <> t.seizing_area) AS transits_abroad,
        list_filter(t.destinations, lambda x: x <> t.seizing_area) AS destinations_abroad
    FROM told AS t
),

-- each kind with the places that it is about; without one, it does not hold
judged AS (
    SELECT
        a.seizure_id,
        unnest([
            {
                'kind': 'departure_is_destination_elsewhere',
                'areas': list_intersect(departures_abroad, destinations_abroad)
            },
            {
                'kind': 'domestic_with_foreign_departure',
                'areas': CASE WHEN direction = 'domestic' THEN departures_abroad END
            },
            {
                'kind': 'domestic_with_foreign_destination',
                'areas': CASE WHEN direction = 'domestic' THEN destinations_abroad END
            },
            {
                'kind': 'domestic_with_foreign_transit',
                'areas': CASE WHEN direction = 'domestic' THEN transits_abroad END
            },
            {
                'kind': 'domestic_on_high_seas',
                'areas': CASE WHEN direction = 'domestic' AND seizing_area_type = 'high_seas' THEN ['XHS'] END
            },
            {
                'kind': 'inbound_from_itself',
                'areas': CASE WHEN direction = 'inbound' THEN list_intersect(departures, here) END
            },
            {
                'kind': 'outbound_to_itself',
                'areas': CASE WHEN direction = 'outbound' THEN list_intersect(destinations, here) END
            },
            {
                'kind': 'transit_from_itself',
                'areas': CASE WHEN direction = 'transit' THEN list_intersect(departures, here) END
            },
            {
                'kind': 'transit_to_itself',
                'areas': CASE WHEN direction = 'transit' THEN list_intersect(destinations, here) END
            },
            {'kind': 'departure_named_as_transit', 'areas': list_intersect(departures, transits)},
            {'kind': 'destination_named_as_transit', 'areas': list_intersect(transits, destinations)},
            -- made there and first shipped from there is the rule, and then the departure is what the transit repeats
            {
                'kind': 'origin_named_as_transit',
                'areas': list_filter(list_intersect(origins, transits), lambda x: NOT list_contains(departures, x))
            },
            -- goods do not go back to where they were made; if all stayed in one place, they did not leave it
            {
                'kind': 'destination_is_origin',
                'areas': list_filter(
                    list_intersect(origins, destinations),
                    lambda x: len(list_filter(here || departures || transits, lambda y: y <> x)) > 0
                        AND NOT list_contains(departures, x)
                )
            }
        ]) AS found
    FROM abroad AS a
)

SELECT
    l.seizure_id, l.source_id, l.delivery_id, l.file_name, l.part, l.row_no, l.line_no, l.contract_version,
    j.found.kind AS contradiction,
    list_sort(list_distinct(j.found.areas)) AS contradiction_areas,
    l.direction, l.reporter, l.seizing_area, l.year, l.tlp
FROM judged AS j
JOIN conformed.lines AS l USING (seizure_id)  -- n:1
WHERE len(j.found.areas) > 0
