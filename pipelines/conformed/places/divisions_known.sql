-- Names of divisions of the areas that are asked for.
SELECT n.area, n.name_key, n.place_id
FROM reference.place_names AS n
SEMI JOIN questions AS q ON q.place_area = n.area
WHERE n.place_id LIKE 'ADM1:%' AND n.name_kind <> 'part'
ORDER BY ALL
