-- Stated divisions that are called towns, as in "D.M. Guayaquil". The largest place of the name stands for it.
CREATE OR REPLACE TEMP TABLE towns_stated AS
SELECT q.place_area AS area, c.context, arg_max(p.place_id, (p.population, p.place_id)) AS place_id
FROM contexts AS c
JOIN questions AS q USING (place_key)  -- n:1
JOIN reference.place_names AS n ON n.area = q.place_area AND n.name_key = c.core  -- n:m
JOIN reference.places AS p USING (place_id)  -- n:1
WHERE c.origin = 'admin1' AND c.kind = 'city' AND p.place_kind = 'city'
GROUP BY q.place_area, c.context
