-- Words that reports state for a division, and that are no name of one.
SELECT DISTINCT q.place_area AS area, c.context, c.core
FROM contexts AS c
JOIN questions AS q USING (place_key)  -- n:1
WHERE c.core <> ''
    AND c.origin IN ('admin1', 'part0')
    AND NOT EXISTS (
        FROM reference.place_names AS n
        WHERE n.area = q.place_area AND n.name_key IN (c.context, c.core) AND n.place_id LIKE 'ADM1:%'
    )
ORDER BY ALL
