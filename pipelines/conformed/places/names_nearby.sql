-- The names against which what is still open is held: those of populated places in the areas that are asked for.
SELECT DISTINCT n.area, n.name_key, n.place_id
FROM reference.place_names AS n
SEMI JOIN tried_areas AS t USING (area)
WHERE n.name_kind IN ('main', 'alternate') AND (n.place_id LIKE 'GN:%' OR n.place_id LIKE 'ADM1:%')
ORDER BY ALL
